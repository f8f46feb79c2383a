"""Chapter 10: its search, its way with categories, and the rule that judges images."""

from types import SimpleNamespace
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from conftest import ROOT, defined_in

from utils import planted

CHAPTER = ROOT / "notebooks" / "10_counterfactuals.ipynb"
WEIGHTS = np.geomspace(0.5, 64, 15)
GIVEN = {"np": np, "tf": tf, "planted": planted, "WEIGHTS": WEIGHTS, "keras": keras, "NamedTuple": NamedTuple}
search, distance, repays, seen = defined_in(CHAPTER, "search", "distance", "repays", "seen", **GIVEN)
sweep, anneal = defined_in(CHAPTER, "sweep", "anneal", search=search, **GIVEN)


def bank(weights, bias, unit=1.0, steep=1.0):
    """Two logits, 0 and steep * (weights @ x + bias), and applicants at 0."""
    weights = np.asarray(weights, np.float32)
    logits = keras.Sequential([keras.Input((len(weights),)), keras.layers.Dense(2)])
    logits.set_weights([steep * np.stack([0 * weights, weights], 1), steep * np.array([0, bias], np.float32)])
    ask = lambda rows: 1 / (1 + np.exp(-steep * (rows @ weights + bias)))  # noqa: E731
    limits = {"low": np.full(len(weights), -9.0), "high": np.full(len(weights), 9.0)}
    return SimpleNamespace(
        logits=logits, ask=ask, refused=np.zeros((2, len(weights))), unit=np.full(len(weights), unit), **limits
    )


def test_the_search_changes_what_is_cheapest_and_what_is_free():
    b = bank([1, -2, 3, 0.5], -2)
    rows, reached = anneal(b, sweep(b, np.ones(4)))
    assert reached.all() and ((rows != 0) == (False, False, True, False)).all()
    assert (2 / 3 < rows[:, 2]).all() and (rows[:, 2] < 1.2).all()
    held, reached = anneal(b, sweep(b, np.array([1, 1, 0, 1])))
    assert reached.all() and (held[:, 2] == 0).all() and (held[:, 1] < -1).all()
    none, reached = anneal(b, sweep(b, np.zeros(4)))
    assert not reached.any() and (none == 0).all()


def test_only_the_logits_slope_where_the_network_is_sure():
    b = bank([1, -2, 3, 0.5], -2, steep=30.0)
    given = {"free": np.ones(4), "scale": 1 / 30}
    assert anneal(b, sweep(b, **given))[1].all()
    constant = sweep(b, log=lambda z: tf.math.log(tf.nn.softmax(z) + 1e-9), **given)
    assert not anneal(b, constant)[1].any()


def test_annealing_takes_the_first_weight_that_reaches_the_probability():
    b = bank([1.0], 0.0)
    tried = np.array([[[-1.0], [-1.0]], [[1.0], [-1.0]], [[3.0], [-2.0]]])  # (weights, applicants, features)
    rows, reached = anneal(b, tried)
    assert reached.tolist() == [True, False] and rows[0] == 1
    assert anneal(b, tried, 0.9)[0][0] == 3


def test_every_category_is_tried_and_the_cheapest_wins():
    """Columns: a number, then three contracts, worth 0, 2 and 1. A switch costs 1, and so does one of the number."""
    kinds = {"CONTRACTS": "abc", "KINDS": slice(1, None), "sweep": sweep, "anneal": anneal, "distance": distance}
    (each_category,) = defined_in(CHAPTER, "each_category", **GIVEN, **kinds)
    b = bank([1, 0, 2, 1], -3)
    b.unit, b.refused = np.array([1.0, 2, 2, 2]), np.tile([0.0, 1, 0, 0], (2, 1))
    for free, best in ((np.ones(4), 1), (np.array([0, 1, 1, 1]), None)):
        rows, reached = each_category(b, free)
        if best is None:
            assert not reached.any()  # no contract is enough alone
        else:
            assert reached.all() and (rows[:, 1:] == np.eye(3)[best]).all()
            assert (rows[:, 0] > 1).all() and (rows[:, 0] < 2).all()


def test_the_rule_reads_the_sign_and_not_the_rest():
    images = planted.images(90, 0)
    two = planted.part(images, images.y < 2)
    rows = two.x.reshape(len(two.y), -1)
    assert (seen(two, rows) == two.y).all()
    other = planted.exchanged(two, 1 - two.y, 1)
    assert (seen(two, other.x.reshape(rows.shape)) == 1 - two.y).all()
    elsewhere = planted.redrawn(two.x, ~two.mask, 2)
    assert (seen(two, elsewhere.reshape(rows.shape)) == two.y).all()


def test_cards_appear_nowhere_in_the_rule():
    x = np.random.default_rng(0).uniform(0, 40, (50, 7))
    more = x + np.eye(7)[6] * 5
    reliability = np.random.default_rng(1).normal(size=50)
    assert (repays(x, reliability) == repays(more, reliability)).all()
    assert (repays(x, reliability) != repays(x + np.eye(7)[2] * 50, reliability)).any()


def test_a_search_ends_within_its_limits():
    b = bank([1, -2, 3, 0.5], -2)
    b.high[2] = 0.25
    rows, reached = anneal(b, sweep(b, np.ones(4)))
    assert reached.all() and (rows <= b.high).all() and (rows >= b.low).all()


