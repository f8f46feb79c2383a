import keras
import numpy as np
import pytest
import tf_keras

from utils import evaluation, models

RNG = np.random.default_rng(0)
SCORES = [evaluation.pointing, evaluation.top_k, evaluation.mass, evaluation.auc]
IMAGES = np.zeros((200, 16, 16, 1))
MASK = np.zeros((5, 16, 16), bool)  # a square of 4x4 pixels, each elsewhere
for i, mask in enumerate(MASK):
    mask[i : i + 4, 2 * i : 2 * i + 4] = True
WEIGHTS = np.array([0.5, -0.2, 2.0, 0.1], np.float32)


def linear(x):
    """Two outputs that add to 1; the second grows with every |weight| that is put in."""
    score = 0.5 + 0.1 * x.reshape(len(x), -1) @ np.abs(WEIGHTS)
    return np.stack([1 - score, score], 1)


# the scores


@pytest.mark.parametrize("score", SCORES)
def test_a_perfect_map_gets_one_its_inverse_nothing_and_a_constant_one_chance(score):
    assert np.allclose(score(MASK * 3.0, MASK), 1)
    assert np.allclose(score(1.0 - MASK, MASK), 0)
    chance = 0.5 if score is evaluation.auc else 16 / 256
    for constant in (0.0, 2.0, -1.0):
        assert np.allclose(score(np.full(MASK.shape, constant), MASK), chance)


@pytest.mark.parametrize(
    ("score", "expected"),
    # inside: 5, 3, 3; outside: 4, 3, 1, -2, 0
    [
        (evaluation.pointing, 1),
        (evaluation.top_k, (1 + 2 / 3) / 3),  # 5, not 4, and one place for three equals
        (evaluation.mass, 11 / 19),
        (evaluation.auc, (5 + 3.5 + 3.5) / 15),
    ],
)
def test_scores_by_hand(score, expected):
    attribution = np.array([[[5, 4, 3, 3], [3, 1, -2, 0]]])
    mask = np.array([[[1, 0, 1, 0], [1, 0, 0, 0]]], bool)
    assert score(attribution, mask) == pytest.approx([expected])
    assert score(attribution.reshape(1, 8), mask.reshape(1, 8)) == pytest.approx([expected]), "a table's rows"


def test_equals_share():
    mask = np.array([[True, True, False, False]])
    assert evaluation.pointing(np.array([[2, 1, 2, 2]]), mask) == pytest.approx([1 / 3])
    assert evaluation.top_k(np.array([[2, 1, 2, 2]]), mask) == pytest.approx([1 / 3])


def test_scores_are_one_for_each_item_and_each_its_own():
    attribution = np.stack([MASK[0], ~MASK[0], MASK[0]]).astype(float)
    mask = np.stack([MASK[0]] * 3)
    for score in SCORES:
        assert np.allclose(score(attribution, mask), [1, 0, 1])


@pytest.mark.parametrize("score", SCORES)
def test_monotone_changes_of_the_scale_change_no_rank(score):
    attribution = RNG.normal(size=MASK.shape)
    assert np.allclose(score(attribution, MASK), score(7 * attribution, MASK))
    if score is not evaluation.mass:
        assert np.allclose(score(attribution, MASK), score(np.exp(attribution), MASK))


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize(
    ("attribution", "mask", "message"),
    [
        (MASK[..., None] * 1.0, MASK, "mask has shape .* summed over"),
        (MASK[:3] * 1.0, MASK, "mask has shape"),
        (MASK * 1.0, MASK.astype(int), "dtype int64"),
        (MASK[:0] * 1.0, MASK[:0], "attribution is empty"),
        (MASK[0, 0] * 1.0, MASK[0, 0], r"attribution has shape \(16,\)"),
        (np.where(MASK, np.nan, 1), MASK, "attribution holds .* NaN"),
        (MASK.astype(str), MASK, "attribution has dtype <U5; give numbers"),
        (MASK * 1.0, MASK & False, "mask is all True or all False"),
        (MASK * 1.0, MASK | True, "mask is all True or all False"),
    ],
)
def test_bad_maps(score, attribution, mask, message):
    with pytest.raises(ValueError, match=message):
        score(attribution, mask)


# deletion


def test_in_a_linear_model_deletion_falls_most_at_first():
    x = RNG.uniform(0.1, 1, (6, 4)).astype(np.float32)
    attribution = x * np.abs(WEIGHTS)
    down = evaluation.deletion(linear, x, attribution, 1, fill=0, steps=4)
    assert down.shape == (6, 5)
    assert (np.diff(down) < 0).all() and (np.diff(down, 2) > -1e-6).all(), "the most important goes first"
    assert np.allclose(down[:, 0], linear(x)[:, 1]) and np.allclose(down[:, -1], 0.5)
    worst = evaluation.deletion(linear, x, -attribution, 1, fill=0, steps=4)
    assert (worst[:, 1:-1] > down[:, 1:-1]).all()


