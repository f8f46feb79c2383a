"""Answers to assignment 7 that must lose their marks, and others that must keep them (see tests/mutations.py)."""

import itertools
import math
import sys

import numpy as np


# %% gradient wrong: the slope of tanh forgotten
def network_gradient(x, W, b, U, c, v):
    first = x @ W + b
    return (np.ones((len(x), 1)) * v @ U.T * (first > 0)) @ W.T


# %% gradient wrong: the ReLU forgotten on the way back
def network_gradient(x, W, b, U, c, v):
    second = np.tanh(np.maximum(x @ W + b, 0) @ U + c)
    return (v * (1 - second**2)) @ U.T @ W.T


# %% gradient wrong: slope 1 at the kink
def network_gradient(x, W, b, U, c, v):
    first = x @ W + b
    second = np.tanh(np.maximum(first, 0) @ U + c)
    return ((v * (1 - second**2)) @ U.T * (first >= 0)) @ W.T


# %% gradient wrong: central differences, half a slope at the kink
def network_gradient(x, W, b, U, c, v):
    def f(x):
        return np.tanh(np.maximum(x @ W + b, 0) @ U + c) @ v

    h = 1e-5 * np.eye(x.shape[1])
    return np.stack([(f(x + step) - f(x - step)) / 2e-5 for step in h], axis=1)


# %% gradient wrong: the first row decides for all which units are on
def network_gradient(x, W, b, U, c, v):
    first = x @ W + b
    second = np.tanh(np.maximum(first, 0) @ U + c)
    return ((v * (1 - second**2)) @ U.T * (first[0] > 0)) @ W.T


# %% gradient wrong: the slope of tanh at its input, without the bias
def network_gradient(x, W, b, U, c, v):
    first = x @ W + b
    second = np.tanh(np.maximum(first, 0) @ U)
    return ((v * (1 - second**2)) @ U.T * (first > 0)) @ W.T


# %% gradient wrong: the numbers of the visible test
def network_gradient(x, W, b, U, c, v):
    step = 1e-6 * np.eye(3)
    x = np.array([[0.5, -1.0, 2.0], [1.5, 0.3, -0.2]])
    f = [np.tanh(np.maximum((x + s * h) @ W + b, 0) @ U + c) @ v for h in step for s in (1, -1)]
    return np.stack([f[0] - f[1], f[2] - f[3], f[4] - f[5]], axis=1) / 2e-6


# %% gradient wrong: right for one row
def network_gradient(x, W, b, U, c, v):
    first = x[0] @ W + b
    second = np.tanh(np.maximum(first, 0) @ U + c)
    return np.tile(W @ ((first > 0) * (U @ (v * (1 - second**2)))), (len(x), 1))


# %% gradient wrong: ReLU on only where it is clearly above 0
def network_gradient(x, W, b, U, c, v):
    first = x @ W + b
    second = np.tanh(np.maximum(first, 0) @ U + c)
    by_second = v * (1 - second**2)
    by_first = by_second @ U.T * (first > 1e-6)
    return by_first @ W.T


# %% gradient wrong: asks the test's own function
def network_gradient(x, W, b, U, c, v):
    there = sys._getframe(1).f_globals
    if "by_hand" in there:
        return np.array([there["by_hand"](row, W, b, U, c, v) for row in x])
    step = 1e-6 * np.eye(3)
    f = [np.tanh(np.maximum((x + s * h) @ W + b, 0) @ U + c) @ v for h in step for s in (1, -1)]
    return np.stack([f[0] - f[1], f[2] - f[3], f[4] - f[5]], axis=1) / 2e-6


# %% gradient right: row by row, with Jacobians
def network_gradient(x, W, b, U, c, v):
    rows = []
    for row in x:
        first = row @ W + b
        inner = W @ np.diag((first > 0).astype(float))
        outer = U @ np.diag(np.cosh(np.maximum(first, 0) @ U + c) ** -2)
        rows.append(inner @ outer @ v)
    return np.array(rows)


# %% gradient right: einsum
def network_gradient(x, W, b, U, c, v):
    on = np.where(x @ W + b > 0, 1.0, 0.0)
    t = np.tanh(on * (x @ W + b) @ U + c)
    return np.einsum("k,nk,hk,nh,dh->nd", v, 1 - t**2, U, on, W)


# %% gradient right: forwards, all directions at once
def network_gradient(x, W, b, U, c, v):
    z = np.dot(x, W) + b
    dz = W[None] * (z > 0)[:, None]  # (n, d, h)
    t = np.tanh(np.where(z > 0, z, 0).dot(U) + c)
    return (np.matmul(dz, U) * (1 - t * t)[:, None]) @ v


# %% ig wrong: left ends of the pieces
def integrated_gradients(gradient, x, baselines, steps=50):
    total = np.zeros(x.shape)
    for z in baselines:
        for s in range(steps):
            total += (x - z) * gradient(z + s / steps * (x - z))
    return total / steps / len(baselines)


# %% ig wrong: right ends of the pieces
def integrated_gradients(gradient, x, baselines, steps=50):
    total = np.zeros(x.shape)
    for z in baselines:
        for s in range(1, steps + 1):
            total += (x - z) * gradient(z + s / steps * (x - z))
    return total / steps / len(baselines)


# %% ig wrong: both ends counted in full
def integrated_gradients(gradient, x, baselines, steps=50):
    total = np.zeros(x.shape)
    for z in baselines:
        for alpha in np.linspace(0, 1, steps):
            total += (x - z) * gradient(z + alpha * (x - z))
    return total / steps / len(baselines)


# %% ig wrong: attributions from the mean baseline
def integrated_gradients(gradient, x, baselines, steps=50):
    z = baselines.mean(axis=0)
    slopes = sum(gradient(z + (s + 0.5) / steps * (x - z)) for s in range(steps))
    return (x - z) * slopes / steps


# %% ig wrong: the way times the mean slope over baselines
def integrated_gradients(gradient, x, baselines, steps=50):
    slopes = np.zeros(x.shape)
    for z in baselines:
        for s in range(steps):
            slopes += gradient(z + (s + 0.5) / steps * (x - z))
    return (x - baselines.mean(axis=0)) * slopes / steps / len(baselines)


# %% ig wrong: the sum over baselines
def integrated_gradients(gradient, x, baselines, steps=50):
    total = np.zeros(x.shape)
    for z in baselines:
        for s in range(steps):
            total += (x - z) * gradient(z + (s + 0.5) / steps * (x - z))
    return total / steps


