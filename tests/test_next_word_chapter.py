"""What chapter 18 writes from scratch: counting held to a plain count, its GPT to Keras and to `utils.gpt`."""

from collections import Counter

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import ROOT, defined_in

from utils import gpt, text

CHAPTER = ROOT / "notebooks" / "18_next_word.ipynb"
CONTEXT, WIDTH, HEADS, LAYERS, K = 64, 64, 4, 2, len(text.SYMBOLS)
GIVEN = {"np": np, "tf": tf, "text": text, "CONTEXT": CONTEXT, "WIDTH": WIDTH, "HEADS": HEADS, "LAYERS": LAYERS, "K": K}
GIVEN["BACK"] = np.arange(CONTEXT)[:, None] - np.arange(CONTEXT)
NAMES = (
    "count", "find", "witten_bell", "counting", "cut", "new_weights", "norm", "by_head", "together", "attend",
    "feed_forward", "gpt", "nats", "one_more", "step_by_step", "products", "draw", "usual_start",
)  # fmt: skip
C = dict(zip(NAMES, defined_in(CHAPTER, *NAMES, **GIVEN), strict=True))
CAUSAL = gpt.causal(CONTEXT)
ENGLISH = "The rows of a table, and the columns of it, are counted.\nA row is a line; the line is a row.\n" * 3


@pytest.fixture(scope="module")
def weights():
    """Random ones throughout: at the chapter's start blocks add nothing, and any attention would do."""
    rng = np.random.default_rng(1)
    w = C["new_weights"](rng)
    for value in w.values():
        value.assign(value + 0.1 * rng.normal(size=value.shape))
    return w


@pytest.fixture(scope="module")
def rows():
    return np.random.default_rng(2).integers(0, K, (3, CONTEXT)).astype(np.int32)


# ---------------------------------------------------------------- counting


def plainly(train, gram):
    """Witten and Bell's formula, read aloud: P of the last character of a gram."""
    if not gram:
        return 1 / K
    h, c = gram[:-1], gram[-1]
    after = Counter(train[i + len(h)] for i in range(len(train) - len(h)) if train[i : i + len(h)] == h)
    if not after:
        return plainly(train, gram[1:])
    return (after[c] + len(after) * plainly(train, gram[1:])) / (after.total() + len(after))


def test_probabilities_are_those_of_a_plain_count():
    tables = C["count"](text.encode(ENGLISH), 4)
    asked = ["tabl", "e ro", "zzzz", "zthe", "\nA r", "row;", "he l"]
    windows = np.array([text.encode(gram) for gram in asked])
    got = C["witten_bell"](tables, windows)
    for n in range(1, 5):
        np.testing.assert_allclose(got[n - 1], [plainly(ENGLISH, gram[-n:]) for gram in asked], rtol=1e-12)


def test_probabilities_sum_to_one_after_any_context():
    tables = C["count"](text.encode(ENGLISH), 5)
    for past in ("row ", "the ", "qqqq", " is ", "ew l"):
        windows = np.c_[np.tile(text.encode(past), (K, 1)), np.arange(K)]
        np.testing.assert_allclose(C["witten_bell"](tables, windows).sum(axis=1), 1, rtol=1e-12)


