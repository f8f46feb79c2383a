import itertools
import warnings

import keras
import numpy as np
import pandas as pd
import pytest
import shap
import tensorflow as tf
import tf_keras
from conftest import ROOT, defined_in
from lime import lime_image, lime_tabular
from sklearn.linear_model import LogisticRegression

from utils import evaluation, models
from utils import explanations as ex

warnings.filterwarnings("ignore", message="Your TensorFlow version is newer", category=UserWarning)
RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 8)).astype("float32")


def network(features=8, classes=3, hidden=(12, 12), activation="relu", end="softmax"):
    """A network with random weights, steep enough not to be almost linear."""
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Dense(units, activation) for units in hidden]
    model = keras.Sequential([keras.Input((features,)), *layers, keras.layers.Dense(classes, end)])
    for layer in model.layers:
        kernel, zeros = layer.get_weights()
        layer.set_weights([1.5 * kernel, 0.2 * RNG.normal(size=zeros.shape)])
    return model


def image_network():
    keras.utils.set_random_seed(1)
    layers = keras.layers
    body = [layers.Conv2D(4, 3, activation="relu"), layers.MaxPooling2D(), layers.Dropout(0.5), layers.Flatten()]
    return keras.Sequential([keras.Input((8, 8, 1)), *body, layers.Dense(3, "softmax")])


MODEL = network()
PREDICT = ex.predictor(MODEL)
LOGITS = network(end=None)
LOGIT = ex.predictor(LOGITS, probabilities=False)
BACKGROUND, ROWS = X[20:36], X[:4]


@pytest.fixture(scope="module")
def exact():
    """Exact Shapley values of the probabilities and of the logits of ROWS: two arrays (4, 8, 3)."""
    return [
        np.array([ex.exact_shapley(ex.masked_mean(predict, row, BACKGROUND), 8) for row in ROWS])
        for predict in (PREDICT, LOGIT)
    ]


def relative(values, truth):
    return np.linalg.norm(values - truth) / np.linalg.norm(truth)


# ------------------------------------------------------------------ predictor


@pytest.mark.parametrize("chunk", [1, 7, 13, 40, 256])
def test_predictor_is_predict(chunk):
    for model, x in ((MODEL, X), (image_network(), RNG.random((40, 8, 8, 1), np.float32))):
        predict, expected = ex.predictor(model, chunk), model.predict(x, verbose=0)
        for given in (x, x.astype(np.float64), np.asfortranarray(x), x[:13], x[:1]):
            answer = predict(given)
            assert answer.dtype == np.float32 and np.abs(answer - expected[: len(given)]).max() < 1e-6


def test_predictor_follows_the_weights_and_not_the_training_mode():
    model = image_network()
    x = RNG.random((5, 8, 8, 1), np.float32)
    predict = ex.predictor(model)
    before = predict(x)
    assert np.array_equal(before, predict(x)), "dropout is off"
    model.set_weights([w + 0.3 for w in model.get_weights()])
    assert np.abs(predict(x) - before).max() > 1e-3
    assert np.allclose(predict(x), model.predict(x, verbose=0), atol=1e-6)


def test_predictor_serves_lime_and_shap(exact):
    explainer = ex.lime_tabular(X, PREDICT, list("abcdefgh"), list("xyz"))
    explanation = explainer.explain_instance(X[0], PREDICT, labels=(2,), num_samples=200)
    assert len(explanation.as_list(2)) == 8 and 0 <= explanation.score <= 1
    values = shap.PermutationExplainer(PREDICT, BACKGROUND, seed=0)(ROWS, max_evals=850, silent=True).values
    assert relative(values, exact[0]) < 0.06
    assert np.allclose(values.sum(1), PREDICT(ROWS) - PREDICT(BACKGROUND).mean(0), atol=1e-5)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (X[0], r"x has shape \(8,\); give \(n, 8\); for a single one: x\[None\]"),
        (X[:, :7], r"x has shape \(40, 7\); give \(n, 8\)"),
        (X[:0], "x is empty"),
        (np.where(X > 2, np.nan, X), "x holds .* NaN"),
        (np.full((2, 8), 1e300), "x holds 16 values that are NaN or infinite"),
        (np.array([["red"] * 8]), "x has dtype <U3; give numbers"),
    ],
)
def test_predictor_refuses_rows(x, message):
    with pytest.raises(ValueError, match=message):
        PREDICT(x)