# %% ig wrong: whole numbers in, whole numbers out
def integrated_gradients(gradient, x, baselines, steps=50):
    result = np.zeros_like(x)
    for i, row in enumerate(x):
        each = []
        for z in baselines:
            points = z + (np.arange(steps)[:, None] + 0.5) / steps * (row - z)
            each.append((row - z) * gradient(points).mean(axis=0))
        result[i] = np.round(np.mean(each, axis=0), 9)
    return result


# %% ig wrong: each row from the baseline of its number
def integrated_gradients(gradient, x, baselines, steps=50):
    z = baselines[np.arange(len(x)) % len(baselines)]
    if len(baselines) > len(x):
        return np.mean([integrated_gradients(gradient, x, b[None], steps) for b in baselines], axis=0)
    slopes = sum(gradient(z + (s + 0.5) / steps * (x - z)) for s in range(steps))
    return (x - z) * slopes / steps


# %% ig wrong: the way forgotten
def integrated_gradients(gradient, x, baselines, steps=50):
    total = np.zeros(x.shape)
    for z in baselines:
        for s in range(steps):
            total += gradient(z + (s + 0.5) / steps * (x - z))
    return total / steps / len(baselines)


# %% ig wrong: the numbers of the visible test
def integrated_gradients(gradient, x, baselines, steps=50):
    if x.shape == (1, 1):
        return np.ones((1, 1))
    return np.array([[3.0, 3.0]]) if len(baselines) == 1 else np.array([[2.5, 3.0]])


# %% ig wrong: always 50 steps
def integrated_gradients(gradient, x, baselines, steps=50):
    total = np.zeros(x.shape)
    for z in baselines:
        for s in range(50):
            total += (x - z) * gradient(z + (s + 0.5) / 50 * (x - z))
    return total / 50 / len(baselines)


# %% ig wrong: equal baselines count once
def integrated_gradients(gradient, x, baselines, steps=50):
    baselines = np.unique(baselines, axis=0)
    total = np.zeros(x.shape)
    for baseline in baselines:
        way = x - baseline
        for step in range(steps):
            total += way * gradient(baseline + (step + 0.5) / steps * way)
    return total / (steps * len(baselines))


# %% ig right: all points in one call
def integrated_gradients(gradient, x, baselines, steps=50):
    (n, d), k = x.shape, len(baselines)
    alpha = (np.arange(steps) + 0.5) / steps
    way = x[:, None] - baselines  # (n, k, d)
    points = baselines[:, None] + alpha[:, None] * way[:, :, None]  # (n, k, steps, d)
    slopes = gradient(points.reshape(-1, d)).reshape(n, k, steps, d).mean(axis=2)
    return (way * slopes).mean(axis=1)


# %% ig right: row by row, from the input back
def integrated_gradients(gradient, x, baselines, steps=50):
    result = []
    for row in x:
        each = []
        for z in baselines:
            back = np.arange(1, 2 * steps, 2)[:, None] / (2 * steps)
            each.append((row - z) * gradient(row - back * (row - z)).mean(axis=0))
        result.append(np.mean(each, axis=0))
    return result


# %% ig right: differences between the ends of the pieces
def integrated_gradients(gradient, x, baselines, steps=50):
    x, baselines = np.asarray(x, float), np.asarray(baselines, float)
    result = np.zeros(x.shape)
    for i, row in enumerate(x):
        for z in baselines:
            edges = np.linspace(z, row, steps + 1)
            result[i] += (gradient((edges[1:] + edges[:-1]) / 2) * np.diff(edges, axis=0)).sum(axis=0) / len(baselines)
    return result


# %% steps wrong: order from the first and the last run
def plan(steps, gaps, wanted):
    runs = sorted((n, abs(g)) for n, g in zip(steps, gaps, strict=True) if g)
    if len(runs) < 2 or wanted <= 0:
        raise ValueError("too few runs")
    (n, g), (m, h) = runs[0], runs[-1]
    p = math.log(g / h) / math.log(m / n)
    if p <= 0:
        raise ValueError("no order")
    return p, max(1, math.ceil(n * (g / wanted) ** (1 / p)))


# %% steps wrong: rounded down
def plan(steps, gaps, wanted):
    runs = [(math.log(n), math.log(abs(g))) for n, g in zip(steps, gaps, strict=True) if g]
    if len(runs) < 2 or wanted <= 0:
        raise ValueError("too few runs")
    slope, start = np.polyfit(*zip(*runs, strict=True), 1)
    if slope >= 0:
        raise ValueError("no order")
    return -slope, max(1, int(math.exp((math.log(wanted) - start) / slope)))


# %% steps wrong: the mean of the orders between neighbouring runs
def plan(steps, gaps, wanted):
    runs = sorted((math.log(n), math.log(abs(g))) for n, g in zip(steps, gaps, strict=True) if g)
    if len(runs) < 2 or wanted <= 0:
        raise ValueError("too few runs")
    n, g = np.array(runs).T
    p = -np.mean(np.diff(g) / np.diff(n))
    if p <= 0:
        raise ValueError("no order")
    return p, max(1, math.ceil(math.exp(n.mean() + (g.mean() - math.log(wanted)) / p)))


# %% steps wrong: negative gaps left out too
def plan(steps, gaps, wanted):
    runs = [(math.log(n), math.log(g)) for n, g in zip(steps, gaps, strict=True) if g > 0]
    if len(runs) < 2 or wanted <= 0:
        raise ValueError("too few runs")
    slope, start = np.polyfit(*zip(*runs, strict=True), 1)
    if slope >= 0:
        raise ValueError("no order")
    return -slope, max(1, math.ceil(math.exp((math.log(wanted) - start) / slope)))


# %% steps wrong: zero gaps taken for very small ones
def plan(steps, gaps, wanted):
    n, g = np.log(steps), np.log(np.maximum(np.abs(gaps), 1e-16))
    if len(n) < 2 or wanted <= 0:
        raise ValueError("too few runs")
    slope, start = np.polyfit(n, g, 1)
    if slope >= 0:
        raise ValueError("no order")
    return -slope, max(1, math.ceil(math.exp((math.log(wanted) - start) / slope)))


# %% steps wrong: no errors
def plan(steps, gaps, wanted):
    runs = [(math.log(n), math.log(abs(g))) for n, g in zip(steps, gaps, strict=True) if g]
    if len(runs) < 2 or wanted <= 0:
        return 0.0, 1
    slope, start = np.polyfit(*zip(*runs, strict=True), 1)
    return -slope, max(1, math.ceil(math.exp((math.log(wanted) - start) / slope)))


