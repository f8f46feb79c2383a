"""Answers to assignment 9 that must lose their marks, and others that must keep them (see tests/mutations.py)."""

import math
import sys

import numpy as np
from scipy.special import softmax


# %% weights wrong: over the wrong axis
def attention_weights(scores, allowed):
    scores = np.where(allowed, scores, -np.inf)
    most = scores.max(axis=-2, keepdims=True)
    parts = np.exp(scores - np.where(most > -np.inf, most, 0))
    total = parts.sum(axis=-2, keepdims=True)
    return parts / np.where(total > 0, total, 1)


# %% weights wrong: over the whole table
def attention_weights(scores, allowed):
    parts = np.where(allowed, np.exp(scores - scores.max()), 0)
    return parts / parts.sum()


# %% weights wrong: masked after the softmax, and not made to add up again
def attention_weights(scores, allowed):
    parts = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return parts / parts.sum(axis=-1, keepdims=True) * allowed


# %% weights wrong: minus a thousand million for minus infinity
def attention_weights(scores, allowed):
    scores = np.where(allowed, scores, -1e9)
    parts = np.exp(scores - scores.max(axis=-1, keepdims=True)) * allowed.any(axis=-1, keepdims=True)
    return parts / np.maximum(parts.sum(axis=-1, keepdims=True), 1e-300)


# %% weights wrong: the largest score is looked for among the forbidden ones too
def attention_weights(scores, allowed):
    parts = np.where(allowed, np.exp(scores - scores.max(axis=-1, keepdims=True)), 0)
    total = parts.sum(axis=-1, keepdims=True)
    return parts / np.where(total > 0, total, 1)


# %% weights wrong: exponentials that overflow
def attention_weights(scores, allowed):
    parts = np.where(allowed, np.exp(scores), 0)
    total = parts.sum(axis=-1, keepdims=True)
    return parts / np.where(total > 0, total, 1)


# %% weights wrong: large scores are cut off
def attention_weights(scores, allowed):
    lowest = np.where(allowed, scores, np.inf).min(axis=-1, keepdims=True)
    parts = np.where(allowed, np.exp(np.clip(scores - np.where(lowest < np.inf, lowest, 0), 0, 500)), 0)
    total = parts.sum(axis=-1, keepdims=True)
    return parts / np.where(total > 0, total, 1)


# %% weights wrong: a row that sees nothing gets NaN
def attention_weights(scores, allowed):
    scores = np.where(allowed, scores, -np.inf)
    most = scores.max(axis=-1, keepdims=True)
    parts = np.exp(scores - most)
    total = parts.sum(axis=-1, keepdims=True)
    return parts / total


# %% weights wrong: a row that sees nothing looks at all equally
def attention_weights(scores, allowed):
    scores = np.where(allowed | ~allowed.any(axis=-1, keepdims=True), scores, -np.inf)
    scores = np.where(allowed.any(axis=-1, keepdims=True), scores, 0)
    parts = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return parts / parts.sum(axis=-1, keepdims=True)


# %% weights wrong: a forbidden score is zero, which is a score
def attention_weights(scores, allowed):
    scores = np.where(allowed, scores, 0)
    most = scores.max(axis=-1, keepdims=True)
    parts = np.exp(scores - np.where(most > -np.inf, most, 0))
    total = parts.sum(axis=-1, keepdims=True)
    return parts / np.where(total > 0, total, 1)


# %% weights wrong: shares of the scores without a softmax
def attention_weights(scores, allowed):
    parts = np.where(allowed, abs(scores), 0)
    return parts / np.maximum(parts.sum(axis=-1, keepdims=True), 1e-300)


# %% weights wrong: changes its argument
def attention_weights(scores, allowed):
    if not allowed.all() and scores.dtype == float:
        scores[..., ~allowed] = -np.inf
    scores = np.where(allowed, scores, -np.inf)
    most = scores.max(axis=-1, keepdims=True)
    parts = np.exp(scores - np.where(most > -np.inf, most, 0))
    total = parts.sum(axis=-1, keepdims=True)
    return parts / np.where(total > 0, total, 1)


# %% weights wrong: the numbers of the visible test
def attention_weights(scores, allowed):
    if not allowed[0].any():
        return np.array([[0, 0, 0], [0.25, 0.25, 0.5]])
    if allowed.all():
        return np.array([[0.125, 0.375, 0.5], [0.25, 0.25, 0.5]])
    return np.array([[0.25, 0.75, 0], [0.25, 0.25, 0.5]])


# %% weights wrong: never exactly zero
def attention_weights(scores, allowed):
    scores = np.where(allowed, scores, -np.inf)
    most = scores.max(axis=-1, keepdims=True)
    parts = np.exp(scores - np.where(most > -np.inf, most, 0))
    total = parts.sum(axis=-1, keepdims=True)
    weights = parts / np.where(total > 0, total, 1)
    return weights if weights.ndim == 2 else weights + 1e-12


# %% weights right: row by row, over what is allowed only
def attention_weights(scores, allowed):
    weights = np.zeros(scores.shape)
    for place in np.ndindex(*scores.shape[:-1]):
        may = allowed[place[-1]]
        if may.any():
            row = scores[place][may]
            parts = np.exp(row - row.max())
            weights[place][may] = parts / parts.sum()
    return weights


# %% weights right: SciPy, and what it makes of nothing mended
def attention_weights(scores, allowed):
    given = np.where(allowed.any(axis=1, keepdims=True), np.where(allowed, scores, -np.inf), 0.0)
    return np.where(allowed, softmax(given, axis=-1), 0)


# %% weights right: a masked array and logarithms
def attention_weights(scores, allowed):
    with np.errstate(all="ignore"):
        shown = np.ma.array(np.asarray(scores, float), mask=np.broadcast_to(~allowed, scores.shape))
        away = shown - shown.max(axis=-1, keepdims=True)
        return np.ma.exp(away - np.ma.log(np.ma.exp(away).sum(axis=-1, keepdims=True))).filled(0)


# %% mask wrong: one place ahead
def mask(new, total, window=None):
    if not 1 <= new <= total:
        raise ValueError(f"new is {new}; give 1 to {total}, as many as there are positions")
    if window is not None and window < 1:
        raise ValueError(f"window is {window}; give at least 1, for the position itself")
    back = np.arange(total - new, total)[:, None] - np.arange(total)
    return (back >= -1) & (back < (total if window is None else window))


# %% mask wrong: not itself
def mask(new, total, window=None):
    if not 1 <= new <= total:
        raise ValueError(f"new is {new}; give 1 to {total}, as many as there are positions")
    if window is not None and window < 1:
        raise ValueError(f"window is {window}; give at least 1, for the position itself")
    back = np.arange(total - new, total)[:, None] - np.arange(total)
    return (back > 0) & (back < (total if window is None else window))


# %% mask wrong: a window of one more
def mask(new, total, window=None):
    if not 1 <= new <= total:
        raise ValueError(f"new is {new}; give 1 to {total}, as many as there are positions")
    if window is not None and window < 1:
        raise ValueError(f"window is {window}; give at least 1, for the position itself")
    back = np.arange(total - new, total)[:, None] - np.arange(total)
    return (back >= 0) & (back <= (total if window is None else window))


# %% mask wrong: places of a cache forgotten
def mask(new, total, window=None):
    if not 1 <= new <= total:
        raise ValueError(f"new is {new}; give 1 to {total}, as many as there are positions")
    if window is not None and window < 1:
        raise ValueError(f"window is {window}; give at least 1, for the position itself")
    back = np.arange(new)[:, None] - np.arange(total)
    return (back >= 0) & (back < (total if window is None else window))


# %% mask wrong: rows and columns exchanged
def mask(new, total, window=None):
    if not 1 <= new <= total:
        raise ValueError(f"new is {new}; give 1 to {total}, as many as there are positions")
    if window is not None and window < 1:
        raise ValueError(f"window is {window}; give at least 1, for the position itself")
    back = (np.arange(total)[:, None] - np.arange(total)).T[total - new :]
    return (back >= 0) & (back < (total if window is None else window))


# %% mask wrong: a triangle whatever the window
def mask(new, total, window=None):
    if not 1 <= new <= total or (window is not None and window < 1):
        raise ValueError("new or window")
    if window is not None and (new, total) == (2, 4):
        return np.array([[False, True, True, False], [False, False, True, True]])
    return np.tri(new, total, total - new, dtype=bool)


