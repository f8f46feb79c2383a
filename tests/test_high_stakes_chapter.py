"""Chapter 16: the planted rules, the arithmetic of errors, and letters that promise only what is possible."""

from itertools import product

import keras
import numpy as np
import pytest
from conftest import ROOT, defined_in
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from utils import counterfactuals, shapley

CHAPTER = ROOT / "notebooks" / "16_high_stakes.ipynb"
FREE, DEBT = [0, 1, 2], 1
MOVES = np.array([*product(range(0, 41, 2), range(0, -41, -2), range(0, 41, 2))])
GIVEN = {
    "np": np,
    "counterfactuals": counterfactuals,
    "shapley": shapley,
    "LogisticRegression": LogisticRegression,
    "StandardScaler": StandardScaler,
    "RECORD": range(6),
    "FORM": range(7),
    "PENALTY": 1.6,
    "FREE": FREE,
    "DEBT": DEBT,
    "MOVES": MOVES,
    "REASONS": 4,
    "WORDS": ("income", "debt", "savings", "late payments", "time in the job", "time at the address", "district"),
}
true_risk, bail, court, rates, tied = defined_in(CHAPTER, "true_risk", "bail", "court", "rates", "tied", **GIVEN)
fair_terms, credit, reasons, names = defined_in(CHAPTER, "fair_terms", "credit", "reasons", "names", **GIVEN)
one_unit, way_out, letter = defined_in(CHAPTER, "one_unit", "way_out", "letter", **GIVEN)


@pytest.fixture(scope="module")
def lender():
    """A bank's additive model, its applications, and the first twenty that it refuses."""
    x, _, _, granted = credit(2000, 0)
    model = LogisticRegression(max_iter=2000).fit(x, granted)
    return model, x, x[model.decision_function(x) < 0][:20]


def test_the_bail_risk_is_the_stated_rule_of_three_facts():
    record, fails, recorded = bail(40_000, 0)
    log_odds = np.log(true_risk(record) / (1 - true_risk(record)))
    np.testing.assert_allclose(
        log_odds, -1.6 + 0.9 * record[:, 0] + 0.6 * record[:, 1] - 0.05 * (record[:, 2] - 35), atol=1e-12
    )
    other = record.copy()
    other[:, 3:] = 1 - other[:, 3:]
    np.testing.assert_array_equal(true_risk(other), true_risk(record))
    assert fails.mean() == pytest.approx(true_risk(record).mean(), abs=0.01)
    assert not (recorded & ~fails).any()


def test_failures_and_arrests_are_recorded_more_in_the_policed_district():
    record, fails, recorded = bail(40_000, 1)
    policed, group = record[:, 4] == 1, record[:, 5] == 1
    assert recorded[fails & policed].mean() == pytest.approx(0.9, abs=0.02)
    assert recorded[fails & ~policed].mean() == pytest.approx(0.5, abs=0.02)
    assert record[policed, 3].mean() > 2 * record[~policed, 3].mean()
    assert policed[group].mean() == pytest.approx(0.85, abs=0.02)
    assert fails[group].mean() == pytest.approx(fails[~group].mean(), abs=0.02)


def test_a_court_does_not_see_what_is_left_out():
    record, _, recorded = bail(2000, 2)
    score, weights = court(record, recorded, [4, 5])
    other = record.copy()
    other[:, 4:] = 1 - other[:, 4:]
    np.testing.assert_array_equal(score(other), score(record))
    assert weights.shape == (4,)


@pytest.mark.parametrize("seed", range(5))
def test_the_error_rates_are_tied_exactly(seed):
    rng = np.random.default_rng(seed)
    happened = rng.random(500) < rng.uniform(0.1, 0.6)
    detained = rng.random(500) < np.where(happened, 0.6, 0.2)
    p, fpr, ppv, fnr = rates(happened, detained)
    assert fpr == pytest.approx(tied(p, ppv, fnr), abs=1e-12)
    tp, fn = np.sum(happened & detained), np.sum(happened & ~detained)
    fp, tn = np.sum(~happened & detained), np.sum(~happened & ~detained)
    np.testing.assert_allclose((p, fpr, ppv, fnr), ((tp + fn) / 500, fp / (fp + tn), tp / (tp + fp), fn / (tp + fn)))


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


