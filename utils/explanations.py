"""LIME, SHAP, Integrated Gradients and counterfactuals, with the checks that the libraries lack."""

import functools
import math
import warnings

import keras
import numpy as np
import shap
import tensorflow as tf
from lime import lime_image as lime_images
from lime import lime_tabular as lime_tables
from tensorflow.python.eager import backprop, execute

tf.get_logger().setLevel("ERROR")  # in a notebook TensorFlow's log goes to the page

TABLE_LIMIT = 2**30  # bytes that the table of all coalitions may take
CHUNK = 1024  # rows that pass through a network at once
ROWS_AT_ONCE = 2**16  # rows made in one go by masked_mean
STARTS, STEPS = 48, 200  # of the search for counterfactuals
MARGIN = 0.01  # by which the target's probability leads in a counterfactual
# What shap 0.51's DeepExplainer has no gradient for: parts of the names of layers, and activations
UNSUPPORTED_LAYERS = (
    "Attention", "Depthwise", "Dot", "GRU", "GlobalMaxPooling", "GroupNormalization", "LSTM", "LayerNormalization",
    "LeakyReLU", "PReLU", "Separable", "SimpleRNN", "Transpose",
)  # fmt: skip
UNSUPPORTED_ACTIVATIONS = "celu gelu hard_sigmoid hard_silu leaky_relu log_softmax relu6 softsign".split()


class NoCounterfactual(ValueError):
    """The search found no input within the limits that the model gives to the target class."""


def predictor(model, chunk=CHUNK, probabilities=True):
    """A compiled function from numpy (n, *shape) to numpy (n, classes) float32: `model.predict` without its overhead.

    Serves as `predict_fn` of lime and as the model of shap's explainers. Other numbers than float32 are cast to
    it (lime sends float64), as Keras does. Rows go through the network `chunk` at a time. It follows later changes
    of the model's weights, not of its layers. With probabilities=False the outputs may be any numbers (logits).
    TypeError for anything but a Keras 3 model; ValueError for a model with several inputs or one column of output,
    and on call for rows of another shape, NaN, no rows, and output that `check_probabilities` refuses.
    """
    shape = _input_shape(model)
    if len(model.output_shape) != 2:
        raise ValueError(f"model's output has shape {model.output_shape}; give a model that ends in (n, classes)")
    if probabilities and model.output_shape[-1] == 1:
        raise ValueError(_ONE_COLUMN.format("model's output"))
    outputs, _ = _compiled(model, shape, chunk)

    def predict(x):
        output = outputs(_numbers("x", x, (None, *shape), np.float32))
        return check_probabilities(output, len(output)) if probabilities else _numbers("the model's output", output)

    return predict


_ONE_COLUMN = "{} is one column of probabilities; use two columns: np.hstack([1 - p, p]), or a two-unit softmax"


def check_probabilities(output, n):
    """Return `output` if it is (n, classes) probabilities, rows that sum to 1; a ValueError says what it is instead."""
    output = np.asarray(output)
    if output.ndim == 1 and (output.dtype.kind in "OUS" or np.array_equal(output, np.round(output))):
        raise ValueError(
            f"predict gave labels, shape {output.shape}; give probabilities, a column for each class: "
            "predict_proba in place of predict, no argmax"
        )
    if output.shape in ((n,), (n, 1)):
        raise ValueError(_ONE_COLUMN.format(f"predict's output, shape {output.shape},"))
    output = _numbers("predict's output", output, (n, None))
    low, high, sums = output.min(), output.max(), output.sum(axis=1)
    if low < -1e-4 or high > 1 + 1e-4 or np.abs(sums - 1).max() > 1e-3:
        raise ValueError(
            f"predict's output runs from {low:.3g} to {high:.3g}, rows sum to {sums.min():.3g} to {sums.max():.3g}; "
            "these are logits or scores: end in softmax (for SHAP on logits: predictor(model, probabilities=False))"
        )
    return output


def _input_shape(model):
    if not isinstance(model, keras.Model):
        kind = type(model)
        raise TypeError(f"model is a {kind.__module__}.{kind.__qualname__}; give a Keras 3 model (keras.Model)")
    if not model.built or len(getattr(model, "inputs", None) or ()) != 1:
        raise ValueError("model has several inputs or is not built; give one that starts with one keras.Input")
    return model.input_shape[1:]