def test_deletion_replaces_whole_pixels_in_steps():
    seen = []

    def predict(x):
        seen.append(x)
        return np.full((len(x), 2), 0.5)

    x = RNG.random((2, 3, 3, 3), np.float32)
    attribution = np.arange(18.0).reshape(2, 3, 3)
    evaluation.deletion(predict, x, attribution, np.array([0, 1]), fill=-1, steps=3)
    gone = [(batch == -1) for batch in seen]
    assert all(np.array_equal(g.any(3), g.all(3)) for g in gone) and seen[0].dtype == np.float32
    assert [g[..., 0].sum((1, 2)).tolist() for g in gone] == [[0, 0], [3, 3], [6, 6], [9, 9]]
    assert gone[1][0, 2].all(), "the last row holds the largest"
    assert np.array_equal(seen[1][~gone[1]], x[~gone[1]])


def test_each_input_has_its_own_target_and_fill():
    x = RNG.uniform(0.1, 1, (3, 4)).astype(np.float32)
    curve = evaluation.deletion(linear, x, x, np.array([0, 1, 0]), fill=x, steps=2)
    assert np.allclose(curve, linear(x)[np.arange(3), [0, 1, 0]][:, None]), "filled with itself nothing moves"
    one = evaluation.deletion(linear, x, x, 1, fill=x[0], steps=2)
    assert np.allclose(one[:, -1], linear(x[:1])[0, 1])


TABLE = RNG.random((3, 4)).astype(np.float32)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": TABLE[:0], "attribution": TABLE[:0]}, "x is empty"),
        ({"x": TABLE * np.nan}, "x holds 12 values that are NaN"),
        ({"x": np.ones((3, 4), int)}, "x has dtype int64"),
        ({"attribution": TABLE[:, :2]}, r"attribution has shape \(3, 2\)"),
        ({"attribution": TABLE * np.inf}, "attribution holds 12 .* infinite"),
        ({"fill": np.nan}, "fill holds 1 values"),
        ({"fill": "black"}, "fill has dtype <U5; give numbers"),
        ({"fill": TABLE[:2]}, r"fill has shape \(2, 4\)"),
        ({"target": np.array([0, 1])}, r"target is int64 \(2,\)"),
        ({"target": 1.0}, "target is float64"),
        ({"target": 2}, "target is 2; model has outputs 0 to 1"),
        ({"target": np.array([0, 1, 2])}, "target runs from 0 to 2"),
        ({"target": -1}, "target is -1"),
        ({"predict": lambda x: linear(x)[:, 1]}, r"predict's output has shape \(3,\); give \(3, outputs\)"),
        ({"steps": 0}, "steps is 0"),
    ],
)
def test_bad_deletions(change, message):
    arguments = {"predict": linear, "x": TABLE, "attribution": TABLE, "target": 1, "fill": 0} | change
    with pytest.raises(ValueError, match=message):
        evaluation.deletion(**arguments)


def test_equals_are_deleted_in_no_order():
    x = np.ones((400, 4))
    curve = evaluation.deletion(linear, x, np.zeros_like(x), 1, fill=0, steps=4)
    one = evaluation.deletion(linear, x, np.zeros_like(x), 1, fill=0, steps=4, seed=1)
    assert len(np.unique(curve[:, 1])) > 1, "not always the same element goes first"
    assert not np.array_equal(curve, one)
    assert np.array_equal(curve, evaluation.deletion(linear, x, np.zeros_like(x), 1, fill=0, steps=4))


def test_equals_do_not_make_maps_stable():
    alike = np.mean([evaluation.stability(np.zeros((10, 20)), k=5, seed=seed) for seed in range(5)])
    assert alike == pytest.approx(1 / 7, abs=0.06), "two random fives of twenty share 1.25 of 8.75"


# stability and similarity


def test_stability_is_one_for_equal_maps_and_known_otherwise():
    row = np.array([5.0, 4, 3, 2, 1, 0])
    assert evaluation.stability([row, row, 2 * row], k=3) == 1
    assert evaluation.stability([row, -row], k=3) == 0
    assert evaluation.stability([[9, 1, 2, 3], [9, 3, 2, 1]], k=1) == 1, "the largest count"
    assert evaluation.stability([[3, 2, 1, 0], [3, 0, 1, 2]], k=2) == pytest.approx(1 / 3), "{0, 1} and {0, 3}"
    assert evaluation.stability([[3, 2, 1, 0], [3, 2, 0, 1], [3, 0, 1, 2]], k=2) == pytest.approx((1 + 2 / 3) / 3)


@pytest.mark.parametrize(
    ("attributions", "k", "message"),
    [
        ([[1.0, 2.0]], 1, "at least 2 rows"),
        ([1.0, 2.0], 1, r"attributions has shape \(2,\)"),
        (np.zeros((0, 4)), 1, "attributions is empty"),
        ([[1.0, np.nan], [1, 2]], 1, "attributions holds 1 values"),
        ([[1.0, 2.0], [1, 2]], 2, "k is 2 of 2"),
        ([[1.0, 2.0], [1, 2]], 0, "k is 0"),
        ([[1.0, 2.0], [1, 2]], 1.0, "k is 1.0"),
    ],
)
def test_unfit_for_stability(attributions, k, message):
    with pytest.raises(ValueError, match=message):
        evaluation.stability(attributions, k)