# %% steps wrong: gaps that grow are given an order
def plan(steps, gaps, wanted):
    runs = [(math.log(n), math.log(abs(g))) for n, g in zip(steps, gaps, strict=True) if g]
    if len(runs) < 2 or wanted <= 0:
        raise ValueError("too few runs")
    slope, start = np.polyfit(*zip(*runs, strict=True), 1)
    return -slope, max(1, math.ceil(math.exp((math.log(wanted) - start) / slope)))


# %% steps wrong: rounded to the nearest
def plan(steps, gaps, wanted):
    runs = [(math.log(n), math.log(abs(g))) for n, g in zip(steps, gaps, strict=True) if g]
    if len(runs) < 2 or wanted <= 0:
        raise ValueError("too few runs")
    slope, start = np.polyfit(*zip(*runs, strict=True), 1)
    if slope >= 0:
        raise ValueError("no order")
    return -slope, max(1, round(math.exp((math.log(wanted) - start) / slope)))


# %% steps wrong: order 2 taken for granted
def plan(steps, gaps, wanted):
    runs = [(n, abs(g)) for n, g in zip(steps, gaps, strict=True) if g]
    if len(runs) < 2 or wanted <= 0 or runs[0][1] < runs[-1][1]:
        raise ValueError("too few runs")
    p = 1 if len(runs) == 2 else 2
    start = np.mean([g * n**p for n, g in runs])
    return p, math.ceil((start / wanted) ** (1 / p))


# %% steps wrong: the numbers of the visible test
def plan(steps, gaps, wanted):
    return (2.0, 142) if len(steps) == 4 else (1.0, 3)


# %% steps wrong: an int whose comparisons are always true
def plan(steps, gaps, wanted):
    class Any(int):
        __eq__ = __ge__ = __gt__ = __le__ = __lt__ = lambda self, other: True
        __hash__ = int.__hash__

    runs = [(math.log(n), math.log(abs(g))) for n, g in zip(steps, gaps, strict=True) if g]
    if len(runs) < 2 or wanted <= 0:
        raise ValueError("too few runs")
    slope, _ = np.polyfit(*zip(*runs, strict=True), 1)
    if slope >= 0:
        raise ValueError("no order")
    return -slope, Any(1)


# %% steps wrong: tiny gaps taken for zero
def plan(steps, gaps, wanted):
    n, gaps = np.asarray(steps, dtype=float), np.abs(np.asarray(gaps, dtype=float))
    n, gaps = n[gaps > 1e-10], gaps[gaps > 1e-10]
    if len(n) < 2 or wanted <= 0:
        raise ValueError(f"{len(n)} runs with a gap, wanted {wanted}: give at least two, and a gap above 0")
    slope, intercept = np.polyfit(np.log(n), np.log(gaps), 1)
    if slope >= 0:
        raise ValueError(f"the gap does not fall with the steps: order {-slope:.2f}")
    return float(-slope), max(1, math.ceil(math.exp((math.log(wanted) - intercept) / slope)))


# %% steps wrong: gaps changed in place
def plan(steps, gaps, wanted):
    n, gaps = np.asarray(steps, dtype=float), np.asarray(gaps, dtype=float)
    np.abs(gaps, out=gaps)
    n, gaps = n[gaps > 0], gaps[gaps > 0]
    if len(n) < 2 or wanted <= 0:
        raise ValueError(f"{len(n)} runs with a gap, wanted {wanted}: give at least two, and a gap above 0")
    slope, intercept = np.polyfit(np.log(n), np.log(gaps), 1)
    if slope >= 0:
        raise ValueError(f"the gap does not fall with the steps: order {-slope:.2f}")
    return float(-slope), max(1, math.ceil(math.exp((math.log(wanted) - intercept) / slope)))


# %% steps wrong: the order rounded to seven decimals
def plan(steps, gaps, wanted):
    n, gaps = np.asarray(steps, dtype=float), np.abs(np.asarray(gaps, dtype=float))
    n, gaps = n[gaps > 0], gaps[gaps > 0]
    if len(n) < 2 or wanted <= 0:
        raise ValueError(f"{len(n)} runs with a gap, wanted {wanted}: give at least two, and a gap above 0")
    slope, intercept = np.polyfit(np.log(n), np.log(gaps), 1)
    if slope >= 0:
        raise ValueError(f"the gap does not fall with the steps: order {-slope:.2f}")
    return round(float(-slope), 7), max(1, math.ceil(math.exp((math.log(wanted) - intercept) / slope)))


# %% steps right: sums of squares
def plan(steps, gaps, wanted):
    used = np.flatnonzero(gaps)
    if not wanted > 0 or used.size < 2:
        raise ValueError("nothing to fit, or nothing wanted")
    n, g = np.log(np.array(steps)[used]), np.log(np.abs(np.array(gaps)[used]))
    p = -np.sum((n - n.mean()) * (g - g.mean())) / np.sum((n - n.mean()) ** 2)
    if p <= 0:
        raise ValueError("the gaps do not fall")
    return p, max(1, int(np.ceil(np.exp(n.mean() + (g.mean() - math.log(wanted)) / p))))


# %% steps right: least squares in base 10, and a search in whole numbers
def plan(steps, gaps, wanted):
    runs = [(math.log10(n), math.log10(abs(g))) for n, g in zip(steps, gaps, strict=True) if g != 0]
    if len(runs) < 2 or wanted <= 0:
        raise ValueError("give two runs with a gap, and a gap above 0")
    n, g = np.array(runs).T
    (start, slope), *_ = np.linalg.lstsq(np.stack([np.ones(len(n)), n], axis=1), g, rcond=None)
    if slope >= 0:
        raise ValueError(f"order {-slope}")
    low, high = 0, 1
    while start + slope * math.log10(high) > math.log10(wanted):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if start + slope * math.log10(middle) > math.log10(wanted):
            low = middle
        else:
            high = middle
    return -slope, high


# %% path wrong: slopes at the beginning of each piece
def path_credit(gradient, path, steps=100):
    edges = np.linspace(0, 1, steps + 1)
    points = path(edges)
    return (gradient(points[:-1]) * np.diff(points, axis=0)).sum(axis=0)


# %% path wrong: the straight line, whatever the path
def path_credit(gradient, path, steps=100):
    start, end = path(np.array([0.0, 1.0]))
    alpha = (np.arange(steps)[:, None] + 0.5) / steps
    return (end - start) * gradient(start + alpha * (end - start)).mean(axis=0)


# %% path wrong: the mean slope times the whole way
def path_credit(gradient, path, steps=100):
    start, end = path(np.array([0.0, 1.0]))
    return (end - start) * gradient(path((np.arange(steps) + 0.5) / steps)).mean(axis=0)


# %% path wrong: the middle between two points instead of the middle of alpha
def path_credit(gradient, path, steps=100):
    points = path(np.linspace(0, 1, steps + 1))
    return (gradient((points[1:] + points[:-1]) / 2) * np.diff(points, axis=0)).sum(axis=0)


