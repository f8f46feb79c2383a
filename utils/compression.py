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

from utils import arguments, checks, predictors, state

WRAPPERS = (
    "PruneLowMagnitude",
    "ClusterWeights",
    "QuantizeWrapper",
    "QuantizeWrapperV2",
)  # what TFMOT puts around layers

tf.get_logger().setLevel("ERROR")  # in a notebook TensorFlow's log goes to the page


def kernel_layers(model):
    """The layers of a Keras 3 or tf_keras model that have a kernel, those of nested models too, in order.

    TypeError for anything but a model; ValueError for one that is not built, that TFMOT has wrapped, that has no
    kernel, or that has other weight matrices than one kernel a layer and tables of embeddings.
    """
    found, other = [], []
    for layer in _layers(model):
        kernel = _kernel(layer)
        if kernel is not None:
            found.append(layer)
        matrices = [w for w in _own_weights(layer) if len(w.shape) > 1 and w is not kernel]
        rest = [w for w in matrices if "embedding" not in w.name and "bias" not in w.name]
        other += [f"{w.name} of {layer.name} ({type(layer).__name__})" for w in rest]
    if other:
        raise ValueError(
            f"model has weight matrices that are not the one kernel of a dense or convolutional layer: "
            f"{', '.join(other)}; give a model without them"
        )
    if not found:
        raise ValueError("model has no kernel: no dense or convolutional layer; there is nothing to prune")
    return found


def _kernel(layer):
    return getattr(layer, "kernel", getattr(layer, "depthwise_kernel", None))  # the second: tf_keras


def _layers(model):
    """All layers of a built model and of the models and layers in it, each once, in order; a ValueError for TFMOT's."""
    checks.network(model, legacy=True)
    seen, waiting = [], [model]
    while waiting:
        layer = waiting.pop(0)
        if any(layer is other for other in seen):
            continue
        if type(layer).__name__ in WRAPPERS:
            raise ValueError(
                f"model is wrapped by TFMOT (layer {layer.name}), with masks among its weights; "
                "tfmot.sparsity.keras.strip_pruning(model) takes them off"
            )
        seen.append(layer)
        waiting = [*layer._flatten_layers(include_self=False, recursive=False), *waiting]
    return seen[1:]


def _own_weights(layer):
    """The weights that a layer holds itself: not those of the layers in it."""
    inner = {id(w) for part in layer._flatten_layers(include_self=False) for w in part.weights}
    return [w for w in layer.weights if id(w) not in inner]


def magnitude_masks(model, sparsity):
    """For each kernel a 0/1 array of its shape that drops its `sparsity` smallest weights (Han et al. 2015).

    ValueError for a sparsity outside [0, 1), and as `kernel_layers`.
    """
    sparsity = arguments.fraction("sparsity", sparsity)
    masks = []
    for layer in kernel_layers(model):
        kernel = np.asarray(_kernel(layer))
        mask = np.ones(kernel.size, np.float32)
        mask[np.argsort(np.abs(kernel), axis=None)[: round(sparsity * kernel.size)]] = 0
        masks.append(mask.reshape(kernel.shape))
    return masks


def random_masks(model, sparsity, seed):
    """Masks that drop the same number of weights in each kernel as `magnitude_masks`, at random. Errors as there."""
    rng = np.random.default_rng(arguments.seed(seed))
    return [rng.permuted(mask.ravel()).reshape(mask.shape) for mask in magnitude_masks(model, sparsity)]


def hold_masks(model, masks):
    """Set the masked weights of a Keras 3 model to 0 and keep them there in all later training.

    masks: a list of 0/1 arrays, one for each of `kernel_layers`. Returns the model. TypeError for a tf_keras model;
    ValueError as `kernel_layers`, and for masks that do not match them.
    """
    checks.network(model)
    kernels = [_kernel(layer) for layer in kernel_layers(model)]
    masks = [checks.numbers("masks", mask, dtype=np.float32) for mask in arguments.sequence("masks", masks)]
    if [m.shape for m in masks] != [tuple(k.shape) for k in kernels] or not all(
        np.isin(m, (0, 1)).all() for m in masks
    ):
        raise ValueError(
            f"masks have shapes {[m.shape for m in masks]}, the kernels {[tuple(k.shape) for k in kernels]}; "
            "make them from this model, of 0 and 1"
        )
    for kernel, mask in zip(kernels, masks, strict=True):
        kernel.assign(kernel * mask)
        kernel.constraint = _holding(mask, kernel.constraint)  # Keras applies it after every step
    model.train_function = None  # Keras keeps the step that it has compiled, which knows no new constraint
    return model


def _holding(mask, before):
    """The constraint that a kernel has from its layer, if any, and then the mask; not a mask of an earlier call."""
    own = getattr(before, "own", before)

    def held(w):
        return (w if own is None else own(w)) * mask

    held.own = own
    return held


