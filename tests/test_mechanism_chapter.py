"""What chapter 19 writes from scratch is held to Keras, and its task to what it says of it."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import ROOT, defined_in

CHAPTER = ROOT / "notebooks" / "19_mechanism.ipynb"
LENGTH = 48
GIVEN = {"np": np, "tf": tf, "TOKENS": 48, "LENGTH": LENGTH, "WIDTH": 64, "HEADS": 4}
GIVEN["PAST"] = np.tril(np.ones((LENGTH, LENGTH), bool))
NAMES = ("rows", "new_weights", "embed", "by_head", "forward")
rows, new_weights, embed, _, forward = defined_in(CHAPTER, *NAMES, **GIVEN)


@pytest.fixture(scope="module")
def network():
    return new_weights(2, np.random.default_rng(3))


def test_attention_is_that_of_keras(network):
    """Keras's layer of four heads, given the same matrices and no bias, adds the same to the stream."""
    tokens = rows(5, np.random.default_rng(1))[0][:, :-1]
    x = embed(network, tokens)
    for layer in (1, 2):
        theirs = keras.layers.MultiHeadAttention(4, 16, use_bias=False)
        theirs(x, x)
        query, key, value = (network[f"{kind} {layer}"].numpy() for kind in ("query", "key", "value"))
        write = network[f"write {layer}"].numpy().reshape(4, 16, 64)
        theirs.set_weights([*(matrix.reshape(64, 4, 16) for matrix in (query, key, value)), write])
        x = x + theirs(x, x, use_causal_mask=True)
    logits, looks, writes = forward(network, embed(network, tokens))
    np.testing.assert_allclose(logits, x @ network["out"], atol=2e-3)
    np.testing.assert_allclose(np.sum(looks[0], axis=-1), 1, atol=1e-5)
    assert writes[1].shape == (5, 4, 48, 64)


def test_no_position_sees_a_later_one(network):
    tokens = rows(4, np.random.default_rng(2))[0][:, :-1]
    other = tokens.copy()
    other[:, 30:] = tokens[:, ::-1][:, 30:]
    ours, theirs = (forward(network, embed(network, t))[0][:, :30] for t in (tokens, other))
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_a_change_reaches_what_it_names(network):
    tokens = rows(2, np.random.default_rng(5))[0][:, :-1]
    seen = []
    forward(network, embed(network, tokens), lambda name, value: seen.append(name) or value)
    kinds = ("query", "key", "value", "write")
    assert seen == [f"{kind} {layer}" for layer in (1, 2) for kind in kinds]
    silent = forward(network, embed(network, tokens), lambda name, value: value * (name[:5] != "write"))[0]
    np.testing.assert_allclose(silent, embed(network, tokens) @ network["out"], atol=1e-4)


def test_where_the_next_token_is_certain_it_is_what_followed_before():
    tokens, certain, length = rows(50, np.random.default_rng(7))
    assert tokens.shape == (50, 49) and certain.shape == (50, 48)
    for row, sure, block in zip(tokens, certain, length, strict=True):
        assert len(set(row[:block])) == block, "tokens of a block are different"
        for now in range(48):
            earlier = [i for i in range(now) if row[i] == row[now]]
            assert sure[now] == bool(earlier), "certain is what has an earlier copy"
            assert all(row[i + 1] == row[now + 1] for i in earlier)
