"""What this package asks of its arguments, asked in one place: models, arrays, labels, targets, answers, counts.

Each check returns what it has checked, as the rest is to use it. An error names the argument, says what came, and what
to do.
"""

import sys
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from utils.arguments import kind

FLAG = "TF_USE_LEGACY_KERAS"
# TensorFlow decides what tf.keras is when it is first used, by a variable that TFMOT sets for the whole process. It is
# used here, so that whoever imports TFMOT later finds it settled.
_ = tf.keras.Model

if keras.backend.backend() != "tensorflow":
    raise ImportError(
        f"the course needs Keras with TensorFlow; KERAS_BACKEND, or keras.json, says {keras.backend.backend()!r}: set "
        "KERAS_BACKEND=tensorflow and start Python (the kernel) again"
    )

OUTPUT = "predict's output"
ONE_COLUMN = (
    "{} is one column, as a sigmoid gives; use two columns: np.hstack([1 - p, p]), or end in a softmax of two units"
)
SLACK = {"bfloat16": 0.05, "float16": 0.01}  # how far from 1 a row may sum that is rounded as coarsely; others: 0.001


class Network(NamedTuple):
    """What a model takes and gives, the axis of the rows left out. None is an axis that may have any length.

    shape and dtype: of one input. output: the shape of one answer, precision: the dtype that it is computed in.
    """

    shape: tuple
    dtype: str
    output: tuple
    precision: str


# ------------------------------------------------------------------ models


def is_model(thing):
    """Whether it is a model of Keras 3 or of tf_keras, which is there only if somebody has imported it."""
    legacy = sys.modules.get("tf_keras")
    return isinstance(thing, keras.Model) or (legacy is not None and isinstance(thing, legacy.Model))


def needs_keras_3(what):
    """Raise a ValueError if tf.keras is not Keras 3 in this process: then `what` takes its models for strangers."""
    if tf.keras.Model is not keras.Model:
        raise ValueError(
            f"{what} looks for models of tf.keras, which is tf_keras in this process and not Keras 3: {FLAG} was set, "
            f"in the shell or by TFMOT when it was imported before utils. Unset {FLAG}, import utils first, and start "
            "Python (the kernel) again"
        )


def network(model, legacy=False):
    """`Network` of a built model with one input and one output tensor; otherwise a ValueError.

    TypeError for anything but a Keras 3 model, or with `legacy` a tf_keras one.
    """
    if not isinstance(model, keras.Model) and not (legacy and is_model(model)):
        where = "; tf_keras models are for compression.prune_gradually" if is_model(model) else ""
        raise TypeError(f"model is a {kind(model)}; give a Keras 3 model (keras.Model){where}")
    ends = []
    for what, way in (
        ("inputs", "give one that starts with one keras.Input"),
        ("outputs", "choose one: keras.Model(model.inputs, model.outputs[0])"),
    ):
        # not `output_shape`: that of two outputs is a list of length 2, like the shape (None, 10)
        tensors = getattr(model, what, None)
        if not tensors:
            raise ValueError(
                f"model is not built, its {what} are unknown; start it with keras.Input(shape), or wrap it: "
                "inputs = keras.Input(shape), keras.Model(inputs, model(inputs))"
            )
        if len(tensors) > 1:
            shapes = ", ".join(_written(("n", *tuple(tensor.shape)[1:])) for tensor in tensors)
            raise ValueError(f"model has {len(tensors)} {what}, of shapes {shapes}; {way}")
        ends.append((tuple(tensors[0].shape)[1:], keras.utils.standardize_dtype(tensors[0].dtype)))
    layers = model._flatten_layers(include_self=False)
    if stateful := [part.name for part in layers if hasattr(part, "cell") and part.stateful]:
        raise ValueError(f"model remembers earlier rows in {', '.join(stateful)}; build it with stateful=False")
    return Network(*ends[0], *ends[1])


def columns(network):
    """The number of outputs of a `Network` whose answers are (n, outputs); otherwise a ValueError."""
    if len(network.output) != 1 or network.output[0] is None:
        raise ValueError(
            f"model's output has shape {_written(('n', *network.output))}; give a model that ends in (n, classes)"
        )
    return network.output[0]


def classes(network):
    """The number of classes of a `Network` with a column for each; a ValueError names the one column of a sigmoid."""
    if columns(network) == 1:
        raise ValueError(ONE_COLUMN.format("model's output"))
    return columns(network)


# ------------------------------------------------------------------ arrays