def test_similarity_is_the_correlation_of_ranks():
    a = RNG.normal(size=(4, 5, 5))
    assert np.allclose(evaluation.similarity(a, np.exp(a)), 1) and np.allclose(evaluation.similarity(a, -a), -1)
    assert np.allclose(evaluation.similarity(a, np.stack([a[0], -a[1], a[2], -a[3]])), [1, -1, 1, -1])
    many = evaluation.similarity(*RNG.normal(size=(2, 50, 20, 20)))
    assert many.shape == (50,) and abs(many.mean()) < 0.03 and np.abs(many).max() < 0.25
    assert evaluation.similarity([[1, 2, 3, 4]], [[2, 1, 4, 3]])[0] == pytest.approx(1 - 6 * 4 / 60)
    assert evaluation.similarity([[1, 1, 2]], [[1, 2, 3]])[0] == pytest.approx(1.5 / np.sqrt(1.5 * 2)), "equals share"


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        (TABLE, TABLE[:2], r"b \(2, 4\)"),
        (TABLE[0], TABLE[0], r"a has shape \(4,\)"),
        (TABLE[:0], TABLE[:0], "a is empty"),
        (TABLE, TABLE * np.nan, "b holds 12 values"),
        (TABLE, np.ones((3, 4)), "b is constant in 3 of 3"),
    ],
)
def test_unfit_for_similarity(a, b, message):
    with pytest.raises(ValueError, match=message):
        evaluation.similarity(a, b)


# the controls


def test_a_randomised_model_differs_in_every_weight_and_the_original_in_none():
    hidden = [keras.layers.Dense(5), keras.layers.BatchNormalization(), keras.layers.Dropout(0.5)]
    model = keras.Sequential([keras.Input((6,)), *hidden, keras.layers.Dense(2, name="logits")])
    model.layers[0].kernel.assign(10 * model.layers[0].kernel)
    before = [weight.copy() for weight in model.get_weights()]
    copy = evaluation.randomised(model, seed=0)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    for weight, new in zip(model.trainable_variables, copy.trainable_variables, strict=True):
        assert (np.asarray(weight) != np.asarray(new)).all(), "biases too, though all of them were 0"
    kernel, new = np.asarray(model.layers[0].kernel), np.asarray(copy.layers[0].kernel)
    assert 0.5 < new.std() / kernel.std() < 2 and abs(np.corrcoef(kernel.ravel(), new.ravel())[0, 1]) < 0.7
    assert np.isfinite(copy(np.ones((3, 6)))).all() and models.logits(copy)(np.ones((3, 6))).shape == (3, 2)
    again, other = (evaluation.randomised(model, seed).get_weights()[0] for seed in (0, 1))
    assert np.array_equal(again, new) and not np.array_equal(other, new)


def test_only_keras_models_are_randomised():
    twin = models.mlp((3,), lib=tf_keras)
    for wrong in (twin, linear):
        with pytest.raises(TypeError, match="give a Keras 3 model"):
            evaluation.randomised(wrong, seed=0)


def test_controls_have_a_number_for_each_pixel():
    for channels in (1, 3):
        x = RNG.random((4, 7, 9, channels), np.float32)
        noise, edges = evaluation.random_attribution(x, seed=0), evaluation.edge_attribution(x)
        assert noise.shape == edges.shape == (4, 7, 9)
        assert np.array_equal(noise, evaluation.random_attribution(x + 1, seed=0)), "whatever is in the image"
        assert not np.array_equal(noise, evaluation.random_attribution(x, seed=1))
        assert np.allclose(edges, evaluation.edge_attribution(1 - x), atol=1e-5), "an edge has no sign"


def test_edges_are_where_the_image_changes():
    x = np.zeros((1, 8, 8, 1), np.float32)
    x[:, :, 4:] = 1
    edges = evaluation.edge_attribution(x)
    assert (edges[:, :, 3:5] > 1).all() and (edges[:, :, :3] == 0).all() and (edges[:, :, 5:] == 0).all()
    assert np.allclose(evaluation.edge_attribution(x.transpose(0, 2, 1, 3)), edges.transpose(0, 2, 1))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: evaluation.random_attribution(IMAGES[..., 0], 0), r"x has shape \(200, 16, 16\)"),
        (lambda: evaluation.random_attribution(IMAGES[:0], 0), "x is empty"),
        (lambda: evaluation.edge_attribution(IMAGES[0]), r"x has shape \(16, 16, 1\)"),
        (lambda: evaluation.edge_attribution(IMAGES * np.nan), "x holds .* NaN"),
    ],
)
def test_bad_input(make, message):
    with pytest.raises(ValueError, match=message):
        make()