def _numbers(name, x, shape=None, dtype=None):
    """x as an array of this shape (None: any length) that is finite and not empty; otherwise a ValueError."""
    x = np.asarray(x)
    if x.dtype.kind not in "fiub":
        raise ValueError(f"{name} has dtype {x.dtype}; give numbers")
    if shape and (x.ndim != len(shape) or any(s not in (None, t) for s, t in zip(shape, x.shape, strict=True))):
        wanted = str(tuple(shape)).replace("None", "n")
        single = "; for a single one: x[None]" if x.shape == tuple(shape[1:]) else ""
        raise ValueError(f"{name} has shape {x.shape}; give {wanted}{single}")
    if x.size == 0:
        raise ValueError(f"{name} is empty, shape {x.shape}; give at least one row")
    with np.errstate(over="ignore"):  # too large for float32: infinite, and said so below
        x = x.astype(dtype or x.dtype, copy=False)
    if not np.isfinite(x).all():
        raise ValueError(f"{name} holds {np.sum(~np.isfinite(x))} values that are NaN or infinite; remove them")
    return x


def _targets(target, n, outputs):
    """The index of an output for each of n rows, from one for all or one for each; otherwise a ValueError."""
    target = np.asarray(target)
    if target.shape not in ((), (n,)) or not np.issubdtype(target.dtype, np.integer):
        raise ValueError(f"target is {target.dtype} {target.shape}; give a whole number, or one for each of {n} rows")
    if target.min() < 0 or target.max() >= outputs:
        raise ValueError(f"target runs from {target.min()} to {target.max()}; model has outputs 0 to {outputs - 1}")
    return np.broadcast_to(target, n).astype(np.int32)


def _compiled(model, shape, chunk=CHUNK):
    """Two functions of numpy points (n, *shape): the outputs, and the slope of each point's target output.

    model: a Keras model or a TensorFlow function. Compiled when first called, and fed `chunk` points at a time.
    """
    points, target = tf.TensorSpec((None, *shape), tf.float32), tf.TensorSpec((None,), tf.int32)

    def outputs(points):
        return model(points, training=False) if isinstance(model, keras.Model) else model(points)

    def slopes(points, target):
        with tf.GradientTape() as tape:
            tape.watch(points)
            chosen = tf.gather(outputs(points), target, batch_dims=1)
        slope = tape.gradient(chosen, points)
        if slope is None:
            raise ValueError("model has no gradient with respect to its input; use kernel_shap")
        return slope

    def in_chunks(function, *signature):
        # asked for once: TensorFlow would take the functions of several models for one that is traced too often
        trace = functools.cache(tf.function(function, input_signature=signature).get_concrete_function)

        def whole(*arrays):
            parts = ([tf.constant(a[i : i + chunk]) for a in arrays] for i in range(0, len(arrays[0]), chunk))
            return np.concatenate([trace()(*part).numpy() for part in parts])

        return whole

    return in_chunks(outputs, points), in_chunks(slopes, points, target)


# ------------------------------------------------------------------ LIME


def grid_segments(height, width, cell):
    """Squares of cell x cell pixels as (height, width) int labels from 0 on; the last ones may be narrower.

    lime numbers segments from 0: with skimage's slic, whose labels start at 1, the last is never perturbed.
    ValueError for sizes below 1.
    """
    if min(height, width, cell) < 1:
        raise ValueError(f"height, width and cell are {height}, {width} and {cell}; give whole numbers of at least 1")
    rows, columns = np.arange(height) // cell, np.arange(width) // cell
    return rows[:, None] * (columns[-1] + 1) + columns