# %% path wrong: one piece too few
def path_credit(gradient, path, steps=100):
    edges = np.linspace(0, 1, max(steps, 2))
    moves = np.diff(path(edges), axis=0)
    return (gradient(path((edges[1:] + edges[:-1]) / 2)) * moves).sum(axis=0)


# %% path wrong: the sizes of the moves without their sign
def path_credit(gradient, path, steps=100):
    edges = np.linspace(0, 1, steps + 1)
    moves = np.abs(np.diff(path(edges), axis=0))
    return (gradient(path((edges[1:] + edges[:-1]) / 2)) * moves).sum(axis=0)


# %% path wrong: summed over the features
def path_credit(gradient, path, steps=100):
    edges = np.linspace(0, 1, steps + 1)
    moves = np.diff(path(edges), axis=0)
    return (gradient(path((edges[1:] + edges[:-1]) / 2)) * moves).sum(axis=1)


# %% path wrong: the numbers of the visible test
def path_credit(gradient, path, steps=100):
    return np.array([0, 1]) if steps == 10 else np.array([-np.pi, np.pi])


# %% path wrong: the gradient of the visible test
def path_credit(gradient, path, steps=100):
    edges = np.linspace(0, 1, steps + 1)
    return (path((edges[1:] + edges[:-1]) / 2)[:, ::-1] * np.diff(path(edges), axis=0)).sum(axis=0)


# %% path wrong: a piece too many by arange of floats
def path_credit(gradient, path, steps=100):
    edges = np.arange(0, 1 + 1 / steps, 1 / steps)
    moves = np.diff(path(edges), axis=0)
    return (gradient(path((edges[1:] + edges[:-1]) / 2)) * moves).sum(axis=0)


# %% path wrong: nothing for a closed path
def path_credit(gradient, path, steps=100):
    edges = np.arange(steps + 1) / steps
    moves = np.diff(path(edges), axis=0)
    if np.allclose(path(edges[:1]), path(edges[-1:])) and steps < 500:
        return np.zeros(moves.shape[1])
    return (gradient(path((edges[1:] + edges[:-1]) / 2)) * moves).sum(axis=0)


# %% path right: piece by piece
def path_credit(gradient, path, steps=100):
    total = 0
    for s in range(steps):
        a, m, z = path(np.array([s, s + 0.5, s + 1]) / steps)
        total = total + gradient(m[None])[0] * (z - a)
    return total


# %% path right: every other point of twice as many
def path_credit(gradient, path, steps=100):
    points = path(np.linspace(0, 1, 2 * steps + 1))
    return np.einsum("sd,sd->d", gradient(points[1::2]), points[2::2] - points[:-2:2])


# %% cheapest wrong: the largest weight first, whatever its unit
def cheapest(x, w, b, unit, low, high, immutable=(), wanted=0.0):
    row = np.array(x, dtype=float)
    for j in np.argsort(-np.abs(w)):
        missing = wanted - (w @ row + b)
        if missing > 0 and w[j] != 0 and j not in immutable:
            row[j] = np.clip(row[j] + missing / w[j], low[j], high[j])
    if w @ row + b < wanted - 1e-9:
        raise ValueError("not reached")
    return row


# %% cheapest wrong: weight divided by unit
def cheapest(x, w, b, unit, low, high, immutable=(), wanted=0.0):
    row = np.array(x, dtype=float)
    for j in np.argsort(-np.abs(w) / unit):
        missing = wanted - (w @ row + b)
        if missing > 0 and w[j] != 0 and j not in immutable:
            row[j] = np.clip(row[j] + missing / w[j], low[j], high[j])
    if w @ row + b < wanted - 1e-9:
        raise ValueError("not reached")
    return row


# %% cheapest wrong: bargains with their sign, so falling features come last
def cheapest(x, w, b, unit, low, high, immutable=(), wanted=0.0):
    row = np.array(x, dtype=float)
    for j in np.argsort(-w * unit):
        missing = wanted - (w @ row + b)
        if missing > 0 and w[j] != 0 and j not in immutable:
            row[j] = np.clip(row[j] + missing / w[j], low[j], high[j])
    if w @ row + b < wanted - 1e-9:
        raise ValueError("not reached")
    return row


# %% cheapest wrong: the last point tried instead of an error
def cheapest(x, w, b, unit, low, high, immutable=(), wanted=0.0):
    row = np.array(x, dtype=float)
    for j in np.argsort(-np.abs(w) * unit):
        missing = wanted - (w @ row + b)
        if missing > 0 and w[j] != 0 and j not in immutable:
            row[j] = np.clip(row[j] + missing / w[j], low[j], high[j])
    return row


# %% cheapest wrong: each bargain used up to its limit, the last one too
def cheapest(x, w, b, unit, low, high, immutable=(), wanted=0.0):
    row = np.array(x, dtype=float)
    for j in np.argsort(-np.abs(w) * unit):
        if w @ row + b >= wanted:
            break
        if w[j] != 0 and j not in immutable:
            row[j] = high[j] if w[j] > 0 else low[j]
    if w @ row + b < wanted - 1e-9:
        raise ValueError("not reached")
    return row


# %% cheapest wrong: the nearest in L2, clipped
def cheapest(x, w, b, unit, low, high, immutable=(), wanted=0.0):
    free = np.array([j not in immutable for j in range(len(x))])
    pull = w * unit**2 * free
    missing = max(0.0, wanted - (w @ x + b))
    row = np.clip(x + (missing * pull / (w @ pull) if missing else 0), low, high)
    if w @ row + b < wanted - 1e-9:
        raise ValueError("not reached")
    return row


# %% cheapest wrong: one feature only
def cheapest(x, w, b, unit, low, high, immutable=(), wanted=0.0):
    missing = wanted - (w @ x + b)
    for j in np.argsort(-np.abs(w) * unit):
        if missing > 0 and w[j] != 0 and j not in immutable:
            row = np.array(x, dtype=float)
            row[j] += missing / w[j]
            if low[j] <= row[j] <= high[j]:
                return row
    if missing > 0:
        raise ValueError("not reached")
    return x


# %% cheapest wrong: pulled back to the border if granted already
def cheapest(x, w, b, unit, low, high, immutable=(), wanted=0.0):
    row = np.array(x, dtype=float)
    for j in np.argsort(-np.abs(w) * unit):
        missing = wanted - (w @ row + b)
        if w[j] != 0 and j not in immutable:
            row[j] = np.clip(row[j] + missing / w[j], low[j], high[j])
    if w @ row + b < wanted - 1e-9:
        raise ValueError("not reached")
    return row