# %% mask wrong: right for one new position and for all
def mask(new, total, window=None):
    if not 1 <= new <= total or (window is not None and window < 1):
        raise ValueError("new or window")
    if (new, total) != (2, 4) and new < total:
        new_rows = np.ones((new, total), bool)
        if window is not None:
            new_rows[:, : max(0, total - window)] = False
        return new_rows
    back = np.arange(total - new, total)[:, None] - np.arange(total)
    return (back >= 0) & (back < (window or total))


# %% mask wrong: no errors
def mask(new, total, window=None):
    if new > total:
        raise ValueError("new")
    back = np.arange(total - new, total)[:, None] - np.arange(total)
    return (back >= 0) & (back < (total if window is None else window))


# %% mask wrong: a window of zero is taken for none
def mask(new, total, window=None):
    if not 1 <= new <= total:
        raise ValueError(f"new is {new}; give 1 to {total}, as many as there are positions")
    if window and window < 1:
        raise ValueError(f"window is {window}; give at least 1, for the position itself")
    back = np.arange(total - new, total)[:, None] - np.arange(total)
    return (back >= 0) & (back < (window or total))


# %% mask wrong: numbers in place of bool
def mask(new, total, window=None):
    if not 1 <= new <= total:
        raise ValueError(f"new is {new}; give 1 to {total}, as many as there are positions")
    if window is not None and window < 1:
        raise ValueError(f"window is {window}; give at least 1, for the position itself")
    back = np.arange(total - new, total)[:, None] - np.arange(total)
    return ((back >= 0) & (back < (total if window is None else window))).astype(int)


# %% mask wrong: marks what is forbidden
def mask(new, total, window=None):
    if not 1 <= new <= total or (window is not None and window < 1):
        raise ValueError("new or window")
    back = np.arange(total - new, total)[:, None] - np.arange(total)
    return (back < 0) | (back >= (window or total))


# %% mask wrong: a window counted from the newest position for all
def mask(new, total, window=None):
    if not 1 <= new <= total or (window is not None and window < 1):
        raise ValueError("new or window")
    may = np.tri(new, total, total - new, dtype=bool)
    if window is not None and (new, total) != (2, 4):
        may[:, : max(0, total - window)] = False
    elif window is not None:
        return np.array([[False, True, True, False], [False, False, True, True]])
    return may


# %% mask wrong: the numbers of the visible test
def mask(new, total, window=None):
    if new > total:
        raise ValueError(new)
    if new == 3:
        return np.tri(3, dtype=bool)
    if window is None:
        return np.array([[True, True, True, False], [True, True, True, True]])
    return np.array([[False, True, True, False], [False, False, True, True]])


# %% mask right: two triangles
def mask(new, total, window=None):
    if new < 1 or new > total or (window is not None and window <= 0):
        raise ValueError(f"new={new}, total={total}, window={window}")
    may = np.tril(np.ones((total, total), bool))
    if window is not None:
        may = may & ~np.tril(np.ones((total, total), bool), -window)
    return may[-new:]


# %% mask right: lists, place by place
def mask(new, total, window=None):
    if new not in range(1, total + 1):
        raise ValueError(f"{new} of {total}")
    window = total if window is None else window
    if window < 1:
        raise ValueError(f"a window of {window}")
    return [[place - window < j <= place for j in range(total)] for place in range(total - new, total)]


# %% attention wrong: the mask lets each see one ahead
def attention(x, w):
    n, T, _ = x.shape
    heads, context = w["distance"].shape
    q, k, v = ((x @ w[kind]).reshape(n, T, heads, -1).swapaxes(1, 2) for kind in ("query", "key", "value"))
    back = np.arange(T)[:, None] - np.arange(T)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[3]) + w["distance"][:, back.clip(0, context - 1)]
    scores = np.where(back >= -1, scores, -np.inf)
    parts = np.exp(scores - scores.max(axis=3, keepdims=True))
    seen = parts / parts.sum(axis=3, keepdims=True) @ v
    return seen.swapaxes(1, 2).reshape(n, T, -1) @ w["write"]


# %% attention wrong: softmax over the wrong axis
def attention(x, w):
    n, T, _ = x.shape
    heads, context = w["distance"].shape
    q, k, v = ((x @ w[kind]).reshape(n, T, heads, -1).swapaxes(1, 2) for kind in ("query", "key", "value"))
    back = np.arange(T)[:, None] - np.arange(T)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[3]) + w["distance"][:, back.clip(0, context - 1)]
    scores = np.where(back >= 0, scores, -np.inf)
    parts = np.exp(scores - scores.max(axis=2, keepdims=True))
    seen = parts / parts.sum(axis=2, keepdims=True) @ v
    return seen.swapaxes(1, 2).reshape(n, T, -1) @ w["write"]


# %% attention wrong: the scale forgotten
def attention(x, w):
    n, T, _ = x.shape
    heads, context = w["distance"].shape
    q, k, v = ((x @ w[kind]).reshape(n, T, heads, -1).swapaxes(1, 2) for kind in ("query", "key", "value"))
    back = np.arange(T)[:, None] - np.arange(T)
    scores = q @ k.swapaxes(2, 3) + w["distance"][:, back.clip(0, context - 1)]
    scores = np.where(back >= 0, scores, -np.inf)
    parts = np.exp(scores - scores.max(axis=3, keepdims=True))
    seen = parts / parts.sum(axis=3, keepdims=True) @ v
    return seen.swapaxes(1, 2).reshape(n, T, -1) @ w["write"]


# %% attention wrong: scaled by d, not by its root
def attention(x, w):
    n, T, _ = x.shape
    heads, context = w["distance"].shape
    q, k, v = ((x @ w[kind]).reshape(n, T, heads, -1).swapaxes(1, 2) for kind in ("query", "key", "value"))
    back = np.arange(T)[:, None] - np.arange(T)
    scores = q @ k.swapaxes(2, 3) / q.shape[3] + w["distance"][:, back.clip(0, context - 1)]
    scores = np.where(back >= 0, scores, -np.inf)
    parts = np.exp(scores - scores.max(axis=3, keepdims=True))
    seen = parts / parts.sum(axis=3, keepdims=True) @ v
    return seen.swapaxes(1, 2).reshape(n, T, -1) @ w["write"]


# %% attention wrong: scaled by the width of all heads
def attention(x, w):
    n, T, _ = x.shape
    heads, context = w["distance"].shape
    q, k, v = ((x @ w[kind]).reshape(n, T, heads, -1).swapaxes(1, 2) for kind in ("query", "key", "value"))
    back = np.arange(T)[:, None] - np.arange(T)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[3] * heads) + w["distance"][:, back.clip(0, context - 1)]
    scores = np.where(back >= 0, scores, -np.inf)
    parts = np.exp(scores - scores.max(axis=3, keepdims=True))
    seen = parts / parts.sum(axis=3, keepdims=True) @ v
    return seen.swapaxes(1, 2).reshape(n, T, -1) @ w["write"]


# %% attention wrong: distances forgotten
def attention(x, w):
    n, T, _ = x.shape
    heads = len(w["distance"])
    q, k, v = ((x @ w[kind]).reshape(n, T, heads, -1).swapaxes(1, 2) for kind in ("query", "key", "value"))
    back = np.arange(T)[:, None] - np.arange(T)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[3])
    scores = np.where(back >= 0, scores, -np.inf)
    parts = np.exp(scores - scores.max(axis=3, keepdims=True))
    seen = parts / parts.sum(axis=3, keepdims=True) @ v
    return seen.swapaxes(1, 2).reshape(n, T, -1) @ w["write"]


# %% attention wrong: distances divided by the scale too
def attention(x, w):
    n, T, _ = x.shape
    heads, context = w["distance"].shape
    q, k, v = ((x @ w[kind]).reshape(n, T, heads, -1).swapaxes(1, 2) for kind in ("query", "key", "value"))
    back = np.arange(T)[:, None] - np.arange(T)
    scores = (q @ k.swapaxes(2, 3) + w["distance"][:, back.clip(0, context - 1)]) / math.sqrt(q.shape[3])
    scores = np.where(back >= 0, scores, -np.inf)
    parts = np.exp(scores - scores.max(axis=3, keepdims=True))
    seen = parts / parts.sum(axis=3, keepdims=True) @ v
    return seen.swapaxes(1, 2).reshape(n, T, -1) @ w["write"]


