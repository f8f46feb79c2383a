"""What chapter 15 writes by hand: how far a stack hears, the μ-law, the parts of a sound, and speaking step by step."""

from itertools import pairwise

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import ROOT, defined_in
from IPython.display import Audio
from keras import layers
from scipy.signal import resample_poly

from utils import attributions

CHAPTER = ROOT / "notebooks" / "15_speech.ipynb"
RATE, SYLLABLE, LEVELS, MU = 4000, 256, 64, 63
EDGES = [0, 250, 650, 1100, 1520, 2001]
GIVEN = {"keras": keras, "layers": layers, "np": np, "tf": tf, "pairwise": pairwise}
GIVEN |= {"SEEDS": [0], "RATE": RATE, "SYLLABLE": SYLLABLE, "LEVELS": LEVELS, "MU": MU, "EDGES": EDGES}


def take(*names, **more):
    return defined_in(CHAPTER, *names, **GIVEN, **more)


@pytest.mark.parametrize("dilations", [[1], [1, 1, 1], [1, 2, 4, 8, 16], [5, 3], [64]])
def test_the_receptive_field_is_that_of_the_formula(dilations):
    _, reach = take("stack", "reach")
    assert reach(dilations, at=150, length=300) == (-sum(dilations), 0)


def test_padding_same_reaches_ahead():
    _, reach = take("stack", "reach")
    assert reach([1, 2, 4], "same", at=150, length=300)[1] > 0


@pytest.mark.parametrize("at", [0, 250, 510])
def test_causal_outputs_do_not_know_the_future(at):
    x = np.random.default_rng(0).normal(size=(40, 512, 1)).astype("float32")
    _, leak = take("stack", "leak", x_val=x, DILATIONS=[1, 2, 4, 8])
    assert leak("causal", at) == 0
    assert leak("same", at) > 1e-3


def test_mu_law_round_trip():
    encode, decode = take("encode", "decode")
    levels = np.arange(LEVELS)
    values = decode(levels)
    assert np.array_equal(encode(values), levels)
    assert values[0] == pytest.approx(-1) and values[-1] == pytest.approx(1)
    steps = np.diff(values)
    x = np.linspace(-1, 1, 2001)
    assert np.all(np.abs(decode(encode(x)) - x) <= steps.max())
    assert np.allclose(steps, steps[::-1]) and steps[31] < steps[40] < steps[62], "quiet sounds have finer levels"


def test_a_sound_is_the_sum_of_its_parts():
    (parts,) = take("parts")
    x = np.random.default_rng(1).normal(size=(3, 512, 1)).astype("float32")
    assert parts(x).shape == (3, 2, 5, 512)
    assert np.allclose(parts(x).sum(axis=(1, 2)), x[..., 0], atol=1e-5)
    tone = np.sin(2 * np.pi * 1000 / RATE * np.arange(512))[None, :, None]
    energy = (parts(tone) ** 2).sum(axis=3)[0]
    assert energy[:, 2].sum() > 0.99 * energy.sum(), "1000 Hz lies in band 2"
    assert not parts(x)[:, 0, :, SYLLABLE:].any() and not parts(x)[:, 1, :, :SYLLABLE].any()


def test_credit_of_parts_is_the_packages():
    parts, credit = take("parts", "credit")
    keras.utils.set_random_seed(0)
    body = [layers.Conv1D(4, 8, strides=8, activation="softplus"), layers.Flatten(), layers.Dense(3)]
    model = keras.Sequential([layers.Input((512, 1)), *body])
    x, y = np.random.default_rng(2).normal(size=(4, 512, 1)).astype("float32"), np.array([0, 1, 2, 1])
    split = parts(x)
    theirs, _ = attributions.integrated_gradients(
        lambda p: model(tf.reduce_sum(p, axis=(1, 2))[..., None]), split, 0 * split[0], y, steps=6
    )
    ours = credit(model, x, split, y, steps=6)
    assert np.allclose(ours, theirs.sum(axis=3), atol=1e-4) and np.abs(ours).max() > 0.01


@pytest.mark.parametrize("dilations", [[1, 2, 4, 8], [1, 1], [5, 3]])
def test_speaking_step_by_step_is_the_network_on_the_whole_sound(dilations):
    _, generator, feed, generate = take("stack", "generator", "feed", "generate")
    keras.utils.set_random_seed(0)
    model, vowels = generator(dilations), np.array([0, 1, 2, 2])
    model.set_weights([w + 0.1 * np.random.default_rng(3).normal(size=w.shape) for w in model.get_weights()])
    levels = generate(model, vowels, samples=60, seed=7)
    assert levels.shape == (4, 61) and len(np.unique(levels)) > 5
    logits = model(feed(levels[:, :-1], vowels)).numpy()
    rng = np.random.default_rng(7)  # the same draws, now on the logits of the whole
    drawn = [(logits[:, t] + rng.gumbel(size=(4, LEVELS))).argmax(axis=1) for t in range(60)]
    assert np.array_equal(levels[:, 1:], np.stack(drawn, axis=1))


def test_a_sound_plays_in_the_page_without_another_host():
    (play,) = take("play", Audio=Audio, resample_poly=resample_poly)
    page = play(*np.random.default_rng(4).normal(size=(3, 1600)))._repr_html_()
    assert "data:audio/wav;base64," in page and "http" not in page
    assert len(page) < 50_000
