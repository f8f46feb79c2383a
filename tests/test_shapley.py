import contextlib
import itertools
import warnings

import keras
import networks
import numpy as np
import pytest
import shap

from utils import attributions, predictors, shapley

warnings.filterwarnings("ignore", message="Your TensorFlow version is newer", category=UserWarning)


def test_a_game_by_hand():
    # one right glove (player 2), two left ones (0, 1): a pair is worth 1
    def pairs(masks):
        return (masks[:, 2] & (masks[:, 0] | masks[:, 1])).astype(float)

    assert np.allclose(shapley.exact_shapley(pairs, 3), [1 / 6, 1 / 6, 4 / 6], atol=1e-15)


def random_game(n, seed, outputs=()):
    worth = np.random.default_rng(seed).normal(size=(2**n, *outputs))
    return lambda masks: worth[masks @ 2 ** np.arange(n)]


def test_the_axioms():
    n = 7
    game, other = random_game(n, 0), random_game(n, 1)
    values = shapley.exact_shapley(game, n)
    ends = np.array([[False] * n, [True] * n])
    assert np.isclose(values.sum(), np.diff(game(ends))[0], atol=1e-12), "efficiency"
    both = shapley.exact_shapley(lambda m: 2 * game(m) - other(m), n)
    assert np.allclose(both, 2 * values - shapley.exact_shapley(other, n), atol=1e-12), "linearity"
    dummy = shapley.exact_shapley(lambda m: game(m & (np.arange(n) != 3)) + 0.7 * m[:, 3], n)
    assert np.isclose(dummy[3], 0.7, atol=1e-12), "a player who adds the same everywhere gets that"
    alike = shapley.exact_shapley(lambda m: other(m) + other(m[:, [0, 4, 2, 3, 1, 5, 6]]), n)
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
    assert np.allclose(shapley.exact_shapley(game, n), by_order, atol=1e-12)
    assert np.allclose(shapley.exact_shapley(lambda m: 3.0 * m[:, 0], 1), [3])
    n, weights = 16, networks.RNG.normal(size=16)  # more coalitions than are asked for at once
    assert np.allclose(shapley.exact_shapley(lambda m: m @ weights, n), weights, atol=1e-9)


def test_a_game_too_large_or_unfit():
    with pytest.raises(ValueError, match=r"2\*\*40 coalitions takes 8,796,093,022,208 bytes.*use kernel_shap"):
        shapley.exact_shapley(lambda m: m.sum(1), 40)
    with pytest.raises(ValueError, match="bytes"):
        shapley.exact_shapley(lambda m: np.zeros((len(m), 1000)), 20)
    with pytest.raises(ValueError, match=r"value gave shape \(1,\) for 8 masks"):
        shapley.exact_shapley(lambda m: np.zeros(1), 3)
    with pytest.raises(ValueError, match="n is 0"):
        shapley.exact_shapley(lambda m: m.sum(1), 0)
    with pytest.raises(ValueError, match=r"value gave shape \(\) for 1 masks"):
        shapley.exact_shapley(len, 3)
    with pytest.raises(ValueError, match=r"value fails on masks of shape \(1, 3\)"):
        shapley.exact_shapley(int, 3)
    with pytest.raises(ValueError, match=r"value gave shape \(8, 8\) for 8 masks"):
        shapley.exact_shapley(lambda masks: np.zeros((len(masks), len(masks))), 3)


def test_masked_mean_is_the_mean_over_the_background(monkeypatch):
    masks = np.random.default_rng(1).random((50, 8)) < 0.5
    value = shapley.masked_mean(networks.PREDICT, networks.X[0], networks.BACKGROUND)(masks)
    by_hand = [networks.PREDICT(np.where(mask, networks.X[0], networks.BACKGROUND)).mean(0) for mask in masks]
    assert value.shape == (50, 3) and np.allclose(value, by_hand, atol=1e-6)
    monkeypatch.setattr(shapley, "BYTES_AT_ONCE", 100 * 32)
    asked = []
    few = shapley.masked_mean(
        lambda rows: asked.append(len(rows)) or networks.PREDICT(rows), networks.X[0], networks.BACKGROUND
    )(masks)
    assert np.allclose(few, value, atol=1e-6) and max(asked) <= 100
    with pytest.raises(ValueError, match=r"background has shape \(16, 7\); give \(rows, 8\)"):
        shapley.masked_mean(networks.PREDICT, networks.X[0], networks.BACKGROUND[:, :7])
    with pytest.raises(ValueError, match=r"x has shape \(1, 8\)"):
        shapley.masked_mean(networks.PREDICT, networks.X[:1], networks.BACKGROUND)


