"""Chapter 16: the planted rule, the interval for overlapping splits, and letters that promise only what is possible."""

from itertools import product
from typing import NamedTuple

import keras
import numpy as np
import pytest
from conftest import ROOT, defined_in
from scipy.stats import t as student
from scipy.stats import ttest_1samp
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from utils import counterfactuals, shapley

CHAPTER = ROOT / "notebooks" / "16_high_stakes.ipynb"
FREE, DEBT = [0, 1, 2], 1
MOVES = np.array([*product(range(0, 41, 2), range(0, -41, -2), range(0, 41, 2))])
FORM = ("income", "debt", "savings", "late payments", "years in job", "years at address", "district")
GIVEN = {
    "np": np,
    "NamedTuple": NamedTuple,
    "student": student,
    "counterfactuals": counterfactuals,
    "shapley": shapley,
    "LogisticRegression": LogisticRegression,
    "MLPClassifier": MLPClassifier,
    "make_pipeline": make_pipeline,
    "StandardScaler": StandardScaler,
    "REFERRED": (0, 0.25, 0.5),
    "FORM": FORM,
    "PENALTY": 1.6,
    "FREE": FREE,
    "DEBT": DEBT,
    "MOVES": MOVES,
    "REASONS": 4,
}
short_list, half_width, errors_left = defined_in(CHAPTER, "short_list", "half_width", "errors_left", **GIVEN)
_, fair_terms, credit, lender = defined_in(CHAPTER, "Applications", "fair_terms", "credit", "lender", **GIVEN)
_, reasons, names, letters = defined_in(CHAPTER, "just_passed", "reasons", "names", "letters", **GIVEN)
one_unit, ways_out, letter = defined_in(CHAPTER, "one_unit", "ways_out", "letter", **GIVEN)


@pytest.fixture(scope="module")
def bank():
    """A bank's additive model, its applications, and the first twenty that it refuses."""
    past = credit(2000, 0)
    model = LogisticRegression(max_iter=2000).fit(past.x, past.granted)
    return model, past.x, past.x[model.decision_function(past.x) < 0][:20]


def test_without_shared_patients_the_interval_is_the_textbook_one():
    differences = np.random.default_rng(0).normal(0.1, 1, 10)
    low, high = ttest_1samp(differences, 0).confidence_interval(0.9)
    assert half_width(differences, 1, 0, level=0.9) == pytest.approx((high - low) / 2)


def test_the_interval_covers_where_splits_overlap_as_nadeau_and_bengio_assume():
    """Differences over J splits, correlated by n2 / (n1 + n2): the correction is exact, the naive interval far off."""
    rng, J, train, test = np.random.default_rng(1), 10, 300, 100
    shared = test / (train + test)
    lots = np.sqrt(shared) * rng.normal(size=(4000, 1)) + np.sqrt(1 - shared) * rng.normal(size=(4000, J))
    covered = [
        np.mean([abs(row.mean()) < half_width(row, *sizes) for row in lots]) for sizes in ((train, test), (1, 0))
    ]
    assert covered[0] == pytest.approx(0.95, abs=0.02)
    assert covered[1] < 0.75


@pytest.mark.parametrize("least", [1, 3])
def test_a_short_list_finds_the_columns_that_matter(least):
    rng = np.random.default_rng(2)
    x = rng.normal(size=(600, 8))
    y = (x[:, :3] @ [3, 2, 2] + rng.logistic(size=600) > 0).astype(int)
    columns, model = short_list(x, y, 0, least)
    np.testing.assert_array_equal(columns, range(least))
    plain = LogisticRegression().fit(StandardScaler().fit_transform(x)[:, columns], y)
    np.testing.assert_allclose(model[1].coef_, plain.coef_, atol=1e-6)


def test_the_referred_answer_no_more():
    wrong = np.array([True, True, False, False, True, False, False, False])
    np.testing.assert_allclose(errors_left(wrong, np.argsort(~wrong, kind="stable")), [3 / 8, 1 / 6, 0])
    np.testing.assert_allclose(errors_left(wrong, np.argsort(wrong, kind="stable")), [3 / 8, 3 / 6, 3 / 4])


def test_officers_take_the_penalty_from_the_group_alone():
    x, group, repays, granted = credit(60_000, 3)
    worth = fair_terms(x).sum(1)
    assert repays[group].mean() == pytest.approx(repays[~group].mean(), abs=0.02)
    for who, shift in ((group, 1.6), (~group, 0)):  # where the officers are in two minds
        near = who & (np.abs(worth - shift) < 0.1)
        assert granted[near].mean() == pytest.approx(0.5, abs=0.06)
    unknown = x.copy()
    unknown[:, 5:] = 0
    np.testing.assert_array_equal(fair_terms(unknown), fair_terms(x))


def test_a_lender_does_not_see_what_is_left_out():
    past = credit(800, 4)
    ask, other = lender(past.x, past.granted, 5, 0), past.x.copy()
    other[:, 5:] = 1 - other[:, 5:]
    np.testing.assert_array_equal(ask(other), ask(past.x))
    assert np.mean((ask(past.x) > 0) == past.granted) > 0.7


