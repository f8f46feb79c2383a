"""Shapley values: exact by enumeration, and by shap's explainers with the checks that they lack."""

import contextlib
import math
import warnings

import numpy as np
import shap
import tensorflow as tf
from tensorflow.python.eager import backprop, execute

from utils import arguments, checks, predictors, state, training

TABLE_LIMIT = 2**28  # bytes that the table of all coalitions may take; working on it takes five times as much
SAMPLES_LIMIT = 2**32  # bytes that the rows of Kernel SHAP may take
BYTES_AT_ONCE = 2**26  # of rows made in one go by masked_mean
ADDITIVITY = 0.01  # of the spread of an output: by how much Deep SHAP's values may miss it
# What shap 0.51's DeepExplainer has no gradient for: parts of the names of layers, and activations
UNSUPPORTED_LAYERS = (
    "Attention", "Depthwise", "Dot", "GRU", "GlobalMaxPooling", "GroupNormalization", "LSTM", "LayerNormalization",
    "LeakyReLU", "PReLU", "Separable", "SimpleRNN", "Transpose",
)  # fmt: skip
ENDS_IN_SOFTMAX = (
    "model ends in a softmax, for which shap.DeepExplainer's values can be several times too large even where they add "
    "up; explain the logits: models.logits(model)"
)
UNSUPPORTED_ACTIVATIONS = "celu gelu hard_sigmoid hard_silu leaky_relu log_softmax relu6 softsign".split()


def kernel_shap(predict, background, x, samples, seed=0):
    """Kernel SHAP (Lundberg and Lee 2017) with all features: (n, features, classes), not only the ten largest.

    predict: (n, features) to (n, classes), probabilities or logits. background: (rows, features), the values that
    hidden features take. x: (n, features). samples: coalitions tried for each row; 2**features - 2 is exact.
    Each explanation sums to predict(x) minus the background's mean, whatever the samples: that is forced. TypeError for
    a model in place of a function; ValueError for other bad input, for samples that cannot tell the features apart,
    and if predict does not answer the same rows alike.
    """
    samples = arguments.count("samples", samples)
    seed = arguments.seed(seed)
    background = checks.numbers("background", background, ("rows", "features"), float)  # whole numbers would cut x
    with _naming("background", background):
        x = checks.numbers("x", x, ("n", background.shape[1]), float)
    ask = checks.asking(predict, checks.output)
    output = ask(x)
    needed = samples * background.nbytes
    if needed > SAMPLES_LIMIT:
        raise ValueError(
            f"samples is {samples} and background {background.shape}: the library's table takes {needed:,} bytes, and "
            f"{SAMPLES_LIMIT:,} are the limit; give fewer rows of background"
        )
    with state.seeded(seed):  # the library draws from numpy's global generator
        explainer = shap.KernelExplainer(ask, background)
        values = []
        for i in range(len(x)):
            values.append(explainer.shap_values(x[i : i + 1], nsamples=samples, l1_reg=False, silent=True))
            _determined(explainer, samples, i)
    values = np.concatenate(values)
    gap = np.abs(values.sum(axis=1) - (output - explainer.expected_value)).max()
    if gap > 1e-3 * max(1, np.abs(output).max()):
        raise ValueError(f"the values miss predict's output by {gap:.3g}; predict must answer the same rows alike")
    return values


@contextlib.contextmanager
def _naming(name, other):
    """An error about one of two arrays that have to fit says what the other is: it may be the one that is wrong."""
    try:
        yield
    except ValueError as fault:
        raise ValueError(f"{fault} ({name} has shape {other.shape})") from fault