def test_kernel_shap():
    for predict, truth in zip((networks.PREDICT, networks.LOGIT), networks.exact(), strict=True):
        every = shapley.kernel_shap(predict, networks.BACKGROUND, networks.ROWS, samples=2**8 - 2)
        assert every.shape == (4, 8, 3) and np.abs(every - truth).max() < 1e-5
        some, again, other = (
            shapley.kernel_shap(predict, networks.BACKGROUND, networks.ROWS, samples=120, seed=s) for s in (0, 0, 1)
        )
        assert networks.relative(some, truth) < 0.15
        assert np.array_equal(some, again) and not np.array_equal(some, other)
        assert np.allclose(some.sum(1), predict(networks.ROWS) - predict(networks.BACKGROUND).mean(0), atol=1e-5)


def test_kernel_shap_keeps_all_features_and_numpys_generator():
    model = networks.network(features=14, end=None)
    predict = predictors.predictor(model, probabilities=False)
    x = np.random.default_rng(1).normal(size=(30, 14))
    np.random.seed(7)  # noqa: NPY002
    expected = np.random.random()  # noqa: NPY002
    np.random.seed(7)  # noqa: NPY002
    assert (shapley.kernel_shap(predict, x[5:], x[:1], samples=300) != 0).all()
    assert np.random.random() == expected  # noqa: NPY002
    library = shap.KernelExplainer(predict, x[5:]).shap_values(x[:1], nsamples=300, silent=True)
    assert ((library != 0).sum(1) <= 10).all(), "if this fails, the library's default has changed"


def test_whole_numbers_in_the_background_do_not_cut_the_row():
    whole = np.round(2 * networks.BACKGROUND).astype(int)
    assert np.allclose(
        shapley.kernel_shap(networks.LOGIT, whole, networks.ROWS, samples=254),
        shapley.kernel_shap(networks.LOGIT, whole * 1.0, networks.ROWS, samples=254),
    )


def test_kernel_shap_refuses():
    with pytest.raises(ValueError, match=r"x has shape \(8,\); give \(n, 8\); for a single one: x\[None\]"):
        shapley.kernel_shap(networks.PREDICT, networks.BACKGROUND, networks.ROWS[0], samples=50)
    with pytest.raises(ValueError, match=r"predict's output has shape \(4,\)"):
        shapley.kernel_shap(lambda x: networks.PREDICT(x)[:, 0], networks.BACKGROUND, networks.ROWS, samples=50)
    with pytest.raises(ValueError, match="background holds 1 values that are NaN"):
        shapley.kernel_shap(
            networks.PREDICT,
            np.where(networks.BACKGROUND == networks.BACKGROUND.max(), np.nan, networks.BACKGROUND),
            networks.ROWS,
            samples=50,
        )
    noise = np.random.default_rng(0)
    with pytest.raises(ValueError, match="must answer the same rows alike"):
        shapley.kernel_shap(
            lambda x: networks.PREDICT(x) + noise.normal(size=(len(x), 1)),
            networks.BACKGROUND,
            networks.ROWS,
            samples=50,
        )


def test_deep_and_gradient_shap():
    deep = shapley.deep_shap(networks.LOGITS, networks.BACKGROUND, networks.ROWS)
    assert deep.shape == (4, 8, 3) and networks.relative(deep, networks.exact()[1]) < 0.35
    assert np.allclose(
        deep.sum(1), networks.LOGIT(networks.ROWS) - networks.LOGIT(networks.BACKGROUND).mean(0), atol=1e-3
    )
    gradient = shap.GradientExplainer(networks.LOGITS, networks.BACKGROUND).shap_values(
        networks.ROWS, nsamples=4000, rseed=0
    )
    assert gradient.shape == (4, 8, 3) and networks.relative(gradient, networks.exact()[1]) < 0.35
    rows = len(networks.BACKGROUND)
    pairs = networks.ROWS.repeat(rows, axis=0), np.tile(networks.BACKGROUND, (len(networks.ROWS), 1))
    whole = [attributions.integrated_gradients(networks.LOGITS, *pairs, target, 100)[0] for target in range(3)]
    limit = np.stack(whole, axis=-1).reshape(4, rows, 8, 3).mean(axis=1)
    assert networks.relative(gradient, limit) < 0.05, "its limit is the path integral over the same rows"
    assert networks.relative(limit, networks.exact()[1]) > 0.05, "which is not the Shapley values"


