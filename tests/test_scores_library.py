"""The scores of explanations, those of `utils` and of chapter 11: equal to Quantus's, and to known results.

Quantus (Hedström et al. 2023) resolves beside the pins (0.6.0 was tried), but brings OpenCV, 190 MB that nothing else
here needs: whoever has it runs its tests with `pytest tests/test_scores_library.py -m other_libraries`.
"""

import importlib
from functools import partial

import keras
import numpy as np
import pytest
from conftest import ROOT, defined_in
from scipy.ndimage import convolve

from utils import evaluation, planted

CHAPTER = ROOT / "notebooks" / "11_trusting_explanations.ipynb"
insertion, road, infidelity, max_sensitivity = defined_in(
    CHAPTER,
    "insertion",
    "road",
    "infidelity",
    "max_sensitivity",
    np=np,
    convolve=convolve,
    partial=partial,
    evaluation=evaluation,
)
D = planted.images(24, 0)
D = planted.part(D, D.y < 2)
RNG = np.random.default_rng(0)
MAPS = RNG.normal(size=D.mask.shape) + D.mask
QUIET = {"abs": False, "normalise": False, "disable_warnings": True, "display_progressbar": False}


@pytest.fixture(scope="module")
def quantus():
    return importlib.import_module("quantus")


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((15, 15, 1)), keras.layers.Flatten(), keras.layers.Dense(3)])


def by_quantus(metric, model=None, maps=MAPS, **given):
    """Quantus takes images and maps with their channels first."""
    x, a, s = (np.moveaxis(v, -1, 1) for v in (D.x, maps[..., None], D.mask[..., None]))
    batch = {"x_batch": x, "y_batch": D.y, "a_batch": a, "s_batch": s, "channel_first": True, "softmax": False}
    return np.array(metric(model=model, **batch, **given))


@pytest.mark.other_libraries
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (evaluation.pointing, "PointingGame"),
        (evaluation.top_k, "RelevanceRankAccuracy"),
        (evaluation.auc, "AUC"),
        (evaluation.mass, "RelevanceMassAccuracy"),
    ],
)
def test_scores_by_a_mask(quantus, model, ours, theirs):
    theirs = getattr(quantus, theirs)
    maps = np.maximum(MAPS, 0) + 0.01 * np.abs(MAPS) if ours is evaluation.mass else MAPS  # theirs lets signs cancel
    assert ours(maps, D.mask) == pytest.approx(by_quantus(theirs(**QUIET), model, maps).astype(float))
    assert 0.05 < ours(maps, D.mask).mean() < 0.95


@pytest.mark.other_libraries
@pytest.mark.parametrize("fill", [0.5, 0.0])
def test_deletion_flips_pixels(quantus, model, fill):
    metric = quantus.PixelFlipping(features_in_step=15, perturb_baseline=fill, **QUIET)
    ask = lambda x: model.predict(x, verbose=0)  # noqa: E731
    curve = evaluation.deletion(ask, D.x, MAPS, D.y, fill, steps=15)
    assert curve[:, 1:] == pytest.approx(by_quantus(metric, model), abs=1e-5)
    least_first = insertion(ask, D.x, MAPS, D.y, fill)[:, ::-1]
    assert least_first == pytest.approx(evaluation.deletion(ask, D.x, -MAPS, D.y, fill), abs=1e-5)


class NoNoise:
    def standard_normal(self, shape):
        return np.zeros(shape)


def filled(x, fraction):
    """What ROAD shows the network."""
    seen = []
    road(lambda images: seen.append(images) or np.zeros((len(images), 3)), x, MAPS, D.y, fraction, NoNoise())
    return seen[0]


@pytest.mark.other_libraries
@pytest.mark.parametrize("fraction", [0.05, 0.2])
def test_road_fills_in_as_theirs(quantus, fraction):
    most = np.argsort(-MAPS.reshape(len(MAPS), -1), axis=1)[:, : int(225 * fraction)]
    for ours, image, places in zip(filled(D.x, fraction), np.moveaxis(D.x, -1, 1).astype(float), most, strict=True):
        theirs = quantus.functions.perturb_func.noisy_linear_imputation(image, places, noise=0)
        assert ours[..., 0] == pytest.approx(theirs[0], abs=2e-3)


def test_road_puts_back_what_its_neighbours_tell():
    """An image of one brightness, whole to the border; and of a ramp what does not lie there."""
    even = np.full_like(D.x, 0.3)
    assert filled(even, 0.2) == pytest.approx(even, abs=5e-3)
    ramp = np.broadcast_to(np.linspace(0, 1, 15, dtype=np.float32)[:, None, None], D.x.shape)
    assert np.abs(filled(ramp, 0.05) - ramp)[:, 1:-1, 1:-1].mean() < 5e-3
    assert (filled(D.x, 0.2) != D.x).sum((1, 2, 3)).tolist() == [45] * len(D.x)


@pytest.mark.other_libraries
def test_max_sensitivity_of_the_same_neighbours(quantus, model):
    def explain(network, x, y, seed):
        return np.tanh(3 * np.asarray(x)[..., 0]) ** 2 * (1 + np.asarray(y)[:, None, None])

    rng = np.random.default_rng(5)

    def noise(arr, indices, **_):
        return arr + rng.uniform(-0.02, 0.02, (*D.mask.shape, 1)).astype(np.float32).reshape(arr.shape)

    def explain_theirs(model, inputs, targets, **_):
        return explain(model, np.moveaxis(inputs, 1, -1), targets, 0)[:, None]

    values = explain(model, D.x, D.y, 0)
    same = {"perturb_func": noise, "nr_samples": 3, "return_nan_when_prediction_changes": False}
    metric = quantus.MaxSensitivity(**same, **QUIET)
    theirs = by_quantus(metric, model, values, explain_func=explain_theirs)
    assert max_sensitivity(explain, model, D.x, D.y, values, 5) == pytest.approx(theirs, rel=1e-4)
    assert theirs.std() > 0


def test_max_sensitivity_is_the_largest_change():
    """Of a map that is the image's own brightness, a known share of its size at most; of one that ignores it, none."""
    values = np.ones(D.mask.shape)
    assert (max_sensitivity(lambda network, x, y, seed: values, None, D.x, D.y, values, 0) == 0).all()
    bright = D.x[..., 0]
    change = max_sensitivity(lambda network, x, y, seed: x[..., 0], None, D.x, D.y, bright, 0)
    assert (change <= 0.02 * 15 / np.sqrt((bright**2).sum((1, 2)))).all() and (change > 0).all()
    more = max_sensitivity(lambda network, x, y, seed: x[..., 0], None, D.x, D.y, bright, 0, draws=9)
    assert (more >= change).all() and (more > change).any()


def test_infidelity_is_nought_for_what_a_plane_adds():
    """Not Quantus's, which hides block after block without putting any back: a known result."""
    weights = RNG.normal(size=(15, 15))
    right = weights * (D.x[..., 0] - 0.5)
    ask = lambda x: ((x[..., 0] - 0.5) * weights).sum((1, 2))[:, None] * [1, 0, 0]  # noqa: E731
    zeros = np.zeros(len(D.x), int)
    wrong = {
        name: infidelity(ask, D.x, values, zeros, np.random.default_rng(0))
        for name, values in {"right": right, "scaled": -3 * right, "another": MAPS}.items()
    }
    assert wrong["right"].max() < 1e-6 and wrong["scaled"].max() < 1e-6
    assert wrong["another"].mean() > 0.5
