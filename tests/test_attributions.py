import keras
import numpy as np
import pytest
import tensorflow as tf
from networks import MODEL, POLICIES, RNG, X, in_precision, network

from utils import attributions, predictors, training
from utils.attributions import integrated_gradients, occlusion

L = keras.layers


@pytest.mark.parametrize("end", [None, "softmax"])
@pytest.mark.parametrize(("activation", "bound"), [("tanh", 1e-3), ("relu", 0.02)])
def test_completeness(activation, bound, end):
    # each kink of a ReLU network that lies on the path costs accuracy: the error falls with 1 / steps, not its square
    model = network(activation=activation, end=end)
    predict = predictors.predictor(model, probabilities=False)
    target, baseline = predict(X).argmax(1), np.zeros(8)
    gain = (predict(X) - predict(baseline[None]))[np.arange(40), target]

    def missed(**options):
        attributions, error = integrated_gradients(model, X, baseline, target, **options)
        assert attributions.shape == X.shape and error.shape == (40,)
        assert np.allclose(attributions.sum(1) - gain, error, atol=1e-5)
        return np.abs(error).sum() / np.abs(gain).sum()

    assert missed() < bound
    assert missed(rule="left") > (20 if activation == "tanh" else 1) * missed()
    assert missed(steps=1000) < min(1e-3, 0.2 * missed())


def test_gradients_that_are_known():
    def cubes(x):  # outputs: sum of x**3, and 2 x0 x1
        return tf.stack([tf.reduce_sum(x**3, axis=1), 2 * x[:, 0] * x[:, 1]], axis=1)

    x = np.array([[1.0, 2.0], [0.5, -1.0]])
    attributions, error = integrated_gradients(cubes, x, np.zeros(2), [0, 0], steps=200)
    assert np.allclose(attributions, x**3, rtol=1e-4) and np.abs(error).max() < 1e-3
    attributions, _ = integrated_gradients(cubes, x, np.zeros(2), 1, steps=1)
    assert np.allclose(attributions, (x[:, :1] * x[:, 1:]).repeat(2, 1), atol=1e-6), "shared half and half"
    attributions, _ = integrated_gradients(cubes, x, x[0], 0)
    assert (attributions[0] == 0).all(), "what equals the baseline gets nothing"


@pytest.mark.parametrize("shape", [(6,), (4, 3), (4, 4, 2), (3, 2, 2, 1)])
def test_any_shape_in_batches(shape, monkeypatch):
    model = keras.Sequential([keras.Input(shape), L.Flatten(), L.Dense(5, "tanh"), L.Dense(3)])
    x, baseline = RNG.normal(size=(2, 7, *shape))
    target = np.array([0, 1, 2, 0, 1, 2, 0])
    attributions, error = integrated_gradients(model, x, baseline, target, steps=9)
    assert attributions.shape == x.shape
    for i in (0, 4):
        one, wrong = integrated_gradients(model, x[i : i + 1], baseline[i], int(target[i]), steps=9)
        assert np.allclose(one[0], attributions[i], atol=1e-6) and np.allclose(wrong[0], error[i], atol=1e-6)
    monkeypatch.setattr(predictors, "CHUNK", 5)  # fewer than the steps of one row
    few, _ = integrated_gradients(model, x, baseline, target, steps=9)
    assert np.allclose(few, attributions, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rule": "right"}, "rule is 'right'"),
        ({"steps": 0}, "steps is 0"),
        ({"x": X[0]}, r"x has shape \(8,\); give \(n, 8\), which the model takes; for a single one"),
        ({"x": X[:, :5]}, r"x has shape \(40, 5\)"),
        ({"x": X * np.nan}, "NaN"),
        ({"baseline": np.zeros(7)}, r"baseline has shape \(7,\); give \(8,\) or \(40, 8\)"),
        ({"baseline": 0.0}, r"baseline has shape \(\)"),
        ({"target": 3}, "target is 3; model has outputs 0 to 2"),
        ({"target": -1}, "target is -1"),
        ({"target": [0, 1]}, r"target is int64 \(2,\)"),
        ({"target": 1.0}, "target is float64"),
        ({"model": lambda x: tf.reduce_sum(x, axis=1)}, r"model's output has shape \(2,\)"),
        ({"model": lambda x: x[:1]}, r"model's output has shape \(1, 8\)"),
        ({"model": lambda x: tf.zeros((1, 3))}, r"model's output has shape \(1, 3\)"),
        ({"model": tf.size}, r"model's output has shape \(\) for 2 inputs"),
        ({"model": len}, r"model's output has shape \(\)"),
        ({"model": print}, r"model's output has shape \(\)"),
        ({"model": lambda x: tf.stop_gradient(x)}, "no gradient"),
        ({"model": lambda x: [x, x]}, "model gives 2 outputs"),
        ({"model": lambda x: {"one": x, "two": x[:, 0]}}, "model gives 2 outputs"),
    ],
)
def test_integrated_gradients_refuses(change, message):
    given = {"model": MODEL, "x": X, "baseline": np.zeros(8), "target": 1} | change
    with pytest.raises(ValueError, match=message):
        integrated_gradients(**given)