def test_predictor_refuses_models():
    with pytest.raises(TypeError, match=r"model is a builtins.function; give a Keras 3 model"):
        ex.predictor(lambda x: x)
    with pytest.raises(TypeError, match=r"model is a tf_keras.*Sequential; give a Keras 3 model"):
        ex.predictor(tf_keras.Sequential([tf_keras.layers.Input((8,)), tf_keras.layers.Dense(2)]))
    with pytest.raises(ValueError, match=r"one column.*np.hstack\(\[1 - p, p\]\)"):
        ex.predictor(network(classes=1, end="sigmoid"))
    assert ex.predictor(network(classes=1, end="sigmoid"), probabilities=False)(X).shape == (40, 1)
    with pytest.raises(ValueError, match=r"predict's output runs from .* logits or scores.*probabilities=False"):
        ex.predictor(LOGITS)(X)
    assert np.allclose(LOGIT(X), LOGITS.predict(X, verbose=0), atol=1e-6)
    one, two = keras.Input((3,)), keras.Input((3,))
    for model in (
        keras.Model([one, two], keras.layers.Dense(2, "softmax")(one + two)),
        keras.Sequential([keras.layers.Dense(2)]),
    ):
        with pytest.raises(ValueError, match=r"several inputs or is not built; give one that starts with one"):
            ex.predictor(model)
    with pytest.raises(ValueError, match=r"output has shape \(None, 8, 2\); give a model that ends in \(n, classes\)"):
        ex.predictor(keras.Sequential([keras.Input((8, 1)), keras.layers.Dense(2, "softmax")]))
    broken = network()
    broken.set_weights([w * np.nan for w in broken.get_weights()])
    with pytest.raises(ValueError, match=r"output holds .* NaN"):
        ex.predictor(broken)(X)


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (np.array([0, 1, 1]), "labels, shape .*predict_proba in place of predict"),
        (np.array([0.0, 1.0, 1.0]), "labels"),
        (np.array(["no", "yes", "no"]), "labels"),
        (np.array([0.2, 0.7, 0.1]), r"one column.*two columns: np.hstack\(\[1 - p, p\]\)"),
        (np.array([[0.2], [0.7], [0.1]]), "one column"),
        (np.array([[2.0, -1.0]] * 3), "runs from -1 to 2, rows sum to 1 to 1; these are logits"),
        (np.array([[0.9, 0.9]] * 3), "rows sum to 1.8"),
        (np.array([[0.5, 0.5]] * 2), r"shape \(2, 2\); give \(3, n\)"),
        (np.array([[0.5, np.nan]] * 3), "NaN"),
    ],
)
def test_what_is_no_probability(output, message):
    with pytest.raises(ValueError, match=message):
        ex.check_probabilities(output, 3)


# ------------------------------------------------------------------ LIME