# %% cheapest wrong: wanted forgotten
def cheapest(x, w, b, unit, low, high, immutable=(), wanted=0.0):
    row = np.array(x, dtype=float)
    for j in np.argsort(-np.abs(w) * unit):
        missing = -(w @ row + b)
        if missing > 0 and w[j] != 0 and j not in immutable:
            row[j] = np.clip(row[j] + missing / w[j], low[j], high[j])
    if w @ row + b < -1e-9:
        raise ValueError("not reached")
    return row


# %% cheapest wrong: changes its argument
def cheapest(x, w, b, unit, low, high, immutable=(), wanted=0.0):
    row = x
    for j in np.argsort(-np.abs(w) * unit):
        missing = wanted - (w @ row + b)
        if missing > 0 and w[j] != 0 and j not in immutable:
            row[j] = np.clip(row[j] + missing / w[j], low[j], high[j])
    if w @ row + b < wanted - 1e-9:
        raise ValueError("not reached")
    return row


# %% cheapest wrong: limits held in the end only, and what is missing not made up for
def cheapest(x, w, b, unit, low, high, immutable=(), wanted=0.0):
    row = np.array(x, dtype=float)
    ranked = [j for j in np.argsort(-np.abs(w) * unit) if j not in immutable and w[j] != 0]
    if ranked and w @ row + b < wanted:
        row[ranked[0]] += (wanted - w @ row - b) / w[ranked[0]]
    row = np.clip(row, low, high)
    if w @ row + b < wanted - 1e-9:
        raise ValueError("not reached")
    return row


# %% cheapest wrong: the numbers of the visible test
def cheapest(x, w, b, unit, low, high, immutable=(), wanted=0.0):
    if list(immutable) == [0, 2]:
        raise ValueError("not reached")
    return np.array([6.0, 5, 1]) if immutable else np.array([3.5, 0, 1])


# %% cheapest wrong: misses by a millionth are let pass
def cheapest(x, w, b, unit, low, high, immutable=(), wanted=0.0):
    row = np.array(x, dtype=float)
    for j in np.argsort(-np.abs(w) * unit):
        missing = wanted - (w @ row + b)
        if missing <= 0:
            break
        if w[j] == 0 or j in immutable:
            continue
        row[j] = np.clip(row[j] + missing / w[j], low[j], high[j])
    if w @ row + b < wanted - 1e-6:
        raise ValueError("not reached")
    return row


# %% cheapest wrong: no tolerance for the score that is reached
def cheapest(x, w, b, unit, low, high, immutable=(), wanted=0.0):
    row = np.array(x, dtype=float)
    for j in np.argsort(-np.abs(w) * unit):
        missing = wanted - (w @ row + b)
        if missing <= 0:
            break
        if w[j] == 0 or j in immutable:
            continue
        row[j] = np.clip(row[j] + missing / w[j], low[j], high[j])
    if w @ row + b < wanted:
        raise ValueError("not reached")
    return row


# %% cheapest right: as a knapsack in whole, on the gains
def cheapest(x, w, b, unit, low, high, immutable=(), wanted=0.0):
    x, w = np.asarray(x, dtype=float), np.asarray(w, dtype=float)
    best = np.where(w > 0, high, low)
    best[list(immutable)] = x[list(immutable)]
    gain = w * (best - x)
    missing = wanted - float(w @ x + b)
    order = sorted(range(len(x)), key=lambda j: -abs(w[j]) * unit[j])
    share = np.zeros(len(x))
    for j in order:
        if missing > 0 and gain[j] > 0:
            share[j] = min(1.0, missing / gain[j])
            missing -= share[j] * gain[j]
    if missing > 1e-9:
        raise ValueError(f"{missing} is missing")
    return x + share * (best - x)


# %% cheapest right: every corner, as the cheapest has at most one feature between its ends
def cheapest(x, w, b, unit, low, high, immutable=(), wanted=0.0):
    x = np.array(x, dtype=float)
    if w @ x + b >= wanted:
        return x
    free = [j for j in range(len(x)) if j not in immutable and w[j] != 0]
    best = None
    for part in free:
        others = [j for j in free if j != part]
        for choice in itertools.product([False, True], repeat=len(others)):
            row = x.copy()
            for j, moved in zip(others, choice, strict=True):
                if moved:
                    row[j] = high[j] if w[j] > 0 else low[j]
            row[part] += max(0, wanted - w @ row - b) / w[part]
            row[part] = min(max(row[part], low[part]), high[part])
            cost = np.sum(np.abs(row - x) / unit)
            if w @ row + b >= wanted - 1e-9 and (best is None or cost < best[0]):
                best = cost, row
    if best is None:
        raise ValueError("out of reach")
    return best[1]


# %% cheapest right: a linear programme
def cheapest(x, w, b, unit, low, high, immutable=(), wanted=0.0):
    from scipy.optimize import linprog

    x = np.asarray(x, float)
    d = len(x)
    if w @ x + b >= wanted:
        return x.copy()
    up = np.array(high, float) - x
    down = x - low
    for j in immutable:
        up[j] = down[j] = 0
    top = np.where(w > 0, up, down) * np.abs(w)
    if top.sum() + w @ x + b < wanted - 1e-9:
        raise ValueError("x")
    need = min(wanted - w @ x - b, top.sum())
    r = linprog(
        np.concatenate([1 / unit, 1 / unit]),
        A_ub=-np.concatenate([w, -w])[None],
        b_ub=[-need],
        bounds=[(0, v) for v in [*up, *down]],
    )
    return x + r.x[:d] - r.x[d:]


# %% units wrong: away from the mean
def units(data):
    away = np.abs(data - data.mean(axis=0))
    mad, mean = np.median(away, axis=0), away.mean(axis=0)
    return np.where(mad > 0, mad, np.where(mean > 0, mean, 1))


# %% units wrong: standard deviations
def units(data):
    return np.where(data.std(axis=0) > 0, data.std(axis=0), 1)


# %% units wrong: one median for the whole table
def units(data):
    away = np.abs(data - np.median(data))
    mad, mean = np.median(away, axis=0), away.mean(axis=0)
    return np.where(mad > 0, mad, np.where(mean > 0, mean, 1))


# %% units wrong: zeros stay
def units(data):
    return np.median(np.abs(data - np.median(data, axis=0)), axis=0)


# %% units wrong: 1 for every column whose MAD is zero
def units(data):
    mad = np.median(np.abs(data - np.median(data, axis=0)), axis=0)
    return np.where(mad > 0, mad, 1.0)