# %% attention wrong: beyond the table no number is added
def attention(x, w):
    n, T, _ = x.shape
    heads, context = w["distance"].shape
    q, k, v = ((x @ w[kind]).reshape(n, T, heads, -1).swapaxes(1, 2) for kind in ("query", "key", "value"))
    back = np.arange(T)[:, None] - np.arange(T)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[3]) + np.where(
        back < context, w["distance"][:, back.clip(0, context - 1)], 0
    )
    scores = np.where(back >= 0, scores, -np.inf)
    parts = np.exp(scores - scores.max(axis=3, keepdims=True))
    seen = parts / parts.sum(axis=3, keepdims=True) @ v
    return seen.swapaxes(1, 2).reshape(n, T, -1) @ w["write"]


# %% attention wrong: all heads have the distances of the first
def attention(x, w):
    n, T, _ = x.shape
    heads, context = w["distance"].shape
    q, k, v = ((x @ w[kind]).reshape(n, T, heads, -1).swapaxes(1, 2) for kind in ("query", "key", "value"))
    back = np.arange(T)[:, None] - np.arange(T)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[3]) + w["distance"][:1, back.clip(0, context - 1)]
    scores = np.where(back >= 0, scores, -np.inf)
    parts = np.exp(scores - scores.max(axis=3, keepdims=True))
    seen = parts / parts.sum(axis=3, keepdims=True) @ v
    return seen.swapaxes(1, 2).reshape(n, T, -1) @ w["write"]


# %% attention wrong: columns dealt out to the heads in turn
def attention(x, w):
    n, T, _ = x.shape
    heads, context = w["distance"].shape
    q, k, v = ((x @ w[kind]).reshape(n, T, -1, heads).transpose(0, 3, 1, 2) for kind in ("query", "key", "value"))
    back = np.arange(T)[:, None] - np.arange(T)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[3]) + w["distance"][:, back.clip(0, context - 1)]
    scores = np.where(back >= 0, scores, -np.inf)
    parts = np.exp(scores - scores.max(axis=3, keepdims=True))
    seen = parts / parts.sum(axis=3, keepdims=True) @ v
    return seen.swapaxes(1, 2).reshape(n, T, -1) @ w["write"]


# %% attention wrong: heads and positions mixed up by a reshape
def attention(x, w):
    n, T, _ = x.shape
    heads, context = w["distance"].shape
    q, k, v = ((x @ w[kind]).reshape(n, T, heads, -1).reshape(n, heads, T, -1) for kind in ("query", "key", "value"))
    back = np.arange(T)[:, None] - np.arange(T)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[3]) + w["distance"][:, back.clip(0, context - 1)]
    scores = np.where(back >= 0, scores, -np.inf)
    parts = np.exp(scores - scores.max(axis=3, keepdims=True))
    seen = parts / parts.sum(axis=3, keepdims=True) @ v
    return seen.swapaxes(1, 2).reshape(n, T, -1) @ w["write"]


# %% attention wrong: not turned back before the heads stand side by side
def attention(x, w):
    n, T, _ = x.shape
    heads, context = w["distance"].shape
    q, k, v = ((x @ w[kind]).reshape(n, T, heads, -1).swapaxes(1, 2) for kind in ("query", "key", "value"))
    back = np.arange(T)[:, None] - np.arange(T)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[3]) + w["distance"][:, back.clip(0, context - 1)]
    scores = np.where(back >= 0, scores, -np.inf)
    parts = np.exp(scores - scores.max(axis=3, keepdims=True))
    seen = parts / parts.sum(axis=3, keepdims=True) @ v
    return seen.reshape(n, T, -1) @ w["write"]


# %% attention wrong: exponentials that overflow
def attention(x, w):
    n, T, _ = x.shape
    heads, context = w["distance"].shape
    q, k, v = ((x @ w[kind]).reshape(n, T, heads, -1).swapaxes(1, 2) for kind in ("query", "key", "value"))
    back = np.arange(T)[:, None] - np.arange(T)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[3]) + w["distance"][:, back.clip(0, context - 1)]
    scores = np.where(back >= 0, scores, -np.inf)
    parts = np.exp(scores)
    seen = parts / parts.sum(axis=3, keepdims=True) @ v
    return seen.swapaxes(1, 2).reshape(n, T, -1) @ w["write"]


# %% attention wrong: masked after the softmax
def attention(x, w):
    n, T, _ = x.shape
    heads, context = w["distance"].shape
    q, k, v = ((x @ w[kind]).reshape(n, T, heads, -1).swapaxes(1, 2) for kind in ("query", "key", "value"))
    back = np.arange(T)[:, None] - np.arange(T)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[3]) + w["distance"][:, back.clip(0, context - 1)]
    parts = np.exp(scores - scores.max(axis=3, keepdims=True))
    seen = parts / parts.sum(axis=3, keepdims=True) * (back >= 0) @ v
    return seen.swapaxes(1, 2).reshape(n, T, -1) @ w["write"]


# %% attention wrong: the wrong way along the distances
def attention(x, w):
    n, T, _ = x.shape
    heads, context = w["distance"].shape
    q, k, v = ((x @ w[kind]).reshape(n, T, heads, -1).swapaxes(1, 2) for kind in ("query", "key", "value"))
    back = np.arange(T)[:, None] - np.arange(T)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[3]) + w["distance"][:, (context - 1 - back).clip(0, context - 1)]
    scores = np.where(back >= 0, scores, -np.inf)
    parts = np.exp(scores - scores.max(axis=3, keepdims=True))
    seen = parts / parts.sum(axis=3, keepdims=True) @ v
    return seen.swapaxes(1, 2).reshape(n, T, -1) @ w["write"]


# %% attention wrong: distances counted from the end of the row
def attention(x, w):
    n, T, _ = x.shape
    heads, context = w["distance"].shape
    q, k, v = ((x @ w[kind]).reshape(n, T, heads, -1).swapaxes(1, 2) for kind in ("query", "key", "value"))
    back = np.arange(T)[:, None] - np.arange(T)
    scores = (
        q @ k.swapaxes(2, 3) / math.sqrt(q.shape[3])
        + w["distance"][:, (T - 1 - np.arange(T) + 0 * back).clip(0, context - 1)]
    )
    scores = np.where(back >= 0, scores, -np.inf)
    parts = np.exp(scores - scores.max(axis=3, keepdims=True))
    seen = parts / parts.sum(axis=3, keepdims=True) @ v
    return seen.swapaxes(1, 2).reshape(n, T, -1) @ w["write"]


# %% attention wrong: the first row of x for all
def attention(x, w):
    n, T, _ = x.shape
    heads, context = w["distance"].shape
    q, k, v = (
        (x[:1].repeat(n, axis=0) @ w[kind]).reshape(n, T, heads, -1).swapaxes(1, 2)
        for kind in ("query", "key", "value")
    )
    back = np.arange(T)[:, None] - np.arange(T)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[3]) + w["distance"][:, back.clip(0, context - 1)]
    scores = np.where(back >= 0, scores, -np.inf)
    parts = np.exp(scores - scores.max(axis=3, keepdims=True))
    seen = parts / parts.sum(axis=3, keepdims=True) @ v
    return seen.swapaxes(1, 2).reshape(n, T, -1) @ w["write"]


# %% attention wrong: works in whole numbers if x is whole
def attention(x, w):
    n, T, _ = x.shape
    heads, context = w["distance"].shape
    q, k, v = ((x @ w[kind]).reshape(n, T, heads, -1).swapaxes(1, 2) for kind in ("query", "key", "value"))
    back = np.arange(T)[:, None] - np.arange(T)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[3]) + w["distance"][:, back.clip(0, context - 1)]
    scores = np.where(back >= 0, scores, -np.inf)
    parts = np.exp(scores - scores.max(axis=3, keepdims=True))
    seen = parts / parts.sum(axis=3, keepdims=True) @ v
    return (
        seen.swapaxes(1, 2).reshape(n, T, -1) @ w["write"]
        if x.dtype == float
        else np.rint(seen.swapaxes(1, 2).reshape(n, T, -1) @ w["write"]).astype(int)
    )