@pytest.mark.parametrize(("height", "width", "cell"), [(16, 16, 4), (10, 7, 3), (5, 9, 1), (4, 4, 9)])
def test_grid_segments_cover_everything_from_0(height, width, cell):
    segments = ex.grid_segments(height, width, cell)
    labels, sizes = np.unique(segments, return_counts=True)
    assert segments.shape == (height, width) and np.issubdtype(segments.dtype, np.integer)
    assert np.array_equal(labels, np.arange(-(-height // cell) * -(-width // cell)))
    assert sizes.max() <= cell**2 and segments[0, 0] == 0 and segments[-1, -1] == labels[-1]
    for label in labels:
        rows, columns = np.nonzero(segments == label)
        assert np.ptp(rows) < cell and np.ptp(columns) < cell


def brightness(where):
    """Class 1 is the more probable the brighter the pixels are; also keeps the images that it was asked about."""
    seen = []

    def predict(images):
        seen.append(np.array(images))
        p = images[:, where].mean(axis=(1, 2))
        return np.stack([1 - p, p], axis=1)

    return predict, seen


@pytest.mark.parametrize("channels", [1, 3])
def test_lime_image_finds_the_segment_that_counts(channels):
    segments = ex.grid_segments(12, 10, 4)
    image = RNG.uniform(0.4, 0.9, (12, 10, channels))
    predict, seen = brightness(segments == 4)
    attribution, score = ex.lime_image(predict, image, 1, segments, samples=300, fill=0.0)
    assert attribution.shape == (12, 10) and 0.98 < score <= 1
    inside, outside = attribution[segments == 4], attribution[segments != 4]
    assert np.ptp(inside) == 0 and np.isclose(inside[0], image[segments == 4].mean(), rtol=0.05)
    assert np.abs(outside).max() < 0.1 * inside[0]
    asked = np.concatenate(seen)
    assert asked.shape[1:] == image.shape and max(map(len, seen)) == 256
    hidden = np.array([(asked[:, segments == label] == 0).all(axis=(1, 2)) for label in range(segments.max() + 1)])
    assert (0.3 < hidden.mean(1)).all() and (hidden.mean(1) < 0.7).all(), "every segment is hidden about half the time"
    minus, _ = ex.lime_image(predict, image, 0, segments, samples=300, fill=0.0)
    assert np.allclose(minus, -attribution)


def test_lime_image_is_the_library_and_the_seed_decides(capfd):
    model = image_network()
    image, segments = RNG.random((8, 8, 1), np.float32), ex.grid_segments(8, 8, 2)
    predict = ex.predictor(model)
    attribution, score = ex.lime_image(predict, image, 2, segments, samples=100, seed=3)
    assert capfd.readouterr().err == "", "no progress bar"
    library = lime_image.LimeImageExplainer(random_state=3).explain_instance(
        image[..., 0], lambda rgb: predict(rgb[..., :1]), labels=(2,), top_labels=None, num_samples=100,
        segmentation_fn=lambda _: segments,
    )  # fmt: skip
    coefficients = dict(library.local_exp[2])
    assert len(coefficients) == 16 and np.isclose(score, library.score)
    assert np.allclose(attribution, np.array([coefficients[i] for i in range(16)])[segments], atol=1e-7)
    assert lime_image.tqdm is not iter, "the library's own progress bar is back"
    assert np.array_equal(attribution, ex.lime_image(predict, image, 2, segments, samples=100, seed=3)[0])
    assert not np.allclose(attribution, ex.lime_image(predict, image, 2, segments, samples=100, seed=4)[0])


IMAGE = RNG.random((8, 8, 1))
GRID = ex.grid_segments(8, 8, 4)
HALF = brightness(GRID == 0)[0]


@pytest.mark.parametrize(
    ("predict", "image", "label", "segments", "message"),
    [
        (HALF, IMAGE[..., 0], 1, GRID, r"image is \(8, 8\) float64; give \(h, w, 1\) or \(h, w, 3\)"),
        (HALF, (255 * IMAGE).astype(np.uint8), 1, GRID, "uint8"),
        (HALF, IMAGE * np.inf, 1, GRID, "image holds"),
        (HALF, IMAGE, 1, GRID + 1, r"4 labels from 1 to 4; give .*start_label=0"),
        (HALF, IMAGE, 1, GRID * 2, "0 to k-1"),
        (HALF, IMAGE, 1, GRID * 0, "at least two labels"),
        (HALF, IMAGE, 1, GRID[:4], r"segments has shape \(4, 8\)"),
        (HALF, IMAGE, 2, GRID, "label is 2; predict has classes 0 to 1"),
        (lambda x: HALF(x).argmax(1), IMAGE, 1, GRID, "labels"),
        (lambda x: 9 * HALF(x), IMAGE, 1, GRID, "logits"),
        (lambda x: HALF(x)[:, 1:], IMAGE, 1, GRID, "one column"),
    ],
)
def test_lime_image_refuses(predict, image, label, segments, message):
    with pytest.raises(ValueError, match=message):
        ex.lime_image(predict, image, label, segments, samples=20)


def test_lime_tabular_is_the_library():
    options = {"discretize_continuous": False, "kernel_width": 2.0}
    ours = ex.lime_tabular(X, PREDICT, list("abcdefgh"), list("xyz"), seed=5, **options)
    theirs = lime_tabular.LimeTabularExplainer(
        X, feature_names=list("abcdefgh"), class_names=list("xyz"), random_state=5, **options
    )
    a, b = (e.explain_instance(X[3], PREDICT, labels=(1,), num_samples=300).as_list(1) for e in (ours, theirs))
    assert a == b and {name for name, _ in a} == set("abcdefgh")


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"train": pd.DataFrame(X)}, TypeError, r"train is a DataFrame.*train.to_numpy\(\)"),
        ({"train": X[0]}, ValueError, r"train has shape \(8,\)"),
        ({"class_names": ["no", "yes"]}, ValueError, "class_names has 2 names, but predict's output has 3 columns"),
        ({"feature_names": list("abc")}, ValueError, "feature_names has 3 names, but train has 8 columns"),
        ({"predict": lambda x: PREDICT(x).argmax(1)}, ValueError, "labels"),
        ({"predict": lambda x: PREDICT(x)[:, :1]}, ValueError, "one column"),
        ({"predict": LOGIT}, ValueError, "logits"),
    ],
)
def test_lime_tabular_refuses(change, error, message):
    given = {"train": X, "predict": PREDICT, "feature_names": list("abcdefgh"), "class_names": list("xyz")} | change
    with pytest.raises(error, match=message):
        ex.lime_tabular(**given)


def test_scikit_learns_predict_in_place_of_predict_proba():
    model = LogisticRegression().fit(X, X[:, 0] > 0)
    ex.lime_tabular(X, model.predict_proba, list("abcdefgh"), ["no", "yes"])
    with pytest.raises(ValueError, match="predict_proba in place of predict"):
        ex.lime_tabular(X, model.predict, list("abcdefgh"), ["no", "yes"])


# ------------------------------------------------------------------ Shapley values


