import keras
import numpy as np
import pytest
import tensorflow as tf
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


def chapter(*names, **given):
    return defined_in(ROOT / "notebooks" / "04_pruning.ipynb", *names, np=np, **given)


def test_the_chapters_pruning_is_the_packages():
    (keep_highest,) = chapter("keep_highest")
    model = small()
    for level in (0, 0.31, 0.9):
        masks = compression.magnitude_masks(model, level)
        for layer, mask in zip(compression.kernel_layers(model), masks, strict=True):
            assert np.array_equal(keep_highest(np.abs(layer.kernel.numpy()), level), mask)


def test_the_chapters_loop_trains_as_keras_does_with_the_masks_held(eagerly):
    given = {"tf": tf, "keras": keras, "compression": compression, "RATE": 0.01, "BATCH": 16, "x": X}
    given |= {"pixels": tf.constant(X), "labels": tf.constant(Y)}
    given["entropy"] = keras.losses.sparse_categorical_crossentropy
    lend, train, held, _, _ = chapter("lend", "train", "held", "keep_highest", "nothing", **given)
    model = small()
    first, masks = model.get_weights(), compression.magnitude_masks(model, 0.7)
    rule = held([np.abs(kernel) for kernel in first[::2]], 0.7)
    lent = lend(small)
    train(lent, small().get_weights(), 1, 5)  # what another run leaves behind is to have no part in it
    ours = train(lent, first, 2, 3, rule)
    compression.hold_masks(model, masks)
    model.compile("adam", "sparse_categorical_crossentropy")
    rng = np.random.default_rng(3)
    for epoch in range(2):
        model.optimizer.learning_rate.assign(0.01 * (1 - epoch / 2))
        for rows in rng.permutation(len(X)).reshape(-1, 16):
            model.train_on_batch(X[rows], Y[rows])
    assert all(np.allclose(a, b, atol=1e-5) for a, b in zip(ours, model.get_weights(), strict=True))
    assert not ours[0][masks[0] == 0].any() and ours[0].any()
    assert not np.allclose(ours[0], first[0] * masks[0], atol=1e-3), "it has learned"