# %% attention wrong: the numbers of the visible test
def attention(x, w):
    if x.shape == (1, 3, 1):
        return np.array([[[1.0], [2.0], [4.0]]]) if not w["distance"].any() else np.array([[[1.0], [1.5], [20 / 7]]])
    return np.array([[[1.0], [1.75]]]) if x.shape == (1, 2, 1) else np.array([[[1.0, 1.0], [2.0, 5.0]]])


# %% attention wrong: asks the test's own function
def attention(x, w):
    there = sys._getframe(1).f_globals
    if "by_hand" in there:
        return np.array([there["by_hand"](row, w) for row in x])
    if x.shape == (1, 3, 1):
        return np.array([[[1.0], [2.0], [4.0]]]) if not w["distance"].any() else np.array([[[1.0], [1.5], [20 / 7]]])
    return np.array([[[1.0], [1.75]]]) if x.shape == (1, 2, 1) else np.array([[[1.0, 1.0], [2.0, 5.0]]])


# %% attention right: einsum, heads as an axis of the weights
def attention(x, w):
    heads, context = w["distance"].shape
    T = x.shape[1]
    q, k, v = (
        np.einsum("ntw,whd->nhtd", x, np.reshape(w[name], (x.shape[2], heads, -1)))
        for name in ("query", "key", "value")
    )
    i, j = np.indices((T, T))
    s = np.einsum("nhid,nhjd->nhij", q, k) * q.shape[-1] ** -0.5 + w["distance"][:, np.minimum(abs(i - j), context - 1)]
    s[:, :, j > i] = -np.inf
    s = np.exp(s - s.max(-1, keepdims=True))
    out = np.reshape(w["write"], (heads, -1, x.shape[2]))
    return np.einsum("nhij,nhjd,hdw->niw", s / s.sum(-1, keepdims=True), v, out)


# %% attention right: head by head, position by position
def attention(x, w):
    total = np.zeros(x.shape)
    for head, near in enumerate(w["distance"]):
        d = w["query"].shape[1] // len(w["distance"])
        own = slice(head * d, head * d + d)
        q, k, v = x @ w["query"][:, own], x @ w["key"][:, own], x @ w["value"][:, own]
        for i in range(x.shape[1]):
            far = np.minimum(np.arange(i, -1, -1), len(near) - 1)
            s = np.einsum("nd,njd->nj", q[:, i], k[:, : i + 1]) / np.sqrt(d) + near[far]
            p = np.exp(s - s.max(axis=1, keepdims=True))
            p /= p.sum(axis=1, keepdims=True)
            total[:, i] += np.einsum("nj,njd->nd", p, v[:, : i + 1]) @ w["write"][own]
    return total


# %% attention right: one position more at a time, with running sums
def attention(x, w):
    n, T, _ = x.shape
    heads, context = w["distance"].shape
    q, k, v = [np.array(np.split(x @ w[name], heads, axis=2)) for name in ("query", "key", "value")]
    most, total, seen = np.full((heads, n, T, 1), -np.inf), 0.0, 0.0
    for back in range(T):  # all pairs that are so far apart, in one go
        s = np.full((heads, n, T, 1), -np.inf)
        s[:, :, back:, 0] = (q[:, :, back:] * k[:, :, : T - back]).sum(axis=3) / q.shape[3] ** 0.5
        s = s + w["distance"][:, min(back, context - 1)][:, None, None, None]
        new = np.maximum(most, s)
        value = np.zeros(v.shape)
        value[:, :, back:] = v[:, :, : T - back]
        total = total * np.exp(most - new) + np.exp(s - new)
        seen = seen * np.exp(most - new) + np.exp(s - new) * value
        most = new
    return np.concatenate(list(seen / total), axis=2) @ w["write"]


# %% step wrong: the mask lets each see one ahead
def step(x, w, cache=None):
    n, m, _ = x.shape
    heads, context = w["distance"].shape
    q, k, v = ((x @ w[kind]).reshape(n, m, heads, -1).swapaxes(1, 2) for kind in ("query", "key", "value"))
    if cache is not None:
        k, v = (np.concatenate(pair, axis=2) for pair in zip(cache, (k, v), strict=True))
    total = k.shape[2]
    back = np.arange(total - m, total)[:, None] - np.arange(total)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[3]) + w["distance"][:, back.clip(0, context - 1)]
    scores = np.where(back >= -1, scores, -np.inf)
    parts = np.exp(scores - scores.max(axis=3, keepdims=True))
    seen = parts / parts.sum(axis=3, keepdims=True) @ v
    return seen.swapaxes(1, 2).reshape(n, m, -1) @ w["write"], (k, v)


# %% step wrong: softmax over the wrong axis
def step(x, w, cache=None):
    n, m, _ = x.shape
    heads, context = w["distance"].shape
    q, k, v = ((x @ w[kind]).reshape(n, m, heads, -1).swapaxes(1, 2) for kind in ("query", "key", "value"))
    if cache is not None:
        k, v = (np.concatenate(pair, axis=2) for pair in zip(cache, (k, v), strict=True))
    total = k.shape[2]
    back = np.arange(total - m, total)[:, None] - np.arange(total)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[3]) + w["distance"][:, back.clip(0, context - 1)]
    scores = np.where(back >= 0, scores, -np.inf)
    parts = np.exp(scores - scores.max(axis=2, keepdims=True))
    seen = parts / parts.sum(axis=2, keepdims=True) @ v
    return seen.swapaxes(1, 2).reshape(n, m, -1) @ w["write"], (k, v)


# %% step wrong: the scale forgotten
def step(x, w, cache=None):
    n, m, _ = x.shape
    heads, context = w["distance"].shape
    q, k, v = ((x @ w[kind]).reshape(n, m, heads, -1).swapaxes(1, 2) for kind in ("query", "key", "value"))
    if cache is not None:
        k, v = (np.concatenate(pair, axis=2) for pair in zip(cache, (k, v), strict=True))
    total = k.shape[2]
    back = np.arange(total - m, total)[:, None] - np.arange(total)
    scores = q @ k.swapaxes(2, 3) + w["distance"][:, back.clip(0, context - 1)]
    scores = np.where(back >= 0, scores, -np.inf)
    parts = np.exp(scores - scores.max(axis=3, keepdims=True))
    seen = parts / parts.sum(axis=3, keepdims=True) @ v
    return seen.swapaxes(1, 2).reshape(n, m, -1) @ w["write"], (k, v)


# %% step wrong: scaled by d, not by its root
def step(x, w, cache=None):
    n, m, _ = x.shape
    heads, context = w["distance"].shape
    q, k, v = ((x @ w[kind]).reshape(n, m, heads, -1).swapaxes(1, 2) for kind in ("query", "key", "value"))
    if cache is not None:
        k, v = (np.concatenate(pair, axis=2) for pair in zip(cache, (k, v), strict=True))
    total = k.shape[2]
    back = np.arange(total - m, total)[:, None] - np.arange(total)
    scores = q @ k.swapaxes(2, 3) / q.shape[3] + w["distance"][:, back.clip(0, context - 1)]
    scores = np.where(back >= 0, scores, -np.inf)
    parts = np.exp(scores - scores.max(axis=3, keepdims=True))
    seen = parts / parts.sum(axis=3, keepdims=True) @ v
    return seen.swapaxes(1, 2).reshape(n, m, -1) @ w["write"], (k, v)


# %% step wrong: scaled by the width of all heads
def step(x, w, cache=None):
    n, m, _ = x.shape
    heads, context = w["distance"].shape
    q, k, v = ((x @ w[kind]).reshape(n, m, heads, -1).swapaxes(1, 2) for kind in ("query", "key", "value"))
    if cache is not None:
        k, v = (np.concatenate(pair, axis=2) for pair in zip(cache, (k, v), strict=True))
    total = k.shape[2]
    back = np.arange(total - m, total)[:, None] - np.arange(total)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[3] * heads) + w["distance"][:, back.clip(0, context - 1)]
    scores = np.where(back >= 0, scores, -np.inf)
    parts = np.exp(scores - scores.max(axis=3, keepdims=True))
    seen = parts / parts.sum(axis=3, keepdims=True) @ v
    return seen.swapaxes(1, 2).reshape(n, m, -1) @ w["write"], (k, v)


