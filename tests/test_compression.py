import keras
import numpy as np
import pytest
import tensorflow_model_optimization as tfmot
import tf_keras
from conftest import ROOT, defined_in

from utils import compression, models, training

RNG = np.random.default_rng(0)
X, Y = RNG.random((64, 28, 28, 1), np.float32), RNG.integers(0, 10, 64)


def small(lib=keras):
    return models.mlp((12, 6), lib=lib)


NETWORK = compression.to_tflite(small())


def test_masks_drop_the_smallest_weights_of_each_kernel():
    model = models.cnn((3, 4, 5))
    for layer, mask in zip(compression.kernel_layers(model), compression.magnitude_masks(model, 0.75), strict=True):
        kernel = np.abs(layer.kernel.numpy())
        assert mask.shape == kernel.shape
        assert (mask == 0).sum() == round(0.75 * kernel.size)
        assert kernel[mask == 0].max() <= kernel[mask == 1].min()


def test_the_chapters_pruning_is_the_packages():
    (remove_smallest,) = defined_in(ROOT / "notebooks" / "04_pruning.ipynb", "remove_smallest", np=np)
    model = small()
    for level in (0, 0.31, 0.9):
        masks = compression.magnitude_masks(model, level)
        for layer, mask in zip(compression.kernel_layers(model), masks, strict=True):
            kernel = layer.kernel.numpy()
            assert np.array_equal(remove_smallest(kernel, level), kernel * mask)


def test_random_masks_drop_as_many():
    model = small()
    by_size, blind = compression.magnitude_masks(model, 0.6), compression.random_masks(model, 0.6, 0)
    assert [m.sum() for m in by_size] == [m.sum() for m in blind]
    assert not np.array_equal(by_size[0], blind[0])
    assert np.array_equal(blind[0], compression.random_masks(model, 0.6, 0)[0])


def test_held_masks_stay_through_training():
    model = small()
    masks = compression.magnitude_masks(model, 0.8)
    compression.hold_masks(model, masks)
    before = model.get_weights()
    training.fit(lambda: model, X, Y, epochs=3, seed=0)
    assert compression.sparsity(model)[0] == pytest.approx(0.8, abs=0.01)
    for layer, mask in zip(compression.kernel_layers(model), masks, strict=True):
        assert not layer.kernel.numpy()[mask == 0].any()
    assert not np.array_equal(before[0], model.get_weights()[0]), "the rest has learned"


def test_sparsity_counts_layer_by_layer():
    model = small()
    assert compression.sparsity(model)[0] == 0
    first = compression.kernel_layers(model)[0]
    first.kernel.assign(np.zeros(first.kernel.shape))
    total, layers = compression.sparsity(model)
    assert list(layers.values()) == [1, 0, 0]
    assert total == pytest.approx(784 * 12 / (784 * 12 + 12 * 6 + 6 * 10))


def test_gradual_pruning_reaches_its_sparsity_and_leaves_the_original_alone():
    model = small(tf_keras)
    before = model.get_weights()
    wrapped = compression.prune_gradually(model, X, Y, 0.9, epochs=4, seed=0, batch_size=8)
    left = tfmot.sparsity.keras.strip_pruning(wrapped)
    assert compression.sparsity(left)[0] == pytest.approx(0.9, abs=0.02)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    assert [layer.name for layer in left.layers] == [layer.name for layer in model.layers], "stripped"
    assert compression.weight_bytes(wrapped)[0] > 1.9 * compression.weight_bytes(left)[0]


def test_zeros_compress_and_only_through_gzip():
    model = models.mlp((64,))
    dense = compression.weight_bytes(model)
    compression.hold_masks(model, compression.magnitude_masks(model, 0.95))
    sparse = compression.weight_bytes(model)
    assert dense[0] == sparse[0] == 4 * model.count_params()
    assert sparse[1] < dense[1] / 4


def test_tflite_answers_like_the_network():
    model = models.cnn((4, 4))
    expected = training.outputs(model, X)
    plain, integer = compression.to_tflite(model), compression.to_tflite(model, X[:20])
    assert np.allclose(compression.tflite_probabilities(plain, X), expected, atol=1e-5)
    assert np.allclose(compression.tflite_probabilities(integer, X), expected, atol=0.05)
    assert len(integer) < len(plain)
    milliseconds = compression.latencies([plain, integer], X[:4], rounds=2)
    assert milliseconds.shape == (2,) and (milliseconds > 0).all()


@pytest.mark.parametrize("wrong", [1, 1.5, -0.1, float("nan"), 90])
def test_sparsity_outside_its_range(wrong):
    with pytest.raises(ValueError, match="sparsity is"):
        compression.magnitude_masks(small(), wrong)
    with pytest.raises(ValueError, match="sparsity is"):
        compression.random_masks(small(), wrong, 0)
    with pytest.raises(ValueError, match="final_sparsity is"):
        compression.prune_gradually(small(tf_keras), X, Y, wrong, epochs=1, seed=0)