def test_reasons_of_an_additive_model_are_its_terms(bank):
    model, x, refused = bank
    against = reasons(model.decision_function, refused, x[:30])
    np.testing.assert_allclose(against, model.coef_ * (refused - x[:30].mean(0)), atol=1e-9)


def test_letters_go_to_the_refused_and_compare_with_those_who_just_passed(bank):
    model, x, refused = bank
    rows, against, passed = letters(model.decision_function, x, 20)
    np.testing.assert_array_equal(rows, refused)
    odds = model.decision_function(x)
    assert sorted(model.decision_function(passed)) == pytest.approx(sorted(odds[odds > 0])[:50])
    gap = model.decision_function(rows) - model.decision_function(passed).mean()
    np.testing.assert_allclose(against.sum(1), gap, atol=1e-9)


def test_only_what_speaks_against_is_a_reason():
    against = np.array([[-5, 1, -4, -3, -2, -1, 2], [-1, 1, 1, 1, 1, 1, -0.5]])
    np.testing.assert_array_equal([names(against, j) for j in range(7)], np.transpose([
        [True, False, True, True, True, False, False], [True, False, False, False, False, False, True]
    ]))  # fmt: skip


@pytest.mark.parametrize("margin", [0, 1])
def test_a_way_out_holds_what_cannot_change_and_none_is_cheaper(bank, margin):
    model, x, refused = bank
    unit = one_unit(x)
    for row in refused:
        (target,), (price,) = ways_out(model.decision_function, row, unit, (margin,))
        change = target - row
        assert model.decision_function(target[None])[0] > margin
        np.testing.assert_array_equal(np.delete(change, FREE), 0)
        assert change[0] >= 0 and change[1] <= 0 and change[2] >= 0 and target[DEBT] >= 0
        assert price == pytest.approx((np.abs(change[FREE]) / unit).sum())
        cheaper = MOVES[(np.abs(MOVES) / unit).sum(1) < price - 1e-9]
        rows = np.tile(row, (len(cheaper), 1))
        rows[:, FREE] += cheaper
        assert not (model.decision_function(rows[rows[:, DEBT] >= 0]) > margin).any()


def test_margins_together_are_as_one_by_one_and_no_cheaper(bank):
    model, x, refused = bank
    margins = (0, 0.5, 2, 1000)
    targets, prices = ways_out(model.decision_function, refused[0], one_unit(x), margins)
    for margin, target, price in zip(margins, targets, prices, strict=True):
        alone = ways_out(model.decision_function, refused[0], one_unit(x), (margin,))
        np.testing.assert_array_equal(alone[0][0], target)
        assert alone[1][0] == price
    assert (np.diff(prices) >= 0).all()
    assert prices[-1] == np.inf
    np.testing.assert_array_equal(targets[-1], refused[0])


def test_a_way_out_that_does_not_exist_is_not_promised(bank):
    _, x, refused = bank
    never = lambda rows: -np.ones(len(rows))  # noqa: E731
    (target,), (price,) = ways_out(never, refused[0], one_unit(x))
    with pytest.raises(counterfactuals.NoCounterfactual):
        letter(refused[0], np.arange(-3.0, 4), target, price)


def test_the_search_of_chapter_10_finds_no_cheaper_way_than_one_step(bank):
    """The same additive model in Keras: the continuous search may save less than one step of each column."""
    model, x, refused = bank
    inputs = keras.Input((7,))
    dense = keras.layers.Dense(2, activation="softmax")
    network = keras.Model(inputs, dense(inputs))
    dense.set_weights([np.stack([0 * model.coef_[0], model.coef_[0]], 1), np.array([0, model.intercept_[0]])])
    unit, row = one_unit(x), refused[0]
    _, (price,) = ways_out(model.decision_function, row, unit)
    low, high = row.copy(), row.copy()
    low[DEBT], high[0], high[2] = max(0, row[DEBT] - 40), row[0] + 40, row[2] + 40
    scale = np.ones(7)
    scale[FREE] = unit
    found = counterfactuals.counterfactuals(network, row, 1, low, high, immutable=(3, 4, 5, 6), scale=scale)[0]
    continuous = (np.abs(found - row)[FREE] / unit).sum()
    assert continuous - 0.1 <= price <= continuous + (2 / unit).sum()


def test_a_letter_says_the_reasons_and_every_change(bank):
    model, x, refused = bank
    against = model.coef_[0] * (refused[0] - x.mean(0))
    (target,), (price,) = ways_out(model.decision_function, refused[0], one_unit(x))
    text = letter(refused[0], against, target, price)
    told = [line.strip() for line in text.split("With this change")[0].splitlines()[1:]]
    assert told == [FORM[j] for j in np.argsort(against)[:4] if against[j] < 0]
    for j in FREE:
        line = f"  {FORM[j]}: {target[j]:.0f} thousand (now {refused[0][j]:.0f})"
        assert (line in text.splitlines()) == (target[j] != refused[0][j])


def test_no_way_out_leads_below_a_debt_of_nothing(bank):
    _, x, refused = bank
    debtless = lambda rows: -1 - rows[:, DEBT]  # noqa: E731  grants at a debt below -1 alone
    assert ways_out(debtless, refused[0], one_unit(x))[1][0] == np.inf
    assert ways_out(lambda rows: 2 + debtless(rows), refused[0], one_unit(x), (-1,))[1][0] < np.inf
