import itertools

import keras
import numpy as np
import pytest
from networks import MODEL, POLICIES, PREDICT, X, linear, network, precision

from utils import predictors
from utils.counterfactuals import MARGIN, NoCounterfactual, counterfactuals

LOW, HIGH = X.min(0).astype(float), X.max(0).astype(float)
MAD = np.median(np.abs(X - np.median(X, axis=0)), axis=0)


@pytest.mark.parametrize("row", [0, 1])
@pytest.mark.parametrize("immutable", [(), (0, 5, 6)])
def test_what_comes_back_holds(row, immutable):
    x = X[row].astype(float)
    current = PREDICT(X[row : row + 1]).argmax()
    found = 0
    for target in set(range(3)) - {current}:
        try:
            rows = counterfactuals(MODEL, x, target, LOW, HIGH, immutable, MAD, count=4, seed=row)
        except NoCounterfactual:
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
                assert p[target] - np.delete(p, target).max() < 2 * MARGIN
    assert found, "the network has three classes within reach of each row"


def test_the_nearest_is_near():
    # the cheapest way is to change the feature with the largest weight x scale, and no other
    model, scale = linear([1.0, -2.0, 3.0, 0.5], -2.0), np.array([1.0, 3.0, 1.0, 1.0])
    rows = counterfactuals(model, np.zeros(4), 1, np.full(4, -9.0), np.full(4, 9.0), scale=scale, count=3)
    assert (rows[0] != 0).tolist() == [False, True, False, False]
    assert -1.0 > rows[0, 1] > -1.1
    assert len(rows) == 3 and len({tuple(row != 0) for row in rows}) == 3, "three ways, by different features"
    second = counterfactuals(model, np.zeros(4), 1, np.full(4, -9.0), np.full(4, 9.0), immutable=(1,), scale=scale)
    assert (second[0] != 0).tolist() == [False, False, True, False] and 2 / 3 < second[0, 2] < 0.75
    # where its limit is too close, a second one has to help
    low, high = np.array([-9, -0.5, -9, -9.0]), np.full(4, 9.0)
    both = counterfactuals(model, np.zeros(4), 1, low, high, scale=scale)[0]
    assert (both != 0).tolist() == [False, True, True, False] and both[1] >= -0.5
    assert np.isclose((np.abs(both) / scale).sum(), 0.5 / 3 + 1 / 3, rtol=0.1)


def test_the_seed_decides():
    given = (MODEL, X[0], 1 - PREDICT(X[:1]).argmax() % 2, LOW, HIGH)
    one, two = (counterfactuals(*given, count=3, seed=1) for _ in range(2))
    assert np.array_equal(one, two)


def test_none_exists():
    x, low, high = np.zeros(3), np.full(3, -1.0), np.full(3, 1.0)
    reachable = linear([1.0, 1.0, 1.0], -2.0)
    assert len(counterfactuals(reachable, x, 1, low, high)) == 1
    for model, options in (
        (linear([1.0, 1.0, 1.0], -4.0), {}),  # 3 at most against 4
        (linear([0.0, 0.0, 0.0], -1.0), {}),
        (reachable, {"immutable": (0, 1)}),
        (reachable, {"immutable": (0, 1, 2)}),
        (reachable, {"low": x, "high": x}),
    ):
        with pytest.raises(NoCounterfactual, match=r"class 1 reached a probability of 0.\d\d at most.*widen"):
            counterfactuals(**{"model": model, "x": x, "target": 1, "low": low, "high": high} | options)
    assert issubclass(NoCounterfactual, ValueError)


def far(weight, end="softmax"):
    """Class 1 wins in one corner only, where all 8 features are near 1. From 0 its logit is 7.5 weights away."""
    model = linear(np.full(8, weight), -7.5 * weight)
    if end == "softmax":
        return model
    if end == "nested":
        return keras.Sequential([keras.Input((8,)), keras.layers.Rescaling(1.0), model])
    return keras.Sequential([keras.Input((8,)), model, keras.layers.Rescaling(1.0)])  # nobody sees the softmax


@pytest.mark.parametrize(("weight", "end"), [(9, "hidden"), (40, "softmax"), (40, "nested")])
def test_a_sure_model_is_no_plain(weight, end):
    """From 0 the probability is 5e-30, or 0 in float32: its logarithm plus 1e-12 does not slope."""
    x = np.zeros(8)
    row = counterfactuals(far(weight, end), x, 1, np.full(8, -1.0), np.full(8, 1.0))[0]
    assert 7.5 < row.sum() < 7.6


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
        ({"immutable": (None, [])}, "give indices"),
        ({"immutable": [[0], [1]]}, "give indices"),
        ({"scale": np.array([1.0, 0.0, 1.0])}, r"scale is not positive in columns \[1\]"),
        ({"target": 0}, "gives x to class 0 already"),
        ({"target": 2}, "target is 2; model has outputs 0 to 1"),
        ({"target": 1.0}, "target is float64"),
        ({"count": 0}, "count is 0"),
        ({"model": network(features=3, end=None)}, "logits"),
    ],
)
def test_counterfactuals_refuse(change, message):
    given = {
        "model": linear([1.0, 1.0, 1.0], -2.0), "x": np.zeros(3), "target": 1,
        "low": np.full(3, -1.0), "high": np.full(3, 1.0),
    } | change  # fmt: skip
    with pytest.raises(ValueError, match=message) as caught:
        counterfactuals(**given)
    assert not isinstance(caught.value, NoCounterfactual)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(("weights", "bias"), [([1, 1, 1], -2), ([1, -3, 0.5], -1), ([8, 8, 8], -12)])
def test_any_precision_is_searched(policy, weights, bias):
    """The last one starts at a probability of six millionths, and one over that is infinite in float16."""
    with precision(policy):
        model = linear(weights, bias)
    rows = counterfactuals(model, np.zeros(3), 1, np.full(3, -1.0), np.full(3, 1.0))
    assert (predictors.predictor(model)(rows).argmax(1) == 1).all()
    assert np.abs(rows).max() <= 1 and (rows @ np.array(weights) + bias > -0.2).all()