def _determined(explainer, samples, row):
    """A ValueError if the coalitions that were tried for a row leave some of its values open.

    The library solves for them all the same: its least squares take one solution of many, and the sum is right.
    """
    if explainer.M < 2:  # nothing or one feature varies: no coalition is tried
        return
    tried = explainer.maskMatrix[: explainer.nsamplesAdded]
    equations = tried[:, :-1] - tried[:, -1:]  # as in the library: the sum gives the last value
    rank = np.linalg.matrix_rank(equations.T @ equations, hermitian=True)
    if rank < explainer.M - 1:
        raise ValueError(
            f"samples is {samples}, which is too few: of the {explainer.M} features that vary in row {row} of x, "
            f"{explainer.M - 1 - rank} remain undetermined; give at least {4 * explainer.M}, better more"
        )


def deep_shap(model, background, x):
    """Deep SHAP (Lundberg and Lee 2017) by shap.DeepExplainer: (n, *shape, classes).

    background: (rows, *shape), x: (n, *shape). ValueError for layers that the explainer is known not to support, for
    those that compute in another precision than float32 (its rules divide by small differences), when tf.keras is not
    Keras 3, and when the values miss the output by more than ADDITIVITY of its spread over the background and x (the
    library's own check is absolute: .01). Values that add up can be wrong: those of a softmax are. Between layers it
    is an error, at the end a warning.
    """
    checks.needs_keras_3("shap.DeepExplainer")
    network = checks.network(model)
    checks.columns(network)
    background = checks.numbers("background", background, network, np.float32)
    x = checks.numbers("x", x, network, np.float32)
    unknown, other = [], []
    ends, between = _softmaxes(model, network)
    if ends:
        warnings.warn(ENDS_IN_SOFTMAX, stacklevel=2)
    for layer in model._flatten_layers(include_self=False):
        kind, activation = type(layer).__name__, getattr(getattr(layer, "activation", None), "__name__", "")
        softmax = kind == "Softmax" or activation == "softmax"
        if (
            (softmax and between and layer is not _last(model))
            or any(part in kind for part in UNSUPPORTED_LAYERS)
            or activation in UNSUPPORTED_ACTIVATIONS
        ):
            unknown.append(f"{layer.name} ({kind}{activation and ', '}{activation})")
        if layer.compute_dtype != "float32" and kind != "InputLayer":
            other.append(f"{layer.name} ({layer.compute_dtype})")
    instead = "use integrated_gradients or kernel_shap"
    if between and not unknown:
        unknown = ["a softmax between layers"]
    if unknown:
        raise ValueError(f"shap.DeepExplainer has no rule for {', '.join(unknown)}; {instead}")
    if other:
        raise ValueError(f"shap.DeepExplainer needs layers in float32, not {', '.join(other)}; {instead}")
    try:
        with warnings.catch_warnings():  # of its age and of how it calls the model, at every call
            warnings.filterwarnings("ignore", "Your TensorFlow version is newer|The structure of `inputs`")
            values = shap.DeepExplainer(model, background).shap_values(x, check_additivity=False)
    except Exception as fault:
        raise ValueError(f"shap.DeepExplainer failed: {str(fault).strip().splitlines()[-1]}; {instead}") from fault
    finally:
        execute.record_gradient = backprop.record_gradient  # a failure leaves the library's own in its place
    output, base = (
        checks.numbers("the model's output", training.outputs(model, rows), dtype=float) for rows in (x, background)
    )
    gap = np.abs(values.reshape(len(x), -1, output.shape[1]).sum(axis=1) - (output - base.mean(axis=0))).max(axis=0)
    together = np.concatenate([output, base])
    rounding = 1e-5 * np.abs(together).max(axis=0)  # what sums of float32 lose
    missed = gap > ADDITIVITY * np.ptp(together, axis=0) + rounding
    if missed.any():
        worst = np.argmax(np.where(missed, gap, 0))
        raise ValueError(
            f"shap.DeepExplainer's values miss the model's output {worst} by {gap[worst]:.3g}, and it varies by "
            f"{np.ptp(together[:, worst]):.3g}: the explainer has no right rule for some layer; {instead}"
        )
    return values