def test_a_search_in_large_units_is_the_search_in_small_ones():
    """Thousands or single coins: the same answers, told in the other unit."""
    weights = np.array([1.0, -2, 3, 0.5])
    coins, thousands = bank(weights / 1000, -2, unit=1000.0), bank(weights, -2)
    coins.low, coins.high = (1000 * np.array([-9.0] * 4), np.array([9000.0, 9000, 600, 9000]))
    thousands.low, thousands.high = coins.low / 1000, coins.high / 1000
    rows, reached = anneal(coins, sweep(coins, np.ones(4)))
    same, also = anneal(thousands, sweep(thousands, np.ones(4)))
    assert reached.all() and also.all()
    np.testing.assert_allclose(rows / 1000, same, atol=1e-3)
    assert (rows[:, 2] == 600).all()  # as far as it may go
    np.testing.assert_allclose(distance(coins, rows), distance(thousands, same), atol=1e-3)
    np.testing.assert_allclose(distance(thousands, same), np.abs(same).sum(1))


def test_a_search_begins_where_it_is_told():
    b = bank([1.0, 1.0], -1)
    b.low[1] = -0.25
    ends = sweep(b, np.array([1, 0]), start=np.array([[0.0, 0.5], [0, -0.2]]))
    assert (ends[:, 0, 1] == 0.5).all() and (ends[:, 1, 1] == -0.2).all()
    b = bank([-1.0], -1)
    b.low[0] = -1.5
    rows, reached = anneal(b, sweep(b, np.ones(1)))
    assert reached.all() and (rows >= -1.5).all()
    assert (sweep(b, np.ones(1))[-1] == -1.5).all()  # the largest weight would go on


def test_the_rule_counts_each_column_as_it_says():
    middle = np.array([[42.0, 10, 44, 12, 11, 16, 3]])
    steps = np.array([1, 1, 1, 1, -1, -1]) * np.array([0.05, 0.09, 0.05, 0.1, 0.07, 0.06])
    for column, step in enumerate(steps):
        for up in (-3, 3):
            row = middle.copy()
            row[0, column] += up
            for more, paid in ((0.01, 1), (-0.01, 0)):  # reliability alone makes up for it
                assert repays(row, np.array([-up * step + more])) == [paid]
    rich = middle.copy()
    rich[0, 3] = 40
    assert repays(rich, np.array([-0.81])) == [0] and repays(rich, np.array([-0.79])) == [1]


GIVEN_BY_NAME = {"SURE": 0.9, "BORDER": 0.5, "SAME": 0, "FRESH": 1, "AMOUNT": 0, "FEATURES": "abc"}
CHECKS = ("to_nearest", "nearest_granted", "share", "as_narrow", "real_refused", "best_by_amount", "loans")
given = defined_in(CHAPTER, *CHECKS, np=np, **GIVEN_BY_NAME)
to_nearest, nearest_granted, share, as_narrow, real_refused, best_by_amount, loans = given


def test_the_nearest_real_ones():
    b = bank([1.0, 0], -3, unit=1.0)
    b.unit = np.array([1.0, 10])
    old = np.array([[4.0, 0], [6, 5], [7, 0], [9, 90]])  # sure of all but the first
    b.old = (old, None)
    assert (nearest_granted(b) == [6, 5]).all()
    assert to_nearest(b, old, old).tolist() == [0, 0, 0, 0]
    np.testing.assert_allclose(to_nearest(b, old, old, skip=1), [2.5, 1.5, 1.5, 11])


def test_real_ones_as_narrow_and_who_refuses_them():
    b = bank([1.0], 0)
    b.new = (np.array([[-2.0], [-0.1], [0.3], [1], [2]]), None)
    answers = np.array([[0.05], [1.2], [1.8]])
    assert as_narrow(b, answers).ravel().tolist() == [0.3, 1, 2]
    strict, lax = (lambda rows: (rows[:, 0] > 0.5) * 1.0), (lambda rows: np.ones(len(rows)))
    b.peers = [strict, lax], [lax]
    assert share(b.peers[0], as_narrow(b, answers)).tolist() == [0.5, 1, 1]
    assert real_refused(b, answers).tolist() == [0.5, 0, 0]


def test_a_second_answer_shares_no_feature():
    (different,) = defined_in(CHAPTER, "different", sweep=sweep, anneal=anneal, **GIVEN)
    b = bank([3, 2, 0], -2)
    (first, one), (second, two) = different(b, np.ones(3), 0.5)
    assert one.all() and two.all()
    assert ((first != 0) == [True, False, False]).all() and ((second != 0) == [False, True, False]).all()
    b = bank([3, 0.01, 0], -2)
    assert [reached.all() for _, reached in different(b, np.ones(3), 0.5)] == [True, False]
    # where nothing leads to a first answer there is no second
    b = bank([3, 2, 0], -2)
    b.low, b.high = np.zeros((2, 3))
    assert not any(reached.any() for _, reached in different(b, np.ones(3), 0.5))


def test_the_grid_of_amounts_tries_all_of_them():
    b = bank([-1.0, 0, 0], -2)
    b.refused[1, 1] = 3
    np.testing.assert_allclose(best_by_amount(b), b.ask(np.array([[-9.0, 0, 0]] * 2)))


def test_the_applicants_are_as_the_text_says():
    x, reliability = loans(4000, 0)
    assert (x == np.round(x)).all() and (x[:, 1] <= x[:, 0] - 18 + 1).all() and x[:, 1].max() > 35
    assert np.corrcoef(x[:, 6], reliability)[0, 1] > 0.8
    assert max(abs(np.corrcoef(x[:, j], reliability)[0, 1]) for j in range(6)) < 0.06