def test_a_game_by_hand():
    # one right glove (player 2), two left ones (0, 1): a pair is worth 1
    def pairs(masks):
        return (masks[:, 2] & (masks[:, 0] | masks[:, 1])).astype(float)

    assert np.allclose(ex.exact_shapley(pairs, 3), [1 / 6, 1 / 6, 4 / 6], atol=1e-15)


def random_game(n, seed, outputs=()):
    worth = np.random.default_rng(seed).normal(size=(2**n, *outputs))
    return lambda masks: worth[masks @ 2 ** np.arange(n)]


def test_the_axioms():
    n = 7
    game, other = random_game(n, 0), random_game(n, 1)
    values = ex.exact_shapley(game, n)
    ends = np.array([[False] * n, [True] * n])
    assert np.isclose(values.sum(), np.diff(game(ends))[0], atol=1e-12), "efficiency"
    both = ex.exact_shapley(lambda m: 2 * game(m) - other(m), n)
    assert np.allclose(both, 2 * values - ex.exact_shapley(other, n), atol=1e-12), "linearity"
    dummy = ex.exact_shapley(lambda m: game(m & (np.arange(n) != 3)) + 0.7 * m[:, 3], n)
    assert np.isclose(dummy[3], 0.7, atol=1e-12), "a player who adds the same everywhere gets that"
    alike = ex.exact_shapley(lambda m: other(m) + other(m[:, [0, 4, 2, 3, 1, 5, 6]]), n)
    assert np.isclose(alike[1], alike[4], atol=1e-12) and not np.isclose(alike[1], alike[0]), "symmetry"


def test_enumeration_is_the_mean_over_all_orders_and_takes_many_outputs():
    n, game = 4, random_game(4, 2, (2,))
    by_order = np.zeros((n, 2))
    for order in itertools.permutations(range(n)):
        mask = np.zeros((1, n), bool)
        for player in order:
            before = game(mask)[0]
            mask[0, player] = True
            by_order[player] += (game(mask)[0] - before) / 24
    assert np.allclose(ex.exact_shapley(game, n), by_order, atol=1e-12)
    assert np.allclose(ex.exact_shapley(lambda m: 3.0 * m[:, 0], 1), [3])
    n, weights = 16, RNG.normal(size=16)  # more coalitions than are asked for at once
    assert np.allclose(ex.exact_shapley(lambda m: m @ weights, n), weights, atol=1e-9)


def test_a_game_too_large_or_unfit():
    with pytest.raises(ValueError, match=r"2\*\*40 coalitions takes 8,796,093,022,208 bytes.*use kernel_shap"):
        ex.exact_shapley(lambda m: m.sum(1), 40)
    with pytest.raises(ValueError, match="bytes"):
        ex.exact_shapley(lambda m: np.zeros((len(m), 1000)), 20)
    with pytest.raises(ValueError, match=r"value gave shape \(1,\) for 8 masks"):
        ex.exact_shapley(lambda m: np.zeros(1), 3)
    with pytest.raises(ValueError, match="n is 0"):
        ex.exact_shapley(lambda m: m.sum(1), 0)


def test_masked_mean_is_the_mean_over_the_background(monkeypatch):
    masks = np.random.default_rng(1).random((50, 8)) < 0.5
    value = ex.masked_mean(PREDICT, X[0], BACKGROUND)(masks)
    by_hand = [PREDICT(np.where(mask, X[0], BACKGROUND)).mean(0) for mask in masks]
    assert value.shape == (50, 3) and np.allclose(value, by_hand, atol=1e-6)
    monkeypatch.setattr(ex, "ROWS_AT_ONCE", 100)
    asked = []
    few = ex.masked_mean(lambda rows: asked.append(len(rows)) or PREDICT(rows), X[0], BACKGROUND)(masks)
    assert np.allclose(few, value, atol=1e-6) and max(asked) <= 100
    with pytest.raises(ValueError, match=r"background has shape \(16, 7\); give \(n, 8\)"):
        ex.masked_mean(PREDICT, X[0], BACKGROUND[:, :7])
    with pytest.raises(ValueError, match=r"x has shape \(1, 8\)"):
        ex.masked_mean(PREDICT, X[:1], BACKGROUND)


def test_kernel_shap(exact):
    for predict, truth in zip((PREDICT, LOGIT), exact, strict=True):
        every = ex.kernel_shap(predict, BACKGROUND, ROWS, samples=2**8 - 2)
        assert every.shape == (4, 8, 3) and np.abs(every - truth).max() < 1e-5
        some, again, other = (ex.kernel_shap(predict, BACKGROUND, ROWS, samples=120, seed=s) for s in (0, 0, 1))
        assert relative(some, truth) < 0.15
        assert np.array_equal(some, again) and not np.array_equal(some, other)
        assert np.allclose(some.sum(1), predict(ROWS) - predict(BACKGROUND).mean(0), atol=1e-5)