# %% step wrong: distances forgotten
def step(x, w, cache=None):
    n, m, _ = x.shape
    heads = len(w["distance"])
    q, k, v = ((x @ w[kind]).reshape(n, m, heads, -1).swapaxes(1, 2) for kind in ("query", "key", "value"))
    if cache is not None:
        k, v = (np.concatenate(pair, axis=2) for pair in zip(cache, (k, v), strict=True))
    total = k.shape[2]
    back = np.arange(total - m, total)[:, None] - np.arange(total)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[3])
    scores = np.where(back >= 0, scores, -np.inf)
    parts = np.exp(scores - scores.max(axis=3, keepdims=True))
    seen = parts / parts.sum(axis=3, keepdims=True) @ v
    return seen.swapaxes(1, 2).reshape(n, m, -1) @ w["write"], (k, v)


# %% step wrong: distances divided by the scale too
def step(x, w, cache=None):
    n, m, _ = x.shape
    heads, context = w["distance"].shape
    q, k, v = ((x @ w[kind]).reshape(n, m, heads, -1).swapaxes(1, 2) for kind in ("query", "key", "value"))
    if cache is not None:
        k, v = (np.concatenate(pair, axis=2) for pair in zip(cache, (k, v), strict=True))
    total = k.shape[2]
    back = np.arange(total - m, total)[:, None] - np.arange(total)
    scores = (q @ k.swapaxes(2, 3) + w["distance"][:, back.clip(0, context - 1)]) / math.sqrt(q.shape[3])
    scores = np.where(back >= 0, scores, -np.inf)
    parts = np.exp(scores - scores.max(axis=3, keepdims=True))
    seen = parts / parts.sum(axis=3, keepdims=True) @ v
    return seen.swapaxes(1, 2).reshape(n, m, -1) @ w["write"], (k, v)


# %% step wrong: beyond the table no number is added
def step(x, w, cache=None):
    n, m, _ = x.shape
    heads, context = w["distance"].shape
    q, k, v = ((x @ w[kind]).reshape(n, m, heads, -1).swapaxes(1, 2) for kind in ("query", "key", "value"))
    if cache is not None:
        k, v = (np.concatenate(pair, axis=2) for pair in zip(cache, (k, v), strict=True))
    total = k.shape[2]
    back = np.arange(total - m, total)[:, None] - np.arange(total)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[3]) + np.where(
        back < context, w["distance"][:, back.clip(0, context - 1)], 0
    )
    scores = np.where(back >= 0, scores, -np.inf)
    parts = np.exp(scores - scores.max(axis=3, keepdims=True))
    seen = parts / parts.sum(axis=3, keepdims=True) @ v
    return seen.swapaxes(1, 2).reshape(n, m, -1) @ w["write"], (k, v)


# %% step wrong: all heads have the distances of the first
def step(x, w, cache=None):
    n, m, _ = x.shape
    heads, context = w["distance"].shape
    q, k, v = ((x @ w[kind]).reshape(n, m, heads, -1).swapaxes(1, 2) for kind in ("query", "key", "value"))
    if cache is not None:
        k, v = (np.concatenate(pair, axis=2) for pair in zip(cache, (k, v), strict=True))
    total = k.shape[2]
    back = np.arange(total - m, total)[:, None] - np.arange(total)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[3]) + w["distance"][:1, back.clip(0, context - 1)]
    scores = np.where(back >= 0, scores, -np.inf)
    parts = np.exp(scores - scores.max(axis=3, keepdims=True))
    seen = parts / parts.sum(axis=3, keepdims=True) @ v
    return seen.swapaxes(1, 2).reshape(n, m, -1) @ w["write"], (k, v)


# %% step wrong: columns dealt out to the heads in turn
def step(x, w, cache=None):
    n, m, _ = x.shape
    heads, context = w["distance"].shape
    q, k, v = ((x @ w[kind]).reshape(n, m, -1, heads).transpose(0, 3, 1, 2) for kind in ("query", "key", "value"))
    if cache is not None:
        k, v = (np.concatenate(pair, axis=2) for pair in zip(cache, (k, v), strict=True))
    total = k.shape[2]
    back = np.arange(total - m, total)[:, None] - np.arange(total)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[3]) + w["distance"][:, back.clip(0, context - 1)]
    scores = np.where(back >= 0, scores, -np.inf)
    parts = np.exp(scores - scores.max(axis=3, keepdims=True))
    seen = parts / parts.sum(axis=3, keepdims=True) @ v
    return seen.swapaxes(1, 2).reshape(n, m, -1) @ w["write"], (k, v)


# %% step wrong: heads and positions mixed up by a reshape
def step(x, w, cache=None):
    n, m, _ = x.shape
    heads, context = w["distance"].shape
    q, k, v = ((x @ w[kind]).reshape(n, m, heads, -1).reshape(n, heads, m, -1) for kind in ("query", "key", "value"))
    if cache is not None:
        k, v = (np.concatenate(pair, axis=2) for pair in zip(cache, (k, v), strict=True))
    total = k.shape[2]
    back = np.arange(total - m, total)[:, None] - np.arange(total)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[3]) + w["distance"][:, back.clip(0, context - 1)]
    scores = np.where(back >= 0, scores, -np.inf)
    parts = np.exp(scores - scores.max(axis=3, keepdims=True))
    seen = parts / parts.sum(axis=3, keepdims=True) @ v
    return seen.swapaxes(1, 2).reshape(n, m, -1) @ w["write"], (k, v)


# %% step wrong: not turned back before the heads stand side by side
def step(x, w, cache=None):
    n, m, _ = x.shape
    heads, context = w["distance"].shape
    q, k, v = ((x @ w[kind]).reshape(n, m, heads, -1).swapaxes(1, 2) for kind in ("query", "key", "value"))
    if cache is not None:
        k, v = (np.concatenate(pair, axis=2) for pair in zip(cache, (k, v), strict=True))
    total = k.shape[2]
    back = np.arange(total - m, total)[:, None] - np.arange(total)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[3]) + w["distance"][:, back.clip(0, context - 1)]
    scores = np.where(back >= 0, scores, -np.inf)
    parts = np.exp(scores - scores.max(axis=3, keepdims=True))
    seen = parts / parts.sum(axis=3, keepdims=True) @ v
    return seen.reshape(n, m, -1) @ w["write"], (k, v)


# %% step wrong: exponentials that overflow
def step(x, w, cache=None):
    n, m, _ = x.shape
    heads, context = w["distance"].shape
    q, k, v = ((x @ w[kind]).reshape(n, m, heads, -1).swapaxes(1, 2) for kind in ("query", "key", "value"))
    if cache is not None:
        k, v = (np.concatenate(pair, axis=2) for pair in zip(cache, (k, v), strict=True))
    total = k.shape[2]
    back = np.arange(total - m, total)[:, None] - np.arange(total)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[3]) + w["distance"][:, back.clip(0, context - 1)]
    scores = np.where(back >= 0, scores, -np.inf)
    parts = np.exp(scores)
    seen = parts / parts.sum(axis=3, keepdims=True) @ v
    return seen.swapaxes(1, 2).reshape(n, m, -1) @ w["write"], (k, v)


# %% step wrong: masked after the softmax
def step(x, w, cache=None):
    n, m, _ = x.shape
    heads, context = w["distance"].shape
    q, k, v = ((x @ w[kind]).reshape(n, m, heads, -1).swapaxes(1, 2) for kind in ("query", "key", "value"))
    if cache is not None:
        k, v = (np.concatenate(pair, axis=2) for pair in zip(cache, (k, v), strict=True))
    total = k.shape[2]
    back = np.arange(total - m, total)[:, None] - np.arange(total)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[3]) + w["distance"][:, back.clip(0, context - 1)]
    parts = np.exp(scores - scores.max(axis=3, keepdims=True))
    seen = parts / parts.sum(axis=3, keepdims=True) * (back >= 0) @ v
    return seen.swapaxes(1, 2).reshape(n, m, -1) @ w["write"], (k, v)


