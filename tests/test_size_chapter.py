"""What chapter 1 builds by hand is what Keras and scipy compute."""

import keras
import numpy as np
import pytest
from conftest import ROOT, defined_in
from scipy.optimize import least_squares

from utils import models

CHAPTER = ROOT / "notebooks" / "01_size.ipynb"
RNG = np.random.default_rng(0)
X, Y = RNG.random((96, 784), np.float32), RNG.integers(0, 10, 96)
ROWS = np.stack([np.random.default_rng(seed).permutation(96) for seed in (1, 2)])


@pytest.fixture(scope="module")
def chapter():
    given = {"np": np, "x": X, "y": Y, "ONE_HOT": np.eye(10, dtype=np.float32)}
    return defined_in(CHAPTER, "start", "forward", "gradients", "train", "misread", "shuffled", **given)


def keras_trained(weights, rows, rate, batch):
    model = models.mlp((12,), shape=(784,))
    model.set_weights([array[0] if array.shape[0] == 1 else array for array in weights])
    steps = len(rows) // batch
    schedule = keras.optimizers.schedules.PolynomialDecay(rate, steps, end_learning_rate=0.0)
    model.compile(keras.optimizers.Adam(schedule), "sparse_categorical_crossentropy", jit_compile=False)
    model.fit(X[rows], Y[rows], batch_size=batch, shuffle=False, verbose=0)
    return model


def test_the_stacked_networks_are_trained_as_keras_trains_each(chapter):
    start, forward, _, train, misread, _ = chapter
    trained, losses = train(12, ROWS, 0.01, [5, 6], batch=16)
    assert losses.shape == (6, 2)
    first = start(12, [5, 6])
    for k in range(2):
        model = keras_trained([first[0][k], first[1][k, 0], first[2][k], first[3][k, 0]], ROWS[k], 0.01, 16)
        mine = [trained[0][k], trained[1][k, 0], trained[2][k], trained[3][k, 0]]
        for theirs, ours in zip(model.get_weights(), mine, strict=True):
            assert np.allclose(theirs, ours, atol=1e-4)
        assert np.abs(trained[0][k] - first[0][k]).max() > 0.01, "training moves the weights"
        probability = model(X).numpy()
        assert np.allclose(np.exp(forward(trained, X)[1][k]), probability, atol=1e-4)
        loss, wrong = misread(trained, X, Y)
        assert loss[k] == pytest.approx(-np.log(probability[range(96), Y]).mean(), abs=1e-3)
        assert np.array_equal(wrong[k], probability.argmax(1) != Y)


def test_the_gradient_is_that_of_the_loss(chapter):
    start, forward, gradients, *_ = chapter
    weights = [array.astype(np.float64) for array in start(7, [3])]
    targets = np.eye(10)[Y][None]
    grads, loss = gradients(weights, X[None].astype(float), targets)
    assert loss[0] == pytest.approx(-np.mean(forward(weights, X.astype(float))[1][0][range(96), Y]))
    for array, gradient in zip(weights, grads, strict=True):
        place = np.unravel_index(np.abs(gradient).argmax(), gradient.shape)
        array[place] += 1e-5
        more = gradients(weights, X[None].astype(float), targets)[1][0]
        array[place] -= 1e-5
        assert (more - loss[0]) / 1e-5 == pytest.approx(gradient[place], rel=1e-3)


def test_rows_are_used_equally_often(chapter):
    shuffled = chapter[-1]
    rows = shuffled(np.array([4, 7, 9]), 8, 0)
    assert rows.shape == (8,) and sorted(rows[:3]) == sorted(rows[3:6]) == [4, 7, 9]
    assert not np.array_equal(shuffled(np.arange(50), 50, 0), shuffled(np.arange(50), 50, 1))


def test_the_bootstrap_draws_originals_whole_and_its_interval_is_that_of_their_mean():
    resampled, interval = defined_in(CHAPTER, "resampled", "interval", np=np, SEEDS=[0])
    originals = RNG.permutation(np.repeat(np.arange(200), 4))
    weights = resampled(originals, 3)
    assert all(len(set(weights[originals == one])) == 1 for one in range(200)) and weights.sum() == 800
    wrong = originals < 60  # drawings of one original share their fate
    low, high = interval(wrong, originals)
    error = np.sqrt(0.3 * 0.7 / 200)
    assert (low, high) == (pytest.approx(0.3 - 1.96 * error, abs=0.02), pytest.approx(0.3 + 1.96 * error, abs=0.02))
    assert np.diff(interval(wrong, np.arange(800))) < 0.7 * (high - low), "images alone look surer"


def test_a_law_is_found_again():
    sizes = np.array([10 * 2**k for k in range(9)])
    (law,) = defined_in(CHAPTER, "law", np=np, SIZES=sizes, least_squares=least_squares)
    error = 3 * sizes**-0.7 + 0.05
    assert np.allclose(law(error, 2, True), error, rtol=1e-3)
    assert np.allclose(law(error, 2, False)[2:-2], error[2:-2], rtol=0.25)
    assert law(error, 2, False)[-1] < 0.8 * error[-1], "without its floor it promises too little"
    assert np.allclose(law(3 * sizes**-0.4, 0, False), 3 * sizes**-0.4, rtol=1e-3)


def test_the_bottom_of_a_valley_is_found():
    N = np.array([1e3, 3e3, 9e3, 27e3, 81e3])
    (bottom,) = defined_in(CHAPTER, "bottom", np=np, N=N)
    loss = (np.log(N / 5e3) ** 2)[:, None] + np.array([0.5, 1.0])
    assert np.allclose(bottom(loss), 5e3)
