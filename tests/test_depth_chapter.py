"""What chapter 2 says of its networks before they are trained."""

from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import ROOT, defined_in

CHAPTER = ROOT / "notebooks" / "02_depth.ipynb"
RNG = np.random.default_rng(0)
X, Y = RNG.random((24, 28, 28, 1), np.float32), RNG.integers(0, 10, 24)


def test_images_become_as_alike_as_the_arc_cosine_map_says():
    (after_layer,) = defined_in(CHAPTER, "after_layer", np=np)
    one = RNG.normal(size=30)
    for share in (0, 0.5, 0.95):
        two = share * one + (1 - share) * RNG.normal(size=30)
        cosine = one @ two / np.linalg.norm(one) / np.linalg.norm(two)
        a, b = np.maximum(np.stack([one, two]) @ RNG.normal(size=(30, 100_000)), 0)
        assert a @ b / np.linalg.norm(a) / np.linalg.norm(b) == pytest.approx(after_layer(cosine), abs=0.01)


def test_an_identity_start_and_a_branch_of_zeros_are_one_function():
    plain_block, residual_block, network = defined_in(CHAPTER, "plain_block", "residual_block", "network", keras=keras)
    keras.utils.set_random_seed(0)
    residual = network(5, residual_block)
    plain = network(5, partial(plain_block, initializer="identity"))
    for layer in (0, 1, -2, -1):  # the first layer and the read-out, weights and biases
        plain.weights[layer].assign(residual.weights[layer])
    assert np.allclose(plain(X), residual(X), atol=1e-6)


def test_the_gradient_at_the_start_is_normalised_by_the_batch():
    normalised_block, network, at_start = defined_in(
        CHAPTER, "normalised_block", "network", "at_start", keras=keras, np=np, tf=tf
    )
    keras.utils.set_random_seed(0)
    model = network(3, normalised_block)
    norm, cosines = at_start(lambda: model, X, Y)
    assert cosines.shape == (24 * 23,) and (np.abs(cosines) <= 1 + 1e-6).all()
    weight = model.trainable_weights[0]
    with tf.GradientTape() as tape:
        log_p = tf.math.log(model(X, training=True))
        loss = -tf.reduce_mean(tf.gather(log_p, Y, axis=1, batch_dims=1))
    assert norm == pytest.approx(np.linalg.norm(tape.gradient(loss, weight)), rel=1e-3)