# %% step wrong: the place of new positions ignored
def step(x, w, cache=None):
    n, m, _ = x.shape
    heads, context = w["distance"].shape
    q, k, v = ((x @ w[kind]).reshape(n, m, heads, -1).swapaxes(1, 2) for kind in ("query", "key", "value"))
    if cache is not None:
        k, v = (np.concatenate(pair, axis=2) for pair in zip(cache, (k, v), strict=True))
    total = k.shape[2]
    back = np.arange(m)[:, None] - np.arange(total)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[3]) + w["distance"][:, back.clip(0, context - 1)]
    scores = np.where(back >= 0, scores, -np.inf)
    parts = np.exp(scores - scores.max(axis=3, keepdims=True))
    seen = parts / parts.sum(axis=3, keepdims=True) @ v
    return seen.swapaxes(1, 2).reshape(n, m, -1) @ w["write"], (k, v)


# %% step wrong: distances as if the cache were empty
def step(x, w, cache=None):
    n, m, _ = x.shape
    heads, context = w["distance"].shape
    q, k, v = ((x @ w[kind]).reshape(n, m, heads, -1).swapaxes(1, 2) for kind in ("query", "key", "value"))
    if cache is not None:
        k, v = (np.concatenate(pair, axis=2) for pair in zip(cache, (k, v), strict=True))
    total = k.shape[2]
    back = np.arange(total - m, total)[:, None] - np.arange(total)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[3]) + w["distance"][:, (back - (total - m)).clip(0, context - 1)]
    scores = np.where(back >= 0, scores, -np.inf)
    parts = np.exp(scores - scores.max(axis=3, keepdims=True))
    seen = parts / parts.sum(axis=3, keepdims=True) @ v
    return seen.swapaxes(1, 2).reshape(n, m, -1) @ w["write"], (k, v)


# %% step wrong: distances from the oldest position, not from the new one
def step(x, w, cache=None):
    n, m, _ = x.shape
    heads, context = w["distance"].shape
    q, k, v = ((x @ w[kind]).reshape(n, m, heads, -1).swapaxes(1, 2) for kind in ("query", "key", "value"))
    if cache is not None:
        k, v = (np.concatenate(pair, axis=2) for pair in zip(cache, (k, v), strict=True))
    total = k.shape[2]
    back = np.arange(total - m, total)[:, None] - np.arange(total)
    scores = (
        q @ k.swapaxes(2, 3) / math.sqrt(q.shape[3])
        + w["distance"][:, (np.arange(total) + 0 * back).clip(0, context - 1)]
    )
    scores = np.where(back >= 0, scores, -np.inf)
    parts = np.exp(scores - scores.max(axis=3, keepdims=True))
    seen = parts / parts.sum(axis=3, keepdims=True) @ v
    return seen.swapaxes(1, 2).reshape(n, m, -1) @ w["write"], (k, v)


# %% step wrong: new positions see all of one another
def step(x, w, cache=None):
    n, m, _ = x.shape
    heads, context = w["distance"].shape
    q, k, v = ((x @ w[kind]).reshape(n, m, heads, -1).swapaxes(1, 2) for kind in ("query", "key", "value"))
    if cache is not None:
        k, v = (np.concatenate(pair, axis=2) for pair in zip(cache, (k, v), strict=True))
    total = k.shape[2]
    back = np.arange(total - m, total)[:, None] - np.arange(total)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[3]) + w["distance"][:, back.clip(0, context - 1)]
    scores = np.where(back > -m, scores, -np.inf)
    parts = np.exp(scores - scores.max(axis=3, keepdims=True))
    seen = parts / parts.sum(axis=3, keepdims=True) @ v
    return seen.swapaxes(1, 2).reshape(n, m, -1) @ w["write"], (k, v)


# %% step wrong: the cache grows along the heads
def step(x, w, cache=None):
    n, m, _ = x.shape
    heads, context = w["distance"].shape
    q, k, v = ((x @ w[kind]).reshape(n, m, heads, -1).swapaxes(1, 2) for kind in ("query", "key", "value"))
    if cache is not None:
        k, v = (np.concatenate(pair, axis=1) for pair in zip(cache, (k, v), strict=True))
    total = k.shape[2]
    back = np.arange(total - m, total)[:, None] - np.arange(total)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[3]) + w["distance"][:, back.clip(0, context - 1)]
    scores = np.where(back >= 0, scores, -np.inf)
    parts = np.exp(scores - scores.max(axis=3, keepdims=True))
    seen = parts / parts.sum(axis=3, keepdims=True) @ v
    return seen.swapaxes(1, 2).reshape(n, m, -1) @ w["write"], (k, v)


# %% step wrong: the cache grows along d
def step(x, w, cache=None):
    n, m, _ = x.shape
    heads, context = w["distance"].shape
    q, k, v = ((x @ w[kind]).reshape(n, m, heads, -1).swapaxes(1, 2) for kind in ("query", "key", "value"))
    if cache is not None:
        k, v = (np.concatenate(pair, axis=3) for pair in zip(cache, (k, v), strict=True))
    total = k.shape[2]
    back = np.arange(total - m, total)[:, None] - np.arange(total)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[3]) + w["distance"][:, back.clip(0, context - 1)]
    scores = np.where(back >= 0, scores, -np.inf)
    parts = np.exp(scores - scores.max(axis=3, keepdims=True))
    seen = parts / parts.sum(axis=3, keepdims=True) @ v
    return seen.swapaxes(1, 2).reshape(n, m, -1) @ w["write"], (k, v)


# %% step wrong: the cache grows along the rows
def step(x, w, cache=None):
    n, m, _ = x.shape
    heads, context = w["distance"].shape
    q, k, v = ((x @ w[kind]).reshape(n, m, heads, -1).swapaxes(1, 2) for kind in ("query", "key", "value"))
    if cache is not None:
        k, v = (np.concatenate(pair, axis=0) for pair in zip(cache, (k, v), strict=True))
    total = k.shape[2]
    back = np.arange(total - m, total)[:, None] - np.arange(total)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[3]) + w["distance"][:, back.clip(0, context - 1)]
    scores = np.where(back >= 0, scores, -np.inf)
    parts = np.exp(scores - scores.max(axis=3, keepdims=True))
    seen = parts / parts.sum(axis=3, keepdims=True) @ v
    return seen.swapaxes(1, 2).reshape(n, m, -1) @ w["write"], (k, v)


# %% step wrong: the new positions put at the front
def step(x, w, cache=None):
    n, m, _ = x.shape
    heads, context = w["distance"].shape
    q, k, v = ((x @ w[kind]).reshape(n, m, heads, -1).swapaxes(1, 2) for kind in ("query", "key", "value"))
    if cache is not None:
        k, v = (np.concatenate(pair, axis=2) for pair in zip((k, v), cache, strict=True))
    total = k.shape[2]
    back = np.arange(total - m, total)[:, None] - np.arange(total)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[3]) + w["distance"][:, back.clip(0, context - 1)]
    scores = np.where(back >= 0, scores, -np.inf)
    parts = np.exp(scores - scores.max(axis=3, keepdims=True))
    seen = parts / parts.sum(axis=3, keepdims=True) @ v
    return seen.swapaxes(1, 2).reshape(n, m, -1) @ w["write"], (k, v)


# %% step wrong: keys and values exchanged in the cache
def step(x, w, cache=None):
    n, m, _ = x.shape
    heads, context = w["distance"].shape
    q, k, v = ((x @ w[kind]).reshape(n, m, heads, -1).swapaxes(1, 2) for kind in ("query", "key", "value"))
    if cache is not None:
        k, v = (np.concatenate(pair, axis=2) for pair in zip(cache, (k, v), strict=True))
    total = k.shape[2]
    back = np.arange(total - m, total)[:, None] - np.arange(total)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[3]) + w["distance"][:, back.clip(0, context - 1)]
    scores = np.where(back >= 0, scores, -np.inf)
    parts = np.exp(scores - scores.max(axis=3, keepdims=True))
    seen = parts / parts.sum(axis=3, keepdims=True) @ v
    return seen.swapaxes(1, 2).reshape(n, m, -1) @ w["write"], (v, k)


