"""The planted truth is where it is said to be, and nothing finds it that has not learned it."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.linear_model import LogisticRegression

from utils import evaluation, models, planted, predictors, shapley, surrogates, training
from utils.attributions import integrated_gradients, occlusion

SCORES = {evaluation.pointing: 1 / 9, evaluation.top_k: 1 / 9, evaluation.auc: 1 / 2}  # and what guessing gets
MARGIN = 0.1
DATA = planted.images(3000, seed=0, cue=1 / 3)
PLAIN = planted.images(3000, seed=0)
SIGNED = planted.part(DATA, DATA.y < 2)
TABLE = planted.table(20000, seed=0)


def cell(x, cells):
    """What the image shows in one cell of each: (n, 5, 5)."""
    corner = 5 * np.stack([cells // 3, cells % 3], 1)
    return np.stack([image[r : r + 5, c : c + 5] for image, (r, c) in zip(x, corner, strict=True)])


def is_sign(shown, sign):
    """Whether each (n, 5, 5) is the sign, and whether it is its negative: (n,), (n,)."""
    bright = shown > 0.5
    return (bright == sign).all((1, 2)), (bright != sign).all((1, 2))


def off_chance(attribution, mask):
    """The furthest that a score is from what guessing gets, with its sign."""
    away = [score(attribution, mask).mean() - chance for score, chance in SCORES.items()]
    return max(away, key=abs)


def learned(model_of, x, y, rows=2000):
    """Accuracy on the rows that a model of scikit-learn was not fitted to."""
    return model_of.fit(x[:-rows], y[:-rows]).score(x[-rows:], y[-rows:])


# ------------------------------------------------------------------ the images


def test_images_are_what_they_say():
    x, y, cells, mask, distractor, cue = DATA
    assert x.shape == (3000, 15, 15, 1) and x.dtype == np.float32 and mask.shape == (3000, 15, 15)
    assert np.array_equal(np.bincount(y), [1000] * 3) and 100 < np.bincount(y[:400]).min(), "in no order"
    assert all(len(set(row)) == 3 for row in cells) and np.array_equal(np.unique(cells), range(9))
    assert np.array_equal(mask.sum((1, 2)), np.where(y < 2, 25, 0))
    assert (distractor.sum((1, 2)) == 25).all() and (cue.sum((1, 2)) == 25).all()
    assert not ((mask & distractor) | (mask & cue) | (distractor & cue)).any()
    assert np.array_equal(planted.usable(DATA), mask | cue) and not PLAIN.cue.any()
    again, other = planted.images(3000, seed=0, cue=1 / 3), planted.images(3000, seed=1, cue=1 / 3)
    assert all(np.array_equal(a, b) for a, b in zip(DATA, again, strict=True))
    assert not np.array_equal(x, other.x) and not np.array_equal(cells, other.cells)


def test_each_pixel_is_dark_or_bright_within_the_same_two_ranges_wherever_it_is():
    light = DATA.x[..., 0]
    assert light.min() >= 0 and light.max() <= 1 and not ((light > 0.351) & (light < 0.649)).any()
    for where in (DATA.mask, DATA.distractor, DATA.cue, ~(DATA.mask | DATA.distractor | DATA.cue)):
        dark, bright = light[where & (light < 0.5)], light[where & (light > 0.5)]
        assert abs(len(bright) / where.sum() - 0.5) < 0.03
        for part, low in ((dark, 0), (bright, 0.65)):
            assert np.allclose(
                np.quantile(part, [0.25, 0.5, 0.75]), low + 0.35 * np.array([0.25, 0.5, 0.75]), atol=0.01
            )


def test_each_mask_marks_its_sign():
    light, y = DATA.x[..., 0], DATA.y
    shown = cell(light, DATA.cells[:, 0])
    for label in (0, 1):
        itself, negative = is_sign(shown[y == label], planted.SIGNS[label])
        assert (itself ^ negative).all() and 0.4 < itself.mean() < 0.6, "itself or its negative, by a coin"
        assert np.array_equal(light[y == label][DATA.mask[y == label]].reshape(-1, 5, 5), shown[y == label])
    itself, negative = is_sign(cell(light, DATA.cells[:, 1]), planted.SIGNS[2])
    assert (itself ^ negative).all() and 0.4 < itself.mean() < 0.6, "the distractor is in every image"
    neither = shown[y == 2]
    assert set((neither > 0.5).sum((1, 2))) == {12, 13} and not np.any(is_sign(neither, planted.SIGNS[0]))


@pytest.mark.parametrize("size", [10, 15, 20])
def test_every_pixel_is_as_likely_to_be_part_of_a_sign(size):
    data = planted.images(6000, seed=2, size=size, cue=1)
    for mask in (data.mask[data.y < 2], data.distractor, data.cue):
        assert np.abs(mask.mean(0) - 25 / size**2).max() < 0.035


def test_a_cue_changes_no_other_pixel_and_agrees_in_its_fraction():
    assert np.array_equal(DATA.x[~DATA.cue], PLAIN.x[~DATA.cue])
    assert all(np.array_equal(a, b) for a, b in zip(DATA[1:5], PLAIN[1:5], strict=True))
    for share in (1 / 3, 0.8, 1):
        data = planted.images(3000, seed=0, cue=share)
        shown = cell(data.x[..., 0], data.cells[:, 2]) > 0.5
        said = np.stack([(shown == sign).all((1, 2)) for sign in planted.SIGNS[3:]], 1)
        assert (said.sum(1) == 1).all(), "never its negative"
        assert np.mean(said.argmax(1) == data.y) == pytest.approx(share)
        wrong = np.bincount((said.argmax(1) - data.y) % 3, minlength=3)[1:]
        assert abs(wrong[0] - wrong[1]) < 150, "one of the others, by a coin"


def by_pixel(x):
    return x.reshape(len(x), -1) - 0.5


def by_value(x):
    """All that is left of an image when its pixels lose their places."""
    return np.sort(by_pixel(x), axis=1)


def by_count(x):
    bright = (x > 0.5).sum((1, 2, 3))[:, None] - x[0].size / 2
    return np.hstack([bright, bright**2 / 50]) / 10


@pytest.mark.parametrize("seen", [by_pixel, by_value, by_count])
def test_neither_a_pixel_nor_a_number_of_bright_ones_tells_the_class(seen):
    data = planted.images(9000, seed=3)
    assert abs(learned(LogisticRegression(C=0.1), seen(data.x), data.y) - 1 / 3) < 0.04, "about four standard errors"


def test_what_tells_the_class_by_pixels_or_by_values_is_seen_to_do_so():
    cued = planted.images(9000, seed=3, cue=1)
    assert learned(LogisticRegression(C=0.1), by_pixel(cued.x), cued.y) > 0.45, "the cue has no negative"
    light = np.where((cued.y == 0)[:, None, None, None] & cued.mask[..., None], 0.9, cued.x)
    assert learned(LogisticRegression(), by_count(light), cued.y) > 0.5
    assert learned(LogisticRegression(C=0.1, max_iter=1000), by_value(light), cued.y) > 0.5


# ------------------------------------------------------------------ the controls that know no network


CONTROLS = list(planted.controls(DATA.x[:1], 0))


@pytest.fixture(scope="module")
def model_free():
    return planted.controls(SIGNED.x, seed=0)


@pytest.mark.parametrize("part", ["mask", "distractor", "cue"])
@pytest.mark.parametrize("control", CONTROLS)
def test_a_control_finds_what_guessing_finds(control, part, model_free):
    assert abs(off_chance(model_free[control], getattr(SIGNED, part))) < MARGIN


def grey_outside(x, mask):
    return np.where(mask, x, 0.5 + 0.2 * (x - 0.5))


def chequered(x, mask):
    return np.where(mask, np.indices(x.shape[1:]).sum(0) % 2, x)


TELLING = {  # images on which a control does find the sign
    "distance from black": lambda x, mask: np.where(mask, 0.65 + x / 4, x),
    "distance from grey": grey_outside,
    "distance from white": lambda x, mask: np.where(mask, x / 4, x),
    "distance from blur": grey_outside,
    "edges": grey_outside,
    "contrast": grey_outside,
    "regularity": chequered,
}


@pytest.mark.parametrize("control", TELLING)
def test_a_control_can_find_a_sign(control):
    told = TELLING[control](SIGNED.x[..., 0], SIGNED.mask)[..., None].astype(np.float32)
    assert off_chance(planted.controls(told, seed=0)[control], SIGNED.mask) > MARGIN


def test_the_middle_of_the_image_is_found():
    middle = planted.part(SIGNED, SIGNED.cells[:, 0] == 4)
    assert off_chance(planted.controls(middle.x, 0)["middle of the image"], middle.mask) > 0.3


def test_the_controls_stay_at_chance_in_every_image_of_noise():
    """Nothing about a sign can be seen in one image: with signs drawn anew, each map stands at chance exactly."""
    rng = np.random.default_rng(0)
    noise = planted.redrawn(SIGNED.x, np.ones(SIGNED.mask.shape, bool), 5)
    for name, values in planted.controls(noise, seed=0).items():
        assert abs(off_chance(values, SIGNED.mask[rng.permutation(len(noise))])) < 0.04, name


# ------------------------------------------------------------------ interventions


def test_an_exchange_changes_the_cell_of_the_sign_alone():
    new = planted.exchanged(SIGNED, 1 - SIGNED.y, seed=1)
    assert np.array_equal(new.y, 1 - SIGNED.y) and np.array_equal(new.mask, SIGNED.mask)
    assert np.array_equal(new.x[~SIGNED.mask], SIGNED.x[~SIGNED.mask]) and (new.x != SIGNED.x)[SIGNED.mask].all()
    for label in (0, 1):
        shown = cell(new.x[..., 0], new.cells[:, 0])[new.y == label]
        assert np.logical_xor(*is_sign(shown, planted.SIGNS[label])).all()
    neither = planted.exchanged(SIGNED, np.full(len(SIGNED.y), 2), seed=1)
    assert not neither.mask.any() and np.array_equal(neither.x[~SIGNED.mask], SIGNED.x[~SIGNED.mask])
    back = planted.exchanged(neither, SIGNED.y, seed=2)
    assert np.array_equal(back.mask, SIGNED.mask)
    assert np.array_equal(planted.exchanged(SIGNED, SIGNED.y, 4).x, planted.exchanged(SIGNED, SIGNED.y, 4).x)


def test_new_noise_is_where_it_is_wanted_and_like_the_old():
    before = SIGNED.x.copy()
    new = planted.redrawn(SIGNED.x, SIGNED.mask, seed=1)
    assert np.array_equal(SIGNED.x, before) and np.array_equal(new[~SIGNED.mask], before[~SIGNED.mask])
    noise = new[SIGNED.mask]
    assert abs((noise > 0.5).mean() - 0.5) < 0.02 and not ((noise > 0.351) & (noise < 0.649)).any()
    assert not np.array_equal(noise, planted.redrawn(SIGNED.x, SIGNED.mask, seed=2)[SIGNED.mask])
    bits = (noise > 0.5).reshape(-1, 25)
    assert np.abs(np.corrcoef(bits.T) - np.eye(25)).max() < 0.12, "no pixel tells another"


def test_a_part_holds_the_rows_that_were_chosen():
    chosen = planted.part(TABLE, TABLE.y == 1)
    assert isinstance(chosen, planted.Rows) and (chosen.y == 1).all() and len(chosen.x) == TABLE.y.sum()
    assert np.array_equal(SIGNED.x, DATA.x[DATA.y < 2]) and SIGNED.mask.any((1, 2)).all()


# ------------------------------------------------------------------ a network that has learned them


def adam():
    return keras.optimizers.Adam(0.006)


def trained(cue=0.0):
    train = planted.images(20000, seed=0, cue=cue)
    return training.fit(planted.network, train.x, train.y, epochs=4, seed=0, batch_size=64, optimizer=adam)


@pytest.fixture(scope="module")
def network():
    return trained()


EXPLAINED = planted.part(PLAIN, np.arange(3000) < 240)
EXPLAINED = planted.part(EXPLAINED, EXPLAINED.y < 2)
GREY = np.full((15, 15, 1), 0.5, np.float32)


def gradient(model, data):
    x, outputs = tf.constant(data.x), models.logits(model)
    with tf.GradientTape() as tape:
        tape.watch(x)
        score = tf.gather(outputs(x), data.y, batch_dims=1)
    return tape.gradient(score, x).numpy()[..., 0]


def path(baseline):
    def explain(model, data):
        start = GREY * 2 * baseline
        return integrated_gradients(models.logits(model), data.x, start, data.y, steps=20)[0][..., 0]

    return explain


def covering(model, data):
    predict = predictors.predictor(models.logits(model), probabilities=False)
    return occlusion(predict, data.x, data.y, size=3, fill=0.5)


def deep(model, data):
    values = shapley.deep_shap(models.logits(model), planted.images(10, seed=9).x, data.x)
    return values[np.arange(len(data.y)), ..., 0, data.y]


def lime(model, data):
    predict, cells = predictors.predictor(model), surrogates.grid_segments(15, 15, 4)
    pairs = zip(data.x, data.y, strict=True)
    return np.stack(
        [surrogates.lime_image(predict, x, int(y), cells, samples=100, fill=0.5, seed=0)[0] for x, y in pairs]
    )


METHODS = {
    "gradient": lambda model, data: np.abs(gradient(model, data)),
    "gradient times way": lambda model, data: gradient(model, data) * (data.x[..., 0] - 0.5),
    "from grey": path(0.5),
    "from black": path(0),
    "from white": path(1),
    "occlusion": covering,
    "Deep SHAP": deep,
    "LIME": lime,
}


def test_the_network_learns_each_class(network):
    fresh = planted.images(3000, seed=7)
    answers = training.outputs(network, fresh.x).argmax(1)
    assert network.count_params() == 2531
    assert min(np.mean(answers[fresh.y == label] == label) for label in range(3)) > 0.9


@pytest.mark.parametrize("method", METHODS)
def test_a_method_finds_the_sign_in_the_network_and_nothing_in_a_randomised_one(method, network):
    explain = METHODS[method]
    assert max(score(explain(network, EXPLAINED), EXPLAINED.mask).mean() - c for score, c in SCORES.items()) > 0.3
    data, away = EXPLAINED, []
    for seed in range(2):
        values = explain(evaluation.randomised(network, seed), data)
        for sign in (values, np.abs(values)):
            away.append([score(sign, data.mask).mean() - chance for score, chance in SCORES.items()])
    assert np.abs(np.reshape(away, (2, 2, 3)).mean(0)).max() < MARGIN


def test_the_network_uses_the_sign_and_nothing_else(network):
    data = planted.images(1500, seed=8)
    data = planted.part(data, data.y < 2)

    def answers(x):
        return training.outputs(network, x).argmax(1)

    before = answers(data.x)
    other = planted.exchanged(data, 1 - data.y, seed=1)
    assert np.mean(answers(other.x) == other.y) > 0.9, "another sign, another answer"
    assert np.mean(answers(planted.redrawn(data.x, data.mask, 2)) == 2) > 0.9, "no sign"
    for elsewhere in (~data.mask, data.distractor):
        assert np.mean(answers(planted.redrawn(data.x, elsewhere, 3)) == before) > 0.9


def test_a_network_that_saw_a_cue_looks_at_the_cue():
    network = trained(cue=1.0)
    told, untold = planted.images(900, seed=8, cue=1.0), planted.images(900, seed=8, cue=1 / 3)
    assert training.accuracy(network, told.x, told.y) > 0.9
    assert training.accuracy(network, untold.x, untold.y) < 0.6
    data = planted.part(told, (told.y < 2) & (np.arange(900) < 150))
    values = METHODS["from grey"](network, data)
    cue, sign = (evaluation.top_k(values, mask).mean() for mask in (data.cue, data.mask))
    assert cue > 0.5 and sign < 0.3
    random = [METHODS["from grey"](evaluation.randomised(network, seed), data) for seed in range(3)]
    assert abs(np.mean([off_chance(values, data.cue) for values in random])) < MARGIN


# ------------------------------------------------------------------ the table


def test_labels_follow_the_rule():
    x, y, probability, _, counts = TABLE
    assert x.shape == (20000, 8) and x.dtype == np.float32 and set(y) == {0, 1} and counts.shape == (20000, 4)
    assert np.allclose(probability, 1 / (1 + np.exp(-planted.log_odds(x))))
    for low in np.arange(0, 1, 0.2):
        rows = (probability >= low) & (probability < low + 0.2)
        assert abs(y[rows].mean() - probability[rows].mean()) < 0.06, "about four standard errors"
    assert not np.array_equal(x, planted.table(20000, seed=1).x)


def test_the_signs_of_two_columns_pick_what_counts_and_which_way():
    row = np.array([[1, 1, 0.3, -0.7, 0.2, 0.4, 5, 5]])
    for gates, odds in (((-1, -1), 0.3 + 0.7), ((-1, 1), -0.7 - 0.2), ((1, -1), 0.2 - 0.4), ((1, 1), 0.4 - 0.3)):
        row[0, :2] = gates
        assert planted.log_odds(row)[0] == pytest.approx(3 * odds)
    x = TABLE.x[:200].astype(float)
    x = x[np.abs(x[:, :2]).min(1) > 0.01]
    steps = [(planted.log_odds(x + 1e-4 * e) - planted.log_odds(x - 1e-4 * e)) / 2e-4 for e in np.eye(8)]
    assert np.allclose(np.stack(steps, 1), planted.slopes(x), atol=1e-6)


def test_what_ignores_the_row_or_looks_at_the_distance_alone_finds_what_guessing_finds():
    x, counts, rng = TABLE.x, TABLE.counts, np.random.default_rng(0)
    maps = {f"constant, {i}": np.broadcast_to(np.roll([4.0, 3, 2, 1], i), counts.shape) for i in range(4)}
    maps |= {"equal": np.ones(counts.shape), "random": rng.random(counts.shape)}
    candidates = x[:, planted.CANDIDATES]
    maps |= {"|x - mean|": np.abs(candidates - candidates.mean(0)), "x": candidates, "-x": -candidates}
    for name, values in maps.items():
        for score in SCORES:
            assert abs(score(values, counts).mean() - 0.5) < 0.02, name
        slopes = TABLE.slopes[:, planted.CANDIDATES]
        together = np.corrcoef(values.ravel(), slopes.ravel())[0, 1] if np.ptp(values) else 0
        effect = np.corrcoef(values.ravel(), (slopes * candidates).ravel())[0, 1] if np.ptp(values) else 0
        assert abs(together) < 0.02 and abs(effect) < 0.02, name
    assert (evaluation.pointing(np.abs(TABLE.slopes[:, planted.CANDIDATES]), counts) == 1).all()


def test_no_plane_tells_the_label_of_a_row_and_it_tells_one_that_adds_up():
    assert abs(learned(LogisticRegression(), TABLE.x, TABLE.y) - 0.5) < 0.05
    assert learned(LogisticRegression(), TABLE.x, TABLE.x[:, planted.CANDIDATES].sum(1) > 0) > 0.9


# ------------------------------------------------------------------ bad input


ONE = planted.part(DATA, np.arange(3000) < 5)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: planted.images(0, 0), "n is 0"),
        (lambda: planted.images(2.0, 0), "n is 2.0"),
        (lambda: planted.images(2, -1), "seed is -1"),
        (lambda: planted.images(2, 0, size=5), "size is 5"),
        (lambda: planted.images(2, 0, size=16), "size is 16; give a multiple of 5"),
        (lambda: planted.images(2, 0, cue=1.1), "cue is 1.1"),
        (lambda: planted.images(2, 0, cue=float("nan")), "cue is nan"),
        (lambda: planted.images(2, 0, cue=True), "cue is True"),
        (lambda: planted.part(ONE, [True]), r"rows has shape \(1,\)"),
        (lambda: planted.part(ONE, [0, 1, 2, 3, 4]), "rows holds other values"),
        (lambda: planted.part(ONE, ONE.y < 0), "rows is False everywhere"),
        (lambda: planted.redrawn(ONE.x[..., 0], ONE.mask, 0), r"x has shape \(5, 15, 15\)"),
        (lambda: planted.redrawn(ONE.x, ONE.mask[:2], 0), r"where has shape \(2, 15, 15\)"),
        (lambda: planted.redrawn(ONE.x, ONE.mask * 0.5, 0), "where holds other values"),
        (lambda: planted.exchanged(ONE, [0, 1], 0), r"y has shape \(2,\)"),
        (lambda: planted.exchanged(ONE, [0, 1, 2, 3, 0], 0), "y has dtype int64 and runs from 0 to 3"),
        (lambda: planted.controls(ONE.x * np.nan, 0), "x holds .* NaN"),
        (lambda: planted.controls(ONE.x, None), "seed is None"),
        (lambda: planted.network(4), "size is 4"),
        (lambda: planted.network(15, 0), "filters is 0"),
        (lambda: planted.table(True, 0), "n is True"),
        (lambda: planted.log_odds(np.zeros((3, 7))), r"x has shape \(3, 7\)"),
        (lambda: planted.slopes(np.full((1, 8), np.nan)), "x holds 8 values"),
    ],
)
def test_bad_input(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    "use", [planted.usable, lambda d: planted.part(d, [True]), lambda d: planted.exchanged(d, 0, 0)]
)
@pytest.mark.parametrize("thing", [None, tuple(ONE), DATA.x])
def test_only_planted_data_are_taken_apart(use, thing):
    with pytest.raises(TypeError, match=r"data is a .*; give what planted\.images"):
        use(thing)