def lime_image(predict, image, label, segments, samples=1000, fill=None, seed=0):
    """LIME for one image (Ribeiro et al. 2016): each pixel's attribution to `label`, and the surrogate's fit.

    predict: (n, *image.shape) to (n, classes) probabilities. image: (h, w, 1) or (h, w, 3) floats. segments: (h, w)
    labels 0..k-1, see `grid_segments`. fill: what a hidden segment shows, a number or one for each channel; None is
    the segment's own mean colour, the library's default. Returns (attribution, score): the (h, w) coefficients of
    the pixels' segments, all of them, and the weighted R squared of the linear surrogate. ValueError for bad input.
    """
    image, segments = np.asarray(image), np.asarray(segments)
    if image.ndim != 3 or image.shape[2] not in (1, 3) or not np.issubdtype(image.dtype, np.floating):
        raise ValueError(f"image is {image.shape} {image.dtype}; give (h, w, 1) or (h, w, 3) floats, as in training")
    _numbers("image", image)
    labels = np.unique(segments)
    if segments.shape != image.shape[:2] or len(labels) < 2 or not np.array_equal(labels, np.arange(len(labels))):
        raise ValueError(
            f"segments has shape {segments.shape} and {len(labels)} labels from {labels[0]} to {labels[-1]}; give "
            f"{image.shape[:2]} with at least two labels, 0 to k-1 (slic: start_label=0, or grid_segments)"
        )
    classes = check_probabilities(predict(image[None]), 1).shape[1]
    if not 0 <= label < classes:
        raise ValueError(f"label is {label}; predict has classes 0 to {classes - 1}")
    grey = image.shape[2] == 1  # the library knows colour images only
    explainer = lime_images.LimeImageExplainer(random_state=seed, feature_selection="none")
    bar, lime_images.tqdm = lime_images.tqdm, iter  # lime 0.2.0.1 cannot be told to leave its progress bar out
    try:
        explanation = explainer.explain_instance(
            np.repeat(image, 3, axis=2) if grey else image,
            (lambda colour: predict(colour[..., :1])) if grey else predict,
            labels=(label,), top_labels=None, hide_color=fill, num_samples=samples, batch_size=256,
            segmentation_fn=lambda _: segments,
        )  # fmt: skip
    finally:
        lime_images.tqdm = bar
    coefficients = dict(explanation.local_exp[label])
    return np.array([coefficients[i] for i in labels])[segments], float(explanation.score)


def lime_tabular(train, predict, feature_names, class_names, seed=0, **options):
    """lime's LimeTabularExplainer for `train` (rows, features), after the checks that it lacks.

    options: the library's own, such as discretize_continuous=False. Its random state moves on with each call:
    make a new explainer for each row that should not depend on the rows before. TypeError for a DataFrame;
    ValueError for names that do not match the columns of train or of predict's output, and as check_probabilities.
    """
    if hasattr(train, "to_numpy"):
        raise TypeError(f"train is a {type(train).__name__}, which lime fails on later; give train.to_numpy()")
    train = _numbers("train", train, (None, None))
    classes = check_probabilities(predict(train[:2]), len(train[:2])).shape[1]
    if len(feature_names) != train.shape[1]:
        raise ValueError(f"feature_names has {len(feature_names)} names, but train has {train.shape[1]} columns")
    if len(class_names) != classes:
        raise ValueError(f"class_names has {len(class_names)} names, but predict's output has {classes} columns")
    return lime_tables.LimeTabularExplainer(
        train, feature_names=list(feature_names), class_names=list(class_names), random_state=seed, **options
    )


# ------------------------------------------------------------------ SHAP


def kernel_shap(predict, background, x, samples, seed=0):
    """Kernel SHAP (Lundberg and Lee 2017) with all features: (n, features, classes), not only the ten largest.

    predict: (n, features) to (n, classes), probabilities or logits. background: (rows, features), the values that
    hidden features take. x: (n, features). samples: coalitions tried for each row; 2**features - 2 is exact.
    Each explanation sums to predict(x) minus the background's mean. ValueError for bad input or if it does not.
    """
    background = _numbers("background", background, (None, None), float)  # whole numbers would cut x
    x = _numbers("x", x, (None, background.shape[1]), float)
    output = _numbers("predict's output", predict(x), (len(x), None))
    state = np.random.get_state()  # noqa: NPY002 - the library draws from numpy's global generator
    np.random.seed(seed)  # noqa: NPY002
    try:
        explainer = shap.KernelExplainer(predict, background)
        values = explainer.shap_values(x, nsamples=samples, l1_reg=False, silent=True)
    finally:
        np.random.set_state(state)  # noqa: NPY002
    gap = np.abs(values.sum(axis=1) - (output - explainer.expected_value)).max()
    if gap > 1e-3 * max(1, np.abs(output).max()):
        raise ValueError(f"the values miss predict's output by {gap:.3g}; predict must answer the same rows alike")
    return values


