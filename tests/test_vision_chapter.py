"""What chapter 14 counts and draws, held against TensorFlow's profiler and against arithmetic."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import ROOT, defined_in
from keras import layers

CHAPTER = ROOT / "notebooks" / "14_vision.ipynb"
NAMES = ("flops", "last_maps", "grad_cam", "cam", "enlarge", "plain_block", "residual_block", "network")
flops, last_maps, grad_cam, cam, enlarge, plain_block, residual_block, network = defined_in(
    CHAPTER, *NAMES, keras=keras, layers=layers, np=np, tf=tf
)
RNG = np.random.default_rng(0)


def profiled(model):
    """Operations that TensorFlow's profiler counts in the products of one forward pass."""
    shape = (1, *model.input_shape[1:])
    graph = tf.function(model).get_concrete_function(tf.TensorSpec(shape)).graph
    options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
    options = {**options, "output": "none", "account_type_regexes": ["Conv2D", "MatMul"]}
    return tf.compat.v1.profiler.profile(graph, cmd="op", options=options).total_float_ops


@pytest.mark.parametrize("settings", [{}, {"padding": "same"}, {"strides": 2}, {"use_bias": False}])
def test_flops_are_what_tensorflow_counts(settings):
    stack = [layers.Conv2D(6, (3, 5), **settings), layers.Flatten(), layers.Dense(7)]
    model = keras.Sequential([layers.Input((12, 10, 3)), *stack])
    assert sum(flops(model).values()) == profiled(model) > 0


def test_flops_by_hand():
    stack = [layers.Conv2D(4, 3), layers.GlobalAveragePooling2D(), layers.Dense(5)]
    model = keras.Sequential([layers.Input((8, 8, 2)), *stack])
    assert list(flops(model).values()) == [2 * 6 * 6 * 3 * 3 * 2 * 4, 2 * 4 * 5]


@pytest.mark.parametrize("block", [plain_block, residual_block])
def test_after_a_mean_grad_cam_is_cam(block):
    keras.utils.set_random_seed(0)
    model = network(3, block)
    x, target = RNG.random((5, 16, 16, 1), np.float32), np.array([0, 1, 1, 0, 1])
    expected = cam(model, x, target)
    assert expected.shape == (5, 8, 8) and np.abs(expected).max() > 1e-3
    np.testing.assert_allclose(64 * grad_cam(model, x, target), expected, rtol=1e-3, atol=1e-5)


def test_after_flatten_it_is_not():
    keras.utils.set_random_seed(0)
    inputs = keras.Input((16, 16, 1))
    x = layers.Flatten(name="mean")(layers.Conv2D(4, 3, padding="same", activation="relu")(inputs))
    model = keras.Model(inputs, layers.Dense(2, name="logits")(x))
    x = RNG.random((2, 16, 16, 1), np.float32)
    weights = model.get_layer("logits").kernel.numpy().reshape(16, 16, 4, 2)
    exact = np.einsum("nhwc,hwc->nhw", last_maps(model, x)[0], weights[..., 1])  # each position has its own weights
    approximate = grad_cam(model, x, np.array([1, 1]))
    assert np.abs(approximate - exact).max() > 0.5 * np.abs(exact).max()


def test_cam_adds_up_to_the_logit():
    keras.utils.set_random_seed(1)
    model = network(2, plain_block)
    model.get_layer("logits").bias.assign([0.5, -0.5])
    x = RNG.random((3, 16, 16, 1), np.float32)
    logits = np.asarray(last_maps(model, x)[1])
    np.testing.assert_allclose(cam(model, x, np.ones(3, int)).mean((1, 2)) - 0.5, logits[:, 1], atol=1e-5)


def test_enlarging_keeps_the_place():
    maps = np.zeros((1, 8, 8))
    maps[0, 2, 5] = 1
    assert np.argwhere(enlarge(maps)[0]).tolist() == [[4, 10], [4, 11], [5, 10], [5, 11]]


def test_a_residual_network_starts_as_a_shallow_one():
    """Its branches are zero, so the depth changes nothing before training."""
    x = RNG.random((2, 16, 16, 1), np.float32)
    answers = []
    for depth in (1, 5):
        keras.utils.set_random_seed(2)
        model = network(depth, residual_block)
        answers.append(np.asarray(last_maps(model, x)[0]))
    np.testing.assert_allclose(*answers, atol=1e-6)