def _softmaxes(model, network):
    """Whether a model ends in a softmax, and how many stand before: by its operations, for it need not be a layer's."""
    inputs = tf.TensorSpec((None, *network.shape), tf.float32)
    graph = tf.function(lambda x: predictors.answer(model, x), input_signature=[inputs]).get_concrete_function().graph
    last = predictors.last(graph.outputs[0])
    every = sum(operation.type == "Softmax" for operation in graph.get_operations())
    return last.type == "Softmax", every - (last.type == "Softmax")


def _last(model):
    while hasattr(model, "layers"):
        model = model.layers[-1]
    return model


def exact_shapley(value, n):
    """Shapley values of a game of n players by enumeration of its 2**n coalitions: (n,) or (n, outputs).

    value: boolean masks (m, n) to worths (m,) or (m, outputs); called with part of the coalitions at a time.
    Shapley 1953; Lundberg and Lee 2017 for models. ValueError if the table would exceed TABLE_LIMIT.
    """
    n = arguments.count("n", n)
    if not callable(value) or checks.is_model(value):
        raise TypeError(
            f"value is {arguments.brief(value)}; give a function of boolean masks (m, n), as of masked_mean"
        )

    def worths(masks, shape=None):
        try:
            answer = value(masks)
        except (TypeError, ValueError) as fault:
            raise ValueError(f"value fails on masks of shape {masks.shape}: {fault}") from fault
        answer = checks.numbers("value's output", answer, dtype=float)
        if answer.ndim not in (1, 2) or len(answer) != len(masks) or shape not in (None, answer.shape[1:]):
            raise ValueError(f"value gave shape {answer.shape} for {len(masks)} masks; give (m,) or (m, outputs)")
        return answer

    first = worths(np.zeros((1, n), bool))
    needed = 8 * 2**n * first.size
    if needed > TABLE_LIMIT:
        raise ValueError(
            f"n is {n}: a table of 2**{n} coalitions takes {needed:,} bytes, and {TABLE_LIMIT:,} are the limit; "
            "use kernel_shap"
        )
    players = np.arange(n)
    coalitions = np.arange(2**n)  # player i is in if bit i is set
    parts = np.array_split(coalitions, max(1, 2**n // 2**14))
    masks = ((part[:, None] >> players & 1) == 1 for part in parts)
    table = np.concatenate([worths(some, first.shape[1:]) for some in masks]).reshape(2**n, -1)
    size = np.bitwise_count(coalitions)
    weight = np.array([1 / (n * math.comb(n - 1, s)) for s in range(n)])
    values = []
    for i in players:
        pairs = table.reshape(2 ** (n - 1 - i), 2, 2**i, -1)  # [:, 0] without player i, [:, 1] with
        without = size.reshape(2 ** (n - 1 - i), 2, 2**i)[:, 0]
        values.append(np.einsum("ab,abo->o", weight[without], pairs[:, 1] - pairs[:, 0]))
    return np.array(values).reshape(n, *first.shape[1:])


def masked_mean(predict, x, background):
    """The game of one row for `exact_shapley`: masks (m, features) to the mean output (m, ...) over the background.

    Features of the coalition come from x (features,), the others from each row of background (rows, features)
    in turn, whether or not they go together (interventional). TypeError for a model in place of a function;
    ValueError for bad shapes.
    """
    x = checks.numbers("x", x, ("features",))
    with _naming("x", x):
        background = checks.numbers("background", background, ("rows", len(x)))
    ask = checks.asking(predict, checks.rows)

    def value(masks):
        step = max(1, BYTES_AT_ONCE // max(background.nbytes, len(background) * x.nbytes))
        means = []
        for i in range(0, len(masks), step):
            rows = np.where(masks[i : i + step, None], x, background)
            output = ask(rows.reshape(-1, len(x))).astype(float)
            means.append(output.reshape(*rows.shape[:2], *output.shape[1:]).mean(axis=1))
        return np.concatenate(means)

    return value