def test_deep_shap_of_a_linear_network_is_exact_and_of_an_image_adds_up():
    linear = networks.network(hidden=(), end=None)
    kernel = linear.get_weights()[0]
    expected = (networks.ROWS - networks.BACKGROUND.mean(0))[:, :, None] * kernel
    assert np.allclose(shapley.deep_shap(linear, networks.BACKGROUND, networks.ROWS), expected, atol=1e-5)
    images = networks.RNG.random((6, 8, 8, 1), np.float32)
    predict = predictors.predictor(networks.image_network())
    values = shapley.deep_shap(networks.image_network(), images[2:], images[:2])
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
    x = networks.RNG.normal(size=(6, *shape))
    with pytest.raises(ValueError, match=rf"no rule for .*{named}.*use integrated_gradients or kernel_shap"):
        shapley.deep_shap(model, x[2:], x[:2])


def test_values_that_do_not_add_up_are_refused():
    # silu is x * sigmoid(x): the library's product rule for it misses, and nothing but the check tells
    with pytest.raises(ValueError, match=r"values miss the model's output . by .*use integrated_gradients"):
        shapley.deep_shap(networks.network(activation="silu", end=None), networks.BACKGROUND, networks.ROWS)


def test_a_failed_explainer_leaves_gradients_alone():
    before, _ = attributions.integrated_gradients(networks.LOGITS, networks.ROWS, np.zeros(8), 1)
    inputs = keras.Input((8,))
    model = keras.Model(inputs, L.Dense(2)(keras.ops.arctan(L.Dense(4)(inputs))))
    with pytest.raises(ValueError, match=r"DeepExplainer failed.*Atan.*integrated_gradients or kernel_shap"):
        shapley.deep_shap(model, networks.BACKGROUND, networks.ROWS)
    after, _ = attributions.integrated_gradients(networks.LOGITS, networks.ROWS, np.zeros(8), 1)
    assert np.array_equal(before, after)


def test_deep_shap_refuses():
    with pytest.raises(TypeError, match="model is a"):
        shapley.deep_shap(networks.PREDICT, networks.BACKGROUND, networks.ROWS)
    with pytest.raises(ValueError, match=r"background has shape \(16, 7\)"):
        shapley.deep_shap(networks.LOGITS, networks.BACKGROUND[:, :7], networks.ROWS)


@pytest.mark.parametrize("policy", networks.POLICIES)
def test_deep_shap_names_the_precision_that_it_cannot_take(policy):
    with pytest.raises(ValueError, match=rf"needs layers in float32, not .* \({policy.removeprefix('mixed_')}\)"):
        shapley.deep_shap(networks.in_precision(policy, end=None), networks.BACKGROUND, networks.ROWS)


def test_kernel_shap_of_answers_in_bfloat16():
    rounded = networks.LOGIT(networks.X).astype("bfloat16")
    assert rounded.dtype.name == "bfloat16"
    values = shapley.kernel_shap(
        lambda rows: networks.LOGIT(rows).astype("bfloat16"), networks.BACKGROUND, networks.ROWS, samples=254
    )
    assert networks.relative(values, networks.exact()[1]) < 0.1


# ------------------------------------------------------------------ checks that can fail


def small_outputs(spread, hidden):
    """A network whose outputs differ by little."""
    keras.utils.set_random_seed(3)
    steep = keras.initializers.RandomNormal(stddev=2)
    body = [L.Dense(16, hidden, kernel_initializer=steep), L.Dense(16, hidden, kernel_initializer=steep)]
    last = L.Dense(2, kernel_initializer=keras.initializers.RandomNormal(stddev=spread))
    return keras.Sequential([keras.Input((8,)), *body, last])