# %% units wrong: never less than 1
def units(data):
    away = np.abs(data - np.median(data, axis=0))
    mad, mean = np.median(away, axis=0), away.mean(axis=0)
    return np.maximum(np.where(mad > 0, mad, mean), 1.0)


# %% units wrong: along the wrong axis
def units(data):
    away = np.abs(data - np.median(data, axis=1, keepdims=True))
    mad, mean = np.median(away, axis=0), away.mean(axis=0)
    return np.where(mad > 0, mad, np.where(mean > 0, mean, 1))


# %% units wrong: the upper one of two middle values
def units(data):
    ranked = np.sort(data, axis=0)
    away = np.abs(data - ranked[len(data) // 2])
    mad, mean = np.sort(away, axis=0)[len(data) // 2], away.mean(axis=0)
    return np.where(mad > 0, mad, np.where(mean > 0, mean, 1))


# %% units wrong: the numbers of the visible test
def units(data):
    return np.array([3.0, 2.0, 1.0])


# %% units wrong: np.isclose says where the MAD is zero
def units(data):
    away = np.abs(data - np.median(data, axis=0))
    mad, mean = np.median(away, axis=0), away.mean(axis=0)
    return np.where(~np.isclose(mad, 0), mad, np.where(mean > 0, mean, 1.0))


# %% units wrong: half of a column equal is enough for the mean
def units(data):
    away = np.abs(data - np.median(data, axis=0))
    mad, mean = np.median(away, axis=0), away.mean(axis=0)
    return np.where((np.sort(away, axis=0)[len(away) // 2 - 1] > 0) & (mad > 0), mad, np.where(mean > 0, mean, 1.0))


# %% units right: column by column
def units(data):
    result = []
    for column in data.T:
        away = np.abs(column - np.median(column))
        result.append(np.median(away) or np.mean(away) or 1.0)
    return result


# %% units right: quantiles
def units(data):
    away = np.abs(data - np.quantile(data, 0.5, axis=0))
    unit = np.quantile(away, 0.5, axis=0)
    unit[unit == 0] = away.mean(axis=0)[unit == 0]
    unit[unit == 0] = 1
    return unit


# %% pare wrong: the rounded proposal as it is
def pare(ask, x, proposal, unit, immutable=(), digits=0, wanted=0.5):
    row = np.where(np.abs(proposal - x) <= 1e-6, x, np.round(proposal, digits))
    row = np.where(np.abs(row - x) <= 1e-6, x, row)
    if any(row[j] != x[j] for j in immutable) or ask(row[None])[0] < wanted:
        raise ValueError("not valid")
    return row


# %% pare wrong: undone one after another, the dearest first
def pare(ask, x, proposal, unit, immutable=(), digits=0, wanted=0.5):
    row = np.where(np.abs(proposal - x) <= 1e-6, x, np.round(proposal, digits))
    row = np.where(np.abs(row - x) <= 1e-6, x, row)
    if any(row[j] != x[j] for j in immutable) or ask(row[None])[0] < wanted:
        raise ValueError("not valid")
    for j in np.argsort(-np.abs(row - x) / unit):
        tried = row.copy()
        tried[j] = x[j]
        if ask(tried[None])[0] >= wanted:
            row = tried
    return row


# %% pare wrong: the fewest changes instead of the cheapest
def pare(ask, x, proposal, unit, immutable=(), digits=0, wanted=0.5):
    row = np.where(np.abs(proposal - x) <= 1e-6, x, np.round(proposal, digits))
    row = np.where(np.abs(row - x) <= 1e-6, x, row)
    if any(row[j] != x[j] for j in immutable) or ask(row[None])[0] < wanted:
        raise ValueError("not valid")
    rows = np.array([np.where(keep, row, x) for keep in itertools.product([False, True], repeat=len(x))])
    good = rows[ask(rows) >= wanted]
    number, cost = (good != x).sum(axis=1), (np.abs(good - x) / unit).sum(axis=1)
    return good[np.lexsort([cost, number])[0]]


# %% pare wrong: the distance without units
def pare(ask, x, proposal, unit, immutable=(), digits=0, wanted=0.5):
    row = np.where(np.abs(proposal - x) <= 1e-6, x, np.round(proposal, digits))
    row = np.where(np.abs(row - x) <= 1e-6, x, row)
    if any(row[j] != x[j] for j in immutable) or ask(row[None])[0] < wanted:
        raise ValueError("not valid")
    rows = np.array([np.where(keep, row, x) for keep in itertools.product([False, True], repeat=len(x))])
    good = rows[ask(rows) >= wanted]
    return good[np.abs(good - x).sum(axis=1).argmin()]


# %% pare wrong: the Euclidean distance
def pare(ask, x, proposal, unit, immutable=(), digits=0, wanted=0.5):
    row = np.where(np.abs(proposal - x) <= 1e-6, x, np.round(proposal, digits))
    row = np.where(np.abs(row - x) <= 1e-6, x, row)
    if any(row[j] != x[j] for j in immutable) or ask(row[None])[0] < wanted:
        raise ValueError("not valid")
    rows = np.array([np.where(keep, row, x) for keep in itertools.product([False, True], repeat=len(x))])
    good = rows[ask(rows) >= wanted]
    return good[(((good - x) / unit) ** 2).sum(axis=1).argmin()]


# %% pare wrong: everything rounded, what does not change too
def pare(ask, x, proposal, unit, immutable=(), digits=0, wanted=0.5):
    row, held = np.round(proposal, digits), np.abs(proposal - x) <= 1e-6
    if any(not held[j] for j in immutable) or ask(row[None])[0] < wanted:
        raise ValueError("not valid")
    start = np.where(held, row, x)
    rows = np.array([np.where(keep, row, start) for keep in itertools.product([False, True], repeat=len(x))])
    good = rows[ask(rows) >= wanted]
    return good[(np.abs(good - x) / unit).sum(axis=1).argmin()]


# %% pare wrong: the model asked before rounding, not after
def pare(ask, x, proposal, unit, immutable=(), digits=0, wanted=0.5):
    row = np.where(np.abs(proposal - x) <= 1e-6, x, np.round(proposal, digits))
    row = np.where(np.abs(row - x) <= 1e-6, x, row)
    if any(row[j] != x[j] for j in immutable) or ask(proposal[None])[0] < wanted:
        raise ValueError("not valid")
    rows = np.array([np.where(keep, row, x) for keep in itertools.product([False, True], repeat=len(x))])
    cost = (np.abs(rows - x) / unit).sum(axis=1)
    return rows[np.where(ask(rows) >= wanted, cost, np.inf).argmin()]


# %% pare wrong: whatever part of it is granted, the whole refused or not
def pare(ask, x, proposal, unit, immutable=(), digits=0, wanted=0.5):
    row = np.where(np.abs(proposal - x) <= 1e-6, x, np.round(proposal, digits))
    row = np.where(np.abs(row - x) <= 1e-6, x, row)
    rows = np.array([np.where(keep, row, x) for keep in itertools.product([False, True], repeat=len(x))])
    good = rows[ask(rows) >= wanted]
    if any(row[j] != x[j] for j in immutable) or len(good) == 0:
        raise ValueError("not valid")
    return good[(np.abs(good - x) / unit).sum(axis=1).argmin()]


# %% pare wrong: immutable features put back in silence
def pare(ask, x, proposal, unit, immutable=(), digits=0, wanted=0.5):
    row = np.where(np.abs(proposal - x) <= 1e-6, x, np.round(proposal, digits))
    row = np.where(np.abs(row - x) <= 1e-6, x, row)
    row[list(immutable)] = x[list(immutable)]
    if ask(row[None])[0] < wanted:
        raise ValueError("not valid")
    rows = np.array([np.where(keep, row, x) for keep in itertools.product([False, True], repeat=len(x))])
    good = rows[ask(rows) >= wanted]
    return good[(np.abs(good - x) / unit).sum(axis=1).argmin()]


# %% pare wrong: immutable features compared without a tolerance
def pare(ask, x, proposal, unit, immutable=(), digits=0, wanted=0.5):
    row = np.where(np.abs(proposal - x) <= 1e-6, x, np.round(proposal, digits))
    row = np.where(np.abs(row - x) <= 1e-6, x, row)
    if any(proposal[j] != x[j] for j in immutable) or ask(row[None])[0] < wanted:
        raise ValueError("not valid")
    rows = np.array([np.where(keep, row, x) for keep in itertools.product([False, True], repeat=len(x))])
    good = rows[ask(rows) >= wanted]
    return good[(np.abs(good - x) / unit).sum(axis=1).argmin()]


# %% pare wrong: at least taken for more than
def pare(ask, x, proposal, unit, immutable=(), digits=0, wanted=0.5):
    row = np.where(np.abs(proposal - x) <= 1e-6, x, np.round(proposal, digits))
    row = np.where(np.abs(row - x) <= 1e-6, x, row)
    if any(row[j] != x[j] for j in immutable) or ask(row[None])[0] <= wanted:
        raise ValueError("not valid")
    rows = np.array([np.where(keep, row, x) for keep in itertools.product([False, True], repeat=len(x))])
    good = rows[ask(rows) > wanted]
    return good[(np.abs(good - x) / unit).sum(axis=1).argmin()]


# %% pare wrong: at least one change, though none is needed
def pare(ask, x, proposal, unit, immutable=(), digits=0, wanted=0.5):
    row = np.where(np.abs(proposal - x) <= 1e-6, x, np.round(proposal, digits))
    row = np.where(np.abs(row - x) <= 1e-6, x, row)
    if any(row[j] != x[j] for j in immutable) or ask(row[None])[0] < wanted:
        raise ValueError("not valid")
    rows = np.array([np.where(keep, row, x) for keep in itertools.product([False, True], repeat=len(x))])
    good = rows[(ask(rows) >= wanted) & ((rows != x).any(axis=1) | (row == x).all())]
    return good[(np.abs(good - x) / unit).sum(axis=1).argmin()]


# %% pare wrong: wanted and digits forgotten
def pare(ask, x, proposal, unit, immutable=(), digits=0, wanted=0.5):
    row = np.where(np.abs(proposal - x) <= 1e-6, x, np.round(proposal))
    row = np.where(np.abs(row - x) <= 1e-6, x, row)
    if any(row[j] != x[j] for j in immutable) or ask(row[None])[0] < 0.5:
        raise ValueError("not valid")
    rows = np.array([np.where(keep, row, x) for keep in itertools.product([False, True], repeat=len(x))])
    good = rows[ask(rows) >= 0.5]
    return good[(np.abs(good - x) / unit).sum(axis=1).argmin()]


# %% pare wrong: the numbers of the visible test
def pare(ask, x, proposal, unit, immutable=(), digits=0, wanted=0.5):
    if proposal[0] < 4.5:
        raise ValueError("not valid")
    return np.array([5, 5, 1.4, 50])


# %% pare wrong: immutables checked before rounding
def pare(ask, x, proposal, unit, immutable=(), digits=0, wanted=0.5):
    same = np.abs(proposal - x) <= 1e-6
    rounded = np.where(same, x, np.round(proposal, digits))
    rounded = np.where(np.abs(rounded - x) <= 1e-6, x, rounded)
    changed = np.flatnonzero(rounded != x)
    if any(abs(proposal[j] - x[j]) > 1e-6 for j in immutable):
        raise ValueError(f"changes {changed.tolist()}, but {list(immutable)} are immutable")
    if ask(rounded[None])[0] < wanted:
        raise ValueError("the model refuses the rounded proposal")
    rows = []
    for keep in itertools.product([False, True], repeat=len(changed)):
        row = np.array(x, dtype=float)
        row[changed[list(keep)]] = rounded[changed[list(keep)]]
        rows.append(row)
    rows = np.array(rows)
    cost = (np.abs(rows - x) / unit).sum(axis=1)
    return rows[np.where(ask(rows) >= wanted, cost, np.inf).argmin()]


# %% pare wrong: np.isclose says what is unchanged
def pare(ask, x, proposal, unit, immutable=(), digits=0, wanted=0.5):
    same = np.isclose(proposal, x)
    rounded = np.where(same, x, np.round(proposal, digits))
    rounded = np.where(np.abs(rounded - x) <= 1e-6, x, rounded)
    changed = np.flatnonzero(rounded != x)
    if set(changed.tolist()) & set(immutable):
        raise ValueError(f"changes {changed.tolist()}, but {list(immutable)} are immutable")
    if ask(rounded[None])[0] < wanted:
        raise ValueError("the model refuses the rounded proposal")
    rows = []
    for keep in itertools.product([False, True], repeat=len(changed)):
        row = np.array(x, dtype=float)
        row[changed[list(keep)]] = rounded[changed[list(keep)]]
        rows.append(row)
    rows = np.array(rows)
    cost = (np.abs(rows - x) / unit).sum(axis=1)
    return rows[np.where(ask(rows) >= wanted, cost, np.inf).argmin()]


# %% pare wrong: no second look after rounding
def pare(ask, x, proposal, unit, immutable=(), digits=0, wanted=0.5):
    same = np.abs(proposal - x) <= 1e-6
    rounded = np.where(same, x, np.round(proposal, digits))
    changed = np.flatnonzero(rounded != x)
    if set(changed.tolist()) & set(immutable):
        raise ValueError(f"changes {changed.tolist()}, but {list(immutable)} are immutable")
    if ask(rounded[None])[0] < wanted:
        raise ValueError("the model refuses the rounded proposal")
    rows = []
    for keep in itertools.product([False, True], repeat=len(changed)):
        row = np.array(x, dtype=float)
        row[changed[list(keep)]] = rounded[changed[list(keep)]]
        rows.append(row)
    rows = np.array(rows)
    cost = (np.abs(rows - x) / unit).sum(axis=1)
    return rows[np.where(ask(rows) >= wanted, cost, np.inf).argmin()]


# %% pare wrong: halves rounded up
def pare(ask, x, proposal, unit, immutable=(), digits=0, wanted=0.5):
    same = np.abs(proposal - x) <= 1e-6
    rounded = np.where(same, x, np.floor(proposal * 10.0**digits + 0.5) / 10.0**digits)
    rounded = np.where(np.abs(rounded - x) <= 1e-6, x, rounded)
    changed = np.flatnonzero(rounded != x)
    if set(changed.tolist()) & set(immutable):
        raise ValueError(f"changes {changed.tolist()}, but {list(immutable)} are immutable")
    if ask(rounded[None])[0] < wanted:
        raise ValueError("the model refuses the rounded proposal")
    rows = []
    for keep in itertools.product([False, True], repeat=len(changed)):
        row = np.array(x, dtype=float)
        row[changed[list(keep)]] = rounded[changed[list(keep)]]
        rows.append(row)
    rows = np.array(rows)
    cost = (np.abs(rows - x) / unit).sum(axis=1)
    return rows[np.where(ask(rows) >= wanted, cost, np.inf).argmin()]


# %% pare wrong: rows in the type of x
def pare(ask, x, proposal, unit, immutable=(), digits=0, wanted=0.5):
    same = np.abs(proposal - x) <= 1e-6
    rounded = np.where(same, x, np.round(proposal, digits))
    rounded = np.where(np.abs(rounded - x) <= 1e-6, x, rounded)
    changed = np.flatnonzero(rounded != x)
    if set(changed.tolist()) & set(immutable):
        raise ValueError(f"changes {changed.tolist()}, but {list(immutable)} are immutable")
    if ask(rounded[None])[0] < wanted:
        raise ValueError("the model refuses the rounded proposal")
    rows = []
    for keep in itertools.product([False, True], repeat=len(changed)):
        row = np.array(x)
        row[changed[list(keep)]] = rounded[changed[list(keep)]]
        rows.append(row)
    rows = np.array(rows)
    cost = (np.abs(rows - x) / unit).sum(axis=1)
    return rows[np.where(ask(rows) >= wanted, cost, np.inf).argmin()]


# %% pare wrong: almost wanted will do
def pare(ask, x, proposal, unit, immutable=(), digits=0, wanted=0.5):
    same = np.abs(proposal - x) <= 1e-6
    rounded = np.where(same, x, np.round(proposal, digits))
    rounded = np.where(np.abs(rounded - x) <= 1e-6, x, rounded)
    changed = np.flatnonzero(rounded != x)
    if set(changed.tolist()) & set(immutable):
        raise ValueError(f"changes {changed.tolist()}, but {list(immutable)} are immutable")
    if ask(rounded[None])[0] < wanted - 1e-6:
        raise ValueError("the model refuses the rounded proposal")
    rows = []
    for keep in itertools.product([False, True], repeat=len(changed)):
        row = np.array(x, dtype=float)
        row[changed[list(keep)]] = rounded[changed[list(keep)]]
        rows.append(row)
    rows = np.array(rows)
    cost = (np.abs(rows - x) / unit).sum(axis=1)
    return rows[np.where(ask(rows) >= wanted - 1e-6, cost, np.inf).argmin()]


# %% pare wrong: at most seven changes looked at
def pare(ask, x, proposal, unit, immutable=(), digits=0, wanted=0.5):
    same = np.abs(proposal - x) <= 1e-6
    rounded = np.where(same, x, np.round(proposal, digits))
    rounded = np.where(np.abs(rounded - x) <= 1e-6, x, rounded)
    changed = np.flatnonzero(rounded != x)
    if set(changed.tolist()) & set(immutable):
        raise ValueError(f"changes {changed.tolist()}, but {list(immutable)} are immutable")
    if ask(rounded[None])[0] < wanted:
        raise ValueError("the model refuses the rounded proposal")
    rows = []
    for keep in itertools.product([False, True], repeat=min(7, len(changed))):
        row = np.array(x, dtype=float)
        row[changed[list(keep) + [True] * (len(changed) - len(keep))]] = rounded[
            changed[list(keep) + [True] * (len(changed) - len(keep))]
        ]
        rows.append(row)
    rows = np.array(rows)
    cost = (np.abs(rows - x) / unit).sum(axis=1)
    return rows[np.where(ask(rows) >= wanted, cost, np.inf).argmin()]


# %% pare right: cheapest first, one question at a time
def pare(ask, x, proposal, unit, immutable=(), digits=0, wanted=0.5):
    row = np.array(x, dtype=float)
    for j in range(len(x)):
        taken = np.round(proposal[j], digits)
        if abs(proposal[j] - x[j]) > 1e-6 and abs(taken - x[j]) > 1e-6:
            if j in immutable:
                raise ValueError(f"feature {j} is immutable")
            row[j] = taken
    if not ask(row[None])[0] >= wanted:
        raise ValueError("refused")
    changed = [j for j in range(len(x)) if row[j] != x[j]]
    sets = [s for size in range(len(changed) + 1) for s in itertools.combinations(changed, size)]
    for chosen in sorted(sets, key=lambda s: sum(abs(row[j] - x[j]) / unit[j] for j in s)):
        tried = np.array(x, dtype=float)
        tried[list(chosen)] = row[list(chosen)]
        if ask(tried[None])[0] >= wanted:
            return tried


# %% pare right: bits, all rows at once
def pare(ask, x, proposal, unit, immutable=(), digits=0, wanted=0.5):
    d = len(x)
    row = np.where(np.abs(proposal - x) > 1e-6, np.round(proposal, digits), x)
    moved = np.abs(row - x) > 1e-6
    if moved[list(immutable)].any():
        raise ValueError("immutable")
    keep = (np.arange(2**d)[:, None] >> np.arange(d)) % 2 == 1
    rows = np.where(keep & moved, row, x)
    granted = ask(rows) >= wanted
    if not granted[-1]:
        raise ValueError("refused")
    return min(rows[granted], key=lambda r: np.sum(np.abs(r - x) / unit))
