"""What chapter 9 teaches is what the package computes."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import ROOT, defined_in

from utils import attributions, evaluation, planted

CHAPTER = ROOT / "notebooks" / "09_integrated_gradients.ipynb"
RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Conv2D(3, 3, activation="relu"), keras.layers.Flatten(), keras.layers.Dense(3)]
    return keras.Sequential([keras.layers.Input((6, 6, 1)), *layers])


@pytest.mark.parametrize("rule", ["left", "midpoint"])
@pytest.mark.parametrize("one_baseline", [True, False])
def test_the_chapters_integrated_gradients_are_the_packages(network, rule, one_baseline):
    (chapters,) = defined_in(CHAPTER, "integrated_gradients", np=np, tf=tf)
    x, baseline = RNG.normal(size=(2, 5, 6, 6, 1)).astype("float32")
    baseline = baseline[0] if one_baseline else baseline
    target = np.array([0, 1, 2, 1, 0])
    theirs, gap = chapters(network, x, baseline, target, 7, rule)
    ours, error = attributions.integrated_gradients(network, x, baseline, target, steps=7, rule=rule)
    assert theirs.shape == ours.shape == x.shape and gap.shape == error.shape == (5,)
    assert np.allclose(theirs, ours, atol=1e-5) and np.allclose(gap, error, atol=1e-4)
    assert np.abs(theirs).max() > 0.01, "there is something to explain"


def test_the_rules_differ(network):
    (chapters,) = defined_in(CHAPTER, "integrated_gradients", np=np, tf=tf)
    x = RNG.normal(size=(3, 6, 6, 1)).astype("float32")
    target = np.zeros(3, int)
    left, midpoint = (chapters(network, x, 0 * x, target, 2, rule)[0] for rule in ("left", "midpoint"))
    assert np.abs(left - midpoint).max() > 1e-3


def test_against_the_other_sign_the_way_alone_finds_the_sign():
    """What the third exercise's solution says: such a baseline tells where the sign is without any network."""
    images = planted.images(60, 0)
    given = planted.part(images, images.y < 2)
    way = np.abs(given.x - planted.exchanged(given, 1 - given.y, 1).x)[..., 0]
    assert (way[~given.mask] == 0).all() and (evaluation.top_k(way, given.mask) == 1).all()