@pytest.mark.parametrize(
    "softmax", [lambda: L.Softmax(), lambda: L.Activation("softmax"), lambda: L.Dense(6, "softmax")]
)
@pytest.mark.parametrize("inside", [False, True])
def test_a_softmax_adds_up_and_is_wrong(softmax, inside):
    keras.utils.set_random_seed(0)
    body = [L.Dense(8, "relu"), softmax()]
    part = [keras.Sequential([keras.Input((8,)), *body])] if inside else body
    hidden = keras.Sequential([keras.Input((8,)), *part, L.Dense(2)])
    with pytest.raises(ValueError, match=r"has no rule for .*(Softmax|softmax)"):
        shapley.deep_shap(hidden, networks.BACKGROUND, networks.ROWS)
    last = keras.Sequential([keras.Input((8,)), *part])
    with pytest.warns(UserWarning, match=r"ends in a softmax.*explain the logits"), contextlib.suppress(ValueError):
        values = shapley.deep_shap(last, networks.BACKGROUND, networks.ROWS)
        ask = predictors.predictor(last)
        games = [shapley.masked_mean(ask, row, networks.BACKGROUND) for row in networks.ROWS]
        assert networks.relative(values, np.array([shapley.exact_shapley(game, 8) for game in games])) > 0.5


@pytest.mark.parametrize("hidden", ["silu", "softmax"])
@pytest.mark.parametrize("spread", [0.003, 1e-5, 1.0, 100.0])
def test_deep_shap_is_held_to_the_spread_of_the_outputs(hidden, spread):
    model = small_outputs(spread, hidden)
    with pytest.raises(ValueError, match=r"integrated_gradients or kernel_shap"):
        shapley.deep_shap(model, networks.BACKGROUND, networks.ROWS)


@pytest.mark.parametrize("hidden", ["relu", "tanh", "sigmoid"])
@pytest.mark.parametrize("spread", [0.003, 1e-5, 1.0, 1e4])
@pytest.mark.parametrize("offset", [0.0, 100.0])
def test_deep_shap_of_small_and_large_outputs(hidden, spread, offset):
    model = small_outputs(spread, hidden)
    model.layers[-1].bias.assign(np.full(2, offset * spread))
    values = shapley.deep_shap(model, networks.BACKGROUND, networks.ROWS)
    ask = predictors.predictor(model, probabilities=False)
    due = ask(networks.ROWS) - ask(networks.BACKGROUND).mean(axis=0)
    assert np.allclose(values.sum(axis=1), due, atol=0.01 * np.ptp(ask(networks.BACKGROUND)) + 2e-5 * offset * spread)


def linear_in(features):
    weights = np.random.default_rng(1).normal(size=(features, 2))
    return weights, lambda x: x @ weights


@pytest.mark.parametrize(("features", "samples"), [(100, 60), (100, 150), (40, 39), (12, 8), (3, 1)])
def test_too_few_samples_for_the_features_that_vary(features, samples):
    rng = np.random.default_rng(0)
    _, predict = linear_in(features)
    with pytest.raises(
        ValueError, match=rf"samples is {samples}, which is too few: of the {features} features that vary"
    ):
        shapley.kernel_shap(predict, rng.normal(size=(5, features)), rng.normal(size=(2, features)), samples)


@pytest.mark.parametrize(("features", "samples"), [(100, 600), (12, 120), (3, 6), (2, 2), (1, 1)])
def test_enough_samples_find_a_linear_model(features, samples):
    rng = np.random.default_rng(0)
    weights, predict = linear_in(features)
    background, x = rng.normal(size=(5, features)), rng.normal(size=(2, features))
    values = shapley.kernel_shap(predict, background, x, samples)
    assert np.allclose(values, (x - background.mean(axis=0))[:, :, None] * weights, atol=1e-6)


def test_features_that_do_not_vary_need_no_samples():
    weights, predict = linear_in(100)
    background = np.ones((4, 100))
    x = np.where(np.arange(100) < 5, 2.0, 1.0)[None]
    values = shapley.kernel_shap(predict, background, x, samples=30)
    assert np.allclose(values[0, :5], weights[:5]) and not values[0, 5:].any()


def test_a_table_that_would_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"samples is 10000 and background \(4000, 100\): .* bytes, .*fewer rows"):
        shapley.kernel_shap(lambda x: x[:, :2], np.ones((4000, 100)), np.zeros((1, 100)), samples=10_000)
