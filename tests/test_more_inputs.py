"""Inputs that are almost right, of the kinds that public functions once took without a word and answered wrongly."""

import keras
import numpy as np
import pytest
import scipy.sparse
import tensorflow as tf
import tf_keras
from networks import BACKGROUND, LOGITS, MODEL, PREDICT, ROWS, X, network

from utils import attributions, compression, evaluation, predictors, shapley, surrogates, training

layers = keras.layers
RNG = np.random.default_rng(0)
IMAGES = RNG.random((3, 16, 16, 1))
Y = np.arange(40) % 3


def sequential(shape, *parts, **options):
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input(shape, **options), *parts])


# ------------------------------------------------------------------ arrays


@pytest.mark.parametrize("call", [PREDICT, lambda x: training.outputs(MODEL, x), evaluation.edge_attribution])
def test_masked_values_are_not_laid_open(call):
    x = np.ma.masked_greater(IMAGES if call is evaluation.edge_attribution else X, 0.5)
    with pytest.raises(ValueError, match=r"x has \d+ masked values; give x\.filled\(value\), or drop them"):
        call(x)
    call(np.ma.array(x.data))


def test_numbers_without_a_sign_are_ranked_as_others():
    """As an attribution map is that was saved as an image: of uint8, -1 is 255 and -0 the smallest."""
    map_ = np.array([[0, 1, 5, 120, 3, 0, 0, 9]] * 2)
    assert evaluation.stability(np.array([[0, 0, 6, 100], [0, 1, 5, 200]], np.uint8), 2) == 1

    def fourth(x):
        return np.hstack([x[:, [3]], 1 - x[:, [3]]])

    curves = [
        evaluation.deletion(fourth, X[:2], map_.astype(kind), 0, 0.0, steps=8) for kind in (float, "u1", "u4", "i1")
    ]
    assert all(np.array_equal(curve, curves[0]) for curve in curves) and not curves[0][:, 1:].any()


@pytest.mark.parametrize("kind", [np.float16, np.longdouble, ">f4", ">f8"])
def test_floats_of_every_size(kind):
    maps, inside = IMAGES[..., 0] * 5000, IMAGES[..., 0] > 0.5
    assert np.allclose(evaluation.mass(maps.astype(kind), inside), evaluation.mass(maps, inside), rtol=1e-3)
    assert np.allclose(evaluation.edge_attribution(IMAGES.astype(kind)), evaluation.edge_attribution(IMAGES), atol=0.01)
    assert np.allclose(training.outputs(MODEL, X.astype(kind)), training.outputs(MODEL, X), atol=0.01)
    training.fit(network, X.astype(kind), Y, 1, 0)


@pytest.mark.parametrize("x", [scipy.sparse.csr_matrix(X), scipy.sparse.coo_array(X), tf.sparse.from_dense(X)])
def test_sparse_tables_get_no_useless_advice(x):
    dense = r": x\.toarray\(\)" if hasattr(x, "toarray") else ""
    with pytest.raises(ValueError, match=rf"as a \S*(csr|coo|Sparse)\S* becomes; give an array of numbers{dense}$"):
        training.outputs(MODEL, x)


def test_whole_numbers_are_not_cut_or_wrapped():
    bytes_ = sequential(
        (4, 4, 1), layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(3, "softmax"), dtype="uint8"
    )
    images = RNG.integers(0, 256, (5, 4, 4, 1))
    right = predictors.predictor(bytes_)(images)
    assert np.ptp(right[:, 0]) > 0.01 and np.allclose(training.outputs(bytes_, images.astype(float)), right, atol=1e-3)
    for wrong in (images / 255, images + 256, -1 - images):
        for call in (predictors.predictor(bytes_), lambda x: training.outputs(bytes_, x)):
            with pytest.raises(ValueError, match="x is to become uint8; give whole numbers from 0 to 255"):
                call(wrong)
    words = sequential((8,), layers.Embedding(9, 2), layers.Flatten(), layers.Dense(3, "softmax"), dtype="int32")
    buffer = compression.to_tflite(words)
    for wrong in (2**32 + 1, -(2**40)):
        with pytest.raises(ValueError, match="x is to become int32; give whole numbers from -2147483648 to 2147"):
            compression.tflite_probabilities(buffer, np.full((2, 8), wrong))


# ------------------------------------------------------------------ models


def test_values_that_a_layer_does_not_know():
    def words():
        return sequential((8,), layers.Embedding(9, 2), layers.Flatten(), layers.Dense(3, "softmax"), dtype="int32")

    x = np.full((40, 8), 50)
    for call in (
        lambda: predictors.predictor(words())(x),
        lambda: training.outputs(words(), x),
        lambda: training.fit(words, x, Y, 1, 0),
    ):
        with pytest.raises(ValueError, match=r"x holds values that a layer of the model cannot take: .*50 is not in"):
            call()


