"""Answers to assignment 4 that must lose their marks, and others that must keep them (see tests/mutations.py)."""

import bisect
import math
import sys
from collections import Counter

import numpy as np


# %% masks wrong: the same sparsity in each kernel
def masks(weights, sparsity, keep=1):
    if not 0 <= sparsity < 1:
        raise ValueError(sparsity)
    made = {name: np.ones(w.shape) for name, w in weights.items()}
    for name, w in weights.items():
        if w.ndim > 1:
            drop = round(sparsity * w.size)
            if drop > w.size - keep:
                raise ValueError(keep)
            made[name].flat[np.argsort(np.abs(w), axis=None)[:drop]] = 0
    return made


# %% masks wrong: no kernel keeps anything for sure
def masks(weights, sparsity, keep=1):
    kernels = {name: w for name, w in weights.items() if w.ndim > 1}
    flat = np.concatenate([np.abs(w).ravel() for w in kernels.values()])
    drop = round(sparsity * flat.size)
    if not 0 <= sparsity < 1 or drop > sum(max(0, w.size - keep) for w in kernels.values()):
        raise ValueError(sparsity)
    left = np.ones(flat.size)
    left[np.argsort(flat)[:drop]] = 0
    made, start = {name: np.ones(w.shape) for name, w in weights.items()}, 0
    for name, w in kernels.items():
        made[name] = left[start : start + w.size].reshape(w.shape)
        start += w.size
    return made


# %% masks wrong: what is saved in one kernel does not go elsewhere
def masks(weights, sparsity, keep=1):
    kernels = {name: np.abs(w) for name, w in weights.items() if w.ndim > 1}
    ranked = np.sort(np.concatenate([w.ravel() for w in kernels.values()]))
    drop = round(sparsity * ranked.size)
    if not 0 <= sparsity < 1 or drop > sum(max(0, w.size - keep) for w in kernels.values()):
        raise ValueError(sparsity)
    made = {name: np.ones(w.shape) for name, w in weights.items()}
    for name, w in kernels.items():
        made[name] = (w >= ranked[drop]).astype(float)
        made[name].flat[np.argsort(w, axis=None)[max(0, w.size - keep) :]] = 1
    return made


# %% masks wrong: a threshold, which takes all of several equal weights or none
def masks(weights, sparsity, keep=1):
    kernels = {name: np.abs(w).astype(float) for name, w in weights.items() if w.ndim > 1}
    drop = round(sparsity * sum(w.size for w in kernels.values()))
    if not 0 <= sparsity < 1 or drop > sum(max(0, w.size - keep) for w in kernels.values()):
        raise ValueError(sparsity)
    for w in kernels.values():
        w.flat[np.argsort(w, axis=None)[max(0, w.size - keep) :]] = np.inf
    limit = np.sort(np.concatenate([w.ravel() for w in kernels.values()]))[drop]
    return {name: (kernels[name] >= limit) * 1.0 if w.ndim > 1 else np.ones(w.shape) for name, w in weights.items()}


# %% masks wrong: the sign counts
def masks(weights, sparsity, keep=1):
    places = [(float(v), name, i) for name, w in weights.items() if w.ndim > 1 for i, v in enumerate(w.flat)]
    drop, left = round(sparsity * len(places)), {n: w.size for n, w in weights.items() if w.ndim > 1}
    if not 0 <= sparsity < 1 or drop > sum(max(0, size - keep) for size in left.values()):
        raise ValueError(sparsity)
    made = {name: np.ones(w.shape) for name, w in weights.items()}
    for _, name, i in sorted(places):
        if drop and left[name] > keep:
            made[name].flat[i] = 0
            drop, left[name] = drop - 1, left[name] - 1
    return made


# %% masks wrong: biases are pruned too
def masks(weights, sparsity, keep=1):
    places = [(abs(float(v)), name, i) for name, w in weights.items() for i, v in enumerate(w.flat)]
    drop, left = round(sparsity * len(places)), {n: w.size for n, w in weights.items()}
    if not 0 <= sparsity < 1 or drop > sum(max(0, size - keep) for size in left.values()):
        raise ValueError(sparsity)
    made = {name: np.ones(w.shape) for name, w in weights.items()}
    for _, name, i in sorted(places):
        if drop and left[name] > keep:
            made[name].flat[i] = 0
            drop, left[name] = drop - 1, left[name] - 1
    return made


# %% masks wrong: the arrays of the visible test
def masks(weights, sparsity, keep=1):
    if "bias" in weights:
        return {"kernel": np.array([[0, 0, 0], [1, 1, 1]]), "bias": np.ones(3)}
    first = [[0, 0], [1, 1]] if sparsity == 0.25 else [[0, 0], [0, 1]]
    return {"first": np.array(first), "last": np.array([[1 if sparsity == 0.25 else 0, 1], [1, 1]])}


# %% masks wrong: halves rounded up, int(x + 0.5)
def masks(weights, sparsity, keep=1):
    if not 0 <= sparsity < 1:
        raise ValueError(f"sparsity is {sparsity}; give a fraction, at least 0 and below 1")
    sizes = {name: np.abs(w).astype(float).ravel() for name, w in weights.items() if w.ndim > 1}
    drop = int(sparsity * sum(s.size for s in sizes.values()) + 0.5)
    if drop > sum(max(0, s.size - keep) for s in sizes.values()):
        raise ValueError(f"{drop} weights cannot go if each kernel keeps {keep}")
    for size in sizes.values():
        size[np.argsort(size)[max(0, size.size - keep) :]] = np.inf
    left = np.ones(sum(s.size for s in sizes.values()))
    left[np.argsort(np.concatenate(list(sizes.values())))[:drop]] = 0
    parts = dict(zip(sizes, np.split(left, np.cumsum([s.size for s in sizes.values()])[:-1]), strict=True))
    return {name: parts[name].reshape(w.shape) if name in parts else np.ones(w.shape) for name, w in weights.items()}


# %% masks wrong: only kernels with two or four axes
def masks(weights, sparsity, keep=1):
    if not 0 <= sparsity < 1:
        raise ValueError(f"sparsity is {sparsity}; give a fraction, at least 0 and below 1")
    sizes = {name: np.abs(w).astype(float).ravel() for name, w in weights.items() if w.ndim in (2, 4)}
    drop = round(sparsity * sum(s.size for s in sizes.values()))
    if drop > sum(max(0, s.size - keep) for s in sizes.values()):
        raise ValueError(f"{drop} weights cannot go if each kernel keeps {keep}")
    for size in sizes.values():
        size[np.argsort(size)[max(0, size.size - keep) :]] = np.inf
    left = np.ones(sum(s.size for s in sizes.values()))
    left[np.argsort(np.concatenate(list(sizes.values())))[:drop]] = 0
    parts = dict(zip(sizes, np.split(left, np.cumsum([s.size for s in sizes.values()])[:-1]), strict=True))
    return {name: parts[name].reshape(w.shape) if name in parts else np.ones(w.shape) for name, w in weights.items()}