def deep_shap(model, background, x):
    """Deep SHAP (Lundberg and Lee 2017) by shap.DeepExplainer, its additivity check on: (n, *shape, classes).

    background: (rows, *shape), x: (n, *shape). ValueError for layers that the explainer is known not to support;
    AssertionError of the library's check when the values do not add up to the output.
    """
    shape = _input_shape(model)
    background = _numbers("background", background, (None, *shape), np.float32)
    x = _numbers("x", x, (None, *shape), np.float32)
    unknown = []
    for layer in model._flatten_layers(include_self=False):
        kind, activation = type(layer).__name__, getattr(getattr(layer, "activation", None), "__name__", "")
        if any(part in kind for part in UNSUPPORTED_LAYERS) or activation in UNSUPPORTED_ACTIVATIONS:
            unknown.append(f"{layer.name} ({kind}{activation and ', '}{activation})")
    instead = "use integrated_gradients or kernel_shap"
    if unknown:
        raise ValueError(f"shap.DeepExplainer has no rule for {', '.join(unknown)}; {instead}")
    try:
        with warnings.catch_warnings():  # of its age and of how it calls the model, at every call
            warnings.filterwarnings("ignore", "Your TensorFlow version is newer|The structure of `inputs`")
            return shap.DeepExplainer(model, background).shap_values(x)
    except AssertionError:
        raise
    except Exception as fault:
        raise ValueError(f"shap.DeepExplainer failed: {str(fault).strip().splitlines()[-1]}; {instead}") from fault
    finally:
        execute.record_gradient = backprop.record_gradient  # a failure leaves the library's own in its place