def test_only_the_second_half_of_a_row_counts_and_each_of_its_characters_once():
    codes = text.encode(ENGLISH)
    tables = C["count"](codes, 3)
    row = codes[None, : CONTEXT + 1]
    bits = [-np.log2(plainly(ENGLISH, ENGLISH[i - 2 : i + 1])) for i in range(CONTEXT // 2 + 1, CONTEXT + 1)]
    np.testing.assert_allclose(C["counting"](tables, row)[-1], np.mean(bits), rtol=1e-12)


# ---------------------------------------------------------------- the network


def test_no_later_character_changes_an_earlier_answer(weights, rows):
    other = rows.copy()
    other[:, 40:] = (other[:, 40:] + 1) % K
    ours, theirs = (C["gpt"](weights, x, CAUSAL).numpy() for x in (rows, other))
    np.testing.assert_allclose(ours[:, :40], theirs[:, :40], atol=1e-5)
    assert (np.abs(ours[:, 40:] - theirs[:, 40:]).max(axis=(0, 2)) > 1e-3).all()


def test_every_earlier_character_can_change_an_answer(weights, rows):
    for place in (0, 17, 62):
        other = rows.copy()
        other[:, place] = (other[:, place] + 1) % K
        gap = C["gpt"](weights, rows, CAUSAL)[:, -1] - C["gpt"](weights, other, CAUSAL)[:, -1]
        assert np.abs(gap).max() > 1e-3


def test_attention_is_that_of_keras(weights):
    h = np.random.default_rng(3).normal(size=(3, CONTEXT, WIDTH)).astype(np.float32)
    for i in range(LAYERS):
        qkv, out = weights[f"qkv {i}"].numpy(), weights[f"out {i}"].numpy()
        theirs = keras.layers.MultiHeadAttention(HEADS, WIDTH // HEADS, use_bias=False)
        theirs(h, h)
        heads = [part.reshape(WIDTH, HEADS, -1) for part in np.split(qkv, 3, axis=1)]
        theirs.set_weights([*heads, out.reshape(HEADS, -1, WIDTH)])
        ours = C["attend"](*map(C["by_head"], tf.split(h @ qkv, 3, axis=-1)), 0.0, CAUSAL) @ out
        np.testing.assert_allclose(ours, theirs(h, h, use_causal_mask=True), atol=1e-4)


def test_a_distance_adds_to_the_score_of_whoever_stands_so_far_back():
    """Without content every head looks by its distances alone: a softmax of sixteen times them, over the past."""
    w = C["new_weights"](np.random.default_rng(8))
    h = np.random.default_rng(9).normal(size=(1, CONTEXT, WIDTH)).astype(np.float32)
    v = C["by_head"](h)
    near = tf.gather(w["distance 0"], GIVEN["BACK"].clip(0), axis=1)
    got = C["attend"](0 * v, 0 * v, v, near, CAUSAL).numpy()
    far, wide = w["distance 0"].numpy(), WIDTH // HEADS
    for place in (0, 5, 63):
        for head in range(HEADS):
            weight = np.exp(16 * far[head, place::-1])
            mean = (weight / weight.sum()) @ h[0, : place + 1, head * wide : (head + 1) * wide]
            np.testing.assert_allclose(got[0, place, head * wide : (head + 1) * wide], mean, atol=1e-4)


def test_the_norm_is_that_of_keras(weights):
    h = np.random.default_rng(4).normal(size=(3, 5, WIDTH)).astype(np.float32)
    theirs = keras.layers.RMSNormalization(epsilon=1e-6)
    theirs.build(h.shape)
    theirs.set_weights([weights["norm"].numpy()])
    np.testing.assert_allclose(C["norm"](h, weights["norm"]), theirs(h), atol=1e-5)


def test_the_whole_network_is_that_of_utils(weights, rows):
    assert {k: v.shape for k, v in gpt.new_weights(np.random.default_rng(1)).items()} == {
        k: v.shape for k, v in weights.items()
    }
    for mask in (CAUSAL, np.eye(CONTEXT, dtype=bool)):
        np.testing.assert_allclose(C["gpt"](weights, rows, mask), gpt.forward(weights, rows, mask), atol=1e-4)


def test_both_begin_alike_and_as_a_network_without_blocks(rows):
    ours, theirs = (make(np.random.default_rng(5)) for make in (C["new_weights"], gpt.new_weights))
    for name, value in ours.items():
        np.testing.assert_array_equal(value, theirs[name])
    h = tf.gather(ours["symbols"], rows)
    bare = C["norm"](h, ours["norm"]) @ tf.transpose(ours["symbols"])
    np.testing.assert_allclose(C["gpt"](ours, rows, CAUSAL), bare, atol=1e-5)


def test_the_loss_is_the_surprise_at_the_next_character(weights, rows):
    longer = np.c_[rows, rows[:, :1]]
    p = tf.nn.softmax(C["gpt"](weights, rows, CAUSAL)).numpy()
    got = C["nats"](C["gpt"](weights, rows, CAUSAL), longer).numpy()
    np.testing.assert_allclose(got[2, 9], -np.log(p[2, 9, rows[2, 10]]), rtol=1e-4)


def test_the_cache_changes_no_answer_and_a_wrong_one_does(weights, rows):
    plain = C["gpt"](weights, rows, CAUSAL).numpy()
    np.testing.assert_allclose(C["step_by_step"](weights, rows), plain, atol=1e-4)
    assert np.abs(C["step_by_step"](weights, rows, True) - plain).max() > 0.01


def test_multiplications_are_those_of_the_matrices():
    """Counted from the shapes, for three characters written without and with the cache."""
    block = WIDTH * 3 * WIDTH + WIDTH * WIDTH + 2 * WIDTH * 4 * WIDTH
    plain = sum(t * LAYERS * (block + 2 * t * WIDTH) + WIDTH * K for t in (1, 2, 3))
    cached = sum(LAYERS * (block + 2 * t * WIDTH) + WIDTH * K for t in (1, 2, 3))
    assert (C["products"](3, False), C["products"](3, True)) == (plain, cached)


def test_draws_come_as_often_as_they_are_likely():
    p = np.tile([[0.2, 0.0, 0.5, 0.3]], (20_000, 1))
    drawn = np.bincount(C["draw"](p, np.random.default_rng(6)), minlength=4) / len(p)
    np.testing.assert_allclose(drawn, p[0], atol=0.02)
    assert drawn[1] == 0