def as_array(name, x):
    """x as an array of whatever kind; a ValueError if numpy makes none of it, or would lay masked values open."""
    if np.ma.is_masked(x):
        raise ValueError(f"{name} has {np.ma.count_masked(x)} masked values; give {name}.filled(value), or drop them")
    try:
        return np.asarray(x)
    except Exception as fault:  # of unequal parts, or what an object's own __array__ raises
        raise ValueError(f"{name} is a {type(x).__name__} of unequal parts ({fault}); give one array") from fault


def numbers(name, x, shape=None, dtype=None):
    """x as an array of finite numbers, at least one, of this shape; otherwise a ValueError. Booleans become 0 and 1.

    shape: for each axis its length, or a name or None if that is free; a last `...` is one free axis or more. Or the
    `Network` whose inputs x is to hold, a row for each. dtype: what x is cast to. Neither that nor a model that takes
    whole numbers may change a value: cut off fractions, or begin anew behind the largest.
    """
    array, taker = _plain(as_array(name, x)), ""
    if array.dtype.kind not in "fiu":
        raise ValueError(_no_numbers(name, x, array))
    given, whole = array, [dtype]
    if isinstance(shape, Network):
        whole.append(shape.dtype)
        shape, taker = ("n", *shape.shape), ", which the model takes"
    if shape is not None and not _fits(array.shape, shape):
        one = len(shape) > 1 and ... not in shape and isinstance(shape[0], str) and _fits(array.shape, shape[1:])
        single = f"; for a single one: {name}[None]" if one else ""
        raise ValueError(f"{name} has shape {array.shape}; give {_written(shape)}{taker}{single}")
    if array.size == 0:
        raise ValueError(f"{name} is empty, shape {array.shape}; give at least one row")
    if dtype is not None:
        if not np.can_cast(array.dtype, dtype, "same_kind"):
            raise ValueError(f"{name} has dtype {array.dtype}; give {np.dtype(dtype).name}, which the model takes")
        with np.errstate(over="ignore"):  # too large for the dtype: infinite, and said so below
            array = array.astype(dtype, copy=False)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds {np.sum(~np.isfinite(array))} values that are NaN or infinite; remove them")
    for limits in (np.iinfo(into) for into in whole if "int" in str(into)):
        if given.min() < limits.min or given.max() > limits.max or (given % 1).any():
            span = f"{limits.min} to {limits.max}"
            raise ValueError(f"{name} is to become {limits.dtype}; give whole numbers from {span}")
    return array


def examples(model, x, y):
    """(x, y): inputs of the shape that a classifier takes and a label for each; otherwise as `network`."""
    given = network(model, legacy=True)
    k = classes(given)
    x = numbers("x", x, given)
    return x, labels(y, len(x), k)


def labels(y, n, k):
    """y as an array of n whole numbers from 0 to k - 1; otherwise a ValueError."""
    y = as_array("y", y)
    if y.shape != (n,):
        raise ValueError(f"y has shape {y.shape}, but x holds {n} inputs; give one label for each")
    if y.dtype.kind not in "iu" or y.min() < 0 or y.max() >= k:
        span = f" and runs from {y.min()} to {y.max()}" if y.dtype.kind in "fiub" else ""
        raise ValueError(f"y has dtype {y.dtype}{span}; give whole numbers 0 to {k - 1}")
    return y


def targets(name, target, n, outputs):
    """The index of an output for each of n rows (n,), from one for all or one for each; otherwise a ValueError."""
    target = as_array(name, target)
    if target.shape not in ((), (n,)) or target.dtype.kind not in "iu":
        raise ValueError(f"{name} is {target.dtype} {target.shape}; give a whole number, or one for each of {n} rows")
    if target.min() < 0 or target.max() >= outputs:
        found = f"runs from {target.min()} to {target.max()}" if target.ndim else f"is {target}"
        raise ValueError(f"{name} {found}; model has outputs 0 to {outputs - 1}")
    return np.broadcast_to(target, n).astype(np.int32)


def filling(name, value, *shapes):
    """What stands for hidden elements, as an array: a number, or an array of one of these shapes; else a ValueError."""
    value = numbers(name, value)
    if value.shape not in ((), *shapes):
        also = " or ".join(map(str, dict.fromkeys(shapes)))
        raise ValueError(f"{name} has shape {value.shape}; give a number, or an array of shape {also}")
    return value


# ------------------------------------------------------------------ what predict returns


