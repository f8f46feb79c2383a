"""What chapter 23 trains and draws, held against arithmetic."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import ROOT, defined_in
from keras import layers

from utils import evaluation, models, planted

CHAPTER = ROOT / "notebooks" / "23_skip.ipynb"
NAMES = ("Skip", "convolution", "network", "evidence", "last_maps", "grad_cam", "cam", "enlarge")
Skip, convolution, network, evidence, last_maps, grad_cam, cam, enlarge = defined_in(
    CHAPTER, *NAMES, keras=keras, layers=layers, np=np, tf=tf, models=models
)
(change_in_place,) = defined_in(
    CHAPTER, "change_in_place", np=np, planted=planted, evaluation=evaluation, cam=cam, enlarge=enlarge
)
RNG = np.random.default_rng(0)
X = RNG.random((5, 10, 10, 1), np.float32)
TARGET = np.array([0, 1, 2, 0, 1])


# ------------------------------------------------------------------ plain and residual


@pytest.mark.parametrize("depth", [2, 4, 8])
def test_depth_counts_convolutions(depth):
    model = network(depth, 1)
    assert sum(isinstance(layer, layers.Conv2D) for layer in model.layers) == depth
    assert model.output_shape == (None, 3) and model.get_layer("average").input.shape[1:3] == (5, 5)


def test_plain_and_residual_differ_in_one_number():
    both = []
    for share in (0, 1):
        keras.utils.set_random_seed(3)
        both.append(network(6, share))
    plain, residual = (model.trainable_variables for model in both)
    assert all(np.array_equal(one, other) for one, other in zip(plain, residual, strict=True))
    layer = [next(layer for layer in model.layers if isinstance(layer, Skip)) for model in both]
    x, branch = RNG.normal(size=(2, 3, 4)).astype(np.float32)
    np.testing.assert_allclose(layer[0](x, branch), np.maximum(branch, 0))
    np.testing.assert_allclose(layer[1](x, branch), np.maximum(branch + x, 0), rtol=1e-6)
    assert np.abs(both[0](X) - both[1](X)).max() > 1e-3
    assert not layer[0].trainable_variables, "the share is not trained"


def test_a_copy_keeps_its_skips():
    copy = evaluation.randomised(network(4, 1), 0)
    assert [float(layer.share) for layer in copy.layers if isinstance(layer, Skip)] == [1]


# ------------------------------------------------------------------ maps


def trained_like(depth, share):
    """A network whose averages and biases are not those of the start."""
    keras.utils.set_random_seed(1)
    model = network(depth, share)
    model.set_weights([w + RNG.uniform(0, 0.2, w.shape) if w.ndim == 1 else w for w in model.get_weights()])
    return model


@pytest.mark.parametrize("share", [0, 1])
def test_after_a_mean_grad_cam_is_cam_and_adds_up_to_the_evidence(share):
    model = trained_like(6, share)
    expected = cam(model, X, TARGET)
    assert expected.shape == (5, 5, 5) and np.abs(expected).max() > 1e-3
    np.testing.assert_allclose(25 * grad_cam(model, X, TARGET), expected, rtol=1e-3, atol=1e-4)
    bias = model.get_layer("logits").bias.numpy()
    scores = np.asarray(evidence(model)(X))
    np.testing.assert_allclose(scores.sum(axis=1), 0, atol=1e-3)
    added = expected.mean((1, 2)) + (bias - bias.mean())[TARGET]
    np.testing.assert_allclose(added, scores[range(5), TARGET], rtol=1e-3, atol=1e-4)


def test_after_flatten_it_is_not():
    keras.utils.set_random_seed(0)
    inputs = keras.Input((10, 10, 1))
    x = layers.Flatten(name="average")(layers.Conv2D(4, 3, padding="same", activation="relu")(inputs))
    model = keras.Model(inputs, layers.Dense(3, name="logits")(x))
    weights = model.get_layer("logits").kernel.numpy().reshape(10, 10, 4, 3)
    weights = weights[..., 1] - weights.mean(axis=-1)
    exact = np.einsum("nhwc,hwc->nhw", last_maps(model, X)[0], weights)  # each position has its own weights
    approximate = grad_cam(model, X, np.ones(5, int))
    assert np.abs(approximate - exact).max() > 0.5 * np.abs(exact).max()


def test_enlarging_keeps_the_place():
    maps = np.zeros((1, 5, 5))
    maps[0, 2, 3] = 1
    assert np.argwhere(enlarge(maps)[0]).tolist() == [[4, 6], [4, 7], [5, 6], [5, 7]]


def test_a_change_is_in_place_where_cells_do_not_mix():
    """Cells that see their own pixels only, against cells that each see the whole image."""
    d = planted.images(60, 0, size=10)
    d = planted.part(d, d.y < 2)
    found = {}
    for name, size in (("own", 2), ("all", 10)):
        keras.utils.set_random_seed(0)
        inputs = keras.Input((10, 10, 1))
        x = layers.Conv2D(8, size, strides=size, activation="relu")(inputs)
        x = layers.GlobalAveragePooling2D(name="average")(layers.UpSampling2D(5 // x.shape[1])(x))
        found[name] = change_in_place(keras.Model(inputs, layers.Dense(3, name="logits")(x)), d, 0)
    cells = d.mask.reshape(-1, 5, 2, 5, 2).mean(axis=(2, 4))
    assert found["all"] == pytest.approx(1 / 4) and found["own"] > 0.7
    assert abs(found["own"] - evaluation.mass(enlarge(cells), d.mask).mean()) < 0.15