def test_the_wrong_keras_is_named():
    with pytest.raises(TypeError, match=r"keras\.src.*TFMOT takes tf_keras models only"):
        compression.prune_gradually(small(), X, Y, 0.5, epochs=1, seed=0)
    with pytest.raises(TypeError, match=r"tf_keras.*give a Keras 3 model"):
        compression.hold_masks(small(tf_keras), [])


def test_masks_of_another_model():
    with pytest.raises(ValueError, match="masks have shapes"):
        compression.hold_masks(small(), compression.magnitude_masks(models.mlp((5,)), 0.5))


@pytest.mark.parametrize("x", [X[:0], X[..., 0], np.full_like(X, np.nan)])
def test_bad_images(x):
    with pytest.raises(ValueError, match="x "):
        compression.prune_gradually(small(tf_keras), x, Y[: len(x)], 0.5, epochs=1, seed=0)
    with pytest.raises(ValueError, match="calibration "):
        compression.to_tflite(small(), x)
    with pytest.raises(ValueError, match="x "):
        compression.tflite_probabilities(NETWORK, x)
    with pytest.raises(ValueError, match="x "):
        compression.latencies([NETWORK], x)


@pytest.mark.parametrize("shape", [(8,), (12, 6), (16, 16, 1), (6, 5, 3)])
@pytest.mark.parametrize("lib", [keras, tf_keras])
def test_networks_of_any_shape(shape, lib):
    model = models.mlp((4,), lib=lib, shape=shape, classes=3)
    x, y = RNG.random((20, *shape), np.float32), np.arange(20) % 3
    expected = training.outputs(model, x)
    plain, integer = compression.to_tflite(model), compression.to_tflite(model, x)
    for given in (x, x.astype(np.float64), x.astype(np.float16), x.tolist()):
        assert np.allclose(compression.tflite_probabilities(plain, given), expected, atol=0.01)
    assert np.allclose(compression.tflite_probabilities(integer, x), expected, atol=0.05)
    assert len(compression.latencies([plain, integer], x.astype(np.float64), rounds=1)) == 2
    wanted = ", ".join(map(str, shape))
    for wrong in (x[..., :-1], x[0]):
        message = rf"has shape .*; give \(n, {wanted}\)"
        with pytest.raises(ValueError, match="calibration " + message):
            compression.to_tflite(model, wrong)
        with pytest.raises(ValueError, match="x " + message):
            compression.tflite_probabilities(plain, wrong)
    if lib is tf_keras:
        pruned = compression.prune_gradually(model, x, y, 0.5, epochs=1, seed=0)
        assert pruned.output_shape == (None, 3)
        with pytest.raises(ValueError, match="give whole numbers 0 to 2"):
            compression.prune_gradually(model, x, y + 1, 0.5, epochs=1, seed=0)


@pytest.mark.parametrize("dtype", [np.float64, np.float16, np.uint8, bool])
def test_images_of_any_dtype_calibrate_and_are_answered(dtype):
    images = (X > 0.5).astype(dtype)
    expected = compression.tflite_probabilities(NETWORK, images.astype(np.float32))
    assert np.array_equal(compression.tflite_probabilities(NETWORK, images), expected)
    model = small()
    plain, cast = (compression.to_tflite(model, each) for each in (images.astype(np.float32), images))
    answers = [compression.tflite_probabilities(buffer, images) for buffer in (plain, cast)]
    assert np.allclose(*answers, atol=1e-6)


def test_fractions_are_not_cut_off_for_a_network_of_whole_numbers():
    inputs = keras.Input((6,), dtype="int32")
    model = keras.Model(inputs, keras.layers.Dense(3)(keras.ops.cast(inputs, "float32")))
    buffer, whole = compression.to_tflite(model), RNG.integers(0, 9, (5, 6))
    assert np.allclose(
        compression.tflite_probabilities(buffer, whole.astype(np.int32)), training.outputs(model, whole), atol=1e-5
    )
    with pytest.raises(ValueError, match="x has dtype float64; give int32, which the model takes"):
        compression.tflite_probabilities(buffer, whole + 0.5)


def test_models_that_are_not_one_network():
    inputs = keras.Input((6,))
    dense = keras.layers.Dense(2)
    two = keras.Model(inputs, [dense(inputs), keras.layers.Dense(1)(inputs)])
    with pytest.raises(ValueError, match="model has 2 outputs"):
        compression.to_tflite(two)
    for lib in (keras, tf_keras):
        with pytest.raises(ValueError, match="model is not built"):
            compression.to_tflite(lib.Sequential([lib.layers.Dense(2)]))
    with pytest.raises(ValueError, match="model is not built"):
        compression.prune_gradually(tf_keras.Sequential([tf_keras.layers.Dense(2)]), X, Y, 0.5, epochs=1, seed=0)
    with pytest.raises(ValueError, match="one column, as a sigmoid gives"):
        compression.prune_gradually(models.mlp((4,), lib=tf_keras, classes=1), X, Y, 0.5, epochs=1, seed=0)