def sparsity(model):
    """Fraction of zeros over all kernels, and for each kernel: (float, {layer name: float}). Errors as `kernel_layers`.

    Of layers of one name, which nested models may have, the second is `name (2)`.
    """
    zeros = {}
    for layer in kernel_layers(model):
        same = sum(name.split(" (")[0] == layer.name for name in zeros)
        zeros[f"{layer.name} ({same + 1})" if same else layer.name] = np.asarray(_kernel(layer)) == 0
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
    if not isinstance(model, tf_keras.Model):
        raise TypeError(
            f"model is a {type(model).__module__} model; TFMOT takes tf_keras models only. Build the same network "
            "with lib=tf_keras and copy the weights: twin.set_weights(model.get_weights())"
        )
    final_sparsity = arguments.fraction("final_sparsity", final_sparsity)
    epochs, batch_size = arguments.count("epochs", epochs), arguments.count("batch_size", batch_size)
    x, y = checks.examples(model, x, y)
    kernel_layers(model)
    with state.variable(checks.FLAG):  # it sets that variable for the whole process
        import tensorflow_model_optimization as tfmot
    steps = -(-len(x) // batch_size) * epochs
    schedule = tfmot.sparsity.keras.PolynomialDecay(
        min(0.5, final_sparsity),
        final_sparsity,
        begin_step=0,
        end_step=max(1, 2 * steps // 3),
        frequency=max(1, steps // 30),
    )
    with state.seeded(arguments.seed(seed), tf_keras):
        copy = tf_keras.models.clone_model(model)
        copy.set_weights(model.get_weights())
        with predictors.naming_x():
            try:
                pruned = tfmot.sparsity.keras.prune_low_magnitude(copy, pruning_schedule=schedule)
                pruned.compile("adam", "sparse_categorical_crossentropy")
                update = tfmot.sparsity.keras.UpdatePruningStep()  # without it nothing is pruned and fit raises
                pruned.fit(x, y, batch_size=batch_size, epochs=epochs, verbose=0, callbacks=[update])
            except (TypeError, ValueError) as fault:  # of layers, or of a precision, that it does not know
                said = str(fault).strip().splitlines()[0]
                raise ValueError(
                    f"model cannot be pruned by TFMOT: {said}; magnitude_masks and hold_masks prune Keras 3 models"
                ) from fault
    return pruned


def weight_bytes(model):
    """(raw, gzipped): bytes of all weights as float32, one after the other, and of the same through gzip.

    TypeError for anything but a model; ValueError for one that is not built, or that TFMOT has wrapped.
    """
    _layers(model)
    raw = b"".join(np.asarray(w, np.float32).tobytes() for w in model.get_weights())
    return len(raw), len(gzip.compress(raw, mtime=0))


def to_tflite(model, calibration=None):
    """The model, one of Keras 3 or tf_keras, as a TFLite flat buffer (bytes); with calibration in 8-bit integers.

    calibration: inputs (n, ...) as the model takes them, some from training: they fix the ranges of the activations
    (Jacob et al. 2018). ValueError for others, and for a model that is not built or has several inputs or outputs.
    """
    _layers(model)
    network = checks.network(model, legacy=True)
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if calibration is not None:
        calibration = checks.numbers("calibration", calibration, network, network.dtype)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([image[None]] for image in calibration)
    with contextlib.redirect_stdout(io.StringIO()):  # it prints the model's signature and a temporary path
        try:
            return converter.convert()
        except Exception as fault:  # ConverterError, a bare Exception: a layer that TFLite has no operation for
            raise ValueError(f"model has no form in TFLite: {str(fault).strip().splitlines()[0]}") from fault


def tflite_probabilities(buffer, x):
    """What a TFLite network answers to inputs x (n, ...), through LiteRT: (n, classes) float32.

    ValueError for x of another shape than the buffer says, or of a dtype that would lose its fractions.
    """
    interpreter = _invoked(buffer, x)
    output = interpreter.get_output_details()[0]
    if not np.issubdtype(output["dtype"], np.floating):
        raise ValueError(f"buffer answers in {output['dtype'].__name__}, scaled; convert it with outputs in float32")
    return interpreter.get_tensor(output["index"])


def latencies(buffers, x, rounds=30):
    """Milliseconds that each TFLite network needs for the inputs x, best of `rounds`: (len(buffers),).

    The networks take turns, so that what else the machine does falls on all of them alike. Errors as
    `tflite_probabilities`.
    """
    rounds = arguments.count("rounds", rounds)
    runs = [
        _invoked(buffer, x, "buffers").invoke for buffer in arguments.sequence("buffers", buffers)
    ]  # the first call sets up
    best = np.full(len(runs), np.inf)
    for _ in range(rounds):
        for i, run in enumerate(runs):
            start = time.perf_counter()
            run()
            best[i] = min(best[i], (time.perf_counter() - start) * 1000)
    return best


def _invoked(buffer, x, name="buffer"):
    """The interpreter of a TFLite network that has answered to the inputs x. name: what an error calls the network."""
    if not isinstance(buffer, (bytes, bytearray)):
        raise TypeError(f"{name} is {arguments.brief(buffer)}; give the bytes of a TFLite network, as of to_tflite")
    try:
        interpreter = Interpreter(model_content=bytes(buffer))
    except ValueError as fault:
        raise ValueError(f"{name} holds {len(buffer)} bytes that are no TFLite network ({fault})") from fault
    inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
    if len(inputs) != 1 or len(outputs) != 1:
        raise ValueError(f"the network has {len(inputs)} inputs and {len(outputs)} outputs; give one with one of each")
    shape = [None if length < 0 else int(length) for length in inputs[0]["shape_signature"][1:]]
    x = checks.numbers("x", x, ("n", *shape), inputs[0]["dtype"])  # the interpreter itself casts nothing
    try:
        interpreter.resize_tensor_input(inputs[0]["index"], x.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(inputs[0]["index"], x)
        interpreter.invoke()
    except RuntimeError as fault:
        rows = inputs[0]["shape_signature"][0]
        most = f"; it may take {rows} rows at a time alone" if rows > 0 else ""
        raise ValueError(f"{name} fails on x of shape {x.shape}{most}: {str(fault).strip()}") from fault
    return interpreter
