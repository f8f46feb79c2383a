"""LIME as chapter 7 writes it, held equal to the library: from the same seed, and on the same variations."""

import lime.lime_image
import numpy as np
import pytest
from conftest import ROOT, defined_in
from lime.lime_tabular import LimeTabularExplainer
from lime.lime_text import LimeTextExplainer
from scipy.stats import truncnorm

from utils import surrogates

CHAPTER = ROOT / "notebooks" / "07_lime.ipynb"
NAMES = (
    "nearness", "centred", "r_squared", "surrogate", "quarter", "inside", "draw_quarters", "draw_whole",
    "same_quarter", "standardised", "described", "select", "segment_mean", "grid", "by_segments", "two_ways",
)  # fmt: skip
GIVEN = {"np": np, "truncnorm": truncnorm, "surrogates": surrogates, "QUESTIONS": 200}
CHAPTERS = dict(zip(NAMES, defined_in(CHAPTER, *NAMES, **GIVEN), strict=True))
nearness, surrogate, r_squared, select = (CHAPTERS[name] for name in ("nearness", "surrogate", "r_squared", "select"))
described, grid, segment_mean = (CHAPTERS[name] for name in ("described", "grid", "segment_mean"))
QUARTERS = CHAPTERS["draw_quarters"], CHAPTERS["same_quarter"]
WHOLE = CHAPTERS["draw_whole"], CHAPTERS["standardised"]
TRAIN = np.random.default_rng(0).gamma(2, (1, 2, 4, 8, 3, 1, 2, 5), (200, 8))


def two_columns(p):
    return np.stack([1 - p, p], axis=1)


def answer(x):
    return two_columns(1 / (1 + np.exp(x[:, 1] - x[:, 0] * x[:, 2] / 4 + x[:, 7] / 10)))


def listening(predict):
    """predict, and the list of what it was asked and answered."""
    heard = []

    def listen(x):
        heard.append((x, predict(x)))
        return heard[-1][1]

    return listen, heard


@pytest.mark.parametrize("seed", [0, 7])
@pytest.mark.parametrize(("whole", "way"), [(False, QUARTERS), (True, WHOLE)])
def test_the_same_seed_gives_the_variations_of_the_library(whole, way, seed):
    draw, _ = way
    predict, heard = listening(answer)
    explainer = LimeTabularExplainer(TRAIN, discretize_continuous=not whole, random_state=seed)
    explainer.explain_instance(TRAIN[3], predict, num_samples=150)
    np.testing.assert_allclose(draw(TRAIN, 150, np.random.RandomState(seed)), heard[0][0][1:], atol=1e-8)


@pytest.mark.parametrize("k", [1, 3, 6, 8])
@pytest.mark.parametrize(("whole", "way"), [(False, QUARTERS), (True, WHOLE)])
def test_a_table_is_explained_as_by_the_library(whole, way, k):
    draw, describe = way
    explainer = LimeTabularExplainer(TRAIN, discretize_continuous=not whole, random_state=4)
    found = explainer.explain_instance(TRAIN[3], answer, num_features=k, num_samples=300)
    draws = draw(TRAIN, 300, np.random.RandomState(4))
    z, answers, weight = described(TRAIN[3], draws, answer, TRAIN, describe)
    kept = select(z, answers, weight, k) if k <= 6 else list(range(8))
    coefficients, score = surrogate(z[:, kept], answers, weight)
    theirs, slopes = zip(*sorted(found.as_map()[1]), strict=True)
    assert kept == list(theirs)
    np.testing.assert_allclose(coefficients, slopes, atol=1e-7)
    assert score == pytest.approx(found.score, abs=1e-7)
    assert np.abs(coefficients).max() > 0.01


def test_draws_stay_in_their_quarter_and_know_no_row():
    draws = QUARTERS[0](TRAIN, 2001, np.random.RandomState(1))
    quarters = CHAPTERS["quarter"](draws, TRAIN)
    assert draws.shape == (2000, 8)
    assert (draws >= TRAIN.min(0)).all() and (draws <= TRAIN.max(0)).all()
    shares = [np.bincount(column, minlength=4) / 2000 for column in quarters.T]
    np.testing.assert_allclose(shares, 0.25, atol=0.05)
    assert np.abs(np.corrcoef(draws.T) - np.eye(8)).max() < 0.1, "features are drawn one by one"


def test_the_features_are_those_that_explain_most_together():
    rng = np.random.default_rng(1)
    z = rng.normal(size=(500, 6))
    answers = 3 * z[:, 4] - 2 * z[:, 1] + z[:, 0] + 0.1 * rng.normal(size=500)
    assert [select(z, answers, np.ones(500), k) for k in (1, 2, 3)] == [[4], [1, 4], [0, 1, 4]]


def test_an_image_is_explained_by_the_same_regression(monkeypatch):
    monkeypatch.setattr(lime.lime_image, "tqdm", iter)
    rng = np.random.default_rng(1)
    image = rng.random((6, 6, 3))
    segments = np.arange(36).reshape(6, 6) // 6
    predict, heard = listening(lambda x: two_columns(x[:, 1].mean((1, 2)) * (0.5 + x[:, 4, 0, 0])))
    explainer = lime.lime_image.LimeImageExplainer(random_state=0)
    options = {"num_samples": 200, "batch_size": 200, "hide_color": 0, "segmentation_fn": lambda _: segments}
    found = explainer.explain_instance(image, predict, labels=(1,), top_labels=None, **options)
    [(x, answers)] = heard
    z = (x[:, :, 0, 0] > 0).astype(float)  # a hidden row of the image is black
    coefficients, score = surrogate(z, answers[:, 1], nearness(1 - np.sqrt(z.mean(axis=1)), 0.25))
    np.testing.assert_allclose(coefficients, [w for _, w in sorted(found.local_exp[1])], atol=1e-9)
    assert score == pytest.approx(found.score, abs=1e-9)


