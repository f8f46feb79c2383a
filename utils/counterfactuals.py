"""Counterfactuals: the nearest inputs that a model answers otherwise."""

import numpy as np
import tensorflow as tf

from utils import arguments, checks, predictors

STARTS, STEPS = 48, 200  # of the search
MARGIN = 0.01  # by which the target's probability leads in a counterfactual


class NoCounterfactual(ValueError):
    """The search found no input within the limits that the model gives to the target class."""


def counterfactuals(model, x, target, low, high, immutable=(), scale=None, count=1, seed=0):
    """Inputs near x that the model gives to class `target`: (found, features), nearest first, 1 <= found <= count.

    model: a Keras model, (n, features) to (n, classes) probabilities. x, low, high: (features,), the row and its
    limits. immutable: columns that stay. scale: (features,) a change of each feature that counts as 1, such as its
    median absolute deviation; None: high - low. The distance is the sum of |change| / scale. A gradient search
    anneals the distance's weight from many starts (Wachter et al. 2017); then changes that are not needed are undone,
    and answers kept that change other features or lie far apart (Mothilal et al. 2020). It follows the logits where
    the model ends in a softmax, and else the logarithm of the probabilities, which is flat for a model so sure that
    they are 0 or 1. Features are continuous; for a category hold its columns, and search once for each of its values.
    The target leads in each answer by MARGIN at least, so that `model.predict` agrees. NoCounterfactual if none was
    found; TypeError for anything but a Keras 3 model; ValueError for other bad input and for an x that is in the target
    class already.
    """
    predict, network = predictors.predictor(model), checks.network(model)
    limits = (("x", x), ("low", low), ("high", high))
    x, low, high = (checks.numbers(name, values, network.shape, float) for name, values in limits)
    if ((low > x) | (x > high)).any():
        columns = np.flatnonzero((low > x) | (x > high)).tolist()
        raise ValueError(f"x lies outside low to high in columns {columns}; widen the limits there")
    seed = arguments.seed(seed)
    immutable = arguments.sequence("immutable", immutable)
    if any(not isinstance(i, (int, np.integer)) or isinstance(i, bool) or not 0 <= i < len(x) for i in immutable):
        raise ValueError(f"immutable is {arguments.brief(immutable)}; give indices of columns, 0 to {len(x) - 1}")
    scale = np.where(high > low, high - low, 1) if scale is None else checks.numbers("scale", scale, network.shape)
    if not (scale > 0).all():
        raise ValueError(f"scale is not positive in columns {np.flatnonzero(scale <= 0).tolist()}; take another spread")
    count = arguments.count("count", count)
    first = predict(x[None])[0]
    target = int(checks.targets("target", target, 1, len(first))[0])
    if first.argmax() == target:
        raise ValueError(f"the model gives x to class {target} already; ask for another target")

    def valid(rows):
        p = predict(rows)
        return p[:, target] - np.delete(p, target, axis=1).max(axis=1) >= MARGIN

    def distance(rows):
        return (np.abs(rows - x) / scale).sum(axis=1)

    free = (high > low) & ~np.isin(np.arange(len(x)), immutable)
    floor = 1e-4 if network.precision == "float16" else 1e-30  # 1 / p, a gradient, has to stay finite
    rows = _search(model, x, target, low, high, free, scale, valid, distance, floor, np.random.default_rng(seed))
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


def _logits(model, points, floor):
    """Log-probabilities (n, classes) up to a constant in each row: what the last softmax takes, if there is one.

    A probability of 0 or 1 has no slope, the number before the softmax has. To be called in a graph.
    """
    p = predictors.answer(model, points)
    last = predictors.last(p)
    return tf.cast(last.inputs[0], tf.float32) if last.type == "Softmax" else tf.math.log(p + floor)


def _search(model, x, target, low, high, free, scale, valid, distance, floor, rng):
    """The nearest valid row that each of STARTS descents came upon; where there was none, its last row."""

    def lead(points):  # of the target over the best other class, in log-probability
        log = _logits(model, points, floor)
        others = log - 1e9 * tf.one_hot(target, log.shape[1])
        return log[:, target, None] - tf.reduce_max(others, axis=1, keepdims=True)

    _, slopes = predictors.compiled(lead, x.shape)
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
