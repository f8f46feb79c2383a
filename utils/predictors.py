"""A Keras model as a compiled function of numpy arrays, which explainers ask thousands of times."""

import contextlib
import functools
import math
import re

import keras
import numpy as np
import tensorflow as tf

from utils import arguments, checks

tf.get_logger().setLevel("ERROR")  # in a notebook TensorFlow's log goes to the page

CHUNK = 1024  # rows that pass through a network at once, if their tensors take no more than
BYTES = 2**30


def predictor(model, chunk=CHUNK, probabilities=True):
    """A compiled function from numpy (n, *shape) to numpy (n, classes) float32: `model.predict` without its overhead.

    Serves as `predict_fn` of lime and as the model of shap's explainers. Other numbers than float32 are cast to
    it (lime sends float64), as Keras does. Rows go through the network `chunk` at a time, or fewer where their
    tensors would take more than BYTES. It follows later changes of the model's weights, not of its layers. With
    probabilities=False the outputs may be any numbers (logits).
    TypeError for anything but a Keras 3 model; ValueError for a model with several inputs or outputs or one column
    of output, and on call for rows of another shape, NaN, no rows, and output that `checks.probabilities` refuses.
    """
    network = checks.network(model)
    chunk = arguments.count("chunk", chunk)
    probabilities = arguments.flag("probabilities", probabilities)
    (checks.classes if probabilities else checks.columns)(network)
    outputs, _ = compiled(model, network.shape, chunk)

    def predict(x):
        output = outputs(checks.numbers("x", x, network, np.float32))
        if probabilities:
            return checks.probabilities(output, len(output), network.precision)
        return checks.numbers("the model's output", output)

    return predict


def answer(model, x):
    """The one output tensor of a model for x, cast to float32; dropout and the like are off.

    model: a Keras or tf_keras model of any precision, or a TensorFlow function. ValueError for several outputs.
    """
    tensors = keras.tree.flatten(model(x, training=False) if checks.is_model(model) else model(x))
    if len(tensors) != 1:
        raise ValueError(f"model gives {len(tensors)} outputs; choose one of them")
    return tf.cast(tensors[0], tf.float32)


def last(tensor):
    """The operation that a tensor of a graph comes from, whatever it was cast to afterwards."""
    while tensor.op.type in ("Cast", "Identity"):
        tensor = tensor.op.inputs[0]
    return tensor.op


@contextlib.contextmanager
def naming_x():
    """What TensorFlow says of values that a layer cannot take, such as a word that its table does not have."""
    try:
        yield
    except tf.errors.InvalidArgumentError as fault:
        text = re.sub(r"\x1b\[\d*m|\{\{.*?\}\}|\[Op:.*", "", str(fault).split("\n\nArguments received")[0])
        said = [line.strip() for line in text.splitlines() if line.strip() and "[[" not in line][-1]
        raise ValueError(f"x holds values that a layer of the model cannot take: {said}") from fault


def rows_at_once(tensors, row):
    """How many rows may pass through a network at once so that its tensors take no more than BYTES together.

    tensors: those of one pass, the first axis that of the rows. row: the numbers in one row of the input, which stand
    in for the axes of a tensor that are not known.
    """
    numbers = 0
    for shape in (tf.TensorShape(tensor.shape) for tensor in tensors):
        if shape.rank is None:
            numbers += row
        elif shape.rank and shape[0] is None:
            numbers += row if None in shape[1:] else math.prod(shape[1:])
    return max(1, BYTES // (4 * max(numbers, row)))


def compiled(model, shape, chunk=CHUNK):
    """Two functions of numpy points (n, *shape): the outputs, and the slope of each point's target output.

    model: a Keras model or a TensorFlow function. Compiled when first called, and fed `chunk` points at a time,
    or fewer, see `rows_at_once`.
    """
    points, target = tf.TensorSpec((None, *shape), tf.float32), tf.TensorSpec((None,), tf.int32)

    def outputs(points):
        return answer(model, points)

    def slopes(points, target):
        with tf.GradientTape() as tape:
            tape.watch(points)
            chosen = tf.gather(answer(model, points), target, batch_dims=1)
        slope = tape.gradient(chosen, points)
        if slope is None:
            raise ValueError("model has no gradient with respect to its input; use kernel_shap")
        return slope

    def in_chunks(function, *signature):
        # asked for once: TensorFlow would take the functions of several models for one that is traced too often
        traced = tf.function(function, input_signature=signature)

        @functools.cache
        def trace():
            try:
                return traced.get_concrete_function()
            except Exception as fault:  # of whatever kind a function raises that is handed tensors of a graph
                said = str(fault).strip().splitlines()[-1].strip().removeprefix("ValueError: ")
                if not said.startswith("model "):
                    said = f"model fails on a tensor of TensorFlow's ({said}); give the Keras model itself"
                raise ValueError(said) from fault

        @functools.cache  # explainers ask thousands of times
        def most(row):
            tensors = [tensor for op in trace().graph.get_operations() for tensor in op.outputs]
            return min(chunk, rows_at_once(tensors, row))

        def whole(*arrays):
            step = most(arrays[0][0].size)
            parts = ([tf.constant(a[i : i + step]) for a in arrays] for i in range(0, len(arrays[0]), step))
            with naming_x():
                return np.concatenate([_rows(trace()(*part).numpy(), len(part[0])) for part in parts])

        return whole

    return in_chunks(outputs, points), in_chunks(slopes, points, target)


def _rows(answer, n):
    """The answer, if it holds a row for each of n points; a function of somebody's own may give anything."""
    if answer.shape[:1] != (n,):
        raise ValueError(f"model's output has shape {answer.shape} for {n} inputs; it is to have a row for each")
    return answer