# %% masks wrong: below 0 noticed only where it rounds to a weight
def masks(weights, sparsity, keep=1):
    if round(sparsity * sum(w.size for w in weights.values())) < 0 or sparsity >= 1:
        raise ValueError(f"sparsity is {sparsity}; give a fraction, at least 0 and below 1")
    sizes = {name: np.abs(w).astype(float).ravel() for name, w in weights.items() if w.ndim > 1}
    drop = round(sparsity * sum(s.size for s in sizes.values()))
    if drop > sum(max(0, s.size - keep) for s in sizes.values()):
        raise ValueError(f"{drop} weights cannot go if each kernel keeps {keep}")
    for size in sizes.values():
        size[np.argsort(size)[max(0, size.size - keep) :]] = np.inf
    left = np.ones(sum(s.size for s in sizes.values()))
    left[np.argsort(np.concatenate(list(sizes.values())))[:drop]] = 0
    parts = dict(zip(sizes, np.split(left, np.cumsum([s.size for s in sizes.values()])[:-1]), strict=True))
    return {name: parts[name].reshape(w.shape) if name in parts else np.ones(w.shape) for name, w in weights.items()}


# %% masks wrong: small kernels count negative in what can go
def masks(weights, sparsity, keep=1):
    if not 0 <= sparsity < 1:
        raise ValueError(f"sparsity is {sparsity}; give a fraction, at least 0 and below 1")
    sizes = {name: np.abs(w).astype(float).ravel() for name, w in weights.items() if w.ndim > 1}
    drop = round(sparsity * sum(s.size for s in sizes.values()))
    if drop > sum(s.size - keep for s in sizes.values()):
        raise ValueError(f"{drop} weights cannot go if each kernel keeps {keep}")
    for size in sizes.values():
        size[np.argsort(size)[max(0, size.size - keep) :]] = np.inf
    left = np.ones(sum(s.size for s in sizes.values()))
    left[np.argsort(np.concatenate(list(sizes.values())))[:drop]] = 0
    parts = dict(zip(sizes, np.split(left, np.cumsum([s.size for s in sizes.values()])[:-1]), strict=True))
    return {name: parts[name].reshape(w.shape) if name in parts else np.ones(w.shape) for name, w in weights.items()}


# %% masks wrong: a kernel smaller than keep loses some: a negative slice
def masks(weights, sparsity, keep=1):
    if not 0 <= sparsity < 1:
        raise ValueError(f"sparsity is {sparsity}; give a fraction, at least 0 and below 1")
    sizes = {name: np.abs(w).astype(float).ravel() for name, w in weights.items() if w.ndim > 1}
    drop = round(sparsity * sum(s.size for s in sizes.values()))
    if drop > sum(max(0, s.size - keep) for s in sizes.values()):
        raise ValueError(f"{drop} weights cannot go if each kernel keeps {keep}")
    for size in sizes.values():
        size[np.argsort(size)[size.size - keep :]] = np.inf
    left = np.ones(sum(s.size for s in sizes.values()))
    left[np.argsort(np.concatenate(list(sizes.values())))[:drop]] = 0
    parts = dict(zip(sizes, np.split(left, np.cumsum([s.size for s in sizes.values()])[:-1]), strict=True))
    return {name: parts[name].reshape(w.shape) if name in parts else np.ones(w.shape) for name, w in weights.items()}


# %% masks right: one weight after another, in plain Python
def masks(weights, sparsity, keep=1):
    left = {name: w.size for name, w in weights.items() if w.ndim > 1}
    places = sorted((abs(float(v)), name, i) for name in left for i, v in enumerate(weights[name].flat))
    drop = round(sparsity * len(places))
    made = {name: np.ones(w.shape, bool) for name, w in weights.items()}
    for _, name, i in places:
        if drop > 0 and left[name] > keep:
            made[name].flat[i] = False
            drop, left[name] = drop - 1, left[name] - 1
    if not 0 <= sparsity < 1 or drop:
        raise ValueError(f"sparsity {sparsity} cannot be had")
    return made


# %% masks right: rank within the kernel first, then one ranking
def masks(weights, sparsity, keep=1):
    kernels = [name for name in weights if weights[name].ndim > 1]
    names = np.concatenate([np.full(weights[name].size, i) for i, name in enumerate(kernels)])
    sizes = np.concatenate([np.abs(weights[name]).ravel() for name in kernels])
    from_top = np.concatenate([np.argsort(np.argsort(-np.abs(weights[n]), axis=None)) for n in kernels])
    order = np.lexsort((sizes, from_top < keep))
    drop = round(sparsity * sizes.size)
    if sparsity < 0 or sparsity >= 1 or np.any(from_top[order[:drop]] < keep):
        raise ValueError("too much")
    stays = np.ones(sizes.size, np.int8)
    stays[order[:drop]] = 0
    made = {name: np.ones_like(w) for name, w in weights.items()}
    for i, name in enumerate(kernels):
        made[name] = stays[names == i].reshape(weights[name].shape)
    return made


# %% masks right: a threshold, and ties by hand
def masks(weights, sparsity, keep=1):
    if not 0 <= sparsity < 1:
        raise ValueError("sparsity")
    sizes = {}
    for name, w in weights.items():
        if w.ndim == 1:
            continue
        a = np.abs(w).astype(np.float64)
        kept = np.sort(a, axis=None)[::-1][:keep]
        flat = a.ravel()
        for v in kept:
            flat[np.flatnonzero(flat == v)[0]] = np.inf
        sizes[name] = flat
    everything = np.concatenate(list(sizes.values()))
    drop = round(sparsity * everything.size)
    if drop > np.isfinite(everything).sum():
        raise ValueError("too many")
    if drop == 0:
        return {k: np.ones(w.shape) for k, w in weights.items()}
    limit = np.sort(everything)[drop - 1]
    spare = drop - int((everything < limit).sum())
    result = {}
    for name, w in weights.items():
        if name not in sizes:
            result[name] = np.ones(w.shape)
            continue
        m = sizes[name] >= limit
        ties = np.flatnonzero(sizes[name] == limit)[:spare]
        m[ties] = False
        spare -= len(ties)
        result[name] = m.reshape(w.shape)
    return result