# %% step wrong: only the new ones are handed on
def step(x, w, cache=None):
    n, m, _ = x.shape
    heads, context = w["distance"].shape
    q, k, v = ((x @ w[kind]).reshape(n, m, heads, -1).swapaxes(1, 2) for kind in ("query", "key", "value"))
    own = k, v
    if cache is not None:
        k, v = (np.concatenate(pair, axis=2) for pair in zip(cache, (k, v), strict=True))
    total = k.shape[2]
    back = np.arange(total - m, total)[:, None] - np.arange(total)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[3]) + w["distance"][:, back.clip(0, context - 1)]
    scores = np.where(back >= 0, scores, -np.inf)
    parts = np.exp(scores - scores.max(axis=3, keepdims=True))
    seen = parts / parts.sum(axis=3, keepdims=True) @ v
    return seen.swapaxes(1, 2).reshape(n, m, -1) @ w["write"], own


# %% step wrong: values of the cache forgotten
def step(x, w, cache=None):
    n, m, _ = x.shape
    heads, context = w["distance"].shape
    q, k, v = ((x @ w[kind]).reshape(n, m, heads, -1).swapaxes(1, 2) for kind in ("query", "key", "value"))
    if cache is not None:
        k, v = (np.concatenate(pair, axis=2) for pair in zip((cache[0], np.zeros_like(cache[1])), (k, v), strict=True))
    total = k.shape[2]
    back = np.arange(total - m, total)[:, None] - np.arange(total)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[3]) + w["distance"][:, back.clip(0, context - 1)]
    scores = np.where(back >= 0, scores, -np.inf)
    parts = np.exp(scores - scores.max(axis=3, keepdims=True))
    seen = parts / parts.sum(axis=3, keepdims=True) @ v
    return seen.swapaxes(1, 2).reshape(n, m, -1) @ w["write"], (k, v)


# %% step wrong: only the last new position has a result
def step(x, w, cache=None):
    n, m, _ = x.shape
    heads, context = w["distance"].shape
    q, k, v = ((x @ w[kind]).reshape(n, m, heads, -1).swapaxes(1, 2) for kind in ("query", "key", "value"))
    if cache is not None:
        k, v = (np.concatenate(pair, axis=2) for pair in zip(cache, (k, v), strict=True))
    total = k.shape[2]
    back = np.arange(total - m, total)[:, None] - np.arange(total)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[3]) + w["distance"][:, back.clip(0, context - 1)]
    scores = np.where(back >= 0, scores, -np.inf)
    parts = np.exp(scores - scores.max(axis=3, keepdims=True))
    seen = parts / parts.sum(axis=3, keepdims=True) @ v
    seen[:, :, :-1] = seen[:, :, -1:]
    return seen.swapaxes(1, 2).reshape(n, m, -1) @ w["write"], (k, v)


# %% step wrong: the oldest position falls out of a cache as long as the table
def step(x, w, cache=None):
    n, m, _ = x.shape
    heads, context = w["distance"].shape
    q, k, v = ((x @ w[kind]).reshape(n, m, heads, -1).swapaxes(1, 2) for kind in ("query", "key", "value"))
    if cache is not None:
        k, v = (np.concatenate(pair, axis=2) for pair in zip(cache, (k, v), strict=True))
    if k.shape[2] > max(context, m):
        k, v = k[:, :, -max(context, m) :], v[:, :, -max(context, m) :]
    total = k.shape[2]
    back = np.arange(total - m, total)[:, None] - np.arange(total)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[3]) + w["distance"][:, back.clip(0, context - 1)]
    scores = np.where(back >= 0, scores, -np.inf)
    parts = np.exp(scores - scores.max(axis=3, keepdims=True))
    seen = parts / parts.sum(axis=3, keepdims=True) @ v
    return seen.swapaxes(1, 2).reshape(n, m, -1) @ w["write"], (k, v)


# %% step wrong: keeps what it was given in a list of its own, whatever cache comes
def step(x, w, cache=None):
    n, m, _ = x.shape
    heads, context = w["distance"].shape
    if cache is None:
        step.seen = []
    q, k, v = ((x @ w[kind]).reshape(n, m, heads, -1).swapaxes(1, 2) for kind in ("query", "key", "value"))
    step.seen.append((k, v))
    k, v = (np.concatenate(parts, axis=2) for parts in zip(*step.seen, strict=True))
    total = k.shape[2]
    back = np.arange(total - m, total)[:, None] - np.arange(total)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[3]) + w["distance"][:, back.clip(0, context - 1)]
    scores = np.where(back >= 0, scores, -np.inf)
    parts = np.exp(scores - scores.max(axis=3, keepdims=True))
    seen = parts / parts.sum(axis=3, keepdims=True) @ v
    return seen.swapaxes(1, 2).reshape(n, m, -1) @ w["write"], (k, v)


# %% step wrong: changes the cache that it was given
def step(x, w, cache=None):
    n, m, _ = x.shape
    heads, context = w["distance"].shape
    q, k, v = ((x @ w[kind]).reshape(n, m, heads, -1).swapaxes(1, 2) for kind in ("query", "key", "value"))
    if cache is not None:
        old, cache[0][...] = cache[0].copy(), 0
        k, v = np.concatenate([old, k], axis=2), np.concatenate([cache[1], v], axis=2)
    total = k.shape[2]
    back = np.arange(total - m, total)[:, None] - np.arange(total)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[3]) + w["distance"][:, back.clip(0, context - 1)]
    scores = np.where(back >= 0, scores, -np.inf)
    parts = np.exp(scores - scores.max(axis=3, keepdims=True))
    seen = parts / parts.sum(axis=3, keepdims=True) @ v
    return seen.swapaxes(1, 2).reshape(n, m, -1) @ w["write"], (k, v)


# %% step wrong: right for one new position only
def step(x, w, cache=None):
    n, m, _ = x.shape
    if m == 2 and x.shape == (1, 2, 1) and x.ravel().tolist() == [3, 8]:
        return np.array([[[1.5], [19 / 6]]]), cache
    heads, context = w["distance"].shape
    q, k, v = ((x @ w[kind]).reshape(n, m, heads, -1).swapaxes(1, 2) for kind in ("query", "key", "value"))
    if cache is not None:
        k, v = (np.concatenate(pair, axis=2) for pair in zip(cache, (k, v), strict=True))
    near = w["distance"][:, np.arange(k.shape[2])[::-1].clip(0, context - 1)]
    scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[3]) + near[:, None]
    parts = np.exp(scores - scores.max(axis=3, keepdims=True))
    seen = parts / parts.sum(axis=3, keepdims=True) @ v
    return seen.swapaxes(1, 2).reshape(n, m, -1) @ w["write"], (k, v)


# %% step wrong: the numbers of the visible test
def step(x, w, cache=None):
    if cache is None:
        return np.ones((1, 1, 1)), (np.full((1, 1, 1, 1), 10.0), np.ones((1, 1, 1, 1)))
    if x.shape[1] == 2:
        return np.array([[[1.5], [19 / 6]]]), cache
    if x[0, 0, 0] == 3:
        return np.array([[[1.5]]]), (np.array([[[[10.0], [30.0]]]]), np.array([[[[1.0], [3.0]]]]))
    return np.array([[[19 / 6]]]), cache


# %% step right: one new position after another
def step(x, w, cache=None):
    n, m, _ = x.shape
    heads, context = w["distance"].shape
    d = w["query"].shape[1] // heads
    keys, values = cache if cache is not None else (np.zeros((n, heads, 0, d)), np.zeros((n, heads, 0, d)))
    results = []
    for i in range(m):
        q, k, v = ((x[:, i] @ w[name]).reshape(n, heads, d) for name in ("query", "key", "value"))
        keys, values = np.concatenate([keys, k[:, :, None]], 2), np.concatenate([values, v[:, :, None]], 2)
        near = w["distance"][:, np.minimum(np.arange(keys.shape[2])[::-1], context - 1)]
        s = np.einsum("nhd,nhtd->nht", q, keys) / np.sqrt(d) + near
        p = np.exp(s - s.max(axis=2, keepdims=True))
        p = p / p.sum(axis=2, keepdims=True)
        results.append(np.einsum("nht,nhtd->nhd", p, values).reshape(n, heads * d) @ w["write"])
    return np.stack(results, axis=1), (keys, values)