def test_integrated_gradients_of_a_model_of_another_kind():
    with pytest.raises(TypeError, match=r"model is a builtins\.str; give a Keras 3 model"):
        integrated_gradients("a network", X, np.zeros(8), 1)


@pytest.mark.parametrize("policy", POLICIES)
def test_integrated_gradients_in_any_precision(policy):
    expected, _ = integrated_gradients(MODEL, X, np.zeros(8), 1)
    values, error = integrated_gradients(in_precision(policy), X, np.zeros(8), 1)
    assert values.dtype == np.float32 and np.isfinite(error).all()
    assert np.isfinite(values).all() and np.corrcoef(values.ravel(), expected.ravel())[0, 1] > 0.95


def test_integrated_gradients_along_an_axis_of_any_length():
    keras.utils.set_random_seed(0)
    layers = [L.Dense(5, "tanh"), L.GlobalAveragePooling1D(), L.Dense(3)]
    model, x = keras.Sequential([keras.Input((None, 4)), *layers]), RNG.normal(size=(3, 6, 4))
    values, error = integrated_gradients(model, x, np.zeros((6, 4)), 1)
    assert values.shape == x.shape and np.abs(error).max() < 1e-2
    with pytest.raises(ValueError, match=r"x has shape \(3, 6, 3\); give \(n, any, 4\)"):
        integrated_gradients(model, x[..., :3], np.zeros((6, 3)), 1)


# ------------------------------------------------------------------ occlusion


def test_occlusion_of_a_sum_is_the_share_of_the_pixel():
    """A linear network loses what the patch hides: known for each pixel."""
    rng = np.random.default_rng(0)
    x, weights = rng.random((3, 4, 5, 1)), rng.normal(size=(4, 5, 1))

    def predict(images):
        return np.stack([images.sum((1, 2, 3)), (images * weights).sum((1, 2, 3))], axis=1)

    assert np.allclose(occlusion(predict, x, np.zeros(3, int), size=1, fill=0), x[..., 0])
    assert np.allclose(occlusion(predict, x, np.ones(3, int), size=1, fill=0), (x * weights)[..., 0])
    corner = occlusion(predict, x, np.zeros(3, int), size=2, fill=0)[:, 0, 0]
    assert np.allclose(corner, x[:, :2, :2].sum((1, 2, 3))), "one patch alone covers the corner"


def test_occlusion_of_whole_numbers_hides_behind_the_fill_given():
    x = np.random.default_rng(0).integers(0, 9, (2, 4, 4, 1))
    found = [occlusion(lambda rows: rows.reshape(2, -1).sum(1)[:, None], given, 0, 2, 0.3) for given in (x, 1.0 * x)]
    assert np.array_equal(*found) and found[0].any()


