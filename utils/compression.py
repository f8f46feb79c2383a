"""Pruning, and what a pruned network weighs. Pruning with TFMOT needs `tf_keras` models.

A kernel is the weight matrix of a dense or convolutional layer. Biases are never pruned: they are few.
"""

import contextlib
import gzip
import io
import time

import numpy as np
import tensorflow as tf
import tf_keras
from ai_edge_litert.interpreter import Interpreter

from utils import checks

tf.get_logger().setLevel("ERROR")  # in a notebook TensorFlow's log goes to the page


def check_sparsity(sparsity, name="sparsity"):
    """Raise a ValueError unless 0 <= sparsity < 1."""
    if not 0 <= sparsity < 1:
        raise ValueError(f"{name} is {sparsity}; give the fraction of weights to remove, at least 0 and below 1")


def kernel_layers(model):
    """The layers of a Keras 3 or tf_keras model that have a kernel, in order."""
    return [layer for layer in model.layers if hasattr(layer, "kernel")]


def magnitude_masks(model, sparsity):
    """For each kernel a 0/1 array of its shape that drops its `sparsity` smallest weights (Han et al. 2015).

    ValueError for a sparsity outside [0, 1).
    """
    check_sparsity(sparsity)
    masks = []
    for layer in kernel_layers(model):
        kernel = np.asarray(layer.kernel)
        mask = np.ones(kernel.size, np.float32)
        mask[np.argsort(np.abs(kernel), axis=None)[: round(sparsity * kernel.size)]] = 0
        masks.append(mask.reshape(kernel.shape))
    return masks


def random_masks(model, sparsity, seed):
    """Masks that drop the same number of weights in each kernel as `magnitude_masks`, but at random."""
    rng = np.random.default_rng(seed)
    return [rng.permuted(mask.ravel()).reshape(mask.shape) for mask in magnitude_masks(model, sparsity)]


def hold_masks(model, masks):
    """Set the masked weights of a Keras 3 model to 0 and keep them there in all later training.

    Returns the model. TypeError for a tf_keras model; ValueError for a model that is not built or has several inputs or
    outputs, and when masks and kernels do not match.
    """
    checks.network(model)
    kernels = [layer.kernel for layer in kernel_layers(model)]
    if [m.shape for m in masks] != [tuple(k.shape) for k in kernels]:
        raise ValueError(
            f"masks have shapes {[m.shape for m in masks]}, the kernels {[tuple(k.shape) for k in kernels]}; "
            "make them from this model"
        )
    for kernel, mask in zip(kernels, masks, strict=True):
        kernel.assign(kernel * mask)
        kernel.constraint = lambda w, mask=mask: w * mask  # Keras applies it after every step
    return model


def sparsity(model):
    """Fraction of zeros over all kernels, and for each kernel: (float, {layer name: float})."""
    zeros = {layer.name: np.asarray(layer.kernel) == 0 for layer in kernel_layers(model)}
    total = np.concatenate([z.ravel() for z in zeros.values()]).mean()
    return float(total), {name: float(z.mean()) for name, z in zeros.items()}


def prune_gradually(model, x, y, final_sparsity, epochs, seed, batch_size=128):
    """Fine-tune a trained tf_keras model while TFMOT removes its smallest weights, step by step.

    The sparsity of each kernel rises from a half on the cubic schedule of Zhu and Gupta (2017) over the first
    two thirds of the steps; the rest repairs. Returns a pruned copy, its layers still wrapped with their masks:
    `tfmot.sparsity.keras.strip_pruning` takes them off. The model handed in is left as it was.
    TypeError for a Keras 3 model, ValueError for a sparsity outside [0, 1), a model that is no classifier, or x and y
    that do not fit it.
    """
    import tensorflow_model_optimization as tfmot

    if not isinstance(model, tf_keras.Model):
        raise TypeError(
            f"model is a {type(model).__module__} model; TFMOT takes tf_keras models only. Build the same network "
            "with lib=tf_keras and copy the weights: twin.set_weights(model.get_weights())"
        )
    check_sparsity(final_sparsity, "final_sparsity")
    x, y = checks.examples(model, x, y)
    steps = -(-len(x) // batch_size) * epochs
    schedule = tfmot.sparsity.keras.PolynomialDecay(
        min(0.5, final_sparsity),
        final_sparsity,
        begin_step=0,
        end_step=max(1, 2 * steps // 3),
        frequency=max(1, steps // 30),
    )
    tf_keras.utils.set_random_seed(seed)
    copy = tf_keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    pruned = tfmot.sparsity.keras.prune_low_magnitude(copy, pruning_schedule=schedule)
    pruned.compile("adam", "sparse_categorical_crossentropy")
    update = tfmot.sparsity.keras.UpdatePruningStep()  # without it nothing is pruned and fit raises
    pruned.fit(x, y, batch_size=batch_size, epochs=epochs, verbose=0, callbacks=[update])
    return pruned


def weight_bytes(model):
    """(raw, gzipped): bytes of all weights as float32, one after the other, and of the same through gzip."""
    raw = b"".join(np.asarray(w, np.float32).tobytes() for w in model.get_weights())
    return len(raw), len(gzip.compress(raw, mtime=0))


def to_tflite(model, calibration=None):
    """The model, one of Keras 3 or tf_keras, as a TFLite flat buffer (bytes); with calibration in 8-bit integers.

    calibration: inputs (n, ...) as the model takes them, some from training: they fix the ranges of the activations
    (Jacob et al. 2018). ValueError for others, and for a model that is not built or has several inputs or outputs.
    """
    network = checks.network(model, legacy=True)
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if calibration is not None:
        calibration = checks.numbers("calibration", calibration, ("n", *network.shape), network.dtype)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([image[None]] for image in calibration)
    with contextlib.redirect_stdout(io.StringIO()):  # it prints the model's signature and a temporary path
        return converter.convert()


def tflite_probabilities(buffer, x):
    """What a TFLite network answers to inputs x (n, ...), through LiteRT: (n, classes) float32.

    ValueError for x of another shape than the buffer says, or of a dtype that would lose its fractions.
    """
    interpreter = _invoked(buffer, x)
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def latencies(buffers, x, rounds=30):
    """Milliseconds that each TFLite network needs for the inputs x, best of `rounds`: (len(buffers),).

    The networks take turns, so that what else the machine does falls on all of them alike. Errors as
    `tflite_probabilities`.
    """
    runs = [_invoked(buffer, x).invoke for buffer in buffers]  # the first call sets up
    best = np.full(len(runs), np.inf)
    for _ in range(rounds):
        for i, run in enumerate(runs):
            start = time.perf_counter()
            run()
            best[i] = min(best[i], (time.perf_counter() - start) * 1000)
    return best


def _invoked(buffer, x):
    """The interpreter of a TFLite network that has answered to the inputs x."""
    interpreter = Interpreter(model_content=buffer)
    inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
    if len(inputs) != 1 or len(outputs) != 1:
        raise ValueError(f"the network has {len(inputs)} inputs and {len(outputs)} outputs; give one with one of each")
    shape = [None if length < 0 else int(length) for length in inputs[0]["shape_signature"][1:]]
    x = checks.numbers("x", x, ("n", *shape), inputs[0]["dtype"])  # the interpreter itself casts nothing
    interpreter.resize_tensor_input(inputs[0]["index"], x.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(inputs[0]["index"], x)
    interpreter.invoke()
    return interpreter