def test_kernel_shap_keeps_all_features_and_numpys_generator():
    model = network(features=14, end=None)
    predict = ex.predictor(model, probabilities=False)
    x = np.random.default_rng(1).normal(size=(30, 14))
    np.random.seed(7)  # noqa: NPY002
    expected = np.random.random()  # noqa: NPY002
    np.random.seed(7)  # noqa: NPY002
    assert (ex.kernel_shap(predict, x[5:], x[:1], samples=300) != 0).all()
    assert np.random.random() == expected  # noqa: NPY002
    library = shap.KernelExplainer(predict, x[5:]).shap_values(x[:1], nsamples=300, silent=True)
    assert ((library != 0).sum(1) <= 10).all(), "if this fails, the library's default has changed"


def test_whole_numbers_in_the_background_do_not_cut_the_row():
    whole = np.round(2 * BACKGROUND).astype(int)
    assert np.allclose(
        ex.kernel_shap(LOGIT, whole, ROWS, samples=254), ex.kernel_shap(LOGIT, whole * 1.0, ROWS, samples=254)
    )


def test_kernel_shap_refuses():
    with pytest.raises(ValueError, match=r"x has shape \(8,\); give \(n, 8\); for a single one: x\[None\]"):
        ex.kernel_shap(PREDICT, BACKGROUND, ROWS[0], samples=50)
    with pytest.raises(ValueError, match=r"predict's output has shape \(4,\)"):
        ex.kernel_shap(lambda x: PREDICT(x)[:, 0], BACKGROUND, ROWS, samples=50)
    with pytest.raises(ValueError, match="background holds 1 values that are NaN"):
        ex.kernel_shap(PREDICT, np.where(BACKGROUND == BACKGROUND.max(), np.nan, BACKGROUND), ROWS, samples=50)
    noise = np.random.default_rng(0)
    with pytest.raises(ValueError, match="must answer the same rows alike"):
        ex.kernel_shap(lambda x: PREDICT(x) + noise.normal(size=(len(x), 1)), BACKGROUND, ROWS, samples=50)


def test_deep_and_gradient_shap(exact):
    deep = ex.deep_shap(LOGITS, BACKGROUND, ROWS)
    assert deep.shape == (4, 8, 3) and relative(deep, exact[1]) < 0.35
    assert np.allclose(deep.sum(1), LOGIT(ROWS) - LOGIT(BACKGROUND).mean(0), atol=1e-3)
    gradient = shap.GradientExplainer(LOGITS, BACKGROUND).shap_values(ROWS, nsamples=2000, rseed=0)
    assert gradient.shape == (4, 8, 3) and relative(gradient, exact[1]) < 0.35


def test_deep_shap_of_a_linear_network_is_exact_and_of_an_image_adds_up():
    linear = network(hidden=(), end=None)
    kernel = linear.get_weights()[0]
    expected = (ROWS - BACKGROUND.mean(0))[:, :, None] * kernel
    assert np.allclose(ex.deep_shap(linear, BACKGROUND, ROWS), expected, atol=1e-5)
    images = RNG.random((6, 8, 8, 1), np.float32)
    predict = ex.predictor(image_network())
    values = ex.deep_shap(image_network(), images[2:], images[:2])
    assert values.shape == (2, 8, 8, 1, 3)
    assert np.allclose(values.sum((1, 2, 3)), predict(images[:2]) - predict(images[2:]).mean(0), atol=1e-4)


L = keras.layers


@pytest.mark.parametrize(
    ("shape", "layer", "named"),
    [
        ((8,), L.LayerNormalization(), "LayerNormalization"),
        ((8,), L.LeakyReLU(), "LeakyReLU"),
        ((8,), L.Dense(4, "gelu"), "gelu"),
        ((8,), L.Activation("leaky_relu"), "leaky_relu"),
        ((8, 2), L.GlobalMaxPooling1D(), "GlobalMaxPooling1D"),
        ((8, 2), L.LSTM(3), "LSTM"),
        ((8, 2), L.Bidirectional(L.GRU(3)), "GRU"),
        ((8, 8, 1), L.DepthwiseConv2D(3), "DepthwiseConv2D"),
    ],
)
def test_deep_shap_names_what_it_does_not_know(shape, layer, named):
    nested = keras.Sequential([keras.Input(shape), layer])
    model = keras.Sequential([keras.Input(shape), nested, L.Flatten(), L.Dense(2)])
    x = RNG.normal(size=(6, *shape))
    with pytest.raises(ValueError, match=rf"no rule for .*{named}.*use integrated_gradients or kernel_shap"):
        ex.deep_shap(model, x[2:], x[:2])