def test_the_chapters_second_derivatives_are_those_of_automatic_differentiation():
    curvature, _ = chapter("curvature", "forward")
    keras.utils.set_random_seed(0)
    model = models.mlp((5, 4), shape=(7,), classes=3)
    model.set_weights([RNG.normal(size=w.shape) for w in model.get_weights()])
    x = RNG.random((20, 7), np.float32)
    logits = models.logits(model)
    for kernel, ours in zip(model.trainable_weights[::2], curvature(model.get_weights(), x), strict=True):
        with tf.GradientTape(persistent=True) as outer:
            with tf.GradientTape() as inner:
                # labels enter the loss linearly in the logits, so they have no part in its second derivative
                loss = tf.reduce_mean(tf.reduce_logsumexp(logits(x), axis=1))
            slope = tf.reshape(inner.gradient(loss, kernel.value), [-1])
            parts = [slope[i] for i in range(slope.shape[0])]
        second = [tf.reshape(outer.gradient(part, kernel.value), [-1])[i] for i, part in enumerate(parts)]
        assert np.allclose(ours.ravel(), second, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("build", [lambda: models.mlp((12, 6)), lambda: models.cnn((3, 4, 5))], ids=["dense", "CNN"])
def test_the_chapters_narrow_network_is_the_wide_one_without_those_units(build):
    narrowed, strongest = chapter("narrowed", "strongest")
    wide = build()
    wide.set_weights([RNG.normal(size=w.shape, scale=0.3) for w in wide.get_weights()])
    hidden = wide.get_weights()[:-2:2]
    kept = [strongest(kernel, 2) for kernel in hidden]
    cut = wide.get_weights()
    for i, units in enumerate(kept):
        gone = np.setdiff1d(np.arange(hidden[i].shape[-1]), units)
        assert np.abs(hidden[i])[..., gone].reshape(-1, len(gone)).sum(0).max() <= (
            np.abs(hidden[i])[..., units].reshape(-1, 2).sum(0).min()
        )
        cut[2 * i][..., gone] = 0
        cut[2 * i + 1][gone] = 0
    narrow = models.mlp((2, 2)) if len(hidden) == 2 else models.cnn((2, 2, 2))
    narrow.set_weights(narrowed(wide.get_weights(), kept))
    wide.set_weights(cut)
    assert np.allclose(training.outputs(narrow, X), training.outputs(wide, X), atol=1e-6)


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


WRAPPED = {
    "weight_bytes": compression.weight_bytes,
    "sparsity": compression.sparsity,
    "masks": lambda model: compression.magnitude_masks(model, 0.5),
    "to_tflite": compression.to_tflite,
    "prune_gradually": lambda model: compression.prune_gradually(model, X, Y, 0.9, epochs=1, seed=0),
}


@pytest.mark.parametrize("call", WRAPPED)
@pytest.mark.parametrize("where", ["whole", "one layer", "nested"])
def test_a_wrapped_model_is_to_be_stripped_first(call, where):
    model = small(tf_keras)
    if where == "one layer":
        last = tfmot.sparsity.keras.prune_low_magnitude(tf_keras.layers.Dense(10))
        model = tf_keras.Sequential([tf_keras.layers.Input((28, 28, 1)), tf_keras.layers.Flatten(), last])
    else:
        model = tfmot.sparsity.keras.prune_low_magnitude(model)
    if where == "nested":
        model = tf_keras.Sequential([tf_keras.layers.Input((28, 28, 1)), model])
    with pytest.raises(ValueError, match=r"model is wrapped by TFMOT \(layer .*strip_pruning\(model\) takes them off"):
        WRAPPED[call](model)


def nested(lib=keras):
    """Two levels of models, one dense layer in each, and two of one name."""
    layers = lib.layers
    inner = lib.Sequential([layers.Input((8,)), layers.Dense(30, "relu", name="one")], name="inner")
    middle = lib.Sequential([layers.Input((8,)), inner, layers.Dense(40, "relu", name="one")], name="middle")
    return lib.Sequential([layers.Input((8,)), middle, layers.Dense(3, "softmax", name="last")])


@pytest.mark.parametrize("lib", [keras, tf_keras])
def test_nested_layers_are_pruned_and_counted(lib):
    model = nested(lib)
    assert [tuple(layer.kernel.shape) for layer in compression.kernel_layers(model)] == [(8, 30), (30, 40), (40, 3)]
    masks = compression.magnitude_masks(model, 0.9)
    if lib is tf_keras:
        for layer, mask in zip(compression.kernel_layers(model), masks, strict=True):
            layer.kernel.assign(layer.kernel * mask)
    else:
        compression.hold_masks(model, masks)
    whole, parts = compression.sparsity(model)
    kernels = [w for w in model.get_weights() if w.ndim == 2]
    assert whole == pytest.approx(sum((k == 0).sum() for k in kernels) / sum(k.size for k in kernels))
    assert whole == pytest.approx(0.9, abs=0.01) and list(parts) == ["one", "one (2)", "last"]


def test_nested_masks_hold_while_it_learns():
    x = np.random.default_rng(0).normal(size=(64, 8)).astype("float32")
    model = compression.hold_masks(nested(), compression.magnitude_masks(nested(), 0.8))
    before = compression.sparsity(model)[1]
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(x, np.arange(64) % 3, epochs=2, verbose=0)
    assert compression.sparsity(model)[1] == before


class Own(keras.layers.Layer):
    def build(self, shape):
        self.mixing = self.add_weight(shape=(shape[-1], shape[-1]), name="mixing")

    def call(self, x):
        return x @ self.mixing


L = keras.layers
UNCOVERED = {
    "SeparableConv2D": lambda: [L.SeparableConv2D(4, 3), L.Flatten()],
    "SeparableConv1D": lambda: [L.Reshape((28, 28)), L.SeparableConv1D(4, 3), L.Flatten()],
    "LSTMCell": lambda: [L.Reshape((28, 28)), L.LSTM(4)],
    "GRUCell": lambda: [L.Reshape((28, 28)), L.Bidirectional(L.GRU(4))],
    "SimpleRNNCell": lambda: [L.Reshape((28, 28)), L.SimpleRNN(4)],
    "Own": lambda: [L.Flatten(), Own()],
}


@pytest.mark.parametrize("kind", UNCOVERED)
@pytest.mark.parametrize("inside", [False, True])
def test_kernels_that_would_be_passed_over_are_named(kind, inside):
    layers = UNCOVERED[kind]()
    part = [keras.Sequential([keras.Input((28, 28, 1)), *layers])] if inside else layers
    model = keras.Sequential([keras.Input((28, 28, 1)), *part, L.Dense(3)])
    for call in (compression.sparsity, lambda m: compression.magnitude_masks(m, 0.5), compression.kernel_layers):
        with pytest.raises(ValueError, match=rf"model has weight matrices that are not the one kernel.*\({kind}\)"):
            call(model)
    assert compression.weight_bytes(model)[0] == 4 * model.count_params(), "their bytes count all the same"


def test_layers_that_are_covered():
    inputs = keras.Input((16, 16, 3))
    x = L.BatchNormalization()(L.DepthwiseConv2D(3)(inputs))
    x = L.TimeDistributed(L.Dense(4))(L.Conv2DTranspose(2, 3)(x))
    x = L.MultiHeadAttention(2, 3)(*[L.LayerNormalization()(L.Reshape((-1, 4))(x))] * 2)
    model = keras.Model(inputs, L.Dense(2)(L.Flatten()(x)))
    assert len(compression.kernel_layers(model)) == 3 + 4 + 1
    compression.hold_masks(model, compression.magnitude_masks(model, 0.5))
    assert compression.sparsity(model)[0] == pytest.approx(0.5, abs=0.01)
    depthwise = tf_keras.Sequential([tf_keras.layers.Input((8, 8, 2)), tf_keras.layers.DepthwiseConv2D(3)])
    assert compression.sparsity(depthwise)[0] == 0


def test_a_layer_used_twice_counts_once():
    shared, inputs = L.Dense(8), keras.Input((8,))
    model = keras.Model(inputs, L.Dense(2)(shared(shared(inputs))))
    assert len(compression.kernel_layers(model)) == 2


def test_nothing_to_prune():
    with pytest.raises(ValueError, match="model has no kernel"):
        compression.sparsity(keras.Sequential([keras.Input((4,)), L.BatchNormalization()]))


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