class Library(np.random.RandomState):
    """The library's generator under the name that the chapter calls."""

    integers = np.random.RandomState.randint


def test_a_map_is_that_of_the_library_from_the_same_seed():
    image, segments = np.random.default_rng(2).random((15, 15, 1)), grid(5, 2, 2)
    image[:7] = image[:7] / 2

    def predict(x):
        return two_columns((x[:, 1] > 0.3).mean((1, 2)) * (0.4 + x[:, 12, 12, 0] / 2))

    theirs, _ = surrogates.lime_image(predict, image, 1, segments, samples=200, seed=3)
    rng = Library(3)
    rng.randint(0, 1000)  # the library draws a seed for its segmentation first
    ours = CHAPTERS["by_segments"](predict, image, 1, [segments], rng)
    np.testing.assert_allclose(ours, theirs, atol=1e-9)
    assert np.ptp(ours) > 0.01


@pytest.mark.parametrize(("count", "each"), [(1, 200), (4, 50), (25, 8)])
def test_the_questions_are_shared_out(count, each):
    predict, heard = listening(lambda x: two_columns(x[:, 2].mean((1, 2))))
    grids = [grid(5, k // 5, k % 5) for k in range(count)]
    rng = np.random.default_rng(0)
    made = CHAPTERS["by_segments"](predict, rng.random((15, 15, 1)), 1, grids, rng)
    [(x, _)] = heard
    assert made.shape == (15, 15) and len(x) == count * each


@pytest.mark.parametrize("cell", [2, 3, 4, 5])
def test_grids_cover_the_image_wherever_they_start(cell):
    for down, right in np.ndindex(cell, cell):
        segments = grid(cell, down, right)
        labels, sizes = np.unique(segments, return_counts=True)
        assert segments.shape == (15, 15) and np.array_equal(labels, np.arange(len(labels)))
        assert sizes.max() == cell**2
        corner = (segments == segments[0, 0]).sum()
        assert corner == (down or cell) * (right or cell)


def test_the_mean_of_a_segment():
    segments = np.array([[0, 0, 1], [2, 2, 1]])
    values = np.array([[1.0, 3, 4], [5, 5, 6]])
    assert np.array_equal(segment_mean(segments, values), [[2, 2, 5], [5, 5, 5]])


def test_a_text_is_explained_by_the_same_regression():
    words = "never a dull moment here".split()

    def present(texts):
        return np.array([[word in text.split() for word in words] for text in texts], float)

    predict, heard = listening(lambda texts: two_columns(present(texts) @ [0.4, 0, -0.1, 0.2, 0.1] + 0.1))
    explainer = LimeTextExplainer(random_state=0)
    found = explainer.explain_instance(" ".join(words), predict, num_samples=200)
    [(texts, answers)] = heard
    z = present(texts)
    coefficients, score = surrogate(z, answers[:, 1], nearness(1 - np.sqrt(z.mean(axis=1)), 0.25))
    theirs = dict(found.as_list())
    np.testing.assert_allclose(coefficients, [theirs[word] for word in words], atol=1e-9)
    assert score == pytest.approx(found.score, abs=1e-9)


def test_words_left_out_alone_and_by_lime_agree_on_a_plane_only():
    weights = np.array([2.0, -1, 0.5, 0, 3, 1])
    bag = np.array([1, 1, 0, 1, 1, 0], np.float32)
    alone, slopes, score = CHAPTERS["two_ways"](lambda x: x @ weights, bag, 0)
    assert np.allclose(alone, weights[bag > 0]) and np.allclose(slopes, alone, atol=0.1) and score > 0.99
    alone, slopes, score = CHAPTERS["two_ways"](lambda x: np.maximum(x[:, 0], x[:, 4]), bag, 0)
    assert not alone.any() and (slopes[[0, 3]] > 0.2).all() and score < 0.9


def test_a_plane_is_found_and_fits():
    rng = np.random.default_rng(2)
    z = rng.normal(size=(5000, 3))
    slopes = np.array([2, 0, -1])
    coefficients, score = surrogate(z, z @ slopes + 7, nearness(np.linalg.norm(z - z[0], axis=1), 2.0))
    np.testing.assert_allclose(coefficients, slopes, atol=0.02)  # the ridge penalty costs a little
    assert score > 0.999


def test_noise_does_not_fit_and_less_so_afresh():
    rng = np.random.default_rng(3)
    z = rng.normal(size=(5000, 3))
    assert surrogate(z, rng.normal(size=5000), nearness(np.linalg.norm(z - z[0], axis=1), 2.0))[1] < 0.05
    few, weight = rng.normal(size=(2, 40, 30)), np.ones(40)
    coefficients, score = surrogate(few[0], rng.normal(size=40), weight)
    assert score > 0.4 and r_squared(coefficients, few[1], rng.normal(size=40), weight) < 0
