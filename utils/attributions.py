"""How much each feature or pixel counts for an output: Integrated Gradients, and occlusion."""

import keras
import numpy as np

from utils import arguments, checks, predictors

POINT_BYTES = 2**28  # of the points that are made at once


def integrated_gradients(model, x, baseline, target, steps=50, rule="midpoint"):
    """Integrated Gradients (Sundararajan et al. 2017): (attributions like x, error (n,)).

    model: a Keras model or a TensorFlow function, (n, *shape) to (n, outputs). x: (n, *shape), all rows at once.
    baseline: (*shape) or (n, *shape). target: an output's index, or one for each row. The integral over the
    straight path is a sum over `steps` points, in the middle of each step or at its left end. error: how far the
    attributions' sum is from f(x) - f(baseline). TypeError for a model of another kind, ValueError for bad input.
    """
    if not isinstance(rule, str) or rule not in ("midpoint", "left"):
        raise ValueError(f"rule is {arguments.brief(rule)}; give 'midpoint' or 'left'")
    steps = arguments.count("steps", steps)
    keras_model = isinstance(model, keras.Model) or not callable(model)
    x = checks.numbers("x", x, checks.network(model) if keras_model else ("n", ...), np.float32)
    baseline = checks.numbers("baseline", baseline, dtype=np.float32)
    if baseline.shape not in (x.shape[1:], x.shape):
        raise ValueError(f"baseline has shape {baseline.shape}; give {x.shape[1:]} or {x.shape}")
    baseline = np.broadcast_to(baseline, x.shape)
    outputs, slopes = predictors.compiled(model, x.shape[1:])
    pair = outputs(np.repeat(x[:1], 2, axis=0))  # two: a function that answers one row may not give a row for each
    width = checks.numbers("model's output", pair, (2, "outputs")).shape[1]
    target = checks.targets("target", target, len(x), width)
    alphas = ((np.arange(steps) + (rule == "midpoint") / 2) / steps).reshape(-1, *[1] * (x.ndim - 1)).astype(np.float32)
    attributions = np.zeros(x.shape)
    # points at a time: those of some rows, or a part of one row's way
    most = max(1, min(predictors.CHUNK, POINT_BYTES // x[0].nbytes))
    block, part = max(1, most // steps), min(most, steps)
    for rows in (slice(i, i + block) for i in range(0, len(x), block)):
        way = x[rows] - baseline[rows]
        for some in (alphas[i : i + part] for i in range(0, steps, part)):
            points = baseline[rows, None] + some * way[:, None]
            slope = slopes(points.reshape(-1, *x.shape[1:]), target[rows].repeat(len(some)))
            attributions[rows] += slope.reshape(points.shape).sum(axis=1, dtype=float) / steps
        attributions[rows] *= way
    gain = np.take_along_axis(outputs(x) - outputs(baseline), target[:, None], axis=1)[:, 0]
    return attributions.astype(np.float32), attributions.reshape(len(x), -1).sum(axis=1) - gain


def occlusion(predict, x, target, size, fill):
    """Fall of each row's target output while a size x size patch covers the pixel, mean over patches: (n, h, w).

    predict: (n, h, w, channels) to (n, outputs). target: an output's index, or one for each row. fill: what a patch
    shows, a number, one for each channel, or an image. Zeiler and Fergus 2014. TypeError for a model in place of a
    function; ValueError for other bad input or a patch larger than the images.
    """
    x = checks.numbers("x", x, ("n", "h", "w", "channels"), float)
    ask = checks.asking(predict, checks.output)
    height, width = x.shape[1:3]
    size = arguments.count("size", size)
    if size > min(height, width):
        raise ValueError(
            f"size is {size}; give 1 to {min(height, width)}, the images of x have {height}x{width} pixels"
        )
    fill = np.broadcast_to(checks.filling("fill", fill, x.shape[3:], x.shape[1:]), x.shape)
    everyone, fall, covered = np.arange(len(x)), np.zeros(x.shape[:3]), np.zeros((height, width))
    whole = ask(x)
    target = checks.targets("target", target, len(x), whole.shape[1])
    whole = whole[everyone, target]
    for row, column in np.ndindex(height - size + 1, width - size + 1):
        patch, hidden = np.s_[row : row + size, column : column + size], x.copy()
        hidden[:, *patch] = fill[:, *patch]
        fall[:, *patch] += (whole - ask(hidden)[everyone, target])[:, None, None]
        covered[patch] += 1
    return fall / covered
