import keras
import numpy as np
import pytest
import tf_keras
from conftest import ROOT, defined_in

from utils import models

RNG = np.random.default_rng(0)
X = RNG.random((6, 28, 28, 1), np.float32)


def test_the_sources_networks_have_their_parameters():
    assert models.mlp((1024, 1024), dropout=0.5).count_params() == 1_863_690
    assert models.mlp((512, 512, 512)).count_params() == 932_362
    assert models.cnn().count_params() == 320 + 18_496 + 36_928 + 5_770
    assert models.mlp(()).count_params() == 7_850


@pytest.mark.parametrize("lib", [keras, tf_keras], ids=["keras", "tf_keras"])
@pytest.mark.parametrize("build", [lambda lib: models.mlp((5, 4), 0.2, lib), lambda lib: models.cnn((2, 3), lib)])
def test_outputs_are_probabilities_in_both_libraries(build, lib):
    model = build(lib)
    assert isinstance(model, lib.Model)
    answer = model.predict(X, verbose=0)
    assert answer.shape == (6, 10)
    assert np.allclose(answer.sum(1), 1, atol=1e-5)


def test_a_tf_keras_twin_answers_alike():
    model, twin = models.cnn((4, 8, 8)), models.cnn((4, 8, 8), lib=tf_keras)
    twin.set_weights(model.get_weights())
    assert np.allclose(model.predict(X, verbose=0), twin.predict(X, verbose=0), atol=1e-6)


def test_depth_and_its_residual_twin():
    plain, residual = models.deep_mlp(5, 16), models.deep_mlp(5, 16, residual=True)
    assert plain.count_params() == residual.count_params() == 784 * 16 + 16 + 4 * (16 * 16 + 16) + 170
    shallow = models.deep_mlp(1, 16)
    weights = residual.get_weights()
    shallow.set_weights(weights[:2] + weights[-2:])
    assert np.allclose(residual.predict(X, verbose=0), shallow.predict(X, verbose=0), atol=1e-6), (
        "a fresh residual network computes what a network without its blocks does"
    )


def test_the_chapters_deep_networks_are_the_packages():
    chapter = ROOT / "notebooks" / "02_depth.ipynb"
    plain_block, residual_block, network = defined_in(chapter, "plain_block", "residual_block", "network", keras=keras)
    for block, residual in ((plain_block, False), (residual_block, True)):
        theirs, ours = network(4, block, width=8), models.deep_mlp(4, 8, residual)
        weights = [RNG.normal(size=w.shape) for w in ours.get_weights()]
        theirs.set_weights(weights)
        ours.set_weights(weights)
        assert np.allclose(theirs.predict(X, verbose=0), ours.predict(X, verbose=0), atol=1e-6)


@pytest.mark.parametrize(
    ("build", "shape"),
    [
        (lambda: models.cnn((3, 3), shape=(12, 12, 3), classes=2), (12, 12, 3)),
        (lambda: models.mlp((5,), shape=(8,), classes=2), (8,)),
        (lambda: models.deep_mlp(3, 5, residual=True, shape=(8,), classes=2), (8,)),
    ],
)
def test_other_shapes_and_classes(build, shape):
    model = build()
    assert model.input_shape == (None, *shape) and model.output_shape == (None, 2)
    assert models.logits(model)(np.zeros((3, *shape))).shape == (3, 2)


def test_logits_are_what_the_softmax_is_of():
    model = models.mlp((7,))
    z = models.logits(model).predict(X, verbose=0)
    assert np.allclose(np.exp(z) / np.exp(z).sum(1, keepdims=True), model.predict(X, verbose=0), atol=1e-5)
    with pytest.raises(ValueError, match="no layer named 'logits'"):
        models.logits(keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)]))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: models.mlp((8, 0)), "widths is"),
        (lambda: models.mlp((8,), dropout=1), "dropout is 1"),
        (lambda: models.mlp((8,), dropout=-0.1), "dropout is -0.1"),
        (lambda: models.cnn(()), "filters is"),
        (lambda: models.cnn((8, 8, 8, 8)), "filters is"),
        (lambda: models.cnn((8, 8, 8), shape=(16, 16, 1)), "16x16 images leave room for 1 to 2"),
        (lambda: models.deep_mlp(0), "depth is 0"),
    ],
)
def test_bad_input(build, message):
    with pytest.raises(ValueError, match=message):
        build()
