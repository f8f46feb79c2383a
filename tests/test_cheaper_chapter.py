"""What chapter 21 writes from scratch: LoRA, rounding and experts, each held to its definition."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import ROOT, defined_in

from utils import gpt

CHAPTER = ROOT / "notebooks" / "21_cheaper.ipynb"
CONTEXT, BATCH, MOST = 16, 4, 16
CAUSAL = gpt.causal(CONTEXT)
GIVEN = {"np": np, "tf": tf, "gpt": gpt, "CONTEXT": CONTEXT, "BATCH": BATCH, "CAUSAL": CAUSAL, "DIMENSIONS": 16}


@pytest.fixture(scope="module")
def chapter():
    """Its functions around a small network, with LoRA's matrices beside each of its own."""
    w = gpt.new_weights(np.random.default_rng(0), width=8, context=CONTEXT)
    for value in w.values():  # not the start, at which blocks add nothing
        value.assign(value + 0.1 * np.random.default_rng(1).normal(size=value.shape))
    matrices = [name for name in w if name.split()[0] in ("qkv", "out", "up", "down")]
    learned = dict(w)
    for name in matrices:
        m, n = w[name].shape
        learned[f"{name} A"] = tf.Variable(tf.zeros((m, MOST)))
        learned[f"{name} B"] = tf.Variable(tf.zeros((MOST, n)))
    variables = list(learned.values())
    adam = keras.optimizers.Adam(beta_2=0.99)
    adam.build(variables)
    given = {**GIVEN, "w": w, "MATRICES": matrices, "learned": learned, "variables": variables, "adam": adam}
    names = ("rows", "merged", "thin", "bits_of", "step", "begin", "adapt", "rounded", "stored", "answer", "experts")
    start = {name: value.numpy() for name, value in w.items()}
    return {**given, "start": start, **dict(zip(names, defined_in(CHAPTER, *names, **given), strict=True))}


CODES = np.random.default_rng(2).integers(0, 96, 500).astype(np.uint8)


def adapted(c, learns, rank=0, steps=5):
    return c["adapt"](dict(c["start"]), CODES, learns, np.random.default_rng(3), steps, 0.01, rank)


def test_lora_begins_where_the_old_network_stands(chapter):
    new = adapted(chapter, chapter["thin"], rank=4, steps=0)
    for name, value in chapter["start"].items():
        np.testing.assert_array_equal(new[name], value)


@pytest.mark.parametrize("rank", [1, 4])
def test_lora_changes_matrices_alone_by_its_rank(chapter, rank):
    new = adapted(chapter, chapter["thin"], rank)
    for name, value in chapter["start"].items():
        change = new[name] - value
        if name in chapter["MATRICES"]:
            assert np.linalg.matrix_rank(change, tol=1e-5) == rank
        else:
            np.testing.assert_array_equal(change, 0)


def test_a_part_that_may_not_learn_stays(chapter):
    new = adapted(chapter, lambda name: name == "symbols")
    changed = [name for name, value in chapter["start"].items() if np.any(new[name] != value)]
    assert changed == ["symbols"]


def test_rounding_keeps_few_values_and_errs_by_half_a_step(chapter):
    for top in (127, 3, 1):
        for group in (None, 16):
            kept = chapter["rounded"](chapter["start"], top, group)
            for name in chapter["MATRICES"]:
                was = chapter["start"][name].reshape(-1, group or chapter["start"][name].size)
                now = kept[name].reshape(was.shape)
                assert max(len(np.unique(part)) for part in now) <= 2 * top + 1
                half = np.abs(was).max(axis=1, keepdims=True) / top / 2
                assert (np.abs(now - was) <= half * 1.001).all()
            np.testing.assert_array_equal(kept["norm"], chapter["start"]["norm"])
    assert chapter["stored"](127) < 8 and chapter["stored"](3, 64) == np.log2(7) + 0.25


def test_one_expert_answers_and_is_weighed_by_its_probability(chapter):
    rng = np.random.default_rng(4)
    w = chapter["experts"]([np.random.default_rng(5), np.random.default_rng(6)], 3, 5)
    w["router"].assign(rng.normal(size=(2, 16, 3)))
    w["bias"].assign(rng.normal(size=(2, 3, 1, 5)))
    x = rng.normal(size=(2, 7, 16)).astype(np.float32)
    got, p, chosen = (np.array(part) for part in chapter["answer"](w, x))
    w = {name: value.numpy() for name, value in w.items()}
    for t, i in np.ndindex(2, 7):
        scores = x[t, i] @ w["router"][t]
        e = scores.argmax()
        share = np.exp(scores[e]) / np.exp(scores).sum()
        hidden = np.maximum(x[t, i] @ w["in"][t, e] + w["bias"][t, e, 0], 0)
        np.testing.assert_allclose(got[t, i], share * hidden @ w["out"][t, e], rtol=1e-4, atol=1e-5)
        assert chosen[t, i].tolist() == [float(k == e) for k in range(3)]
    np.testing.assert_allclose(p.sum(axis=2), 1, rtol=1e-5)


def test_the_balance_loss_is_one_when_experts_share_evenly_and_their_number_when_one_has_all(chapter):
    (loss,) = defined_in(CHAPTER, "loss", tf=tf, answer=lambda w, x: w)
    even, alone = np.eye(4, dtype=np.float32), np.eye(4, dtype=np.float32)[[0, 0, 0, 0]]
    for chosen, expected in ((even, 1), (alone, 4)):
        y = np.zeros((2, 4, 4), np.float32)
        given = y, np.stack([chosen] * 2), np.stack([chosen] * 2)
        assert float(loss(given, None, y, 0.5)) == pytest.approx(2 * 0.5 * expected)


def test_tasks_share_no_weight(chapter):
    """Trained together or alone, a task's gradient is the same."""
    (loss,) = defined_in(CHAPTER, "loss", tf=tf, answer=chapter["answer"])
    w = chapter["experts"]([np.random.default_rng(5), np.random.default_rng(6)], 3, 5)
    x = np.random.default_rng(7).normal(size=(2, 9, 16)).astype(np.float32)
    y = np.random.default_rng(8).normal(size=(2, 9, 4)).astype(np.float32)
    slopes = []
    for part in (slice(0, 2), slice(0, 1)):
        some = {name: tf.Variable(value[part]) for name, value in w.items()}
        with tf.GradientTape() as tape:
            total = loss(some, x[part], y[part], 0.1)
        slopes.append(tape.gradient(total, list(some.values())))
    for both, one in zip(*slopes, strict=True):
        np.testing.assert_allclose(both[0], one[0], atol=1e-6)