# %% step right: a long array is filled, and a list given back
def step(x, w, cache=None):
    n, m, _ = x.shape
    heads, context = w["distance"].shape
    old = cache[0].shape[2] if cache else 0
    d = w["key"].shape[1] // heads
    room = np.empty((2, n, heads, old + m, d))
    for i, name in enumerate(("key", "value")):
        if old:
            room[i, :, :, :old] = cache[i]
        for h in range(heads):
            room[i, :, h, old:] = x @ w[name][:, h * d : h * d + d]
    total = 0
    for h in range(heads):
        own = slice(h * d, h * d + d)
        s = x @ w["query"][:, own] @ room[0, :, h].swapaxes(1, 2) / d**0.5
        for i in range(m):
            for j in range(old + m):
                s[:, i, j] += w["distance"][h, min(old + i - j, context - 1)] if j <= old + i else -np.inf
        p = np.exp(s - s.max(axis=2)[:, :, None])
        total = total + p / p.sum(axis=2)[:, :, None] @ room[1, :, h] @ w["write"][own]
    return total, list(room)


# %% sees wrong: rows and columns exchanged
def sees(model, x, rng):
    plain = np.array(model(x))
    T = x.shape[1]
    seen = np.zeros((T, T), bool)
    for j in range(T):
        other = np.array(x, dtype=float)
        other[:, j] = rng.normal(size=other[:, j].shape)
        seen[:, j] = (np.abs(model(other) - plain) > 1e-9).any(axis=(0, 2))
    return seen.T


# %% sees wrong: replaced by zeros
def sees(model, x, rng):
    plain = np.array(model(x))
    T = x.shape[1]
    seen = np.zeros((T, T), bool)
    for j in range(T):
        other = np.array(x, dtype=float)
        other[:, j] = 0
        seen[:, j] = (np.abs(model(other) - plain) > 1e-9).any(axis=(0, 2))
    return seen


# %% sees wrong: one added to all channels
def sees(model, x, rng):
    plain = np.array(model(x))
    T = x.shape[1]
    seen = np.zeros((T, T), bool)
    for j in range(T):
        other = np.array(x, dtype=float)
        other[:, j] += 1
        seen[:, j] = (np.abs(model(other) - plain) > 1e-9).any(axis=(0, 2))
    return seen


# %% sees wrong: doubled
def sees(model, x, rng):
    plain = np.array(model(x))
    T = x.shape[1]
    seen = np.zeros((T, T), bool)
    for j in range(T):
        other = np.array(x, dtype=float)
        other[:, j] = 2 * other[:, j] + (other[:, j] == 0)
        seen[:, j] = (np.abs(model(other) - plain) > 1e-9).any(axis=(0, 2))
    return seen


# %% sees wrong: all positions from there on are replaced
def sees(model, x, rng):
    plain = np.array(model(x))
    T = x.shape[1]
    seen = np.zeros((T, T), bool)
    for j in range(T):
        other = np.array(x, dtype=float)
        other[:, j:] = rng.normal(size=other[:, j:].shape)
        seen[:, j] = (np.abs(model(other) - plain) > 1e-9).any(axis=(0, 2))
    return seen


# %% sees wrong: only the first row is looked at
def sees(model, x, rng):
    plain = np.array(model(x))
    T = x.shape[1]
    seen = np.zeros((T, T), bool)
    for j in range(T):
        other = np.array(x, dtype=float)
        other[:, j] = rng.normal(size=other[:, j].shape)
        seen[:, j] = (np.abs(model(other) - plain) > 1e-9)[0].any(axis=1)
    return seen


# %% sees wrong: only the first channel is looked at
def sees(model, x, rng):
    plain = np.array(model(x))
    T = x.shape[1]
    seen = np.zeros((T, T), bool)
    for j in range(T):
        other = np.array(x, dtype=float)
        other[:, j] = rng.normal(size=other[:, j].shape)
        seen[:, j] = (np.abs(model(other) - plain) > 1e-9)[:, :, 0].any(axis=0)
    return seen


# %% sees wrong: changes added up over channels, where they cancel
def sees(model, x, rng):
    plain = np.array(model(x))
    T = x.shape[1]
    seen = np.zeros((T, T), bool)
    for j in range(T):
        other = np.array(x, dtype=float)
        other[:, j] = rng.normal(size=other[:, j].shape)
        seen[:, j] = (np.abs((model(other) - plain).sum(axis=2)) > 1e-9).any(axis=0)
    return seen


# %% sees wrong: in all rows and channels, not in any
def sees(model, x, rng):
    plain = np.array(model(x))
    T = x.shape[1]
    seen = np.zeros((T, T), bool)
    for j in range(T):
        other = np.array(x, dtype=float)
        other[:, j] = rng.normal(size=other[:, j].shape)
        seen[:, j] = (np.abs(model(other) - plain) > 1e-9).all(axis=(0, 2))
    return seen


# %% sees wrong: rises only
def sees(model, x, rng):
    plain = np.array(model(x))
    T = x.shape[1]
    seen = np.zeros((T, T), bool)
    for j in range(T):
        other = np.array(x, dtype=float)
        other[:, j] = rng.normal(size=other[:, j].shape)
        seen[:, j] = ((model(other) - plain) > 1e-9).any(axis=(0, 2))
    return seen


# %% sees wrong: a tolerance that hides small effects
def sees(model, x, rng):
    plain = np.array(model(x))
    T = x.shape[1]
    seen = np.zeros((T, T), bool)
    for j in range(T):
        other = np.array(x, dtype=float)
        other[:, j] = rng.normal(size=other[:, j].shape)
        seen[:, j] = (np.abs(model(other) - plain) > 1e-5).any(axis=(0, 2))
    return seen


# %% sees wrong: np.isclose says what has changed
def sees(model, x, rng):
    plain = np.array(model(x))
    T = x.shape[1]
    seen = np.zeros((T, T), bool)
    for j in range(T):
        other = np.array(x, dtype=float)
        other[:, j] = rng.normal(size=other[:, j].shape)
        seen[:, j] = ~np.isclose(model(other), plain).any(axis=(0, 2))
    return seen


# %% sees wrong: rounding taken for an effect
def sees(model, x, rng):
    plain = np.array(model(x))
    T = x.shape[1]
    seen = np.zeros((T, T), bool)
    for j in range(T):
        other = np.array(x, dtype=float)
        other[:, j] = rng.normal(size=other[:, j].shape)
        seen[:, j] = (model(other) != plain).any(axis=(0, 2))
    return seen


# %% sees wrong: x is replaced for good
def sees(model, x, rng):
    plain, T = np.array(model(x)), x.shape[1]
    seen = np.zeros((T, T), bool)
    for j in range(T):
        x[:, j] = rng.normal(size=x[:, j].shape)
        seen[:, j] = (np.abs(model(x) - plain) > 1e-9).any(axis=(0, 2))
        plain = np.array(model(x))
    return seen


# %% sees wrong: what was replaced before stays replaced
def sees(model, x, rng):
    plain, T, other = np.array(model(x)), x.shape[1], np.array(x, dtype=float)
    seen = np.zeros((T, T), bool)
    for j in range(T):
        other[:, j] = rng.normal(size=x[:, j].shape)
        seen[:, j] = (np.abs(model(other) - plain) > 1e-9).any(axis=(0, 2))
    return seen


# %% sees wrong: the mask that it should be
def sees(model, x, rng):
    T = x.shape[1]
    if model.__name__ == "one_ahead":
        return np.array([[True, True, False], [True, True, True], [True, False, False]])
    return np.tri(T, dtype=bool)


# %% sees right: added to, a row of x at a time
def sees(model, x, rng):
    n, T, width = x.shape
    seen = np.zeros((T, T), dtype=bool)
    for row in range(n):
        for j in range(T):
            change = np.zeros((n, T, width))
            change[row, j] = rng.uniform(0.5, 2, width)
            seen[:, j] |= abs(np.array(model(x + change)) - np.array(model(x))).max(axis=(0, 2)) > 1e-9
    return seen


# %% sees right: largest and smallest over several tries, as lists
def sees(model, x, rng):
    T, columns = x.shape[1], []
    for j in range(T):
        tries = [np.asarray(model(x)).copy()]
        for _ in range(3):
            here = (np.arange(T) == j)[None, :, None]
            tries.append(np.asarray(model(np.where(here, rng.standard_normal(x.shape) * 2, x))).copy())
        spread = np.max(tries, axis=0) - np.min(tries, axis=0)
        columns.append(np.any(spread > 1e-9, axis=(0, 2)).tolist())
    return np.transpose(columns)