@pytest.mark.parametrize("part", ["LSTM", "GRU", "SimpleRNN"])
def test_a_model_that_remembers_rows(part):
    shape = {"batch_shape": (4, 4, 2)}
    rnn = getattr(layers, part)
    model = sequential(None, rnn(3, stateful=True), layers.Dense(3, "softmax"), **shape)
    for call in (predictors.predictor, lambda m: training.outputs(m, X[:4].reshape(4, 4, 2)), compression.to_tflite):
        with pytest.raises(ValueError, match=r"model remembers earlier rows in \w+; build it with stateful=False"):
            call(model)
    predictors.predictor(sequential((4, 2), rnn(3), layers.Dense(3, "softmax")))


def test_a_diverged_network_has_no_accuracy():
    model = network()
    model.set_weights([w * np.nan for w in model.get_weights()])
    with pytest.raises(ValueError, match="model's output holds 120 values that are NaN"):
        training.accuracy(model, X, Y)


@pytest.mark.parametrize(
    "function", [PREDICT, lambda x: MODEL.predict(x, verbose=0), lambda x: np.exp(x) / np.exp(x).sum(1, keepdims=True)]
)
def test_a_function_of_arrays_has_no_gradient(function):
    with pytest.raises(ValueError, match=r"^model fails on a tensor of TensorFlow's .*give the Keras model itself$"):
        attributions.integrated_gradients(function, ROWS, ROWS[0], 0)


def test_a_model_without_gradient_is_told_plainly():
    with pytest.raises(ValueError, match=r"^model has no gradient with respect to its input; use kernel_shap$"):
        attributions.integrated_gradients(lambda x: tf.cast(tf.cast(x, "int32"), "float32"), ROWS, ROWS[0], 0)


SOFTMAX = {
    "TensorFlow's": tf.nn.softmax,
    "a lambda": lambda x: keras.ops.softmax(x),
    "named": "softmax",
    "a layer": layers.Softmax(),
}


@pytest.mark.parametrize("softmax", SOFTMAX.values(), ids=SOFTMAX)
def test_deep_shap_finds_every_softmax(softmax):
    between = sequential((8,), layers.Dense(12, softmax), layers.Dense(3))
    with pytest.raises(ValueError, match=r"no rule for .*softmax.*; use integrated_gradients"):
        shapley.deep_shap(between, BACKGROUND, ROWS)
    with pytest.warns(UserWarning, match="model ends in a softmax"):
        shapley.deep_shap(sequential((8,), layers.Dense(5, "relu"), layers.Dense(3, softmax)), BACKGROUND, ROWS)


def test_deep_shap_finds_a_softmax_that_is_no_layer(recwarn):
    inputs = keras.Input((8,))
    hidden = keras.ops.softmax(layers.Dense(12)(inputs))
    with pytest.raises(ValueError, match="no rule for a softmax between layers"):
        shapley.deep_shap(keras.Model(inputs, layers.Dense(3)(hidden)), BACKGROUND, ROWS)
    assert not recwarn.list
    with pytest.warns(UserWarning, match="model ends in a softmax"):
        shapley.deep_shap(keras.Model(inputs, keras.ops.softmax(LOGITS(inputs))), BACKGROUND, ROWS)


# ------------------------------------------------------------------ predict


def standardised(x, weights):
    """As people write it: what comes in is scaled where it stands."""
    x -= 0.5
    x /= 0.3
    odds = np.exp(x.reshape(len(x), -1) @ weights)
    return odds / odds.sum(axis=1, keepdims=True)


def test_a_predict_that_changes_what_it_gets():
    names = {"feature_names": list("abcdefgh"), "class_names": list("xyz")}
    segments = surrogates.grid_segments(16, 16, 8)
    table, pixels = RNG.normal(size=(8, 3)), RNG.normal(size=(256, 3)) / 9
    for weights, given, call in (
        (table, X.astype(float), lambda f, x: shapley.kernel_shap(f, x[20:36], x[:2], 254)),
        (table, X.astype(float), lambda f, x: evaluation.deletion(f, x, x, 0, 0.0, steps=3)),
        (table, X.astype(float), lambda f, x: surrogates.lime_tabular(x, f, **names) and x),
        (pixels, IMAGES, lambda f, x: attributions.occlusion(f, x, 0, 8, 0.5)),
        (pixels, IMAGES, lambda f, x: surrogates.lime_image(f, x[0], 0, segments, samples=50)[0]),
    ):
        mine = given.copy()
        changed = call(lambda x, w=weights: standardised(x, w), mine)
        assert np.array_equal(mine, given)
        assert np.allclose(changed, call(lambda x, w=weights: standardised(x.copy(), w), given))