@pytest.mark.parametrize(
    ("x", "target", "size", "message"),
    [
        (np.zeros((2, 4, 4)), [0, 0], 1, "x has shape"),
        (np.zeros((2, 4, 4, 1)), [0], 1, "target is"),
        (np.zeros((2, 4, 4, 1)), [0.0, 1.0], 1, "target is"),
        (np.zeros((2, 4, 4, 1)), [0, 16], 1, "target runs from 0 to 16"),
        (np.zeros((2, 4, 4, 1)), -1, 1, "target is -1"),
        (np.zeros((2, 4, 4, 1)), [0, 0], 5, "size is 5"),
    ],
)
def test_occlusion_refuses(x, target, size, message):
    with pytest.raises(ValueError, match=message):
        occlusion(lambda rows: rows.reshape(len(rows), -1), x, target, size, fill=0)


# ------------------------------------------------------------------ what fits into memory


def largest_pass(monkeypatch, limit, call):
    """The most rows that went through a network at once when its tensors may take `limit` bytes."""
    passed, original = [], predictors.tf.constant

    def constant(array, *args, **options):
        passed.append(len(array))
        return original(array, *args, **options)

    monkeypatch.setattr(predictors, "BYTES", limit)
    monkeypatch.setattr(predictors.tf, "constant", constant)
    result = call()
    return max(passed), result


def wide(shape, filters=8):
    keras.utils.set_random_seed(0)
    body = [keras.layers.Conv2D(filters, 3, activation="relu", padding="same"), keras.layers.GlobalAveragePooling2D()]
    return keras.Sequential([keras.Input(shape), *body, keras.layers.Dense(3, "softmax")])


@pytest.mark.parametrize("as_function", [False, True])
def test_rows_go_by_the_bytes_that_they_need(monkeypatch, as_function):
    model = wide((16, 16, 3))
    x = np.random.default_rng(0).random((5, 16, 16, 3))
    given = (lambda points: model(points)) if as_function else model

    def explain():
        return attributions.integrated_gradients(given, x, np.zeros((16, 16, 3)), 1, steps=20)

    whole, (expected, _) = largest_pass(monkeypatch, 2**30, explain)
    few, (found, _) = largest_pass(monkeypatch, 2**21, explain)
    assert whole == 100 and few <= 2**21 // (4 * 16 * 16 * 8), "the layer's output alone takes that"
    assert np.allclose(expected, found, atol=1e-6)


def test_the_points_of_one_way_go_in_parts(monkeypatch):
    x = np.random.default_rng(0).random((2, 8, 8, 1))
    model = wide((8, 8, 1))
    expected, _ = attributions.integrated_gradients(model, x, np.zeros((8, 8, 1)), 1, steps=30)
    monkeypatch.setattr(attributions, "POINT_BYTES", 7 * 8 * 8 * 4)
    most, (found, _) = largest_pass(
        monkeypatch, 2**30, lambda: attributions.integrated_gradients(model, x, np.zeros((8, 8, 1)), 1, steps=30)
    )
    assert most == 7 and np.allclose(expected, found, atol=1e-6)


@pytest.mark.parametrize("shape", [(16, 16, 3), (None, None, 3)])
def test_predictors_and_scores_go_by_bytes_too(monkeypatch, shape):
    model = wide(shape)
    x = np.random.default_rng(0).random((40, 16, 16, 3)).astype("float32")
    whole = predictors.predictor(model)(x)
    few, found = largest_pass(monkeypatch, 2**16, lambda: predictors.predictor(model)(x))
    assert few < 40 and np.allclose(whole, found, atol=1e-6)
    passed, answer = [], predictors.answer
    monkeypatch.setattr(predictors, "answer", lambda model, x: passed.append(len(x)) or answer(model, x))
    assert np.allclose(training.outputs(model, x), whole, atol=1e-6)
    assert max(passed) < 40
