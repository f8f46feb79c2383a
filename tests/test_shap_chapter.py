"""What chapter 8 teaches is what the package computes."""

from math import comb

import keras
import numpy as np
import pytest
from conftest import ROOT, defined_in

from utils import predictors
from utils.shapley import deep_shap, exact_shapley, kernel_shap, masked_mean

CHAPTER = ROOT / "notebooks" / "08_shap.ipynb"
RNG = np.random.default_rng(0)


def predict(rows):
    return np.stack([rows[:, 0] * rows[:, 1] + rows[:, 2], np.maximum(rows[:, 3], rows[:, 1])], axis=1)


@pytest.fixture
def game():
    """A row, a background, and the row's values by enumeration in utils."""
    x, background = RNG.normal(size=4).astype("float32"), RNG.normal(size=(6, 4)).astype("float32")
    return x, background, exact_shapley(masked_mean(predict, x, background), 4)


def test_the_chapters_shapley_values_are_the_packages(game):
    x, background, ours = game
    coalitions, shapley, worth = defined_in(CHAPTER, "coalitions", "shapley", "worth", np=np, comb=comb)
    theirs = shapley(worth(predict, x, background), 4)
    assert len(np.unique(coalitions(4), axis=0)) == 16
    assert theirs.shape == ours.shape == (4, 2) and np.allclose(theirs, ours, atol=1e-5)
    assert np.abs(theirs).max() > 0.1, "the game is not empty"
    assert np.allclose(theirs.sum(0), predict(x[None])[0] - predict(background).mean(0), atol=1e-5)


def test_limes_plane_with_shapleys_weight_is_kernel_shap(game):
    x, background, exact = game
    coalitions, surrogate, weigh, lime = defined_in(
        CHAPTER, "coalitions", "surrogate", "shapley_weight", "lime_weight", np=np, comb=comb
    )
    masks = coalitions(4)
    worths = masked_mean(predict, x, background)(masks)[:, 0]
    size = masks.sum(1)
    slopes = surrogate(masks * 1.0, worths, weigh(size, 4))
    assert np.allclose(slopes, exact[:, 0], atol=1e-4)
    assert np.allclose(slopes, kernel_shap(predict, background, x[None], samples=14)[0, :, 0], atol=1e-4)
    assert not np.allclose(surrogate(masks * 1.0, worths, lime(size, 4)), exact[:, 0], atol=1e-2)
    inner = np.arange(1, 4)
    assert np.allclose(weigh(inner, 4), [3 / (comb(4, s) * s * (4 - s)) for s in inner])


def test_conditional_values_of_a_linear_model_are_those_of_the_formula():
    shapley, conditional = defined_in(
        CHAPTER, "shapley", "conditional", np=np, comb=comb, coalitions=defined_in(CHAPTER, "coalitions", np=np)[0]
    )
    rho, w = 0.8, 3.0
    covariance = np.array([[1, rho, 0], [rho, 1, 0], [0, 0, 1.0]])
    noise = RNG.normal(size=(1000, 3))
    noise = np.concatenate([noise, -noise])  # so that its mean is 0
    a, b, c = x = np.array([0.7, -1.1, 0.4])
    values = shapley(conditional(lambda rows: w * rows[:, 0] + rows[:, 2], x, covariance, noise), 3)
    assert np.allclose(values, [w * a - w * rho * b / 2, w * rho * b / 2, c], atol=1e-10)


def test_deep_shap_is_the_rescale_rule_by_hand():
    keras.utils.set_random_seed(1)
    hidden, last = keras.layers.Dense(6, "relu"), keras.layers.Dense(2)
    model = keras.Sequential([keras.Input((4,)), hidden, last])
    x, background = RNG.normal(size=(3, 4)).astype("float32"), RNG.normal(size=(5, 4)).astype("float32")
    w, b = hidden.get_weights()
    h, h_b = x @ w + b, background @ w + b
    chord = (np.maximum(h[:, None], 0) - np.maximum(h_b, 0)) / (h[:, None] - h_b)  # (3, 5, 6)
    slope = np.einsum("fu,xbu,uo->xbfo", w, chord, last.get_weights()[0])
    by_hand = (slope * (x[:, None] - background)[..., None]).mean(axis=1)
    assert np.allclose(deep_shap(model, background, x), by_hand, atol=1e-4)
    ask = predictors.predictor(model, probabilities=False)
    exact = [exact_shapley(masked_mean(ask, row, background), 4) for row in x]
    assert not np.allclose(by_hand, exact, atol=1e-3), "chords are not the mean over orders"