@pytest.mark.parametrize("kind", [bool, float, np.uint8, np.float16])
def test_segments_of_any_kind_of_number(kind):
    halves = np.zeros((16, 16), int)
    halves[8:] = 1

    def predict(x):
        return standardised(x.copy(), np.ones((256, 2)) / 99 * [0, 1])

    same = [surrogates.lime_image(predict, IMAGES[0], 0, s, samples=20)[0] for s in (halves, halves.astype(kind))]
    assert np.array_equal(*same) and len(np.unique(same[0])) == 2


# ------------------------------------------------------------------ training and compression


def test_a_build_that_does_not_build_anew():
    same, body = network(), sequential((8,), layers.Dense(4, "relu"))
    one_dropout = layers.Dropout(0.5)
    for build in (
        lambda: same,
        lambda: sequential((8,), body, layers.Dense(3, "softmax")),
        lambda: sequential((8,), one_dropout, layers.Dense(3, "softmax")),
    ):
        with pytest.raises(ValueError, match="build gives the same model or layers twice"):
            training.fit_seeds(build, X, Y, 1, [0, 1])
    for seed in (0, 1):  # one model, trained on from call to call
        assert training.fit(lambda: same, X, Y, 1, seed) is same
    body.trainable = False
    before = body.get_weights()
    training.fit_seeds(lambda: sequential((8,), body, layers.Dense(3, "softmax")), X, Y, 1, [0, 1])
    assert all(map(np.array_equal, before, body.get_weights()))


def test_a_build_that_builds_otherwise_or_compiles():
    widths = iter(range(4, 9))
    with pytest.raises(ValueError, match="build gives other networks from call to call, with arrays of "):
        training.fit(lambda: network(hidden=(next(widths),)), X, Y, 1, 0)
    for lib in (keras, tf_keras):

        def compiled(lib=lib):
            model = lib.Sequential([lib.layers.Input((8,)), lib.layers.Dense(3, "softmax")])
            model.compile("sgd", "mse", metrics=["mae"])
            return model

        with pytest.raises(ValueError, match="build gives a compiled model; leave compile out"):
            training.fit(compiled, X, Y, 1, 0)


def test_masks_and_a_layers_own_constraint():
    model = sequential(
        (8,), layers.Dense(12, "relu", kernel_constraint=keras.constraints.MaxNorm(0.1)), layers.Dense(3)
    )
    kernel = model.layers[0].kernel
    for sparsity in (0.25, 0.5):  # the second call counts
        masks = compression.random_masks(model, sparsity, 0)
        compression.hold_masks(model, masks)
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(X, Y, epochs=3, verbose=0)
    assert np.linalg.norm(kernel, axis=0).max() < 0.1001 and compression.sparsity(model)[0] == 0.5


def test_masks_hold_whatever_was_compiled_before():
    keras.utils.set_random_seed(0)
    model = network()
    model.compile("adam", "sparse_categorical_crossentropy")
    # each call counts, the one before it does not; a unit that is silent on all rows stays at zero when it is let go
    for sparsity, margin in ((0.5, 0.01), (0.75, 0.01), (0, 0.1)):
        model.fit(X, Y, epochs=1, verbose=0)
        compression.hold_masks(model, compression.magnitude_masks(model, sparsity))
        model.fit(X, Y, epochs=1, verbose=0)
        assert compression.sparsity(model)[0] == pytest.approx(sparsity, abs=margin)


def test_what_tfmot_cannot_prune():
    parts = tf_keras.layers
    for layer in (parts.Dense(4, "relu", dtype="mixed_float16"), parts.Rescaling(2.0)):
        model = tf_keras.Sequential([parts.Input((8,)), layer, parts.Dense(3, "softmax")])
        with pytest.raises(ValueError, match=r"model cannot be pruned by TFMOT: .*hold_masks prune Keras 3 models"):
            compression.prune_gradually(model, X, Y, 0.5, 1, 0)


def test_a_buffer_that_answers_in_whole_numbers():
    converter = tf.lite.TFLiteConverter.from_keras_model(MODEL)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([row[None]] for row in X)
    converter.inference_output_type = tf.int8
    with pytest.raises(ValueError, match="buffer answers in int8, scaled; convert it with outputs in float32"):
        compression.tflite_probabilities(converter.convert(), X)


def test_a_buffer_for_so_many_rows():
    parts = layers.Flatten(), layers.Dense(3, "softmax")
    model = keras.Sequential([keras.Input(batch_shape=(4, 4, 2)), *parts])
    x, buffer = X.reshape(40, 4, 2), compression.to_tflite(model)
    assert np.allclose(compression.tflite_probabilities(buffer, x[:4]), training.outputs(model, x[:4]), atol=1e-5)
    with pytest.raises(ValueError, match=r"buffer fails on x of shape \(40, 4, 2\); it may take 4 rows at a time"):
        compression.tflite_probabilities(buffer, x)
