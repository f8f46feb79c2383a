"""What chapter 17 writes from scratch: intervals, calibration, temperature and the test for drift."""

import numpy as np
import pytest
from conftest import ROOT, defined_in
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from scipy.stats import binomtest, ks_2samp, norm, ttest_ind

CHAPTER = ROOT / "notebooks" / "17_reliability.ipynb"
GIVEN = {"np": np, "norm": norm, "minimize_scalar": minimize_scalar, "ks_2samp": ks_2samp, "ttest_ind": ttest_ind}
GIVEN["LEVEL"] = 0.01
NAMES = ("wilson_interval", "normal_interval", "coverage", "bins_of", "calibration_error", "soften")
NAMES += ("negative_log_likelihood", "fit_temperature", "outputs_differ", "confidence_falls")
# one call, so that the functions see each other
(wilson_interval, normal_interval, coverage, bins_of, calibration_error, soften, *rest) = defined_in(
    CHAPTER, *NAMES, **GIVEN
)
negative_log_likelihood, fit_temperature, outputs_differ, confidence_falls = rest


def sure(confidence, classes=10):
    """Probabilities (n, classes) that give class 0 the stated confidence each and share out the rest."""
    confidence = np.asarray(confidence, float)
    others = np.repeat((1 - confidence[:, None]) / (classes - 1), classes - 1, axis=1)
    return np.hstack([confidence[:, None], others])


@pytest.mark.parametrize(("right", "n"), [(0, 7), (50, 100), (98, 100), (100, 100), (285, 360)])
@pytest.mark.parametrize("level", [0.9, 0.95, 0.995])
def test_wilsons_interval_is_scipys(right, n, level):
    theirs = binomtest(right, n).proportion_ci(level, method="wilson")
    np.testing.assert_allclose(wilson_interval(right, n, level), theirs, atol=1e-12)


def test_the_textbook_interval_collapses_at_a_perfect_score():
    assert normal_interval(100, 100) == (1, 1)
    np.testing.assert_allclose(normal_interval(50, 100), (0.5 - 0.098, 0.5 + 0.098), atol=1e-3)


def test_coverage_counts_the_intervals_that_hold_the_truth():
    assert coverage(lambda right, n: (0 * right, 0 * right + 1), 0.3, seed=0) == 1
    assert coverage(lambda right, n: (right / n - 2, right / n - 1), 0.3, seed=0) == 0
    assert coverage(lambda right, n: (right / n, right / n + 1), 0.5, seed=0) == pytest.approx(0.54, abs=0.02)


def test_calibration_error_of_cases_worked_by_hand():
    # all in one bin: nine tenths sure, half right
    assert calibration_error(sure([0.9] * 4), np.array([0, 0, 1, 1])) == pytest.approx(0.4)
    # two bins that err to opposite sides do not cancel: |0.9 - 0.5| and |0.5 - 1|, half of the answers each
    two = sure([0.9, 0.9, 0.5, 0.5]), np.array([0, 1, 0, 0])
    assert calibration_error(*two) == pytest.approx(0.45)
    # in a single bin they do, up to the difference of the means
    assert calibration_error(*two, bins=1) == pytest.approx(0.05)
    # certain and right, with the confidence on the last bin's edge
    assert calibration_error(sure([1.0, 1.0]), np.array([0, 0])) == 0
    # the edge belongs to the last bin: apart, a right and a wrong answer there would give another sum
    assert calibration_error(sure([0.95, 1.0]), np.array([0, 1])) == pytest.approx(0.475)


def test_bins_are_shares_of_all_answers():
    rng = np.random.default_rng(0)
    p, y = softmax(2 * rng.normal(size=(500, 10)), axis=1), rng.integers(0, 10, 500)
    share, confidence, accuracy = bins_of(p, y)
    assert share.sum() == pytest.approx(1)
    assert share @ confidence == pytest.approx(p.max(axis=1).mean())
    assert share @ accuracy == pytest.approx(np.mean(p.argmax(axis=1) == y))
    assert (np.diff(confidence) > 0).all()


def test_softmax_and_likelihood_are_scipys():
    z, y = 30 * np.random.default_rng(1).normal(size=(50, 10)), np.arange(50) % 10
    for T in (0.5, 1, 3):
        np.testing.assert_allclose(soften(z, T), softmax(z / T, axis=1), atol=1e-12)
        expected = -log_softmax(z / T, axis=1)[np.arange(50), y].mean()
        assert negative_log_likelihood(z, y, T) == pytest.approx(expected)


def test_the_fitted_temperature_has_no_slope():
    rng = np.random.default_rng(2)
    true = rng.normal(size=(4000, 10)) * 2
    y = (softmax(true, axis=1).cumsum(axis=1) > rng.random((4000, 1))).argmax(axis=1)
    for factor in (0.4, 1, 3):  # logits too small, right, too large
        z = factor * true
        T = fit_temperature(z, y)
        # d/dT of the likelihood is (sum_k p_k z_k - z_y) / T^2 in the mean, with the sign turned: zero at the optimum
        slope = np.mean(z[np.arange(len(y)), y] - (soften(z, T) * z).sum(axis=1)) / T**2
        assert slope == pytest.approx(0, abs=1e-4)
        assert pytest.approx(factor, rel=0.1) == T
        assert (soften(z, T).argmax(axis=1) == z.argmax(axis=1)).all()


def test_the_alarms_ring_for_another_distribution_and_seldom_for_the_same():
    rng = np.random.default_rng(3)

    def outputs(n, scale):
        return softmax(scale * rng.normal(size=(n, 10)), axis=1)

    reference = outputs(400, 2.0)
    same = [outputs(300, 2.0) for _ in range(100)]
    assert np.mean([outputs_differ(reference, batch) for batch in same]) <= 0.05
    assert np.mean([confidence_falls(reference, batch) for batch in same]) <= 0.05
    less, more = outputs(300, 1.0), outputs(300, 4.0)
    assert outputs_differ(reference, less) and outputs_differ(reference, more)
    assert confidence_falls(reference, less) and not confidence_falls(reference, more)


def test_conformal_sets_hold_the_class_as_often_as_asked_in_the_mean():
    """Of all ways to choose which of ten examples is the new one, one in ten may be missed, and is."""
    threshold, filled, covers = defined_in(CHAPTER, "conformal_threshold", "filled", "covers", np=np)
    p = np.random.default_rng(0).dirichlet(np.ones(4), 10)
    y = np.arange(10) % 4
    held = []
    for new in range(10):
        old = np.arange(10) != new
        held.append(p[new, y[new]] >= threshold(p[old], y[old], level=0.9))
    assert np.sum(held) == 9
    assert threshold(p[:5], y[:5], level=0.9) == 0, "too few examples to leave any class out"
    np.testing.assert_array_equal(filled(np.array([[0.5, 0.2, 0.3], [0.95, 0.03, 0.02]]), 0.7), [[1, 0, 1], [1, 0, 0]])
    assert covers(np.array([[True, False], [True, False]]), np.array([0, 1])) == 0.5