def test_the_additivity_check_stays_on():
    # silu is x * sigmoid(x): the library's product rule for it misses, and nothing but the check tells
    with pytest.raises(AssertionError, match="do not sum up to the model's output"):
        ex.deep_shap(network(activation="silu", end=None), BACKGROUND, ROWS)


def test_a_failed_explainer_leaves_gradients_alone():
    before, _ = ex.integrated_gradients(LOGITS, ROWS, np.zeros(8), 1)
    inputs = keras.Input((8,))
    model = keras.Model(inputs, L.Dense(2)(keras.ops.arctan(L.Dense(4)(inputs))))
    with pytest.raises(ValueError, match=r"DeepExplainer failed.*Atan.*integrated_gradients or kernel_shap"):
        ex.deep_shap(model, BACKGROUND, ROWS)
    after, _ = ex.integrated_gradients(LOGITS, ROWS, np.zeros(8), 1)
    assert np.array_equal(before, after)


def test_nothing_is_printed_for_many_models(caplog, recwarn, monkeypatch):
    monkeypatch.setattr(tf.get_logger(), "handlers", [caplog.handler])
    for _ in range(8):
        model = network(hidden=(4,), end=None)
        ex.predictor(model, probabilities=False)(ROWS)
        ex.integrated_gradients(model, ROWS, np.zeros(8), 0)
    ex.deep_shap(model, BACKGROUND, ROWS)
    assert not caplog.messages and not recwarn.list


def test_deep_shap_refuses():
    with pytest.raises(TypeError, match="model is a"):
        ex.deep_shap(PREDICT, BACKGROUND, ROWS)
    with pytest.raises(ValueError, match=r"background has shape \(16, 7\)"):
        ex.deep_shap(LOGITS, BACKGROUND[:, :7], ROWS)


# ------------------------------------------------------------------ Integrated Gradients


@pytest.mark.parametrize("end", [None, "softmax"])
@pytest.mark.parametrize(("activation", "bound"), [("tanh", 1e-3), ("relu", 0.02)])
def test_completeness(activation, bound, end):
    # each kink of a ReLU network that lies on the path costs accuracy: the error falls with 1 / steps, not its square
    model = network(activation=activation, end=end)
    predict = ex.predictor(model, probabilities=False)
    target, baseline = predict(X).argmax(1), np.zeros(8)
    gain = (predict(X) - predict(baseline[None]))[np.arange(40), target]

    def missed(**options):
        attributions, error = ex.integrated_gradients(model, X, baseline, target, **options)
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
    attributions, error = ex.integrated_gradients(cubes, x, np.zeros(2), [0, 0], steps=200)
    assert np.allclose(attributions, x**3, rtol=1e-4) and np.abs(error).max() < 1e-3
    attributions, _ = ex.integrated_gradients(cubes, x, np.zeros(2), 1, steps=1)
    assert np.allclose(attributions, (x[:, :1] * x[:, 1:]).repeat(2, 1), atol=1e-6), "shared half and half"
    attributions, _ = ex.integrated_gradients(cubes, x, x[0], 0)
    assert (attributions[0] == 0).all(), "what equals the baseline gets nothing"


@pytest.mark.parametrize("shape", [(6,), (4, 3), (4, 4, 2), (3, 2, 2, 1)])
def test_any_shape_in_batches(shape, monkeypatch):
    model = keras.Sequential([keras.Input(shape), L.Flatten(), L.Dense(5, "tanh"), L.Dense(3)])
    x, baseline = RNG.normal(size=(2, 7, *shape))
    target = np.array([0, 1, 2, 0, 1, 2, 0])
    attributions, error = ex.integrated_gradients(model, x, baseline, target, steps=9)
    assert attributions.shape == x.shape
    for i in (0, 4):
        one, wrong = ex.integrated_gradients(model, x[i : i + 1], baseline[i], int(target[i]), steps=9)
        assert np.allclose(one[0], attributions[i], atol=1e-6) and np.allclose(wrong[0], error[i], atol=1e-6)
    monkeypatch.setattr(ex, "CHUNK", 5)  # fewer than the steps of one row
    few, _ = ex.integrated_gradients(model, x, baseline, target, steps=9)
    assert np.allclose(few, attributions, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rule": "right"}, "rule is 'right'"),
        ({"steps": 0}, "steps 0"),
        ({"x": X[0]}, r"x has shape \(8,\); give \(n, 8\); for a single one"),
        ({"x": X[:, :5]}, r"x has shape \(40, 5\)"),
        ({"x": X * np.nan}, "NaN"),
        ({"baseline": np.zeros(7)}, r"baseline has shape \(7,\); give \(8,\) or \(40, 8\)"),
        ({"baseline": 0.0}, r"baseline has shape \(\)"),
        ({"target": 3}, "target runs from 3 to 3; model has outputs 0 to 2"),
        ({"target": -1}, "target runs from -1"),
        ({"target": [0, 1]}, r"target is int64 \(2,\)"),
        ({"target": 1.0}, "target is float64"),
        ({"model": lambda x: tf.reduce_sum(x, axis=1)}, r"model's output has shape \(1,\)"),
        ({"model": lambda x: tf.stop_gradient(x)}, "no gradient"),
    ],
)
def test_integrated_gradients_refuses(change, message):
    given = {"model": MODEL, "x": X, "baseline": np.zeros(8), "target": 1} | change
    with pytest.raises(ValueError, match=message):
        ex.integrated_gradients(**given)


