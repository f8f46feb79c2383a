"""Assignments 9 and 10: the model solutions against Keras, and the network of assignment 10 against what is in it."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from mutations import source


def solved(name):
    """What the setup and the answer cells of an assignment's source define."""
    given = {}
    for cell in source(name).cells:
        marks = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "code" and not marks.grade:
            exec(cell.source, given)
    return given


ATTENTION, INDUCTION = solved("9_attention"), solved("10_induction")
planted, rows, run = (INDUCTION[name] for name in ("planted", "rows", "run"))


def drawn(seed, width=6, heads=3, d=4, context=5):
    rng = np.random.default_rng(seed)
    w = {kind: rng.normal(size=(width, heads * d)) for kind in ("query", "key", "value")}
    w |= {"write": rng.normal(size=(heads * d, width)), "distance": np.zeros((heads, context))}
    return w, rng.normal(size=(2, 7, width)), rng


def test_attention_is_that_of_keras():
    w, x, _ = drawn(1)
    layer = keras.layers.MultiHeadAttention(3, 4, use_bias=False, dtype="float64")
    layer(x, x, use_causal_mask=True)  # builds it
    into = [w[kind].reshape(6, 3, 4) for kind in ("query", "key", "value")]
    layer.set_weights([*into, w["write"].reshape(3, 4, 6)])
    theirs = layer(x, x, use_causal_mask=True).numpy()
    assert np.allclose(ATTENTION["attention"](x, w), theirs, rtol=0, atol=1e-12)
    again, cache = ATTENTION["step"](x[:, :4], w)
    rest, _ = ATTENTION["step"](x[:, 4:], w, cache)
    assert np.allclose(np.concatenate([again, rest], axis=1), theirs, rtol=0, atol=1e-12)


def test_the_instrument_sees_the_mask():
    w, x, rng = drawn(2)
    seen = ATTENTION["sees"](lambda x: ATTENTION["attention"](x, w), x, rng)
    assert np.array_equal(seen, ATTENTION["mask"](7, 7))


def test_nats_are_those_of_tensorflow():
    x, rng = rows(9, np.random.default_rng(3)), np.random.default_rng(4)
    logits = rng.normal(size=(*x.shape, 16))
    each = tf.nn.sparse_softmax_cross_entropy_with_logits(x[:, 1:], logits[:, :-1]).numpy()
    block = [next(i for i in range(1, 24) if row[i] == row[0]) for row in x]
    theirs = np.concatenate([line[first:] for line, first in zip(each, block, strict=True)]).mean()
    assert abs(INDUCTION["nats"](logits, x) - theirs) < 1e-12


@pytest.mark.parametrize("seed", range(6))
def test_what_was_planted_is_found(seed):
    w, draws = planted(np.random.default_rng(seed)), [rows(150, np.random.default_rng(seed + s)) for s in (90, 91, 92)]
    single = [
        [INDUCTION["costs"](w, x, [(i, [h]) for h in range(4)], INDUCTION["nats"]) for x in draws] for i in (0, 1)
    ]
    answer = np.array([INDUCTION["score"](run(w, x)[1][1], INDUCTION["kinds"](x)["answer"]) for x in draws])
    (found,) = INDUCTION["induction_heads"](answer, single[1])

    # its place in the weights: of the two heads that ask for a token and read "before", the one the output reads
    read = np.abs(w["layers"][1]["write"] @ w["out"]).sum(axis=(1, 2))
    looks = np.flatnonzero((answer > 0.8).all(axis=0))
    assert len(looks) == 2 and found == looks[read[looks].argmax()] and read[looks].min() < 1e-9
    (mute,) = set(looks) - {found}
    both = INDUCTION["costs"](w, draws[0], [(1, [found, mute]), (1, [found])], INDUCTION["nats"])
    assert abs(both[0] - both[1]) < 0.02 and both[1] > 2  # no stand-in

    before = INDUCTION["score"](run(w, draws[0])[1][0], INDUCTION["kinds"](draws[0])["before"])
    needed = np.flatnonzero(np.min(single[0], axis=0) > 0.5)
    assert needed.tolist() == [before.argmax()] and before.max() > 0.99


@pytest.mark.parametrize("seed", range(6))
def test_zeros_find_one_head_too_many(seed):
    w, x = planted(np.random.default_rng(seed)), rows(150, np.random.default_rng(seed + 90))

    def zeroed(head):
        def change(layer, writes):
            return np.where((layer == 0) & (np.arange(4) == head)[:, None, None], 0, writes)

        return INDUCTION["nats"](run(w, x, change)[0], x)

    whole = INDUCTION["nats"](run(w, x)[0], x)
    assert sum(zeroed(head) - whole > 0.5 for head in range(4)) == 2
