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