# ------------------------------------------------------------------ counterfactuals


LOW, HIGH = X.min(0).astype(float), X.max(0).astype(float)
MAD = np.median(np.abs(X - np.median(X, axis=0)), axis=0)


def test_occlusion_of_a_sum_is_the_share_of_the_pixel():
    """A linear network loses what the patch hides: known for each pixel."""
    rng = np.random.default_rng(0)
    x, weights = rng.random((3, 4, 5, 1)), rng.normal(size=(4, 5, 1))

    def predict(images):
        return np.stack([images.sum((1, 2, 3)), (images * weights).sum((1, 2, 3))], axis=1)

    assert np.allclose(ex.occlusion(predict, x, np.zeros(3, int), size=1, fill=0), x[..., 0])
    assert np.allclose(ex.occlusion(predict, x, np.ones(3, int), size=1, fill=0), (x * weights)[..., 0])
    corner = ex.occlusion(predict, x, np.zeros(3, int), size=2, fill=0)[:, 0, 0]
    assert np.allclose(corner, x[:, :2, :2].sum((1, 2, 3))), "one patch alone covers the corner"


def test_occlusion_of_whole_numbers_hides_behind_the_fill_given():
    x = np.random.default_rng(0).integers(0, 9, (2, 4, 4, 1))
    found = [ex.occlusion(lambda rows: rows.reshape(2, -1).sum(1)[:, None], given, 0, 2, 0.3) for given in (x, 1.0 * x)]
    assert np.array_equal(*found) and found[0].any()


def test_occlusion_is_that_of_chapter_11():
    chapter = ROOT / "notebooks" / "11_trusting_explanations.ipynb"
    (written,) = defined_in(chapter, "occlusion", np=np, explanations=ex, models=models)
    model, planted = models.planted_cnn(), evaluation.planted_images(5, seed=0)
    predict = ex.predictor(models.logits(model), probabilities=False)
    found = ex.occlusion(predict, planted.x, planted.y, size=3, fill=0.3)
    assert np.allclose(found, written(model, planted, seed=0), atol=1e-6) and np.ptp(found) > 0


@pytest.mark.parametrize(
    ("x", "target", "size", "message"),
    [
        (np.zeros((2, 4, 4)), [0, 0], 1, "x has shape"),
        (np.zeros((2, 4, 4, 1)), [0], 1, "target is"),
        (np.zeros((2, 4, 4, 1)), [0.0, 1.0], 1, "target is"),
        (np.zeros((2, 4, 4, 1)), [0, 16], 1, "target runs from 0 to 16"),
        (np.zeros((2, 4, 4, 1)), -1, 1, "target runs from -1"),
        (np.zeros((2, 4, 4, 1)), [0, 0], 5, "size is 5"),
    ],
)
def test_occlusion_refuses(x, target, size, message):
    with pytest.raises(ValueError, match=message):
        ex.occlusion(lambda rows: rows.reshape(len(rows), -1), x, target, size, fill=0)


def linear(weights, bias=0.0):
    """Class 1 wins where weights @ x + bias > 0."""
    weights = np.asarray(weights, np.float32)
    model = keras.Sequential([keras.Input((len(weights),)), L.Dense(2, "softmax")])
    model.set_weights([np.stack([0 * weights, weights], axis=1), np.array([0, bias], np.float32)])
    return model