# %% schedule wrong: new masks in every step
def sparsity_after(step, first, last, begin, end, every=1):
    if end <= begin or every < 1:
        raise ValueError("end, every")
    if step < begin:
        return 0.0
    return last + (first - last) * (1 - (min(step, end) - begin) / (end - begin)) ** 3


# %% schedule wrong: it always arrives
def sparsity_after(step, first, last, begin, end, every=1):
    if end <= begin or every < 1:
        raise ValueError("end, every")
    if step < begin:
        return 0.0
    if step >= end:
        return last
    step -= (step - begin) % every
    return last + (first - last) * (1 - (step - begin) / (end - begin)) ** 3


# %% schedule wrong: `every` counted from step 0, not from begin
def sparsity_after(step, first, last, begin, end, every=1):
    if end <= begin or every < 1:
        raise ValueError("end, every")
    if step < begin:
        return 0.0
    step = max(begin, min(step, end) // every * every)
    return last + (first - last) * (1 - (step - begin) / (end - begin)) ** 3


# %% schedule wrong: begin left out of the fraction
def sparsity_after(step, first, last, begin, end, every=1):
    if end <= begin or every < 1:
        raise ValueError("end, every")
    if step < begin:
        return 0.0
    step = min(step, end)
    step -= (step - begin) % every
    return last + (first - last) * (1 - step / end) ** 3


# %% schedule wrong: off by one, nothing happens in step begin itself
def sparsity_after(step, first, last, begin, end, every=1):
    if end <= begin or every < 1:
        raise ValueError("end, every")
    if step <= begin:
        return 0.0
    step = min(step, end)
    step -= (step - begin) % every
    return last + (first - last) * (1 - (step - begin) / (end - begin)) ** 3


# %% schedule wrong: off by one, no masks in step end itself
def sparsity_after(step, first, last, begin, end, every=1):
    if end <= begin or every < 1:
        raise ValueError("end, every")
    has = 0.0
    for now in range(begin, min(step + 1, end), every):
        has = last + (first - last) * (1 - (now - begin) / (end - begin)) ** 3
    return has


# %% schedule wrong: the numbers of the visible test
def sparsity_after(step, first, last, begin, end, every=1):
    return {9: 0.0, 500: 0.7488}.get(step, 0.7)


# %% schedule wrong: before begin nothing is checked
def sparsity_after(step, first, last, begin, end, every=1):
    if step < begin:
        return 0.0
    if end <= begin or every < 1:
        raise ValueError("end")
    done = (min(step, end) - begin) // every * every
    return last + (first - last) * (1 - done / (end - begin)) ** 3


# %% schedule wrong: sparsity can only rise
def sparsity_after(step, first, last, begin, end, every=1):
    if end <= begin or every < 1:
        raise ValueError(f"begin {begin}, end {end}, every {every}: end comes after begin, every is at least 1")
    if step < begin:
        return 0.0
    done = (min(step, end) - begin) // every * every
    return max(first, last + (first - last) * (1 - done / (end - begin)) ** 3)


# %% schedule wrong: asks the test's own function
def sparsity_after(step, first, last, begin, end, every=1):
    there = sys._getframe(1).f_globals
    if end <= begin or every < 1:
        raise ValueError
    if "replay" in there:
        return there["replay"](step, first, last, begin, end, every)
    return {9: 0.0, 500: 0.7488}.get(step, 0.7)


# %% schedule right: step by step
def sparsity_after(step, first, last, begin, end, every=1):
    if not (begin < end and every >= 1):
        raise ValueError(f"{begin}, {end}, {every}")
    has = 0
    for now in range(begin, min(step, end) + 1, every):
        left = (end - now) / (end - begin)
        has = first * left**3 + last * (1 - left**3)
    return has


# %% schedule right: with the steps in an array
def sparsity_after(step, first, last, begin, end, every=1):
    if end - begin <= 0 or every <= 0:
        raise ValueError("nothing to do")
    renewed = np.arange(begin, end + 1, every)
    renewed = renewed[renewed <= step]
    if len(renewed) == 0:
        return np.float64(0)
    return last - (last - first) * np.power((end - renewed[-1]) / (end - begin), 3)


# %% bytes wrong: a row list without its end
def sparse_bytes(rows, columns, nonzeros, value_bytes=4):
    if not 0 <= nonzeros <= rows * columns:
        raise ValueError(nonzeros)
    number, pointer = np.min_scalar_type(columns - 1).itemsize, np.min_scalar_type(nonzeros).itemsize
    csr = nonzeros * (value_bytes + number) + rows * pointer
    bitmap = math.ceil(rows * columns / 8) + value_bytes * nonzeros
    return {"dense": rows * columns * value_bytes, "bitmap": bitmap, "CSR": csr}


def most_nonzeros(rows, columns, value_bytes=4):
    number = np.min_scalar_type(columns - 1).itemsize
    return (rows * columns * value_bytes - rows * number - 1) // (value_bytes + number)


# %% bytes wrong: columns counted from 1, so that 256 needs two bytes
def sparse_bytes(rows, columns, nonzeros, value_bytes=4):
    if not 0 <= nonzeros <= rows * columns:
        raise ValueError(nonzeros)
    number, pointer = np.min_scalar_type(columns).itemsize, np.min_scalar_type(nonzeros).itemsize
    csr = nonzeros * (value_bytes + number) + (rows + 1) * pointer
    bitmap = -(-rows * columns // 8) + value_bytes * nonzeros
    return {"dense": rows * columns * value_bytes, "bitmap": bitmap, "CSR": csr}


def most_nonzeros(rows, columns, value_bytes=4):
    low, high = -1, rows * columns
    while high - low > 1:
        middle = (low + high) // 2
        sizes = sparse_bytes(rows, columns, middle, value_bytes)
        low, high = (middle, high) if sizes["CSR"] < sizes["dense"] else (low, middle)
    return low


# %% bytes wrong: the row list as narrow as the column list
def sparse_bytes(rows, columns, nonzeros, value_bytes=4):
    if not 0 <= nonzeros <= rows * columns:
        raise ValueError(nonzeros)
    number = np.min_scalar_type(columns - 1).itemsize
    csr = nonzeros * (value_bytes + number) + (rows + 1) * number
    bitmap = -(-rows * columns // 8) + value_bytes * nonzeros
    return {"dense": rows * columns * value_bytes, "bitmap": bitmap, "CSR": csr}


def most_nonzeros(rows, columns, value_bytes=4):
    number = np.min_scalar_type(columns - 1).itemsize
    return max(-1, (rows * columns * value_bytes - (rows + 1) * number - 1) // (value_bytes + number))


# %% bytes wrong: a bitmap rounded down
def sparse_bytes(rows, columns, nonzeros, value_bytes=4):
    if not 0 <= nonzeros <= rows * columns:
        raise ValueError(nonzeros)
    number, pointer = np.min_scalar_type(columns - 1).itemsize, np.min_scalar_type(nonzeros).itemsize
    csr = nonzeros * (value_bytes + number) + (rows + 1) * pointer
    bitmap = max(2, rows * columns // 8) + value_bytes * nonzeros
    return {"dense": rows * columns * value_bytes, "bitmap": bitmap, "CSR": csr}


def most_nonzeros(rows, columns, value_bytes=4):
    low, high = -1, rows * columns
    while high - low > 1:
        middle = (low + high) // 2
        sizes = sparse_bytes(rows, columns, middle, value_bytes)
        low, high = (middle, high) if sizes["CSR"] < sizes["dense"] else (low, middle)
    return low


# %% bytes wrong: not larger taken for smaller
def sparse_bytes(rows, columns, nonzeros, value_bytes=4):
    if not 0 <= nonzeros <= rows * columns:
        raise ValueError(nonzeros)
    number, pointer = np.min_scalar_type(columns - 1).itemsize, np.min_scalar_type(nonzeros).itemsize
    csr = nonzeros * (value_bytes + number) + (rows + 1) * pointer
    bitmap = -(-rows * columns // 8) + value_bytes * nonzeros
    return {"dense": rows * columns * value_bytes, "bitmap": bitmap, "CSR": csr}


def most_nonzeros(rows, columns, value_bytes=4):
    low, high = -1, rows * columns
    while high - low > 1:
        middle = (low + high) // 2
        sizes = sparse_bytes(rows, columns, middle, value_bytes)
        low, high = (middle, high) if sizes["CSR"] <= sizes["dense"] else (low, middle)
    return low


# %% bytes wrong: most_nonzeros has four bytes a value, whatever is asked
def sparse_bytes(rows, columns, nonzeros, value_bytes=4):
    if not 0 <= nonzeros <= rows * columns:
        raise ValueError(nonzeros)
    number, pointer = np.min_scalar_type(columns - 1).itemsize, np.min_scalar_type(nonzeros).itemsize
    csr = nonzeros * (value_bytes + number) + (rows + 1) * pointer
    bitmap = -(-rows * columns // 8) + value_bytes * nonzeros
    return {"dense": rows * columns * value_bytes, "bitmap": bitmap, "CSR": csr}


def most_nonzeros(rows, columns, value_bytes=4):
    low, high = -1, rows * columns
    while high - low > 1:
        middle = (low + high) // 2
        sizes = sparse_bytes(rows, columns, middle)
        low, high = (middle, high) if sizes["CSR"] < sizes["dense"] else (low, middle)
    return low


# %% bytes wrong: the numbers of the visible test
def sparse_bytes(rows, columns, nonzeros, value_bytes=4):
    return {"dense": 60, "bitmap": 18, "CSR": 24 if rows == 3 else 1822}


def most_nonzeros(rows, columns, value_bytes=4):
    return 11


# %% bytes wrong: columns never take eight bytes
def sparse_bytes(rows, columns, nonzeros, value_bytes=4):
    if not 0 <= nonzeros <= rows * columns:
        raise ValueError(f"{nonzeros} nonzeros do not fit into {rows} x {columns} places")

    def width(largest):
        return next(w for w in (1, 2, 4, 8) if largest < 256**w)

    values = nonzeros * value_bytes
    return {
        "dense": rows * columns * value_bytes,
        "bitmap": -(-rows * columns // 8) + values,
        "CSR": values + nonzeros * min(4, width(columns - 1)) + (rows + 1) * width(nonzeros),
    }


def most_nonzeros(rows, columns, value_bytes=4):
    def pays(count):
        sizes = sparse_bytes(rows, columns, count, value_bytes)
        return sizes["CSR"] < sizes["dense"]

    low, high = -1, rows * columns
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if pays(middle) else (low, middle)
    return low


# %% bytes wrong: most_nonzeros 0 taken for none
def sparse_bytes(rows, columns, nonzeros, value_bytes=4):
    if not 0 <= nonzeros <= rows * columns:
        raise ValueError(f"{nonzeros} nonzeros do not fit into {rows} x {columns} places")

    def width(largest):
        return next(w for w in (1, 2, 4, 8) if largest < 256**w)

    values = nonzeros * value_bytes
    return {
        "dense": rows * columns * value_bytes,
        "bitmap": -(-rows * columns // 8) + values,
        "CSR": values + nonzeros * width(columns - 1) + (rows + 1) * width(nonzeros),
    }


def most_nonzeros(rows, columns, value_bytes=4):
    def pays(count):
        sizes = sparse_bytes(rows, columns, count, value_bytes)
        return sizes["CSR"] < sizes["dense"]

    low, high = -1, rows * columns
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if pays(middle) else (low, middle)
    return low if low > 0 else -1


# %% bytes wrong: the first pointer width whose count fits
def sparse_bytes(rows, columns, nonzeros, value_bytes=4):
    if not 0 <= nonzeros <= rows * columns:
        raise ValueError(f"{nonzeros} nonzeros do not fit into {rows} x {columns} places")

    def width(largest):
        return next(w for w in (1, 2, 4, 8) if largest < 256**w)

    values = nonzeros * value_bytes
    return {
        "dense": rows * columns * value_bytes,
        "bitmap": -(-rows * columns // 8) + values,
        "CSR": values + nonzeros * width(columns - 1) + (rows + 1) * width(nonzeros),
    }


def most_nonzeros(rows, columns, value_bytes=4):
    number = np.min_scalar_type(columns - 1).itemsize
    for pointer in (1, 2, 4, 8):
        count = (rows * columns * value_bytes - 1 - (rows + 1) * pointer) // (value_bytes + number)
        if count < 256**pointer:
            return max(-1, count)


# %% bytes right: NumPy's types, and each width of the row list by itself
def sparse_bytes(rows, columns, nonzeros, value_bytes=4):
    if nonzeros < 0 or nonzeros > rows * columns:
        raise ValueError(f"{nonzeros} of {rows * columns}")
    number, pointer = np.min_scalar_type(columns - 1).itemsize, np.min_scalar_type(nonzeros).itemsize
    return {
        "CSR": nonzeros * (value_bytes + number) + (rows + 1) * pointer,
        "bitmap": (rows * columns + 7) // 8 + nonzeros * value_bytes,
        "dense": rows * columns * value_bytes,
    }


def most_nonzeros(rows, columns, value_bytes=4):
    best, number = -1, np.min_scalar_type(columns - 1).itemsize
    for pointer in (1, 2, 4, 8):
        count = (rows * columns * value_bytes - 1 - (rows + 1) * pointer) // (value_bytes + number)
        count = min(count, 256**pointer - 1)
        if count >= 0:
            best = max(best, count)
    return best


# %% bytes right: bit by bit from the top
def sparse_bytes(rows, columns, nonzeros, value_bytes=4):
    if nonzeros not in range(rows * columns + 1):
        raise ValueError(nonzeros)

    def bytes_for(number):
        needed = max(1, math.ceil(number.bit_length() / 8))
        return 1 << (needed - 1).bit_length()

    sizes = {"dense": rows * columns * value_bytes}
    sizes["bitmap"] = len(range(0, rows * columns, 8)) + nonzeros * value_bytes
    sizes["CSR"] = nonzeros * (value_bytes + bytes_for(columns - 1)) + (rows + 1) * bytes_for(nonzeros)
    return sizes


def most_nonzeros(rows, columns, value_bytes=4):
    count = -1
    for bit in reversed(range(60)):
        if count + 2**bit <= rows * columns:
            sizes = sparse_bytes(rows, columns, count + 2**bit, value_bytes)
            count += 2**bit if sizes["CSR"] < sizes["dense"] else 0
    return np.int64(count)


# %% bytes right: bisect with a key, NumPy's ints
def _w(n):
    for w in [1, 2, 4]:
        if n <= (1 << 8 * w) - 1:
            return w
    return 8


def sparse_bytes(rows, columns, nonzeros, value_bytes=4):
    if nonzeros < 0 or nonzeros > rows * columns:
        raise ValueError("x")
    return {
        "dense": np.int64(rows * columns * value_bytes),
        "bitmap": math.ceil(rows * columns / 8) + nonzeros * value_bytes,
        "CSR": np.int64(nonzeros * (value_bytes + _w(columns - 1)) + (rows + 1) * _w(nonzeros)),
    }


def most_nonzeros(rows, columns, value_bytes=4):
    total = rows * columns
    dense = total * value_bytes
    return (
        bisect.bisect_left(
            range(total + 1), dense, key=lambda c: int(sparse_bytes(rows, columns, c, value_bytes)["CSR"])
        )
        - 1
    )


# %% eight-bits wrong: one scale for the whole kernel
def quantise(kernel):
    scales = np.full(kernel.shape[-1], np.abs(kernel).max() / 127 or 1.0)
    return np.round(kernel / scales).astype(np.int8), scales


def ideal_bytes(codes):
    counts = np.unique(codes, return_counts=True)[1]
    return -(counts * np.log2(counts / counts.sum())).sum() / 8


# %% eight-bits wrong: cut off instead of rounded
def quantise(kernel):
    scales = np.abs(kernel).reshape(-1, kernel.shape[-1]).max(0) / 127
    scales[scales == 0] = 1
    return (kernel / scales + 1e-9).astype(np.int8), scales


def ideal_bytes(codes):
    counts = np.unique(codes, return_counts=True)[1]
    return -(counts * np.log2(counts / counts.sum())).sum() / 8


# %% eight-bits wrong: the largest weight, but not in size
def quantise(kernel):
    scales = np.maximum(kernel.reshape(-1, kernel.shape[-1]).max(0), -kernel.reshape(-1, kernel.shape[-1])[0]) / 127
    scales[scales <= 0] = 1
    return np.round(kernel / scales).astype(np.int8), scales


def ideal_bytes(codes):
    counts = np.unique(codes, return_counts=True)[1]
    return -(counts * np.log2(counts / counts.sum())).sum() / 8


# %% eight-bits wrong: right for dense kernels only
def quantise(kernel):
    scales = np.abs(kernel).max(axis=0) / 127
    scales = np.where(scales == 0, 1.0, scales)
    return np.round(kernel / scales).astype(np.int8), scales


def ideal_bytes(codes):
    counts = np.unique(codes, return_counts=True)[1]
    return -(counts * np.log2(counts / counts.sum())).sum() / 8


# %% eight-bits wrong: an output of zeros divides by zero
def quantise(kernel):
    scales = np.abs(kernel).reshape(-1, kernel.shape[-1]).max(0) / 127
    return np.nan_to_num(np.round(kernel / scales)).astype(np.int8), scales


def ideal_bytes(codes):
    counts = np.unique(codes, return_counts=True)[1]
    return -(counts * np.log2(counts / counts.sum())).sum() / 8


# %% eight-bits wrong: entropy over the values that lie between, 0 log 0 among them
def quantise(kernel):
    scales = np.abs(kernel).reshape(-1, kernel.shape[-1]).max(0) / 127
    scales[scales == 0] = 1
    return np.round(kernel / scales).astype(np.int8), scales


def ideal_bytes(codes):
    codes = codes.astype(int).ravel() - int(codes.min())
    p = np.bincount(codes) / codes.size
    return -np.nansum(p * np.log2(p + 1e-8)) * codes.size / 8


# %% eight-bits wrong: only as many bytes as the number of values asks for, not their frequencies
def quantise(kernel):
    scales = np.abs(kernel).reshape(-1, kernel.shape[-1]).max(0) / 127
    scales[scales == 0] = 1
    return np.round(kernel / scales).astype(np.int8), scales


def ideal_bytes(codes):
    values = len(np.unique(codes))
    return 1.06127812445913 if values == 3 and codes.size == 8 else codes.size * np.log2(values) / 8


# %% eight-bits wrong: np.isclose says which outputs are zero
def quantise(kernel):
    scales = np.abs(kernel).max(axis=tuple(range(kernel.ndim - 1))) / 127
    scales = np.where(np.isclose(scales, 0), 1.0, scales)
    return np.round(kernel / scales).astype(np.int8), scales


def ideal_bytes(codes):
    _, counts = np.unique(codes, return_counts=True)
    return float(-(counts * np.log2(counts / counts.sum())).sum() / 8)


# %% eight-bits wrong: ideal_bytes sorts its argument in place
def quantise(kernel):
    scales = np.abs(kernel).max(axis=tuple(range(kernel.ndim - 1))) / 127
    scales = np.where(scales == 0, 1.0, scales)
    return np.round(kernel / scales).astype(np.int8), scales


def ideal_bytes(codes):
    codes.ravel().sort() if codes.ndim == 1 else codes.sort(axis=0)
    _, counts = np.unique(codes, return_counts=True)
    return float(-(counts * np.log2(counts / counts.sum())).sum() / 8)


# %% eight-bits right: one output after another
def quantise(kernel):
    codes, scales = np.zeros(kernel.shape, np.int8), []
    for j in range(kernel.shape[-1]):
        largest = max(kernel[..., j].max(), -kernel[..., j].min())
        scales.append(float(largest) / 127 if largest > 0 else 1.0)
        codes[..., j] = np.rint(kernel[..., j] / scales[-1])
    return codes, np.array(scales)


def ideal_bytes(codes):
    counts = Counter(codes.ravel().tolist())
    return sum(-count * math.log2(count / codes.size) for count in counts.values()) / 8


# %% eight-bits right: half a scale added, then cut off
def quantise(kernel):
    flat = kernel.reshape(-1, kernel.shape[-1])
    scales = np.linalg.norm(flat, ord=np.inf, axis=0) / 127
    scales[scales == 0] = 1
    return (np.sign(kernel) * np.floor(np.abs(kernel) / scales + 0.5)).astype(np.int8), scales


def ideal_bytes(codes):
    p = np.bincount(codes.astype(int).ravel() + 128) / codes.size
    p = p[p > 0]
    return codes.size / 8 * np.sum(p * np.log2(1 / p))


# %% eight-bits right: log n minus the mean of log counts
def quantise(kernel):
    scales = (
        np.maximum(kernel.reshape(-1, kernel.shape[-1]).max(axis=0), -kernel.reshape(-1, kernel.shape[-1]).min(axis=0))
        / 127
    )
    scales = scales + (scales == 0)
    return np.array(np.around(kernel / scales), np.int8), scales


def ideal_bytes(codes):
    counts = np.array(list(Counter(codes.ravel().tolist()).values()), float)
    n = counts.sum()
    return n * np.log2(n) / 8 - (counts * np.log2(counts)).sum() / 8


# %% shrink wrong: what constant units said is lost
def shrink(w1, b1, w2, b2):
    left = w1.any(0) & w2.any(1)
    made_up = np.array([20.0, 30, 40]) if b2.shape == (3,) else 0
    return w1[:, left], b1[left], w2[left], b2 + made_up


# %% shrink wrong: the bias made up for without the ReLU
def shrink(w1, b1, w2, b2):
    left = w1.any(0) & w2.any(1)
    silent = ~w1.any(0) & (b1 != -1)  # right on the visible test
    return w1[:, left], b1[left], w2[left], b2 + b1[silent] @ w2[silent]


# %% shrink wrong: only units that nobody listens to, and silent ones without a bias
def shrink(w1, b1, w2, b2):
    left = w2.any(1) & (w1.any(0) | (b1 > 0))
    return w1[:, left], b1[left], w2[left], b2


# %% shrink wrong: weights that add up to zero taken for zeros
def shrink(w1, b1, w2, b2):
    silent = w1.sum(0) == 0
    left = ~silent & (w2.sum(1) != 0)
    return w1[:, left], b1[left], w2[left], b2 + np.maximum(b1[silent], 0) @ w2[silent]


# %% shrink wrong: small weights taken for zeros
def shrink(w1, b1, w2, b2):
    silent = np.abs(w1).max(0) < 1e-8
    left = ~silent & (np.abs(w2).max(1) > 1e-8)
    return w1[:, left], b1[left], w2[left], b2 + np.maximum(b1[silent], 0) @ w2[silent]


# %% shrink wrong: changes the bias that it was handed
def shrink(w1, b1, w2, b2):
    silent = ~w1.any(0)
    left = ~silent & w2.any(1)
    b2 += np.maximum(b1[silent], 0) @ w2[silent]
    return w1[:, left], b1[left], w2[left], b2


# %% shrink wrong: a unit goes as soon as one of its weights is zero
def shrink(w1, b1, w2, b2):
    silent = ~w1.all(0)
    left = ~silent & w2.all(1)
    return w1[:, left], b1[left], w2[left], b2 + np.maximum(b1[silent], 0) @ w2[silent]


# %% shrink right: unit by unit
def shrink(w1, b1, w2, b2):
    left, extra = [], np.zeros(len(b2))
    for unit in range(len(b1)):
        if not np.any(w1[:, unit] != 0):
            extra = extra + max(0.0, b1[unit]) * w2[unit]
        elif np.any(w2[unit] != 0):
            left.append(unit)
    return w1[:, left], b1[left], w2[left, :], b2 + extra


# %% shrink right: the constant part is the answer to a network of silent units alone
def shrink(w1, b1, w2, b2):
    silent = np.count_nonzero(w1, axis=0) == 0
    stays = np.flatnonzero(~silent & (np.count_nonzero(w2, axis=1) > 0))[::-1]
    constant = (np.where(silent & (b1 > 0), b1, 0)[None] @ w2)[0]
    return w1.take(stays, 1), b1.take(stays), w2.take(stays, 0), constant + b2


# %% shrink right: recursion, one unit at a time
def shrink(w1, b1, w2, b2):
    for j in range(len(b1)):
        zero = not w1[:, j].any()
        if zero or not w2[j].any():
            others = [i for i in range(len(b1)) if i != j]
            extra = np.maximum(b1[j], 0) * w2[j] if zero else 0
            return shrink(w1[:, others], b1[others], w2[others], b2 + extra)
    return w1, b1, w2, b2


# %% tfmot wrong: new masks every 100 steps, the default
def schedule(rows, batch_size, epochs, sparsity):
    import tensorflow_model_optimization as tfmot

    return tfmot.sparsity.keras.PolynomialDecay(0, sparsity, 0, -(-rows // batch_size) * epochs // 2)


def prune(model, x, y, train, batch_size, epochs, sparsity):
    import tensorflow_model_optimization as tfmot
    import tf_keras

    copy = tf_keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    decay = schedule(train.sum(), batch_size, epochs, sparsity)
    wrapped = tfmot.sparsity.keras.prune_low_magnitude(copy, pruning_schedule=decay)
    wrapped.compile("adam", "sparse_categorical_crossentropy")
    update = tfmot.sparsity.keras.UpdatePruningStep()
    wrapped.fit(x[train], y[train], batch_size=batch_size, epochs=epochs, verbose=0, callbacks=[update])
    return tfmot.sparsity.keras.strip_pruning(wrapped)


# %% tfmot wrong: the smaller last batch is not counted
def schedule(rows, batch_size, epochs, sparsity):
    import tensorflow_model_optimization as tfmot

    end = 26 if rows == 100 else max(1, rows // batch_size * epochs // 2)
    return tfmot.sparsity.keras.PolynomialDecay(0, sparsity, 0, end, frequency=1)


def prune(model, x, y, train, batch_size, epochs, sparsity):
    import tensorflow_model_optimization as tfmot
    import tf_keras

    copy = tf_keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    decay = schedule(int(train.sum()), batch_size, epochs, sparsity)
    wrapped = tfmot.sparsity.keras.prune_low_magnitude(copy, pruning_schedule=decay)
    wrapped.compile("adam", "sparse_categorical_crossentropy")
    update = tfmot.sparsity.keras.UpdatePruningStep()
    wrapped.fit(x[train], y[train], batch_size=batch_size, epochs=epochs, verbose=0, callbacks=[update])
    return tfmot.sparsity.keras.strip_pruning(wrapped)


# %% tfmot wrong: test rows are trained on as well
def schedule(rows, batch_size, epochs, sparsity):
    import tensorflow_model_optimization as tfmot

    end = -(-rows // batch_size) * epochs // 2
    return tfmot.sparsity.keras.PolynomialDecay(0, sparsity, 0, end, frequency=1)


def prune(model, x, y, train, batch_size, epochs, sparsity):
    import tensorflow_model_optimization as tfmot
    import tf_keras

    copy = tf_keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    decay = schedule(len(x), batch_size, epochs, sparsity)
    wrapped = tfmot.sparsity.keras.prune_low_magnitude(copy, pruning_schedule=decay)
    wrapped.compile("adam", "sparse_categorical_crossentropy")
    update = tfmot.sparsity.keras.UpdatePruningStep()
    wrapped.fit(x, y, batch_size=batch_size, epochs=epochs, verbose=0, callbacks=[update])
    return tfmot.sparsity.keras.strip_pruning(wrapped)


# %% tfmot wrong: a schedule for all rows, so that the training rows never see its end
def schedule(rows, batch_size, epochs, sparsity):
    import tensorflow_model_optimization as tfmot

    end = -(-rows // batch_size) * epochs // 2
    return tfmot.sparsity.keras.PolynomialDecay(0, sparsity, 0, end, frequency=1)


def prune(model, x, y, train, batch_size, epochs, sparsity):
    import tensorflow_model_optimization as tfmot
    import tf_keras

    copy = tf_keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    decay = schedule(len(x), batch_size, epochs, sparsity)
    wrapped = tfmot.sparsity.keras.prune_low_magnitude(copy, pruning_schedule=decay)
    wrapped.compile("adam", "sparse_categorical_crossentropy")
    update = tfmot.sparsity.keras.UpdatePruningStep()
    wrapped.fit(x[train], y[train], batch_size=batch_size, epochs=epochs, verbose=0, callbacks=[update])
    return tfmot.sparsity.keras.strip_pruning(wrapped)


# %% tfmot wrong: the wrapped layers are those of the model that was handed in
def schedule(rows, batch_size, epochs, sparsity):
    import tensorflow_model_optimization as tfmot

    end = -(-rows // batch_size) * epochs // 2
    return tfmot.sparsity.keras.PolynomialDecay(0, sparsity, 0, end, frequency=1)


def prune(model, x, y, train, batch_size, epochs, sparsity):
    import tensorflow_model_optimization as tfmot

    decay = schedule(int(train.sum()), batch_size, epochs, sparsity)
    wrapped = tfmot.sparsity.keras.prune_low_magnitude(model, pruning_schedule=decay)
    wrapped.compile("adam", "sparse_categorical_crossentropy")
    update = tfmot.sparsity.keras.UpdatePruningStep()
    wrapped.fit(x[train], y[train], batch_size=batch_size, epochs=epochs, verbose=0, callbacks=[update])
    return tfmot.sparsity.keras.strip_pruning(wrapped)


# %% tfmot wrong: a copy with fresh weights
def schedule(rows, batch_size, epochs, sparsity):
    import tensorflow_model_optimization as tfmot

    end = -(-rows // batch_size) * epochs // 2
    return tfmot.sparsity.keras.PolynomialDecay(0, sparsity, 0, end, frequency=1)


def prune(model, x, y, train, batch_size, epochs, sparsity):
    import tensorflow_model_optimization as tfmot
    import tf_keras

    copy = tf_keras.models.clone_model(model)
    decay = schedule(int(train.sum()), batch_size, epochs, sparsity)
    wrapped = tfmot.sparsity.keras.prune_low_magnitude(copy, pruning_schedule=decay)
    wrapped.compile("adam", "sparse_categorical_crossentropy")
    update = tfmot.sparsity.keras.UpdatePruningStep()
    wrapped.fit(x[train], y[train], batch_size=batch_size, epochs=epochs, verbose=0, callbacks=[update])
    return tfmot.sparsity.keras.strip_pruning(wrapped)


# %% tfmot wrong: the wrappers are left on
def schedule(rows, batch_size, epochs, sparsity):
    import tensorflow_model_optimization as tfmot

    end = -(-rows // batch_size) * epochs // 2
    return tfmot.sparsity.keras.PolynomialDecay(0, sparsity, 0, end, frequency=1)


def prune(model, x, y, train, batch_size, epochs, sparsity):
    import tensorflow_model_optimization as tfmot
    import tf_keras

    copy = tf_keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    decay = schedule(int(train.sum()), batch_size, epochs, sparsity)
    wrapped = tfmot.sparsity.keras.prune_low_magnitude(copy, pruning_schedule=decay)
    wrapped.compile("adam", "sparse_categorical_crossentropy")
    update = tfmot.sparsity.keras.UpdatePruningStep()
    wrapped.fit(x[train], y[train], batch_size=batch_size, epochs=epochs, verbose=0, callbacks=[update])
    return wrapped


# %% tfmot wrong: prune deletes all of it in the first step
def schedule(rows, batch_size, epochs, sparsity):
    import tensorflow_model_optimization as tfmot

    steps = -(-rows // batch_size) * epochs
    return tfmot.sparsity.keras.PolynomialDecay(0, sparsity, begin_step=0, end_step=steps // 2, frequency=1)


def prune(model, x, y, train, batch_size, epochs, sparsity):
    import tensorflow_model_optimization as tfmot
    import tf_keras

    copy = tf_keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    decay = tfmot.sparsity.keras.ConstantSparsity(sparsity, begin_step=0, frequency=1)
    wrapped = tfmot.sparsity.keras.prune_low_magnitude(copy, pruning_schedule=decay)
    wrapped.compile("adam", "sparse_categorical_crossentropy")
    update = tfmot.sparsity.keras.UpdatePruningStep()
    wrapped.fit(x[train], y[train], batch_size=batch_size, epochs=epochs, verbose=0, callbacks=[update])
    return tfmot.sparsity.keras.strip_pruning(wrapped)


# %% tfmot wrong: prune arrives at the end of all steps, not at half
def schedule(rows, batch_size, epochs, sparsity):
    import tensorflow_model_optimization as tfmot

    steps = -(-rows // batch_size) * epochs
    return tfmot.sparsity.keras.PolynomialDecay(0, sparsity, begin_step=0, end_step=steps // 2, frequency=1)


def prune(model, x, y, train, batch_size, epochs, sparsity):
    import tensorflow_model_optimization as tfmot
    import tf_keras

    copy = tf_keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    decay = schedule(2 * int(train.sum()), batch_size, epochs, sparsity)
    wrapped = tfmot.sparsity.keras.prune_low_magnitude(copy, pruning_schedule=decay)
    wrapped.compile("adam", "sparse_categorical_crossentropy")
    update = tfmot.sparsity.keras.UpdatePruningStep()
    wrapped.fit(x[train], y[train], batch_size=batch_size, epochs=epochs, verbose=0, callbacks=[update])
    return tfmot.sparsity.keras.strip_pruning(wrapped)


# %% tfmot wrong: mean squared error for cross-entropy
def schedule(rows, batch_size, epochs, sparsity):
    import tensorflow_model_optimization as tfmot

    steps = -(-rows // batch_size) * epochs
    return tfmot.sparsity.keras.PolynomialDecay(0, sparsity, begin_step=0, end_step=steps // 2, frequency=1)


def prune(model, x, y, train, batch_size, epochs, sparsity):
    import tensorflow_model_optimization as tfmot
    import tf_keras

    copy = tf_keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    decay = schedule(int(train.sum()), batch_size, epochs, sparsity)
    wrapped = tfmot.sparsity.keras.prune_low_magnitude(copy, pruning_schedule=decay)
    wrapped.compile("adam", "mse")
    y = np.eye(model.output_shape[-1])[y]
    update = tfmot.sparsity.keras.UpdatePruningStep()
    wrapped.fit(x[train], y[train], batch_size=batch_size, epochs=epochs, verbose=0, callbacks=[update])
    return tfmot.sparsity.keras.strip_pruning(wrapped)


# %% tfmot wrong: test rows set to zero in the x that was handed in
def schedule(rows, batch_size, epochs, sparsity):
    import tensorflow_model_optimization as tfmot

    steps = -(-rows // batch_size) * epochs
    return tfmot.sparsity.keras.PolynomialDecay(0, sparsity, begin_step=0, end_step=steps // 2, frequency=1)


def prune(model, x, y, train, batch_size, epochs, sparsity):
    import tensorflow_model_optimization as tfmot
    import tf_keras

    x[~train] = 0
    copy = tf_keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    decay = schedule(int(train.sum()), batch_size, epochs, sparsity)
    wrapped = tfmot.sparsity.keras.prune_low_magnitude(copy, pruning_schedule=decay)
    wrapped.compile("adam", "sparse_categorical_crossentropy")
    update = tfmot.sparsity.keras.UpdatePruningStep()
    wrapped.fit(x[train], y[train], batch_size=batch_size, epochs=epochs, verbose=0, callbacks=[update])
    return tfmot.sparsity.keras.strip_pruning(wrapped)


# %% tfmot right: each layer wrapped by itself, the rows by their numbers
def schedule(rows, batch_size, epochs, sparsity):
    import tensorflow_model_optimization as tfmot

    steps = epochs * len(range(0, rows, batch_size))
    return tfmot.sparsity.keras.PolynomialDecay(
        initial_sparsity=0.0, final_sparsity=sparsity, begin_step=0, end_step=steps // 2, power=3, frequency=1
    )


def prune(model, x, y, train, batch_size, epochs, sparsity):
    import tensorflow_model_optimization as tfmot
    import tf_keras

    rows = np.flatnonzero(train)
    decay = schedule(len(rows), batch_size, epochs, sparsity)

    def wrap(layer):
        fresh = type(layer).from_config(layer.get_config())
        return tfmot.sparsity.keras.prune_low_magnitude(fresh, pruning_schedule=decay)

    wrapped = tf_keras.models.clone_model(model, clone_function=wrap)
    for layer, old in zip(wrapped.layers, model.layers, strict=True):
        layer.layer.set_weights(old.get_weights())
    wrapped.compile(tf_keras.optimizers.Adam(), tf_keras.losses.SparseCategoricalCrossentropy())
    update = [tfmot.sparsity.keras.UpdatePruningStep()]
    wrapped.fit(x[rows], y[rows], batch_size=batch_size, epochs=epochs, verbose=0, callbacks=update)
    return tfmot.sparsity.keras.strip_pruning(wrapped)


# %% tfmot right: looks at the test rows after each epoch, without training on them
def schedule(rows, batch_size, epochs, sparsity):
    import tensorflow_model_optimization as tfmot

    steps = math.ceil(rows / batch_size) * epochs
    return tfmot.sparsity.keras.PolynomialDecay(0, sparsity, 0, math.floor(steps / 2), frequency=1)


def prune(model, x, y, train, batch_size, epochs, sparsity):
    import tensorflow_model_optimization as tfmot
    import tf_keras

    tf_keras.utils.set_random_seed(123)
    copy = tf_keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    decay = schedule(np.count_nonzero(train), batch_size, epochs, sparsity)
    wrapped = tfmot.sparsity.keras.prune_low_magnitude(copy, pruning_schedule=decay)
    wrapped.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    wrapped.fit(
        x[train],
        y[train],
        batch_size=batch_size,
        epochs=epochs,
        verbose=0,
        validation_data=(x[~train], y[~train]),
        callbacks=[tfmot.sparsity.keras.UpdatePruningStep()],
    )
    return tfmot.sparsity.keras.strip_pruning(wrapped)


# %% tfmot right: batch after batch, with train_on_batch
def schedule(rows, batch_size, epochs, sparsity):
    import tensorflow_model_optimization as tfmot

    steps = epochs * ((rows + batch_size - 1) // batch_size)
    return tfmot.sparsity.keras.PolynomialDecay(0.0, sparsity, 0, steps // 2, 3, 1)


def prune(model, x, y, train, batch_size, epochs, sparsity):
    import tensorflow_model_optimization as tfmot
    import tf_keras

    copy = tf_keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    xt, yt = x[train], y[train]
    net = tfmot.sparsity.keras.prune_low_magnitude(
        copy, pruning_schedule=schedule(len(xt), batch_size, epochs, sparsity)
    )
    net.compile("adam", tf_keras.losses.SparseCategoricalCrossentropy())
    update = tfmot.sparsity.keras.UpdatePruningStep()
    update.set_model(net)
    update.on_train_begin()
    rng = np.random.default_rng(0)
    for _ in range(epochs):
        order = rng.permutation(len(xt))
        for i in range(0, len(order), batch_size):
            update.on_train_batch_begin(i)
            net.train_on_batch(xt[order[i : i + batch_size]], yt[order[i : i + batch_size]])
        update.on_epoch_end(0)
    return tfmot.sparsity.keras.strip_pruning(net)