def exact_shapley(value, n):
    """Shapley values of a game of n players by enumeration of its 2**n coalitions: (n,) or (n, outputs).

    value: boolean masks (m, n) to worths (m,) or (m, outputs); called with part of the coalitions at a time.
    Shapley 1953; Lundberg and Lee 2017 for models. ValueError if the table would exceed TABLE_LIMIT.
    """
    if n < 1:
        raise ValueError(f"n is {n}; give the number of players, at least 1")
    first = np.asarray(value(np.zeros((1, n), bool)), float)
    needed = 8 * 2**n * first.size
    if needed > TABLE_LIMIT:
        raise ValueError(
            f"n is {n}: a table of 2**{n} coalitions takes {needed:,} bytes, and {TABLE_LIMIT:,} are the limit; "
            "use kernel_shap"
        )
    players = np.arange(n)
    coalitions = np.arange(2**n)  # player i is in if bit i is set
    parts = np.array_split(coalitions, max(1, 2**n // 2**14))
    table = np.concatenate([np.asarray(value((part[:, None] >> players & 1) == 1), float) for part in parts])
    if table.shape != (2**n, *first.shape[1:]) or table.ndim > 2:
        raise ValueError(f"value gave shape {table.shape} for {2**n} masks; give (m,) or (m, outputs)")
    size = np.bitwise_count(coalitions)
    weight = np.array([1 / (n * math.comb(n - 1, s)) for s in range(n)])
    values = []
    for i in players:
        pairs = table.reshape(2 ** (n - 1 - i), 2, 2**i, -1)  # [:, 0] without player i, [:, 1] with
        without = size.reshape(2 ** (n - 1 - i), 2, 2**i)[:, 0]
        values.append(np.einsum("ab,abo->o", weight[without], pairs[:, 1] - pairs[:, 0]))
    return np.array(values).reshape(n, *table.shape[1:])


def masked_mean(predict, x, background):
    """The game of one row for `exact_shapley`: masks (m, features) to the mean output (m, ...) over the background.

    Features of the coalition come from x (features,), the others from each row of background (rows, features)
    in turn, whether or not they go together (interventional). ValueError for bad shapes.
    """
    x = _numbers("x", x, (None,))
    background = _numbers("background", background, (None, len(x)))

    def value(masks):
        step = max(1, ROWS_AT_ONCE // len(background))
        means = []
        for i in range(0, len(masks), step):
            rows = np.where(masks[i : i + step, None], x, background)
            output = np.asarray(predict(rows.reshape(-1, len(x))), float)
            means.append(output.reshape(*rows.shape[:2], *output.shape[1:]).mean(axis=1))
        return np.concatenate(means)

    return value


# ------------------------------------------------------------------ Integrated Gradients


def integrated_gradients(model, x, baseline, target, steps=50, rule="midpoint"):
    """Integrated Gradients (Sundararajan et al. 2017): (attributions like x, error (n,)).

    model: a Keras model or a TensorFlow function, (n, *shape) to (n, outputs). x: (n, *shape), all rows at once.
    baseline: (*shape) or (n, *shape). target: an output's index, or one for each row. The integral over the
    straight path is a sum over `steps` points, in the middle of each step or at its left end. error: how far the
    attributions' sum is from f(x) - f(baseline). ValueError for bad input.
    """
    if rule not in ("midpoint", "left") or steps < 1:
        raise ValueError(f"rule is {rule!r} and steps {steps}; give 'midpoint' or 'left' and at least one step")
    shape = _input_shape(model) if isinstance(model, keras.Model) else np.shape(x)[1:]
    x, baseline = _numbers("x", x, (None, *shape), np.float32), _numbers("baseline", baseline, dtype=np.float32)
    if baseline.shape not in (x.shape[1:], x.shape):
        raise ValueError(f"baseline has shape {baseline.shape}; give {x.shape[1:]} or {x.shape}")
    baseline = np.broadcast_to(baseline, x.shape)
    outputs, slopes = _compiled(model, shape)
    target = _targets(target, len(x), _numbers("model's output", outputs(x[:1]), (1, None)).shape[1])
    alphas = ((np.arange(steps) + (rule == "midpoint") / 2) / steps).reshape(-1, *[1] * len(shape)).astype(np.float32)
    attributions, block = np.zeros(x.shape), -(-CHUNK // steps)
    for rows in (slice(i, i + block) for i in range(0, len(x), block)):
        way = x[rows] - baseline[rows]
        points = baseline[rows, None] + alphas * way[:, None]
        slope = slopes(points.reshape(-1, *shape), target[rows].repeat(steps))
        attributions[rows] = way * slope.reshape(points.shape).mean(axis=1, dtype=float)
    gain = np.take_along_axis(outputs(x) - outputs(baseline), target[:, None], axis=1)[:, 0]
    return attributions.astype(np.float32), attributions.reshape(len(x), -1).sum(axis=1) - gain


# ------------------------------------------------------------------ occlusion


def occlusion(predict, x, target, size, fill):
    """Fall of each row's target output while a size x size patch covers the pixel, mean over patches: (n, h, w).

    predict: (n, h, w, channels) to (n, outputs). target: an output's index, or one for each row. fill: what a patch
    shows. Zeiler and Fergus 2014. ValueError for bad input or a patch larger than the images.
    """
    x = _numbers("x", x, (None, None, None, None), float)
    height, width = x.shape[1:3]
    if not 1 <= size <= min(height, width):
        raise ValueError(f"size is {size}; give 1 to {min(height, width)}, the images have {height}x{width} pixels")
    everyone, fall, covered = np.arange(len(x)), np.zeros(x.shape[:3]), np.zeros((height, width))
    whole = predict(x)
    target = _targets(target, len(x), whole.shape[1])
    whole = whole[everyone, target]
    for row, column in np.ndindex(height - size + 1, width - size + 1):
        patch, hidden = np.s_[row : row + size, column : column + size], x.copy()
        hidden[:, *patch] = fill
        fall[:, *patch] += (whole - predict(hidden)[everyone, target])[:, None, None]
        covered[patch] += 1
    return fall / covered


# ------------------------------------------------------------------ counterfactuals


def counterfactuals(model, x, target, low, high, immutable=(), scale=None, count=1, seed=0):
    """Inputs near x that the model gives to class `target`: (found, features), nearest first, 1 <= found <= count.

    model: a Keras model, (n, features) to (n, classes) probabilities. x, low, high: (features,), the row and its
    limits. immutable: columns that stay. scale: (features,) a change of each feature that counts as 1, such as its
    median absolute deviation; None: high - low. The distance is the sum of |change| / scale. A gradient search
    anneals the distance's weight from many starts (Wachter et al. 2017); then changes that are not needed are undone,
    and answers kept that change other features or lie far apart (Mothilal et al. 2020). Features are continuous.
    The target leads in each answer by MARGIN at least, so that `model.predict` agrees. NoCounterfactual if none was
    found; ValueError for bad input and for an x that is in the target class already.
    """
    predict, shape = predictor(model), _input_shape(model)
    x, low, high = (_numbers(name, v, shape, float) for name, v in (("x", x), ("low", low), ("high", high)))
    if ((low > x) | (x > high)).any():
        columns = np.flatnonzero((low > x) | (x > high)).tolist()
        raise ValueError(f"x lies outside low to high in columns {columns}; widen the limits there")
    immutable = np.asarray(immutable) if len(immutable) else np.zeros(0, int)
    if immutable.dtype.kind not in "iu" or not np.isin(immutable, np.arange(len(x))).all():
        raise ValueError(f"immutable is {immutable.tolist()}; give indices of columns, 0 to {len(x) - 1}")
    scale = np.where(high > low, high - low, 1) if scale is None else _numbers("scale", scale, shape)
    if not (scale > 0).all():
        raise ValueError(f"scale is not positive in columns {np.flatnonzero(scale <= 0).tolist()}; take another spread")
    first = predict(x[None])[0]
    if not 0 <= target < len(first) or count < 1:
        raise ValueError(f"target is {target}, count {count}; give a class 0 to {len(first) - 1} and at least one")
    if first.argmax() == target:
        raise ValueError(f"the model gives x to class {target} already; ask for another target")

    def valid(rows):
        p = predict(rows)
        return p[:, target] - np.delete(p, target, axis=1).max(axis=1) >= MARGIN

    def distance(rows):
        return (np.abs(rows - x) / scale).sum(axis=1)

    free = (high > low) & ~np.isin(np.arange(len(x)), immutable)
    rows = _search(model, x, target, low, high, free, scale, valid, distance, np.random.default_rng(seed))
    reached = predict(rows)[:, target].max()
    # the nearest lie on the border: go beyond it, undo small changes as long as that is allowed, and come back
    rows = np.concatenate([np.clip(x + f * (rows - x), low, high) for f in (1, 1.25, 1.5, 2, 3)])
    rows = rows[valid(rows)]
    if not len(rows):
        raise NoCounterfactual(
            f"none found: class {target} reached a probability of {reached:.2f} at most with {free.sum()} features "
            "free to change; widen low and high, or make fewer columns immutable"
        )
    for column in np.argsort(np.abs(rows - x) / scale, axis=1).T:
        trial = rows.copy()
        trial[np.arange(len(rows)), column] = x[column]
        rows = np.where(valid(trial)[:, None], trial, rows)
    far = rows
    for part in np.linspace(0.95, 0.05, 19):
        trial = x + part * (far - x)
        rows = np.where(valid(trial)[:, None], trial, rows)
    chosen = []
    for row in rows[np.argsort(distance(rows))]:
        alike = [other for other in chosen if ((other != x) == (row != x)).all()]
        if all((np.abs(row - other) / scale).sum() > distance(row[None])[0] / 2 for other in alike):
            chosen.append(row)
    return np.array(chosen[:count])


def _search(model, x, target, low, high, free, scale, valid, distance, rng):
    """The nearest valid row that each of STARTS descents came upon; where there was none, its last row."""

    def lead(points):  # of the target over the best other class, in log-probability
        log = tf.math.log(model(points, training=False) + 1e-12)
        others = log - 1e9 * tf.one_hot(target, log.shape[1])
        return log[:, target, None] - tf.reduce_max(others, axis=1, keepdims=True)

    _, slopes = _compiled(lead, x.shape)
    everything = np.arange(STARTS)[:, None] < STARTS // 2  # the other starts may change half of the features
    allowed = free & (everything | (rng.random((STARTS, len(x))) < 0.5))
    rows = np.where(allowed, x + rng.random((STARTS, 1)) * (rng.uniform(low, high, (STARTS, len(x))) - x), x)
    rows[0] = x
    best, nearest, weight = rows.copy(), np.full(STARTS, np.inf), np.ones((STARTS, 1))
    mean, square, box = np.zeros_like(rows), np.zeros_like(rows), high - low
    for step in range(1, STEPS + 1):
        there, length = valid(rows), distance(rows)
        better = there & (length < nearest)
        best[better], nearest[better] = rows[better], length[better]
        weight *= np.where(there, 1.1, 0.9)[:, None]  # of the distance: nearer once valid, before that the class
        gradient = slopes(rows.astype(np.float32), np.zeros(STARTS, np.int32)) * box  # Adam, the limits as its unit
        mean, square = 0.9 * mean + 0.1 * gradient, 0.99 * square + 0.01 * gradient**2
        rate = 0.05 * (1 - step / STEPS) * box / (np.sqrt(square / (1 - 0.99**step)) + 1e-8)
        change = rows - x + rate * mean / (1 - 0.9**step)
        # the distance acts as a threshold, so that most changes are 0 and not only small
        change = np.sign(change) * np.maximum(np.abs(change) - rate * weight * box / scale, 0)
        rows = np.where(allowed, np.clip(x + change, low, high), x)
    return np.where(np.isfinite(nearest)[:, None], best, rows)