@pytest.mark.parametrize("row", [0, 1])
@pytest.mark.parametrize("immutable", [(), (0, 5, 6)])
def test_what_comes_back_holds(row, immutable):
    x = X[row].astype(float)
    current = PREDICT(X[row : row + 1]).argmax()
    found = 0
    for target in set(range(3)) - {current}:
        try:
            rows = ex.counterfactuals(MODEL, x, target, LOW, HIGH, immutable, MAD, count=4, seed=row)
        except ex.NoCounterfactual:
            continue
        found += 1
        assert 1 <= len(rows) <= 4 and rows.shape[1:] == (8,)
        assert (MODEL.predict(rows, verbose=0).argmax(1) == target).all()
        assert (rows[:, list(immutable)] == x[list(immutable)]).all()
        assert (rows >= LOW).all() and (rows <= HIGH).all()
        distance = (np.abs(rows - x) / MAD).sum(1)
        assert (np.diff(distance) >= 0).all()
        for a, b in itertools.combinations(rows, 2):
            apart = (np.abs(a - b) / MAD).sum() > 0.4 * distance[0]
            assert apart or ((a != x) != (b != x)).any()
        for answer in rows[:1]:  # no change is there for nothing
            for column in np.flatnonzero(answer != x):
                trial = np.where(np.arange(8) == column, x, answer)
                p = MODEL.predict(trial[None], verbose=0)[0]
                assert p[target] - np.delete(p, target).max() < 2 * ex.MARGIN
    assert found, "the network has three classes within reach of each row"


def test_the_nearest_is_near():
    # the cheapest way is to change the feature with the largest weight x scale, and no other
    model, scale = linear([1.0, -2.0, 3.0, 0.5], -2.0), np.array([1.0, 3.0, 1.0, 1.0])
    rows = ex.counterfactuals(model, np.zeros(4), 1, np.full(4, -9.0), np.full(4, 9.0), scale=scale, count=3)
    assert (rows[0] != 0).tolist() == [False, True, False, False]
    assert -1.0 > rows[0, 1] > -1.1
    assert len(rows) == 3 and len({tuple(row != 0) for row in rows}) == 3, "three ways, by different features"
    second = ex.counterfactuals(model, np.zeros(4), 1, np.full(4, -9.0), np.full(4, 9.0), immutable=(1,), scale=scale)
    assert (second[0] != 0).tolist() == [False, False, True, False] and 2 / 3 < second[0, 2] < 0.75
    # where its limit is too close, a second one has to help
    low, high = np.array([-9, -0.5, -9, -9.0]), np.full(4, 9.0)
    both = ex.counterfactuals(model, np.zeros(4), 1, low, high, scale=scale)[0]
    assert (both != 0).tolist() == [False, True, True, False] and both[1] >= -0.5
    assert np.isclose((np.abs(both) / scale).sum(), 0.5 / 3 + 1 / 3, rtol=0.1)


def test_the_seed_decides():
    given = (MODEL, X[0], 1 - PREDICT(X[:1]).argmax() % 2, LOW, HIGH)
    one, two = (ex.counterfactuals(*given, count=3, seed=1) for _ in range(2))
    assert np.array_equal(one, two)


def test_none_exists():
    x, low, high = np.zeros(3), np.full(3, -1.0), np.full(3, 1.0)
    reachable = linear([1.0, 1.0, 1.0], -2.0)
    assert len(ex.counterfactuals(reachable, x, 1, low, high)) == 1
    for model, options in (
        (linear([1.0, 1.0, 1.0], -4.0), {}),  # 3 at most against 4
        (linear([0.0, 0.0, 0.0], -1.0), {}),
        (reachable, {"immutable": (0, 1)}),
        (reachable, {"immutable": (0, 1, 2)}),
        (reachable, {"low": x, "high": x}),
    ):
        with pytest.raises(ex.NoCounterfactual, match=r"class 1 reached a probability of 0.\d\d at most.*widen"):
            ex.counterfactuals(**{"model": model, "x": x, "target": 1, "low": low, "high": high} | options)
    assert issubclass(ex.NoCounterfactual, ValueError)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": np.zeros((1, 3))}, r"x has shape \(1, 3\); give \(3,\)"),
        ({"low": np.zeros(2)}, r"low has shape \(2,\)"),
        ({"low": np.array([-1, 0.5, -1])}, r"x lies outside low to high in columns \[1\]"),
        ({"x": np.array([0, np.nan, 0])}, "x holds 1 values"),
        ({"immutable": (3,)}, r"immutable is \[3\]; give indices of columns, 0 to 2"),
        ({"immutable": [True, False, False]}, "give indices"),
        ({"immutable": ["age"]}, "give indices"),
        ({"scale": np.array([1.0, 0.0, 1.0])}, r"scale is not positive in columns \[1\]"),
        ({"target": 0}, "gives x to class 0 already"),
        ({"target": 2}, "target is 2, count 1; give a class 0 to 1"),
        ({"count": 0}, "count 0"),
        ({"model": network(features=3, end=None)}, "logits"),
    ],
)
def test_counterfactuals_refuse(change, message):
    given = {
        "model": linear([1.0, 1.0, 1.0], -2.0), "x": np.zeros(3), "target": 1,
        "low": np.full(3, -1.0), "high": np.full(3, 1.0),
    } | change  # fmt: skip
    with pytest.raises(ValueError, match=message) as caught:
        ex.counterfactuals(**given)
    assert not isinstance(caught.value, ex.NoCounterfactual)