def asking(predict, check):
    """predict as a function that holds each answer to `check`: to `rows`, `output` or `probabilities`.

    TypeError for a model in place of a function.
    """
    if is_model(predict) or not callable(predict):
        raise TypeError(
            f"predict is a {kind(predict)}; give a function of inputs: predictors.predictor(model) for a Keras model, "
            "model.predict_proba for one of scikit-learn"
        )

    def ask(x):
        try:
            answer = predict(np.array(x))  # some scale in place what they are given
        except (TypeError, ValueError) as fault:
            raise ValueError(f"predict fails on an array of shape {np.shape(x)}: {fault}") from fault
        return check(answer, len(x))

    return ask


def rows(answer, n):
    """What predict returned, as numbers with one row for each of n inputs: (n, ...); otherwise a ValueError."""
    answer = numbers(OUTPUT, answer)
    if answer.shape[:1] != (n,):
        raise ValueError(f"{OUTPUT} has shape {answer.shape} for {n} inputs; give one row for each")
    return answer


def output(answer, n):
    """What predict returned, as numbers (n, outputs); otherwise a ValueError."""
    return numbers(OUTPUT, answer, (n, "outputs"))


def probabilities(answer, n, precision=None):
    """What predict returned, as probabilities (n, classes), rows that sum to 1; a ValueError says what else it is.

    precision: the dtype that it was computed in, where that is not its own.
    """
    answer = as_array(OUTPUT, answer)
    slack = SLACK.get(precision or answer.dtype.name, 1e-3)
    answer = _plain(answer)
    if answer.ndim == 1 and (answer.dtype.kind in "OUS" or np.array_equal(answer, np.round(answer))):
        raise ValueError(
            f"predict gave labels, shape {answer.shape}; give probabilities, a column for each class: "
            "predict_proba in place of predict, no argmax"
        )
    if answer.shape in ((n,), (n, 1)):
        raise ValueError(ONE_COLUMN.format(f"{OUTPUT}, shape {answer.shape},"))
    answer = numbers(OUTPUT, answer, (n, "classes"))
    low, high, sums = answer.min(), answer.max(), answer.sum(axis=1)
    if low < -1e-4 or high > 1 + 1e-4 or np.abs(sums - 1).max() > slack:
        raise ValueError(
            f"{OUTPUT} runs from {low:.3g} to {high:.3g}, rows sum to {sums.min():.3g} to {sums.max():.3g}; these are "
            "logits or scores: end in softmax (for SHAP on logits: predictor(model, probabilities=False))"
        )
    return answer


# ------------------------------------------------------------------ how the above say it


def _written(shape):
    """A shape as an error shows it: `(n, 28, 28, 1)`, with the names of the free axes, `any` for one without."""
    axes = ["any" if axis is None else "..." if axis is ... else str(axis) for axis in shape]
    return f"({', '.join(axes)}{',' if len(axes) == 1 else ''})"


def _fits(shape, wanted):
    if wanted[-1:] == (...,):
        wanted = wanted[:-1] + (None,) * max(1, len(shape) - len(wanted) + 1)
    free = [axis is None or isinstance(axis, str) for axis in wanted]
    return len(shape) == len(wanted) and all(f or a == b for f, a, b in zip(free, shape, wanted, strict=True))


def _plain(array):
    """Booleans, and floats that numpy, SciPy or TensorFlow does not compute in or sums badly, as the nearest others."""
    kind, size = array.dtype.kind, array.dtype.itemsize
    if kind == "f" and size > 8:
        with np.errstate(over="ignore"):
            return array.astype(np.float64)
    small = kind == "b" or (kind == "f" and size < 4) or (kind == "V" and "float" in array.dtype.name)
    return array.astype(np.float32) if small else array


def _no_numbers(name, x, array):
    """Why an array is none of numbers, and the way out."""
    dtype = array.dtype
    if dtype.kind == "O" and not array.ndim:  # numpy has put the whole of x into one place
        dense = f": {name}.toarray()" if hasattr(x, "toarray") else ""
        return f"{name} has dtype object, as a {kind(x)} becomes; give an array of numbers{dense}"
    if not hasattr(getattr(x, "dtypes", None), "items"):
        cast = f"; if it holds nothing else: {name}.astype(float)" if dtype.kind == "O" and name.isidentifier() else ""
        return f"{name} has dtype {dtype}; give numbers{cast}"
    kinds = {str(column): kind for column, kind in x.dtypes.items()}  # a data frame: a dtype for each column
    other = [column for column, kind in kinds.items() if kind.kind not in "fiub"]
    if other:
        return f"{name} is a data frame with no numbers in the columns {', '.join(other)}; encode or drop them"
    mixed = " and ".join(sorted({str(kind) for kind in kinds.values()}))
    return f"{name} is a data frame of {mixed}, as an array of dtype object; give {name}.astype('float32')"
