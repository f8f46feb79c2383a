"""What chapter 6 writes from scratch, held to scikit-learn's result or to one that is known."""

from copy import deepcopy

import numpy as np
import pytest
from conftest import ROOT, defined_in
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

CHAPTER = ROOT / "notebooks" / "06_what_is_an_explanation.ipynb"


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(600, 3))
    return x, (x[:, 0] + 0.5 * x[:, 1] > 0).astype(int)


def test_permutation_importance(table):
    (ours,) = defined_in(CHAPTER, "importance", np=np)
    x, y = table
    model = LogisticRegression().fit(x, y)
    theirs = permutation_importance(model, x, y, n_repeats=100, random_state=0).importances_mean
    found = [ours(model.predict, x, y, [j], np.random.default_rng(1), repeats=100) for j in range(3)]
    assert np.allclose(found, theirs, atol=0.01) and theirs[0] > theirs[1] + 0.1 > theirs[2] + 0.1


def test_partial_dependence(table):
    (ours,) = defined_in(CHAPTER, "partial_dependence", np=np)
    x, y = table
    model = DecisionTreeRegressor(max_depth=4, random_state=0).fit(x, y)
    theirs = partial_dependence(model, x, [0], method="brute", grid_resolution=9)
    assert np.allclose(ours(model.predict, x, 0, theirs["grid_values"][0]), theirs["average"][0])


def test_local_effects_of_a_sum_are_its_term_and_of_a_product_that_of_the_neighbours(table):
    (ours,) = defined_in(CHAPTER, "local_effects", np=np)
    x, _ = table
    edges = np.quantile(x[:, 0], np.linspace(0, 1, 13))
    assert np.allclose(ours(lambda x: 3 * x[:, 0] + x[:, 1] ** 2, x, 0, edges), 3 * (edges - edges[0]))
    alike = x.copy()
    alike[:, 1] = np.sign(x[:, 0])  # the slope of the first feature, which jumps at 0
    found = ours(lambda x: x[:, 0] * x[:, 1], alike, 0, edges)
    assert np.allclose(np.diff(found)[[0, -1]], [edges[0] - edges[1], edges[-1] - edges[-2]])


def test_a_tree_in_units_answers_as_the_standardised_one(table):

    (ours,) = defined_in(CHAPTER, "in_units", deepcopy=deepcopy)
    x, y = table
    rows = 7 + x * [1, 20, 300]
    scaler = StandardScaler().fit(rows)
    tree = DecisionTreeClassifier(max_depth=3, random_state=0).fit(scaler.transform(rows), y)
    before = tree.tree_.threshold.copy()
    assert (ours(tree, scaler).predict(rows) == tree.predict(scaler.transform(rows))).all()
    assert (tree.tree_.threshold == before).all(), "the tree itself stays"


def test_influence_is_the_derivative_by_a_records_weight(table):
    _, fit_linear, influences = defined_in(
        CHAPTER, "with_one", "fit_linear", "influences", np=np, LogisticRegression=LogisticRegression
    )
    x, y = table[0][:60], table[1][:60]
    patient, small = np.array([0.3, -0.2, 1.0]), 1e-3
    estimate = influences(fit_linear(x, y), x, y, patient)

    def answer(weights):
        fit = LogisticRegression(solver="newton-cholesky", tol=1e-12).fit(x, y, sample_weight=weights)
        return fit.decision_function(patient[None])[0]

    slopes = [(answer(1 - small * np.eye(60)[i]) - answer(1 + small * np.eye(60)[i])) / (2 * small) for i in range(60)]
    assert np.allclose(estimate, slopes, atol=1e-3 * np.abs(slopes).max())
