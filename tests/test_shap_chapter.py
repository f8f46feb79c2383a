"""What chapter 8 teaches is what the package computes."""

from math import comb

import numpy as np
from conftest import ROOT, defined_in

from utils.shapley import exact_shapley, masked_mean

CHAPTER = ROOT / "notebooks" / "08_shap.ipynb"
RNG = np.random.default_rng(0)


def test_the_chapters_shapley_values_are_the_packages():
    shapley, worth = defined_in(CHAPTER, "shapley", "worth", np=np, comb=comb)
    x, background = RNG.normal(size=4).astype("float32"), RNG.normal(size=(6, 4)).astype("float32")

    def predict(rows):
        return np.stack([rows[:, 0] * rows[:, 1] + rows[:, 2], np.maximum(rows[:, 3], rows[:, 1])], axis=1)

    ours = exact_shapley(masked_mean(predict, x, background), 4)
    theirs = shapley(worth(predict, x, background), 4)
    assert theirs.shape == ours.shape == (4, 2) and np.allclose(theirs, ours, atol=1e-5)
    assert np.abs(theirs).max() > 0.1, "the game is not empty"
    assert np.allclose(theirs.sum(0), predict(x[None])[0] - predict(background).mean(0), atol=1e-5)