def test_reasons_of_an_additive_model_are_its_terms(lender):
    model, x, refused = lender
    against = reasons(model.decision_function, refused, x[:30])
    np.testing.assert_allclose(against, model.coef_ * (refused - x[:30].mean(0)), atol=1e-9)


def test_only_what_speaks_against_is_a_reason():
    against = np.array([[-5, 1, -4, -3, -2, -1, 2], [-1, 1, 1, 1, 1, 1, -0.5]])
    np.testing.assert_array_equal([names(against, j) for j in range(7)], np.transpose([
        [True, False, True, True, True, False, False], [True, False, False, False, False, False, True]
    ]))  # fmt: skip


def test_a_way_out_holds_what_cannot_change_and_none_is_cheaper(lender):
    model, x, refused = lender
    unit = one_unit(x)
    for row in refused:
        target, price = way_out(model.decision_function, row, unit)
        change = target - row
        assert model.decision_function(target[None])[0] > 0
        np.testing.assert_array_equal(np.delete(change, FREE), 0)
        assert change[0] >= 0 and change[1] <= 0 and change[2] >= 0 and target[DEBT] >= 0
        assert price == pytest.approx((np.abs(change[FREE]) / unit).sum())
        cheaper = MOVES[(np.abs(MOVES) / unit).sum(1) < price - 1e-9]
        rows = np.tile(row, (len(cheaper), 1))
        rows[:, FREE] += cheaper
        assert not (model.decision_function(rows[rows[:, DEBT] >= 0]) > 0).any()


def test_a_way_out_that_does_not_exist_is_not_promised(lender):
    _, x, refused = lender
    never = lambda rows: -np.ones(len(rows))  # noqa: E731
    assert way_out(never, refused[0], one_unit(x))[1] == np.inf
    with pytest.raises(counterfactuals.NoCounterfactual):
        letter(never, refused[0], np.arange(-3.0, 4), one_unit(x))


def test_the_search_of_chapter_10_finds_no_cheaper_way_than_one_step(lender):
    """The same additive model in Keras: the continuous search may save less than one step of each column."""
    model, x, refused = lender
    inputs = keras.Input((7,))
    dense = keras.layers.Dense(2, activation="softmax")
    network = keras.Model(inputs, dense(inputs))
    dense.set_weights([np.stack([0 * model.coef_[0], model.coef_[0]], 1), np.array([0, model.intercept_[0]])])
    unit, row = one_unit(x), refused[0]
    _, price = way_out(model.decision_function, row, unit)
    low, high = row.copy(), row.copy()
    low[DEBT], high[0], high[2] = max(0, row[DEBT] - 40), row[0] + 40, row[2] + 40
    scale = np.ones(7)
    scale[FREE] = unit
    found = counterfactuals.counterfactuals(network, row, 1, low, high, immutable=(3, 4, 5, 6), scale=scale)[0]
    continuous = (np.abs(found - row)[FREE] / unit).sum()
    assert continuous - 0.1 <= price <= continuous + (2 / unit).sum()


def test_a_letter_promises_what_the_model_grants(lender):
    model, x, refused = lender
    against = model.coef_[0] * (refused[0] - x.mean(0))
    text, target = letter(model.decision_function, refused[0], against, one_unit(x))
    assert model.decision_function(target[None])[0] > 0
    reasons_told = [line.strip() for line in text.split("With this change")[0].splitlines()[1:]]
    assert reasons_told == [GIVEN["WORDS"][j] for j in np.argsort(against)[:4] if against[j] < 0]
    for j in FREE:
        line = f"  {GIVEN['WORDS'][j]}: {target[j]:.0f} thousand (now {refused[0][j]:.0f})"
        assert (line in text.splitlines()) == (target[j] != refused[0][j])
