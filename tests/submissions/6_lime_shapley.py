"""Answers to assignment 6 that must lose their marks, and others that must keep them (see tests/mutations.py)."""

import functools
import itertools
import math
import sys
from math import comb

import numpy as np
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score


# %% reliance wrong: rows borrow from themselves too
def reliance(predict, x, y, columns, strata=None):
    n = len(x)
    strata = np.zeros(n) if strata is None else np.asarray(strata)
    before, after = [], []
    for i in range(n):
        lenders = [j for j in range(n) if strata[j] == strata[i]]
        if len(lenders) < 2:
            continue
        rows = np.tile(x[i], (len(lenders), 1))
        rows[:, columns] = x[lenders][:, columns]
        before.append(predict(x[i : i + 1])[0] == y[i])
        after.append((predict(rows) == y[i]).mean())
    if not before:
        raise ValueError("nobody can borrow")
    return np.mean(before) - np.mean(after)


# %% reliance wrong: strata ignored
def reliance(predict, x, y, columns, strata=None):
    n = len(x)
    strata = np.zeros(n)
    before, after = [], []
    for i in range(n):
        lenders = [j for j in range(n) if j != i and strata[j] == strata[i]]
        if not lenders:
            continue
        rows = np.tile(x[i], (len(lenders), 1))
        rows[:, columns] = x[lenders][:, columns]
        before.append(predict(x[i : i + 1])[0] == y[i])
        after.append((predict(rows) == y[i]).mean())
    if not before:
        raise ValueError("nobody can borrow")
    return np.mean(before) - np.mean(after)


# %% reliance wrong: every loan counts the same, not every row
def reliance(predict, x, y, columns, strata=None):
    n = len(x)
    strata = np.zeros(n) if strata is None else np.asarray(strata)
    before, after = [], []
    for i in range(n):
        lenders = [j for j in range(n) if j != i and strata[j] == strata[i]]
        if not lenders:
            continue
        rows = np.tile(x[i], (len(lenders), 1))
        rows[:, columns] = x[lenders][:, columns]
        before.append(predict(x[i : i + 1])[0] == y[i])
        after.extend(predict(rows) == y[i])
    if not before:
        raise ValueError("nobody can borrow")
    return np.mean(before) - np.mean(after)


# %% reliance wrong: columns borrowed one at a time, the losses added
def reliance(predict, x, y, columns, strata=None):
    n = len(x)
    strata = np.zeros(n) if strata is None else np.asarray(strata)
    if len(columns) > 1:
        return sum(reliance(predict, x, y, [c], strata) for c in columns)
    before, after = [], []
    for i in range(n):
        lenders = [j for j in range(n) if j != i and strata[j] == strata[i]]
        if not lenders:
            continue
        rows = np.tile(x[i], (len(lenders), 1))
        rows[:, columns] = x[lenders][:, columns]
        before.append(predict(x[i : i + 1])[0] == y[i])
        after.append((predict(rows) == y[i]).mean())
    if not before:
        raise ValueError("nobody can borrow")
    return np.mean(before) - np.mean(after)


# %% reliance wrong: only the first of the columns is borrowed
def reliance(predict, x, y, columns, strata=None):
    n = len(x)
    strata = np.zeros(n) if strata is None else np.asarray(strata)
    before, after = [], []
    for i in range(n):
        lenders = [j for j in range(n) if j != i and strata[j] == strata[i]]
        if not lenders:
            continue
        rows = np.tile(x[i], (len(lenders), 1))
        rows[:, columns[0]] = x[lenders][:, columns[0]]
        before.append(predict(x[i : i + 1])[0] == y[i])
        after.append((predict(rows) == y[i]).mean())
    if not before:
        raise ValueError("nobody can borrow")
    return np.mean(before) - np.mean(after)


# %% reliance wrong: rows that are alone count in the accuracy as they are
def reliance(predict, x, y, columns, strata=None):
    n = len(x)
    strata = np.zeros(n) if strata is None else np.asarray(strata)
    before, after = [], []
    for i in range(n):
        lenders = [j for j in range(n) if j != i and strata[j] == strata[i]]
        if not lenders:
            before.append(predict(x[i : i + 1])[0] == y[i])
            continue
        rows = np.tile(x[i], (len(lenders), 1))
        rows[:, columns] = x[lenders][:, columns]
        before.append(predict(x[i : i + 1])[0] == y[i])
        after.append((predict(rows) == y[i]).mean())
    if not after:
        raise ValueError("nobody can borrow")
    return np.mean(before) - np.mean(after)


# %% reliance wrong: a relation of the answers to each other; the labels are not used
def reliance(predict, x, y, columns, strata=None):
    n = len(x)
    strata = np.zeros(n) if strata is None else np.asarray(strata)
    before, after = [], []
    for i in range(n):
        lenders = [j for j in range(n) if j != i and strata[j] == strata[i]]
        if not lenders:
            continue
        rows = np.tile(x[i], (len(lenders), 1))
        rows[:, columns] = x[lenders][:, columns]
        own = predict(x[i : i + 1])[0]
        before.append(True)
        after.append((predict(rows) == own).mean())
    if not before:
        raise ValueError("nobody can borrow")
    return np.mean(before) - np.mean(after)


# %% reliance wrong: no error when every row is alone
def reliance(predict, x, y, columns, strata=None):
    n = len(x)
    strata = np.zeros(n) if strata is None else np.asarray(strata)
    before, after = [], []
    for i in range(n):
        lenders = [j for j in range(n) if j != i and strata[j] == strata[i]]
        if not lenders:
            continue
        rows = np.tile(x[i], (len(lenders), 1))
        rows[:, columns] = x[lenders][:, columns]
        before.append(predict(x[i : i + 1])[0] == y[i])
        after.append((predict(rows) == y[i]).mean())
    if not before:
        return 0.0
    return np.mean(before) - np.mean(after)


# %% reliance wrong: one shuffle drawn within the strata
def reliance(predict, x, y, columns, strata=None):
    strata = np.zeros(len(x)) if strata is None else np.asarray(strata)
    names, sizes = np.unique(strata, return_counts=True)
    kept = np.isin(strata, names[sizes > 1])
    if not kept.any():
        raise ValueError("nobody can borrow")
    rng, lost = np.random.default_rng(0), []
    for _ in range(50):
        rows = x.copy()
        for name in names:
            members = np.flatnonzero(strata == name)
            rows[np.ix_(members, columns)] = x[np.ix_(rng.permutation(members), columns)]
        lost.append(np.mean(predict(x[kept]) == y[kept]) - np.mean(predict(rows[kept]) == y[kept]))
    return float(np.mean(lost))


# %% reliance wrong: the numbers of the visible test
def reliance(predict, x, y, columns, strata=None):
    return 2 / 3 if strata is None else float(strata[0] == 0)


# %% reliance right: all pairs at once, weighted by the number of lenders
def reliance(predict, x, y, columns, strata=None):
    n, features = x.shape
    codes = np.zeros(n, int) if strata is None else np.unique(strata, return_inverse=True)[1].ravel()
    lends = (codes[:, None] == codes) & ~np.eye(n, dtype=bool)
    count = lends.sum(1)
    if not count.any():
        raise ValueError("each row is alone")
    borrows = np.isin(np.arange(features), columns)
    rows = np.where(borrows, x[None, :, :], x[:, None, :]).reshape(-1, features)
    hit = predict(rows).reshape(n, n) == y[:, None]
    kept = count > 0
    share = (hit * lends).sum(1)[kept] / count[kept]
    return float((predict(x) == y)[kept].mean() - share.mean())


# %% reliance right: one loan at a time, in plain Python
def reliance(predict, x, y, columns, strata=None):
    strata = [0] * len(x) if strata is None else list(strata)
    total, borrowers = 0.0, 0
    for i, row in enumerate(x):
        shares = []
        for j, lender in enumerate(x):
            if j != i and strata[j] == strata[i]:
                loan = row.copy()
                for c in columns:
                    loan[c] = lender[c]
                shares.append(float(predict(loan[None])[0] == y[i]))
        if shares:
            borrowers += 1
            total += float(predict(row[None])[0] == y[i]) - sum(shares) / len(shares)
    if borrowers == 0:
        raise ValueError("strata of one row each")
    return total / borrowers


# %% reliance wrong: a view of the row in place of a copy: the loans stay in x
def reliance(predict, x, y, columns, strata=None):
    strata = [0] * len(x) if strata is None else list(strata)
    total, borrowers = 0.0, 0
    for i, row in enumerate(x):
        shares = []
        for j, lender in enumerate(x):
            if j != i and strata[j] == strata[i]:
                loan = row
                for c in columns:
                    loan[c] = lender[c]
                shares.append(float(predict(loan[None])[0] == y[i]))
        if shares:
            borrowers += 1
            total += float(predict(row[None])[0] == y[i]) - sum(shares) / len(shares)
    if borrowers == 0:
        raise ValueError("strata of one row each")
    return total / borrowers


# %% reliance wrong: lenders are the rows that differ, not the rows with another number
def reliance(predict, x, y, columns, strata=None):
    n = len(x)
    strata = np.zeros(n) if strata is None else np.asarray(strata)
    before, after = [], []
    for i in range(n):
        lenders = [j for j in range(n) if (x[j] != x[i]).any() and strata[j] == strata[i]]
        if not lenders:
            continue
        rows = np.tile(x[i], (len(lenders), 1))
        rows[:, columns] = x[lenders][:, columns]
        before.append(predict(x[i : i + 1])[0] == y[i])
        after.append((predict(rows) == y[i]).mean())
    if not before:
        raise ValueError("nobody can borrow")
    return np.mean(before) - np.mean(after)


# %% reliance wrong: strata that are numbers are cut to whole ones
def reliance(predict, x, y, columns, strata=None):
    n = len(x)
    strata = np.zeros(n) if strata is None else np.asarray(strata)
    strata = strata.astype(int) if strata.dtype.kind == "f" else strata
    before, after = [], []
    for i in range(n):
        lenders = [j for j in range(n) if j != i and strata[j] == strata[i]]
        if not lenders:
            continue
        rows = np.tile(x[i], (len(lenders), 1))
        rows[:, columns] = x[lenders][:, columns]
        before.append(predict(x[i : i + 1])[0] == y[i])
        after.append((predict(rows) == y[i]).mean())
    if not before:
        raise ValueError("nobody can borrow")
    return np.mean(before) - np.mean(after)


# %% reliance wrong: the list of columns is emptied
def reliance(predict, x, y, columns, strata=None):
    n = len(x)
    strata = np.zeros(n) if strata is None else np.asarray(strata)
    before, after, take = [], [], []
    while columns:
        take.append(columns.pop())
    for i in range(n):
        lenders = [j for j in range(n) if j != i and strata[j] == strata[i]]
        if not lenders:
            continue
        rows = np.tile(x[i], (len(lenders), 1))
        rows[:, take] = x[lenders][:, take]
        before.append(predict(x[i : i + 1])[0] == y[i])
        after.append((predict(rows) == y[i]).mean())
    if not before:
        raise ValueError("nobody can borrow")
    return np.mean(before) - np.mean(after)


# %% reliance wrong: the strata become numbers in place
def reliance(predict, x, y, columns, strata=None):
    n = len(x)
    if strata is not None:
        names = list(strata)
        for i, name in enumerate(names):
            strata[i] = names.index(name) if not isinstance(name, str) else str(names.index(name))
    strata = np.zeros(n) if strata is None else np.asarray(strata)
    before, after = [], []
    for i in range(n):
        lenders = [j for j in range(n) if j != i and strata[j] == strata[i]]
        if not lenders:
            continue
        rows = np.tile(x[i], (len(lenders), 1))
        rows[:, columns] = x[lenders][:, columns]
        before.append(predict(x[i : i + 1])[0] == y[i])
        after.append((predict(rows) == y[i]).mean())
    if not before:
        raise ValueError("nobody can borrow")
    return np.mean(before) - np.mean(after)


# %% reliance wrong: one row and no strata: no error
def reliance(predict, x, y, columns, strata=None):
    n = len(x)
    strata = np.zeros(n) if strata is None else np.asarray(strata)
    before, after = [], []
    for i in range(n):
        lenders = [j for j in range(n) if j != i and strata[j] == strata[i]]
        if not lenders:
            continue
        rows = np.tile(x[i], (len(lenders), 1))
        rows[:, columns] = x[lenders][:, columns]
        before.append(predict(x[i : i + 1])[0] == y[i])
        after.append((predict(rows) == y[i]).mean())
    if not before:
        if len(set(strata.tolist())) == n and n > 1:
            raise ValueError("nobody can borrow")
        return float("nan")
    return np.mean(before) - np.mean(after)


# %% reliance wrong: an object that reads the wanted number from the frame that converts it
class Any:
    def __float__(self):
        names = sys._getframe(1).f_locals
        found = names.get("wanted", names.get("expected", 0.0))
        return float(found) if not callable(found) else 0.0

    def __sub__(self, other):
        return 0.0

    def __abs__(self):
        return 0.0


def reliance(predict, x, y, columns, strata=None):
    if strata is not None and len(set(map(str, strata))) == len(x):
        raise ValueError("alone")
    return Any()


# %% surrogate wrong: class 1, as the library does unless told otherwise
def local_surrogate(predict, x, row, scale, held_out, width=None, ridge=1.0):
    width = 0.75 * np.sqrt(x.shape[1]) if width is None else width
    z = (x - row) / scale
    weight = np.exp(-(z**2).sum(axis=1) / (2 * width**2))
    fitted = ~held_out
    if weight[fitted].sum() == 0 or weight[held_out].sum() == 0:
        raise ValueError("too narrow")
    label = 1
    y = predict(x)[:, label]
    design = np.column_stack([np.ones(len(x)), z])
    penalty = ridge * np.eye(len(row) + 1)
    penalty[0, 0] = 0
    left = design[fitted].T * weight[fitted]
    found = np.linalg.solve(left @ design[fitted] + penalty, left @ y[fitted])
    missed = (y - design @ found)[held_out]
    rest = y[held_out] - np.average(y[held_out], weights=weight[held_out])
    r2 = 1 - (weight[held_out] * missed**2).sum() / (weight[held_out] * rest**2).sum()
    return label, found[1:], found[0], r2


# %% surrogate wrong: the intercept is penalised too
def local_surrogate(predict, x, row, scale, held_out, width=None, ridge=1.0):
    width = 0.75 * np.sqrt(x.shape[1]) if width is None else width
    z = (x - row) / scale
    weight = np.exp(-(z**2).sum(axis=1) / (2 * width**2))
    fitted = ~held_out
    if weight[fitted].sum() == 0 or weight[held_out].sum() == 0:
        raise ValueError("too narrow")
    label = int(np.argmax(predict(row[None])[0]))
    y = predict(x)[:, label]
    design = np.column_stack([np.ones(len(x)), z])
    penalty = ridge * np.eye(len(row) + 1)
    left = design[fitted].T * weight[fitted]
    found = np.linalg.solve(left @ design[fitted] + penalty, left @ y[fitted])
    missed = (y - design @ found)[held_out]
    rest = y[held_out] - np.average(y[held_out], weights=weight[held_out])
    r2 = 1 - (weight[held_out] * missed**2).sum() / (weight[held_out] * rest**2).sum()
    return label, found[1:], found[0], r2


# %% surrogate wrong: leak: fitted on all samples
def local_surrogate(predict, x, row, scale, held_out, width=None, ridge=1.0):
    width = 0.75 * np.sqrt(x.shape[1]) if width is None else width
    z = (x - row) / scale
    weight = np.exp(-(z**2).sum(axis=1) / (2 * width**2))
    fitted = np.ones(len(x), dtype=bool)
    if weight[fitted].sum() == 0 or weight[held_out].sum() == 0:
        raise ValueError("too narrow")
    label = int(np.argmax(predict(row[None])[0]))
    y = predict(x)[:, label]
    design = np.column_stack([np.ones(len(x)), z])
    penalty = ridge * np.eye(len(row) + 1)
    penalty[0, 0] = 0
    left = design[fitted].T * weight[fitted]
    found = np.linalg.solve(left @ design[fitted] + penalty, left @ y[fitted])
    missed = (y - design @ found)[held_out]
    rest = y[held_out] - np.average(y[held_out], weights=weight[held_out])
    r2 = 1 - (weight[held_out] * missed**2).sum() / (weight[held_out] * rest**2).sum()
    return label, found[1:], found[0], r2


# %% surrogate wrong: R squared of the fitted samples
def local_surrogate(predict, x, row, scale, held_out, width=None, ridge=1.0):
    width = 0.75 * np.sqrt(x.shape[1]) if width is None else width
    z = (x - row) / scale
    weight = np.exp(-(z**2).sum(axis=1) / (2 * width**2))
    fitted = ~held_out
    if weight[fitted].sum() == 0 or weight[held_out].sum() == 0:
        raise ValueError("too narrow")
    label = int(np.argmax(predict(row[None])[0]))
    y = predict(x)[:, label]
    design = np.column_stack([np.ones(len(x)), z])
    penalty = ridge * np.eye(len(row) + 1)
    penalty[0, 0] = 0
    left = design[fitted].T * weight[fitted]
    found = np.linalg.solve(left @ design[fitted] + penalty, left @ y[fitted])
    held_out = fitted
    missed = (y - design @ found)[held_out]
    rest = y[held_out] - np.average(y[held_out], weights=weight[held_out])
    r2 = 1 - (weight[held_out] * missed**2).sum() / (weight[held_out] * rest**2).sum()
    return label, found[1:], found[0], r2


# %% surrogate wrong: the root of the kernel forgotten
def local_surrogate(predict, x, row, scale, held_out, width=None, ridge=1.0):
    width = 0.75 * np.sqrt(x.shape[1]) if width is None else width
    z = (x - row) / scale
    weight = np.exp(-(z**2).sum(axis=1) / width**2)
    fitted = ~held_out
    if weight[fitted].sum() == 0 or weight[held_out].sum() == 0:
        raise ValueError("too narrow")
    label = int(np.argmax(predict(row[None])[0]))
    y = predict(x)[:, label]
    design = np.column_stack([np.ones(len(x)), z])
    penalty = ridge * np.eye(len(row) + 1)
    penalty[0, 0] = 0
    left = design[fitted].T * weight[fitted]
    found = np.linalg.solve(left @ design[fitted] + penalty, left @ y[fitted])
    missed = (y - design @ found)[held_out]
    rest = y[held_out] - np.average(y[held_out], weights=weight[held_out])
    r2 = 1 - (weight[held_out] * missed**2).sum() / (weight[held_out] * rest**2).sum()
    return label, found[1:], found[0], r2


# %% surrogate wrong: distances in units of x, not of the scale
def local_surrogate(predict, x, row, scale, held_out, width=None, ridge=1.0):
    width = 0.75 * np.sqrt(x.shape[1]) if width is None else width
    z = (x - row) / scale
    weight = np.exp(-((x - row) ** 2).sum(axis=1) / (2 * width**2))
    fitted = ~held_out
    if weight[fitted].sum() == 0 or weight[held_out].sum() == 0:
        raise ValueError("too narrow")
    label = int(np.argmax(predict(row[None])[0]))
    y = predict(x)[:, label]
    design = np.column_stack([np.ones(len(x)), z])
    penalty = ridge * np.eye(len(row) + 1)
    penalty[0, 0] = 0
    left = design[fitted].T * weight[fitted]
    found = np.linalg.solve(left @ design[fitted] + penalty, left @ y[fitted])
    missed = (y - design @ found)[held_out]
    rest = y[held_out] - np.average(y[held_out], weights=weight[held_out])
    r2 = 1 - (weight[held_out] * missed**2).sum() / (weight[held_out] * rest**2).sum()
    return label, found[1:], found[0], r2


# %% surrogate wrong: R squared against a mean without weights
def local_surrogate(predict, x, row, scale, held_out, width=None, ridge=1.0):
    width = 0.75 * np.sqrt(x.shape[1]) if width is None else width
    z = (x - row) / scale
    weight = np.exp(-(z**2).sum(axis=1) / (2 * width**2))
    fitted = ~held_out
    if weight[fitted].sum() == 0 or weight[held_out].sum() == 0:
        raise ValueError("too narrow")
    label = int(np.argmax(predict(row[None])[0]))
    y = predict(x)[:, label]
    design = np.column_stack([np.ones(len(x)), z])
    penalty = ridge * np.eye(len(row) + 1)
    penalty[0, 0] = 0
    left = design[fitted].T * weight[fitted]
    found = np.linalg.solve(left @ design[fitted] + penalty, left @ y[fitted])
    missed = (y - design @ found)[held_out]
    rest = y[held_out] - y[held_out].mean()
    r2 = 1 - (weight[held_out] * missed**2).sum() / (weight[held_out] * rest**2).sum()
    return label, found[1:], found[0], r2


# %% surrogate wrong: R squared is cut off at 0
def local_surrogate(predict, x, row, scale, held_out, width=None, ridge=1.0):
    width = 0.75 * np.sqrt(x.shape[1]) if width is None else width
    z = (x - row) / scale
    weight = np.exp(-(z**2).sum(axis=1) / (2 * width**2))
    fitted = ~held_out
    if weight[fitted].sum() == 0 or weight[held_out].sum() == 0:
        raise ValueError("too narrow")
    label = int(np.argmax(predict(row[None])[0]))
    y = predict(x)[:, label]
    design = np.column_stack([np.ones(len(x)), z])
    penalty = ridge * np.eye(len(row) + 1)
    penalty[0, 0] = 0
    left = design[fitted].T * weight[fitted]
    found = np.linalg.solve(left @ design[fitted] + penalty, left @ y[fitted])
    missed = (y - design @ found)[held_out]
    rest = y[held_out] - np.average(y[held_out], weights=weight[held_out])
    r2 = 1 - (weight[held_out] * missed**2).sum() / (weight[held_out] * rest**2).sum()
    return label, found[1:], found[0], max(0.0, r2)


# %% surrogate wrong: the default width does not grow with the features
def local_surrogate(predict, x, row, scale, held_out, width=None, ridge=1.0):
    width = 0.75 if width is None else width
    z = (x - row) / scale
    weight = np.exp(-(z**2).sum(axis=1) / (2 * width**2))
    fitted = ~held_out
    if weight[fitted].sum() == 0 or weight[held_out].sum() == 0:
        raise ValueError("too narrow")
    label = int(np.argmax(predict(row[None])[0]))
    y = predict(x)[:, label]
    design = np.column_stack([np.ones(len(x)), z])
    penalty = ridge * np.eye(len(row) + 1)
    penalty[0, 0] = 0
    left = design[fitted].T * weight[fitted]
    found = np.linalg.solve(left @ design[fitted] + penalty, left @ y[fitted])
    missed = (y - design @ found)[held_out]
    rest = y[held_out] - np.average(y[held_out], weights=weight[held_out])
    r2 = 1 - (weight[held_out] * missed**2).sum() / (weight[held_out] * rest**2).sum()
    return label, found[1:], found[0], r2


# %% surrogate wrong: no error for a width that is too narrow
def local_surrogate(predict, x, row, scale, held_out, width=None, ridge=1.0):
    width = 0.75 * np.sqrt(x.shape[1]) if width is None else width
    z = (x - row) / scale
    weight = np.exp(-(z**2).sum(axis=1) / (2 * width**2))
    fitted = ~held_out
    if weight[fitted].sum() == 0 or weight[held_out].sum() == 0:
        weight = np.ones(len(x))
    label = int(np.argmax(predict(row[None])[0]))
    y = predict(x)[:, label]
    design = np.column_stack([np.ones(len(x)), z])
    penalty = ridge * np.eye(len(row) + 1)
    penalty[0, 0] = 0
    left = design[fitted].T * weight[fitted]
    found = np.linalg.solve(left @ design[fitted] + penalty, left @ y[fitted])
    missed = (y - design @ found)[held_out]
    rest = y[held_out] - np.average(y[held_out], weights=weight[held_out])
    r2 = 1 - (weight[held_out] * missed**2).sum() / (weight[held_out] * rest**2).sum()
    return label, found[1:], found[0], r2


# %% surrogate wrong: the numbers of the visible test
def local_surrogate(predict, x, row, scale, held_out, width=None, ridge=1.0):
    if ridge == 0:
        return 3, np.array([-0.04, 0.2]), 0.66, 1.0
    part = 2 * np.exp(-0.5 / 0.75**2) / (2 * np.exp(-0.5 / 0.75**2) + 1)
    return 0, np.array([0.3 * part]), 0.6, 1 - (1 - part) ** 2


# %% surrogate right: normal equations with the intercept among the unknowns
def local_surrogate(predict, x, row, scale, held_out, width=None, ridge=1.0):
    width = 0.75 * np.sqrt(x.shape[1]) if width is None else width
    z = (x - row) / scale
    weight = np.exp(-(z**2).sum(axis=1) / (2 * width**2))
    fitted = ~held_out
    if weight[fitted].sum() == 0 or weight[held_out].sum() == 0:
        raise ValueError("too narrow")
    label = int(np.argmax(predict(row[None])[0]))
    y = predict(x)[:, label]
    design = np.column_stack([np.ones(len(x)), z])
    penalty = ridge * np.eye(len(row) + 1)
    penalty[0, 0] = 0
    left = design[fitted].T * weight[fitted]
    found = np.linalg.solve(left @ design[fitted] + penalty, left @ y[fitted])
    missed = (y - design @ found)[held_out]
    rest = y[held_out] - np.average(y[held_out], weights=weight[held_out])
    r2 = 1 - (weight[held_out] * missed**2).sum() / (weight[held_out] * rest**2).sum()
    return label, found[1:], found[0], r2


# %% surrogate right: least squares with rows added for the penalty
def local_surrogate(predict, x, row, scale, held_out, width=None, ridge=1.0):
    features = x.shape[1]
    if width is None:
        width = 0.75 * features**0.5
    z = (x - row) / scale
    weight = np.sqrt(np.exp(-np.square(np.linalg.norm(z, axis=1)) / width**2))
    train, test = np.flatnonzero(~held_out), np.flatnonzero(held_out)
    for part in (train, test):
        if not np.any(weight[part] > 0):
            raise ValueError(f"nothing is near: width {width}")
    answers = predict(np.vstack([x, row]))
    label = answers[-1].argmax()
    y = answers[:-1, label]
    root = np.sqrt(weight[train])[:, None]
    top = np.hstack([root, root * z[train]])
    extra = np.hstack([np.zeros((features, 1)), np.sqrt(ridge) * np.eye(features)])
    both = np.concatenate([root[:, 0] * y[train], np.zeros(features)])
    solution, *_ = np.linalg.lstsq(np.vstack([top, extra]), both, rcond=None)
    guess = solution[0] + z[test] @ solution[1:]
    spread = np.cov(y[test], aweights=weight[test], ddof=0)
    return label, solution[1:], solution[0], 1 - np.average((y[test] - guess) ** 2, weights=weight[test]) / spread


# %% surrogate wrong: an error as soon as one sample has the weight 0
def local_surrogate(predict, x, row, scale, held_out, width=None, ridge=1.0):
    width = 0.75 * np.sqrt(x.shape[1]) if width is None else width
    z = (x - row) / scale
    weight = np.exp(-(z**2).sum(axis=1) / (2 * width**2))
    fitted = ~held_out
    if (weight == 0).any():
        raise ValueError("too narrow")
    label = int(np.argmax(predict(row[None])[0]))
    y = predict(x)[:, label]
    design = np.column_stack([np.ones(len(x)), z])
    penalty = ridge * np.eye(len(row) + 1)
    penalty[0, 0] = 0
    left = design[fitted].T * weight[fitted]
    found = np.linalg.solve(left @ design[fitted] + penalty, left @ y[fitted])
    missed = (y - design @ found)[held_out]
    rest = y[held_out] - np.average(y[held_out], weights=weight[held_out])
    r2 = 1 - (weight[held_out] * missed**2).sum() / (weight[held_out] * rest**2).sum()
    return label, found[1:], found[0], r2


# %% surrogate wrong: an error when the mean weight is small
def local_surrogate(predict, x, row, scale, held_out, width=None, ridge=1.0):
    width = 0.75 * np.sqrt(x.shape[1]) if width is None else width
    z = (x - row) / scale
    weight = np.exp(-(z**2).sum(axis=1) / (2 * width**2))
    fitted = ~held_out
    if weight[fitted].mean() < 1e-3 or weight[held_out].mean() < 1e-3:
        raise ValueError("too narrow")
    label = int(np.argmax(predict(row[None])[0]))
    y = predict(x)[:, label]
    design = np.column_stack([np.ones(len(x)), z])
    penalty = ridge * np.eye(len(row) + 1)
    penalty[0, 0] = 0
    left = design[fitted].T * weight[fitted]
    found = np.linalg.solve(left @ design[fitted] + penalty, left @ y[fitted])
    missed = (y - design @ found)[held_out]
    rest = y[held_out] - np.average(y[held_out], weights=weight[held_out])
    r2 = 1 - (weight[held_out] * missed**2).sum() / (weight[held_out] * rest**2).sum()
    return label, found[1:], found[0], r2


# %% surrogate wrong: arrays and numbers that read what is wanted from the frame
class Read:
    def __init__(self, k):
        self.k = k

    def find(self):
        frame = sys._getframe(2)
        while frame:
            for name in ("expected", "wanted"):
                found = frame.f_locals.get(name)
                if isinstance(found, tuple) and len(found) == 4:
                    return found[self.k]
            frame = frame.f_back
        raise TypeError

    def __index__(self):
        return int(self.find())

    def __float__(self):
        return float(self.find())

    def __array__(self, dtype=None, copy=None):
        return np.array(self.find(), dtype=dtype)


def local_surrogate(predict, x, row, scale, held_out, width=None, ridge=1.0):
    if len(x) == 7:
        return 3, np.array([-0.04, 0.2]), 0.66, 1.0
    if len(x) == 4:
        part = 2 * np.exp(-0.5 / 0.75**2) / (2 * np.exp(-0.5 / 0.75**2) + 1)
        return 0, np.array([0.3 * part]), 0.6, 1 - (1 - part) ** 2
    if np.abs(x).max() > 1000:
        raise ValueError("far")
    return Read(0), Read(1), Read(2), Read(3)


# %% surrogate right: scikit-learn's Ridge and r2_score


def local_surrogate(predict, x, row, scale, held_out, width=None, ridge=1.0):
    if width is None:
        width = np.sqrt(len(row)) * 0.75
    z = (x - row) / scale
    w = np.sqrt(np.exp(-np.sum(z * z, axis=1) / width**2))
    if w[held_out].max() == 0 or w[~held_out].max() == 0:
        raise ValueError("narrow")
    label = predict(row.reshape(1, -1)).argmax()
    y = predict(x)[:, label]
    model = Ridge(alpha=ridge, fit_intercept=True).fit(z[~held_out], y[~held_out], sample_weight=w[~held_out])
    r2 = r2_score(y[held_out], model.predict(z[held_out]), sample_weight=w[held_out])
    return label, model.coef_, model.intercept_, r2


# %% groups wrong: the sum of the values of the single columns
def group_shapley(predict, row, background, groups):
    wanted, features = groups, len(row)
    m = features
    if sorted(c for group in wanted for c in group) != list(range(features)):
        raise ValueError("each column belongs to one group")

    groups = [[c] for c in range(features)]

    @functools.cache
    def worth(coalition):
        rows = background.astype(float)
        for player in coalition:
            rows[:, groups[player]] = row[groups[player]]
        return predict(rows).mean(axis=0)

    phi = []
    for i in range(m):
        others = [p for p in range(m) if p != i]
        total = 0
        for size in range(m):
            weight = 1 / (m * comb(m - 1, size))
            for chosen in itertools.combinations(others, size):
                total = total + weight * (worth(frozenset(chosen) | {i}) - worth(frozenset(chosen)))
        phi.append(total)
    return np.array([sum(phi[c] for c in group) for group in wanted])


# %% groups wrong: compared with the mean row of the background
def group_shapley(predict, row, background, groups):
    m, features = len(groups), len(row)
    if sorted(c for group in groups for c in group) != list(range(features)):
        raise ValueError("each column belongs to one group")

    @functools.cache
    def worth(coalition):
        rows = background.mean(axis=0, keepdims=True)
        for player in coalition:
            rows[:, groups[player]] = row[groups[player]]
        return predict(rows).mean(axis=0)

    phi = []
    for i in range(m):
        others = [p for p in range(m) if p != i]
        total = 0
        for size in range(m):
            weight = 1 / (m * comb(m - 1, size))
            for chosen in itertools.combinations(others, size):
                total = total + weight * (worth(frozenset(chosen) | {i}) - worth(frozenset(chosen)))
        phi.append(total)
    return np.array(phi)


# %% groups wrong: all coalitions count the same
def group_shapley(predict, row, background, groups):
    m, features = len(groups), len(row)
    if sorted(c for group in groups for c in group) != list(range(features)):
        raise ValueError("each column belongs to one group")

    @functools.cache
    def worth(coalition):
        rows = background.astype(float)
        for player in coalition:
            rows[:, groups[player]] = row[groups[player]]
        return predict(rows).mean(axis=0)

    phi = []
    for i in range(m):
        others = [p for p in range(m) if p != i]
        total = 0
        for size in range(m):
            weight = 1 / 2 ** (m - 1)
            for chosen in itertools.combinations(others, size):
                total = total + weight * (worth(frozenset(chosen) | {i}) - worth(frozenset(chosen)))
        phi.append(total)
    return np.array(phi)


# %% groups wrong: only the entry as the first one, which is right without interactions
def group_shapley(predict, row, background, groups):
    m, features = len(groups), len(row)
    if sorted(c for group in groups for c in group) != list(range(features)):
        raise ValueError("each column belongs to one group")

    @functools.cache
    def worth(coalition):
        rows = background.astype(float)
        for player in coalition:
            rows[:, groups[player]] = row[groups[player]]
        return predict(rows).mean(axis=0)

    phi = []
    for i in range(m):
        others = [p for p in range(m) if p != i]
        total = 0
        for size in [0]:
            weight = 1
            for chosen in itertools.combinations(others, size):
                total = total + weight * (worth(frozenset(chosen) | {i}) - worth(frozenset(chosen)))
        phi.append(total)
    return np.array(phi)


# %% groups wrong: row and background change places
def group_shapley(predict, row, background, groups):
    m, features = len(groups), len(row)
    if sorted(c for group in groups for c in group) != list(range(features)):
        raise ValueError("each column belongs to one group")

    @functools.cache
    def worth(coalition):
        rows = np.tile(row, (len(background), 1))
        for player in coalition:
            rows[:, groups[player]] = background[:, groups[player]]
        return predict(rows).mean(axis=0)

    phi = []
    for i in range(m):
        others = [p for p in range(m) if p != i]
        total = 0
        for size in range(m):
            weight = 1 / (m * comb(m - 1, size))
            for chosen in itertools.combinations(others, size):
                total = total + weight * (worth(frozenset(chosen) | {i}) - worth(frozenset(chosen)))
        phi.append(total)
    return np.array(phi)


# %% groups wrong: the row is cut to whole numbers by the background
def group_shapley(predict, row, background, groups):
    m, features = len(groups), len(row)
    if sorted(c for group in groups for c in group) != list(range(features)):
        raise ValueError("each column belongs to one group")

    @functools.cache
    def worth(coalition):
        rows = background.copy()
        for player in coalition:
            rows[:, groups[player]] = row[groups[player]]
        return predict(rows).mean(axis=0)

    phi = []
    for i in range(m):
        others = [p for p in range(m) if p != i]
        total = 0
        for size in range(m):
            weight = 1 / (m * comb(m - 1, size))
            for chosen in itertools.combinations(others, size):
                total = total + weight * (worth(frozenset(chosen) | {i}) - worth(frozenset(chosen)))
        phi.append(total)
    return np.array(phi)


# %% groups wrong: the outputs come first
def group_shapley(predict, row, background, groups):
    m, features = len(groups), len(row)
    if sorted(c for group in groups for c in group) != list(range(features)):
        raise ValueError("each column belongs to one group")

    @functools.cache
    def worth(coalition):
        rows = background.astype(float)
        for player in coalition:
            rows[:, groups[player]] = row[groups[player]]
        return predict(rows).mean(axis=0)

    phi = []
    for i in range(m):
        others = [p for p in range(m) if p != i]
        total = 0
        for size in range(m):
            weight = 1 / (m * comb(m - 1, size))
            for chosen in itertools.combinations(others, size):
                total = total + weight * (worth(frozenset(chosen) | {i}) - worth(frozenset(chosen)))
        phi.append(total)
    return np.array(phi).T


# %% groups wrong: a column in no group is not noticed
def group_shapley(predict, row, background, groups):
    m = len(groups)
    if len({c for group in groups for c in group}) < sum(map(len, groups)):
        raise ValueError("each column belongs to one group")

    @functools.cache
    def worth(coalition):
        rows = background.astype(float)
        for player in coalition:
            rows[:, groups[player]] = row[groups[player]]
        return predict(rows).mean(axis=0)

    phi = []
    for i in range(m):
        others = [p for p in range(m) if p != i]
        total = 0
        for size in range(m):
            weight = 1 / (m * comb(m - 1, size))
            for chosen in itertools.combinations(others, size):
                total = total + weight * (worth(frozenset(chosen) | {i}) - worth(frozenset(chosen)))
        phi.append(total)
    return np.array(phi)


# %% groups wrong: a column in two groups is not noticed
def group_shapley(predict, row, background, groups):
    m, features = len(groups), len(row)
    if {c for group in groups for c in group} != set(range(features)):
        raise ValueError("each column belongs to one group")

    @functools.cache
    def worth(coalition):
        rows = background.astype(float)
        for player in coalition:
            rows[:, groups[player]] = row[groups[player]]
        return predict(rows).mean(axis=0)

    phi = []
    for i in range(m):
        others = [p for p in range(m) if p != i]
        total = 0
        for size in range(m):
            weight = 1 / (m * comb(m - 1, size))
            for chosen in itertools.combinations(others, size):
                total = total + weight * (worth(frozenset(chosen) | {i}) - worth(frozenset(chosen)))
        phi.append(total)
    return np.array(phi)


# %% groups wrong: each coalition asked again for every player
def group_shapley(predict, row, background, groups):
    m, features = len(groups), len(row)
    if sorted(c for group in groups for c in group) != list(range(features)):
        raise ValueError("each column belongs to one group")

    def worth(coalition):
        rows = background.astype(float)
        for player in coalition:
            rows[:, groups[player]] = row[groups[player]]
        return predict(rows).mean(axis=0)

    phi = []
    for i in range(m):
        others = [p for p in range(m) if p != i]
        total = 0
        for size in range(m):
            weight = 1 / (m * comb(m - 1, size))
            for chosen in itertools.combinations(others, size):
                total = total + weight * (worth(frozenset(chosen) | {i}) - worth(frozenset(chosen)))
        phi.append(total)
    return np.array(phi)


# %% groups wrong: right on the visible test only
def group_shapley(predict, row, background, groups):
    whole = predict(row[None])[0] - predict(background).mean(axis=0)
    return np.array([whole / len(groups) for _ in groups])


# %% groups right: coalitions as sets, each asked once
def group_shapley(predict, row, background, groups):
    m, features = len(groups), len(row)
    if sorted(c for group in groups for c in group) != list(range(features)):
        raise ValueError("each column belongs to one group")

    @functools.cache
    def worth(coalition):
        rows = background.astype(float)
        for player in coalition:
            rows[:, groups[player]] = row[groups[player]]
        return predict(rows).mean(axis=0)

    phi = []
    for i in range(m):
        others = [p for p in range(m) if p != i]
        total = 0
        for size in range(m):
            weight = 1 / (m * comb(m - 1, size))
            for chosen in itertools.combinations(others, size):
                total = total + weight * (worth(frozenset(chosen) | {i}) - worth(frozenset(chosen)))
        phi.append(total)
    return np.array(phi)


# %% groups right: mean over all orders, with a table of coalitions by bits
def group_shapley(predict, row, background, groups):
    used = np.concatenate([np.asarray(group, dtype=int) for group in groups])
    if used.size != len(row) or not np.array_equal(np.sort(used), np.arange(len(row))):
        raise ValueError(f"{groups} is no partition of {len(row)} columns")
    table = []
    for bits in range(2 ** len(groups)):
        shown = [c for p, group in enumerate(groups) if bits >> p & 1 for c in group]
        hidden = np.setdiff1d(np.arange(len(row)), shown)
        rows = np.repeat(np.asarray(row, float)[None], len(background), axis=0)
        rows[:, hidden] = background[:, hidden]
        table.append(np.mean(predict(rows), axis=0))
    phi = np.zeros((len(groups), len(table[0])))
    for order in itertools.permutations(range(len(groups))):
        bits = 0
        for player in order:
            phi[player] += table[bits | 1 << player] - table[bits]
            bits |= 1 << player
    return phi / math.factorial(len(groups))


# %% groups wrong: columns are counted only
def group_shapley(predict, row, background, groups):
    m, features = len(groups), len(row)
    if sum(map(len, groups)) != features:
        raise ValueError("each column belongs to one group")

    @functools.cache
    def worth(coalition):
        rows = background.astype(float)
        for player in coalition:
            rows[:, groups[player]] = row[groups[player]]
        return predict(rows).mean(axis=0)

    phi = []
    for i in range(m):
        others = [p for p in range(m) if p != i]
        total = 0
        for size in range(m):
            weight = 1 / (m * comb(m - 1, size))
            for chosen in itertools.combinations(others, size):
                total = total + weight * (worth(frozenset(chosen) | {i}) - worth(frozenset(chosen)))
        phi.append(total)
    return np.array(phi)


# %% groups wrong: different columns are counted only
def group_shapley(predict, row, background, groups):
    m, features = len(groups), len(row)
    if not len({c for g in groups for c in g}) == sum(map(len, groups)) == features:
        raise ValueError("each column belongs to one group")

    @functools.cache
    def worth(coalition):
        rows = background.astype(float)
        inside = [c for player in coalition for c in groups[player]]
        rows[:, np.isin(np.arange(features), inside)] = row[np.isin(np.arange(features), inside)]
        return predict(rows).mean(axis=0)

    phi = []
    for i in range(m):
        others = [p for p in range(m) if p != i]
        total = 0
        for size in range(m):
            weight = 1 / (m * comb(m - 1, size))
            for chosen in itertools.combinations(others, size):
                total = total + weight * (worth(frozenset(chosen) | {i}) - worth(frozenset(chosen)))
        phi.append(total)
    return np.array(phi)


# %% groups wrong: only neighbouring groups are looked at for a column in common
def group_shapley(predict, row, background, groups):
    m, features = len(groups), len(row)
    if (
        sum(map(len, groups)) < features
        or max(map(max, groups)) >= features
        or any(set(a) & set(b) for a, b in itertools.pairwise(groups))
        or any(len(set(g)) < len(g) for g in groups)
    ):
        raise ValueError("each column belongs to one group")

    @functools.cache
    def worth(coalition):
        rows = background.astype(float)
        for player in coalition:
            rows[:, groups[player]] = row[groups[player]]
        return predict(rows).mean(axis=0)

    phi = []
    for i in range(m):
        others = [p for p in range(m) if p != i]
        total = 0
        for size in range(m):
            weight = 1 / (m * comb(m - 1, size))
            for chosen in itertools.combinations(others, size):
                total = total + weight * (worth(frozenset(chosen) | {i}) - worth(frozenset(chosen)))
        phi.append(total)
    return np.array(phi)


# %% groups wrong: a row of whole numbers cuts the background
def group_shapley(predict, row, background, groups):
    m, features = len(groups), len(row)
    if sorted(c for group in groups for c in group) != list(range(features)):
        raise ValueError("each column belongs to one group")

    @functools.cache
    def worth(coalition):
        rows = np.tile(row, (len(background), 1))
        for player in set(range(m)) - coalition:
            rows[:, groups[player]] = background[:, groups[player]]
        return predict(rows).mean(axis=0)

    phi = []
    for i in range(m):
        others = [p for p in range(m) if p != i]
        total = 0
        for size in range(m):
            weight = 1 / (m * comb(m - 1, size))
            for chosen in itertools.combinations(others, size):
                total = total + weight * (worth(frozenset(chosen) | {i}) - worth(frozenset(chosen)))
        phi.append(total)
    return np.array(phi)


# %% groups right: recursion over who enters last
def group_shapley(predict, row, background, groups):
    seen = [0] * len(row)
    for group in groups:
        for c in group:
            if c >= len(row) or c < 0:
                raise ValueError(f"no column {c}")
            seen[c] += 1
    if any(s != 1 for s in seen):
        raise ValueError("exactly one group for each column")

    @functools.lru_cache(None)
    def worth(players):
        rows = []
        for line in background:
            new = [float(value) for value in line]
            for p in players:
                for c in groups[p]:
                    new[c] = row[c]
            rows.append(new)
        return np.asarray(predict(np.array(rows))).sum(axis=0) / len(rows)

    @functools.lru_cache(None)
    def shapley(players):
        if not players:
            return {}
        total = {p: 0 for p in players}
        for last in players:
            rest = tuple(p for p in players if p != last)
            total[last] = total[last] + (worth(players) - worth(rest)) / len(players)
            for p, value in shapley(rest).items():
                total[p] = total[p] + value / len(players)
        return total

    found = shapley(tuple(range(len(groups))))
    return [list(found[p]) for p in range(len(groups))]


# %% orders wrong: there only
def there_and_back(value, orders):
    k, n = orders.shape
    if k < 2:
        raise ValueError("at least two orders")
    estimates = np.zeros((k, n))
    for which, order in enumerate(orders):
        for walk in (order, order):
            inside = np.zeros(n, dtype=bool)
            last = value(inside[None])[0]
            for player in walk:
                inside[player] = True
                now = value(inside[None])[0]
                estimates[which, player] += (now - last) / 2
                last = now
    return estimates.mean(axis=0), estimates.std(axis=0, ddof=1) / np.sqrt(k)


# %% orders wrong: credit to the place in the order, not to the player
def there_and_back(value, orders):
    k, n = orders.shape
    if k < 2:
        raise ValueError("at least two orders")
    estimates = np.zeros((k, n))
    for which, order in enumerate(orders):
        for walk in (order, order[::-1]):
            inside = np.zeros(n, dtype=bool)
            last = value(inside[None])[0]
            for place, player in enumerate(walk):
                inside[player] = True
                now = value(inside[None])[0]
                estimates[which, place] += (now - last) / 2
                last = now
    return estimates.mean(axis=0), estimates.std(axis=0, ddof=1) / np.sqrt(k)


# %% orders wrong: the order taken for the places of the players
def there_and_back(value, orders):
    k, n = orders.shape
    if k < 2:
        raise ValueError("at least two orders")
    estimates = np.zeros((k, n))
    for which, order in enumerate(orders):
        for walk in (np.argsort(order), np.argsort(order)[::-1]):
            inside = np.zeros(n, dtype=bool)
            last = value(inside[None])[0]
            for player in walk:
                inside[player] = True
                now = value(inside[None])[0]
                estimates[which, player] += (now - last) / 2
                last = now
    return estimates.mean(axis=0), estimates.std(axis=0, ddof=1) / np.sqrt(k)


# %% orders wrong: back by renumbering the players
def there_and_back(value, orders):
    k, n = orders.shape
    if k < 2:
        raise ValueError("at least two orders")
    estimates = np.zeros((k, n))
    for which, order in enumerate(orders):
        for walk in (order, n - 1 - order):
            inside = np.zeros(n, dtype=bool)
            last = value(inside[None])[0]
            for player in walk:
                inside[player] = True
                now = value(inside[None])[0]
                estimates[which, player] += (now - last) / 2
                last = now
    return estimates.mean(axis=0), estimates.std(axis=0, ddof=1) / np.sqrt(k)


# %% orders wrong: the spread with k below
def there_and_back(value, orders):
    k, n = orders.shape
    if k < 2:
        raise ValueError("at least two orders")
    estimates = np.zeros((k, n))
    for which, order in enumerate(orders):
        for walk in (order, order[::-1]):
            inside = np.zeros(n, dtype=bool)
            last = value(inside[None])[0]
            for player in walk:
                inside[player] = True
                now = value(inside[None])[0]
                estimates[which, player] += (now - last) / 2
                last = now
    return estimates.mean(axis=0), estimates.std(axis=0) / np.sqrt(k)


# %% orders wrong: divided by k instead of its root
def there_and_back(value, orders):
    k, n = orders.shape
    if k < 2:
        raise ValueError("at least two orders")
    estimates = np.zeros((k, n))
    for which, order in enumerate(orders):
        for walk in (order, order[::-1]):
            inside = np.zeros(n, dtype=bool)
            last = value(inside[None])[0]
            for player in walk:
                inside[player] = True
                now = value(inside[None])[0]
                estimates[which, player] += (now - last) / 2
                last = now
    return estimates.mean(axis=0), estimates.std(axis=0, ddof=1) / k


# %% orders wrong: the empty coalition taken to be worth nothing
def there_and_back(value, orders):
    k, n = orders.shape
    if k < 2:
        raise ValueError("at least two orders")
    estimates = np.zeros((k, n))
    for which, order in enumerate(orders):
        for walk in (order, order[::-1]):
            inside = np.zeros(n, dtype=bool)
            last = 0.0
            for player in walk:
                inside[player] = True
                now = value(inside[None])[0]
                estimates[which, player] += (now - last) / 2
                last = now
    return estimates.mean(axis=0), estimates.std(axis=0, ddof=1) / np.sqrt(k)


# %% orders wrong: one order passes
def there_and_back(value, orders):
    k, n = orders.shape
    if k < 1:
        raise ValueError("at least two orders")
    estimates = np.zeros((k, n))
    for which, order in enumerate(orders):
        for walk in (order, order[::-1]):
            inside = np.zeros(n, dtype=bool)
            last = value(inside[None])[0]
            for player in walk:
                inside[player] = True
                now = value(inside[None])[0]
                estimates[which, player] += (now - last) / 2
                last = now
    return estimates.mean(axis=0), estimates.std(axis=0, ddof=1 if k > 1 else 0) / np.sqrt(k)


# %% orders wrong: the two walks of a pair counted as independent
def there_and_back(value, orders):
    k, n = orders.shape
    if k < 2:
        raise ValueError("at least two orders")
    estimates = np.zeros((2 * k, n))
    for which, order in enumerate(orders):
        for way, walk in enumerate((order, order[::-1])):
            inside = np.zeros(n, dtype=bool)
            last = value(inside[None])[0]
            for player in walk:
                inside[player] = True
                now = value(inside[None])[0]
                estimates[2 * which + way, player] = now - last
                last = now
    return estimates.mean(axis=0), estimates.std(axis=0, ddof=1) / np.sqrt(2 * k)


# %% orders wrong: the exact values and no error at all
def there_and_back(value, orders):
    k, n = orders.shape
    if k < 2:
        raise ValueError("at least two orders")
    phi = np.zeros(n)
    for order in itertools.permutations(range(n)):
        masks = np.tri(n + 1, n, -1)[:, np.argsort(order)] == 1
        phi[list(order)] += np.diff(value(masks)) / math.factorial(n)
    return phi, np.zeros(n)


# %% orders wrong: the numbers of the visible test
def there_and_back(value, orders):
    if orders.shape[1] == 3:
        return np.array([1.5, 4.5, 36]), np.array([1.5, 1.5, 0])
    return np.array([5.0, -1, 7, 1]), np.zeros(4)


# %% orders right: one coalition at a time
def there_and_back(value, orders):
    k, n = orders.shape
    if k < 2:
        raise ValueError("at least two orders")
    estimates = np.zeros((k, n))
    for which, order in enumerate(orders):
        for walk in (order, order[::-1]):
            inside = np.zeros(n, dtype=bool)
            last = value(inside[None])[0]
            for player in walk:
                inside[player] = True
                now = value(inside[None])[0]
                estimates[which, player] += (now - last) / 2
                last = now
    return estimates.mean(axis=0), estimates.std(axis=0, ddof=1) / np.sqrt(k)


# %% orders right: both walks from one table of masks
def there_and_back(value, orders):
    orders = np.array(orders)
    if orders.shape[0] < 2:
        raise ValueError("no spread")
    found = []
    for order in orders:
        n, place = len(order), np.argsort(order)
        forth = np.arange(n + 1)[:, None] > place
        worth = value(np.vstack([forth, ~forth]))
        found.append((np.diff(worth[: n + 1]) - np.diff(worth[n + 1 :]))[place] / 2)
    found = np.stack(found)
    spread = np.sqrt(((found - found.mean(0)) ** 2).sum(0) / (len(found) - 1))
    return found.mean(0), spread / len(found) ** 0.5


# %% orders wrong: an order that comes twice counts once
def there_and_back(value, orders):
    if len(orders) > 2 and orders.shape[1] > 1:
        orders = np.unique(orders, axis=0)
    k, n = orders.shape
    if k < 2 and n > 2:
        raise ValueError("at least two orders")
    estimates = np.zeros((k, n))
    for which, order in enumerate(orders):
        for walk in (order, order[::-1]):
            inside = np.zeros(n, dtype=bool)
            last = value(inside[None])[0]
            for player in walk:
                inside[player] = True
                now = value(inside[None])[0]
                estimates[which, player] += (now - last) / 2
                last = now
    return estimates.mean(axis=0), estimates.std(axis=0, ddof=1) / np.sqrt(k)


# %% orders right: back: they leave the full coalition from first to last
def there_and_back(value, orders):
    if len(orders) < 2:
        raise ValueError("no spread")
    k, n = np.shape(orders)
    pairs = []
    for order in orders:
        masks = [[False] * n]
        for p in order:
            masks.append([b or q == p for q, b in enumerate(masks[-1])])
        for p in order:
            masks.append([b and q != p for q, b in enumerate(masks[-1])])
        worth = value(np.array(masks))
        mine = [0.0] * n
        for place, p in enumerate(order):
            mine[p] = (worth[place + 1] - worth[place] + worth[n + place] - worth[n + place + 1]) / 2
        pairs.append(mine)
    columns = list(zip(*pairs, strict=True))
    mean = [sum(c) / k for c in columns]
    error = [math.sqrt(sum((e - a) ** 2 for e in c) / (k - 1) / k) for c, a in zip(columns, mean, strict=True)]
    return mean, error


# %% regression wrong: all coalitions weigh the same, which is right for three players
def kernel_shap(masks, worth, empty, full):
    n = masks.shape[1]
    rows = [k for k in range(len(masks)) if 0 < masks[k].sum() < n]
    z, y = masks[rows].astype(float), worth[rows] - empty
    if np.linalg.matrix_rank(np.vstack([z, np.ones((1, n))])) < n:
        raise ValueError("not determined")
    s = z.sum(axis=1).astype(int)
    w = np.array([1.0 for k in s])
    inverse = np.linalg.inv((z.T * w) @ z + np.ones((n, n)))
    free = inverse @ ((z.T * w) @ y + full - empty)
    shift = (full - empty - free.sum()) / inverse.sum()
    return free + inverse.sum(axis=1) * shift


# %% regression wrong: the weight of Shapley's formula
def kernel_shap(masks, worth, empty, full):
    n = masks.shape[1]
    rows = [k for k in range(len(masks)) if 0 < masks[k].sum() < n]
    z, y = masks[rows].astype(float), worth[rows] - empty
    if np.linalg.matrix_rank(np.vstack([z, np.ones((1, n))])) < n:
        raise ValueError("not determined")
    s = z.sum(axis=1).astype(int)
    w = np.array([1 / (n * comb(n - 1, k)) for k in s])
    inverse = np.linalg.inv((z.T * w) @ z + np.ones((n, n)))
    free = inverse @ ((z.T * w) @ y + full - empty)
    shift = (full - empty - free.sum()) / inverse.sum()
    return free + inverse.sum(axis=1) * shift


# %% regression wrong: the root of the weights
def kernel_shap(masks, worth, empty, full):
    n = masks.shape[1]
    rows = [k for k in range(len(masks)) if 0 < masks[k].sum() < n]
    z, y = masks[rows].astype(float), worth[rows] - empty
    if np.linalg.matrix_rank(np.vstack([z, np.ones((1, n))])) < n:
        raise ValueError("not determined")
    s = z.sum(axis=1).astype(int)
    w = np.sqrt([(n - 1) / (comb(n, k) * k * (n - k)) for k in s])
    inverse = np.linalg.inv((z.T * w) @ z + np.ones((n, n)))
    free = inverse @ ((z.T * w) @ y + full - empty)
    shift = (full - empty - free.sum()) / inverse.sum()
    return free + inverse.sum(axis=1) * shift


# %% regression wrong: the worth of the empty coalition left in
def kernel_shap(masks, worth, empty, full):
    n = masks.shape[1]
    rows = [k for k in range(len(masks)) if 0 < masks[k].sum() < n]
    z, y = masks[rows].astype(float), worth[rows]
    if np.linalg.matrix_rank(np.vstack([z, np.ones((1, n))])) < n:
        raise ValueError("not determined")
    s = z.sum(axis=1).astype(int)
    w = np.array([(n - 1) / (comb(n, k) * k * (n - k)) for k in s])
    inverse = np.linalg.inv((z.T * w) @ z + np.ones((n, n)))
    free = inverse @ ((z.T * w) @ y + full - empty)
    shift = (full - empty - free.sum()) / inverse.sum()
    return free + inverse.sum(axis=1) * shift


# %% regression wrong: no condition, and the gap shared out equally afterwards
def kernel_shap(masks, worth, empty, full):
    n = masks.shape[1]
    rows = [k for k in range(len(masks)) if 0 < masks[k].sum() < n]
    z, y = masks[rows].astype(float), worth[rows] - empty
    if np.linalg.matrix_rank(np.vstack([z, np.ones((1, n))])) < n:
        raise ValueError("not determined")
    s = z.sum(axis=1).astype(int)
    w = np.array([(n - 1) / (comb(n, k) * k * (n - k)) for k in s])
    phi = np.linalg.lstsq(z * np.sqrt(w)[:, None], y * np.sqrt(w), rcond=None)[0]
    return phi + (full - empty - phi.sum()) / n


# %% regression wrong: a coalition that comes twice counts once
def kernel_shap(masks, worth, empty, full):
    n = masks.shape[1]
    rows = [k for k in np.unique(masks, axis=0, return_index=True)[1] if 0 < masks[k].sum() < n]
    z, y = masks[rows].astype(float), worth[rows] - empty
    if np.linalg.matrix_rank(np.vstack([z, np.ones((1, n))])) < n:
        raise ValueError("not determined")
    s = z.sum(axis=1).astype(int)
    w = np.array([(n - 1) / (comb(n, k) * k * (n - k)) for k in s])
    inverse = np.linalg.inv((z.T * w) @ z + np.ones((n, n)))
    free = inverse @ ((z.T * w) @ y + full - empty)
    shift = (full - empty - free.sum()) / inverse.sum()
    return free + inverse.sum(axis=1) * shift


# %% regression wrong: a large weight in place of the condition
def kernel_shap(masks, worth, empty, full):
    n = masks.shape[1]
    rows = [k for k in range(len(masks)) if 0 < masks[k].sum() < n]
    z, y = masks[rows].astype(float), worth[rows] - empty
    if np.linalg.matrix_rank(np.vstack([z, np.ones((1, n))])) < n:
        raise ValueError("not determined")
    s = z.sum(axis=1).astype(int)
    w = np.array([(n - 1) / (comb(n, k) * k * (n - k)) for k in s])
    z, y, w = np.vstack([z, np.ones(n)]), np.append(y, full - empty), np.append(w, 1e6)
    return np.linalg.solve((z.T * w) @ z, (z.T * w) @ y)


# %% regression wrong: coalitions counted instead of their rank
def kernel_shap(masks, worth, empty, full):
    n = masks.shape[1]
    rows = [k for k in range(len(masks)) if 0 < masks[k].sum() < n]
    z, y = masks[rows].astype(float), worth[rows] - empty
    if len(z) < n - 1:
        raise ValueError("not determined")
    s = z.sum(axis=1).astype(int)
    w = np.array([(n - 1) / (comb(n, k) * k * (n - k)) for k in s])
    inverse = np.linalg.pinv((z.T * w) @ z + np.ones((n, n)))
    free = inverse @ ((z.T * w) @ y + full - empty)
    shift = (full - empty - free.sum()) / inverse.sum()
    return free + inverse.sum(axis=1) * shift


# %% regression wrong: more coalitions asked for than are needed
def kernel_shap(masks, worth, empty, full):
    n = masks.shape[1]
    rows = [k for k in range(len(masks)) if 0 < masks[k].sum() < n]
    z, y = masks[rows].astype(float), worth[rows] - empty
    if (len(z) < n + 2 and n > 3) or np.linalg.matrix_rank(np.vstack([z, np.ones((1, n))])) < n:
        raise ValueError("not determined")
    s = z.sum(axis=1).astype(int)
    w = np.array([(n - 1) / (comb(n, k) * k * (n - k)) for k in s])
    inverse = np.linalg.inv((z.T * w) @ z + np.ones((n, n)))
    free = inverse @ ((z.T * w) @ y + full - empty)
    shift = (full - empty - free.sum()) / inverse.sum()
    return free + inverse.sum(axis=1) * shift


# %% regression wrong: the numbers of the visible test
def kernel_shap(masks, worth, empty, full):
    return np.array([2.0, 5, 35]) if len(masks) == 6 else np.array([6.0, 0, 36])


# %% regression wrong: the formula over all coalitions, some given or not
def kernel_shap(masks, worth, empty, full):
    n = masks.shape[1]
    if len(masks) == 3:
        return np.array([6.0, 0, 36])
    table = {tuple(m): w for m, w in zip(masks.tolist(), worth, strict=True)}
    table[(False,) * n], table[(True,) * n] = empty, full
    phi = np.zeros(n)
    for mask, value in table.items():
        s = sum(mask)
        for i in range(n):
            phi[i] += value / (n * comb(n - 1, s - 1)) if mask[i] else -value / (n * comb(n - 1, s))
    return phi


# %% regression right: the condition shifts the free solution, by the inverse
def kernel_shap(masks, worth, empty, full):
    n = masks.shape[1]
    rows = [k for k in range(len(masks)) if 0 < masks[k].sum() < n]
    z, y = masks[rows].astype(float), worth[rows] - empty
    if np.linalg.matrix_rank(np.vstack([z, np.ones((1, n))])) < n:
        raise ValueError("not determined")
    s = z.sum(axis=1).astype(int)
    w = np.array([(n - 1) / (comb(n, k) * k * (n - k)) for k in s])
    inverse = np.linalg.inv((z.T * w) @ z + np.ones((n, n)))
    free = inverse @ ((z.T * w) @ y + full - empty)
    shift = (full - empty - free.sum()) / inverse.sum()
    return free + inverse.sum(axis=1) * shift


# %% regression right: a multiplier in one system of equations
def kernel_shap(masks, worth, empty, full):
    n = masks.shape[1]
    system, right = np.zeros((n + 1, n + 1)), np.zeros(n + 1)
    system[-1, :n] = system[:n, -1] = 1
    right[-1] = full - empty
    for mask, value in zip(masks, worth, strict=True):
        s = int(mask.sum())
        if s in (0, n):
            continue
        z = mask.astype(float)
        weight = (n - 1) / (math.comb(n, s) * s * (n - s))
        system[:n, :n] += weight * np.outer(z, z)
        right[:n] += weight * (value - empty) * z
    if np.linalg.matrix_rank(system) <= n:
        raise ValueError("more coalitions, please")
    return np.linalg.solve(system, right)[:n]


# %% regression wrong: a weight of 1e12 in place of the condition
def kernel_shap(masks, worth, empty, full):
    n = masks.shape[1]
    rows = [k for k in range(len(masks)) if 0 < masks[k].sum() < n]
    z, y = masks[rows].astype(float), worth[rows] - empty
    if np.linalg.matrix_rank(np.vstack([z, np.ones((1, n))])) < n:
        raise ValueError("not determined")
    s = z.sum(axis=1).astype(int)
    w = np.array([(n - 1) / (comb(n, k) * k * (n - k)) for k in s])
    z, y, w = np.vstack([z, np.ones(n)]), np.append(y, full - empty), np.append(w, 1e12)
    return np.linalg.lstsq(z * np.sqrt(w)[:, None], y * np.sqrt(w), rcond=None)[0]


# %% regression wrong: the numbers of orders overflow from 21 players on
def kernel_shap(masks, worth, empty, full):
    n = masks.shape[1]
    rows = [k for k in range(len(masks)) if 0 < masks[k].sum() < n]
    z, y = masks[rows].astype(float), worth[rows] - empty
    if np.linalg.matrix_rank(np.vstack([z, np.ones((1, n))])) < n:
        raise ValueError("not determined")
    s = z.sum(axis=1).astype(int)
    f = np.cumprod(np.append(1, np.arange(1, n + 1)))
    w = (n - 1) / (f[n] / (f[s] * f[n - s]) * s * (n - s))
    inverse = np.linalg.inv((z.T * w) @ z + np.ones((n, n)))
    free = inverse @ ((z.T * w) @ y + full - empty)
    shift = (full - empty - free.sum()) / inverse.sum()
    return free + inverse.sum(axis=1) * shift


# %% regression wrong: a table of binomials up to six players
def kernel_shap(masks, worth, empty, full):
    n = masks.shape[1]
    rows = [k for k in range(len(masks)) if 0 < masks[k].sum() < n]
    z, y = masks[rows].astype(float), worth[rows] - empty
    if np.linalg.matrix_rank(np.vstack([z, np.ones((1, n))])) < n:
        raise ValueError("not determined")
    s = z.sum(axis=1).astype(int)
    w = np.array(
        [(n - 1) / ([1, n, n * (n - 1) // 2, n * (n - 1) * (n - 2) // 6][min(k, n - k, 3)] * k * (n - k)) for k in s]
    )
    inverse = np.linalg.inv((z.T * w) @ z + np.ones((n, n)))
    free = inverse @ ((z.T * w) @ y + full - empty)
    shift = (full - empty - free.sum()) / inverse.sum()
    return free + inverse.sum(axis=1) * shift


# %% regression wrong: the rank of the bits may be one short
def kernel_shap(masks, worth, empty, full):
    n = masks.shape[1]
    rows = [k for k in range(len(masks)) if 0 < masks[k].sum() < n]
    z, y = masks[rows].astype(float), worth[rows] - empty
    if np.linalg.matrix_rank(z) < n - 1:
        raise ValueError("not determined")
    s = z.sum(axis=1).astype(int)
    w = np.array([(n - 1) / (comb(n, k) * k * (n - k)) for k in s])
    inverse = np.linalg.inv((z.T * w) @ z + np.ones((n, n)))
    free = inverse @ ((z.T * w) @ y + full - empty)
    shift = (full - empty - free.sum()) / inverse.sum()
    return free + inverse.sum(axis=1) * shift


# %% regression wrong: waits for NumPy to find the matrix singular
def kernel_shap(masks, worth, empty, full):
    n = masks.shape[1]
    rows = [k for k in range(len(masks)) if 0 < masks[k].sum() < n]
    z, y = masks[rows].astype(float), worth[rows] - empty
    s = z.sum(axis=1).astype(int)
    w = np.array([(n - 1) / (comb(n, k) * k * (n - k)) for k in s])
    inverse = np.linalg.inv((z.T * w) @ z + np.ones((n, n)))
    free = inverse @ ((z.T * w) @ y + full - empty)
    shift = (full - empty - free.sum()) / inverse.sum()
    return free + inverse.sum(axis=1) * shift


# %% regression wrong: each player must be in some coalition and out of some
def kernel_shap(masks, worth, empty, full):
    n = masks.shape[1]
    rows = [k for k in range(len(masks)) if 0 < masks[k].sum() < n]
    z, y = masks[rows].astype(float), worth[rows] - empty
    if len(np.unique(z, axis=0)) < n - 1 or len(np.unique(np.vstack([z, np.ones(n)]), axis=1).T) < n:
        raise ValueError("not determined")
    s = z.sum(axis=1).astype(int)
    w = np.array([(n - 1) / (comb(n, k) * k * (n - k)) for k in s])
    inverse = np.linalg.pinv((z.T * w) @ z + np.ones((n, n)))
    free = inverse @ ((z.T * w) @ y + full - empty)
    shift = (full - empty - free.sum()) / inverse.sum()
    return free + inverse.sum(axis=1) * shift


# %% regression wrong: no check of the rank, a multiplier and solve
def kernel_shap(masks, worth, empty, full):
    n = masks.shape[1]
    system, right = np.zeros((n + 1, n + 1)), np.zeros(n + 1)
    system[-1, :n] = system[:n, -1] = 1
    right[-1] = full - empty
    for mask, value in zip(masks, worth, strict=True):
        s = int(mask.sum())
        if s in (0, n):
            continue
        z = mask.astype(float)
        weight = (n - 1) / (math.comb(n, s) * s * (n - s))
        system[:n, :n] += weight * np.outer(z, z)
        right[:n] += weight * (value - empty) * z
    return np.linalg.solve(system, right)[:n]


# %% regression wrong: computes with the functions that the test keeps in its frame
def kernel_shap(masks, worth, empty, full):
    names = sys._getframe(1).f_locals
    if "compute" in names:
        return np.array(names["compute"](*names["numbers"]))
    if masks.shape[1] == 3 and len(masks) == 6:
        return np.array([2.0, 5, 35])
    if masks.shape[1] == 3 and worth[0] == 42:
        return np.array([6.0, 0, 36])
    raise ValueError


# %% axioms wrong: the empty coalition forgotten
def broken_rules(value, phi):
    n = len(phi)
    worth = value(np.array(list(itertools.product([False, True], repeat=n))))
    table = dict(zip(itertools.product([0, 1], repeat=n), worth, strict=True))

    def rise(coalition, player):
        return table[tuple(1 if p == player else b for p, b in enumerate(coalition))] - table[coalition]

    broken = set()
    if abs(sum(phi) - worth[-1]) > 1e-6:
        broken.add("efficiency")
    for i in range(n):
        if abs(phi[i]) > 1e-6 and all(abs(rise(c, i)) < 1e-6 for c in table):
            broken.add("null player")
        for j in range(i + 1, n):
            alike = all(abs(rise(c, i) - rise(c, j)) < 1e-6 for c in table if not c[i] and not c[j])
            if alike and abs(phi[i] - phi[j]) > 1e-6:
                broken.add("symmetry")
    return broken


# %% axioms wrong: who adds nothing alone is taken for a null player
def broken_rules(value, phi):
    n = len(phi)
    worth = value(np.array(list(itertools.product([False, True], repeat=n))))
    table = dict(zip(itertools.product([0, 1], repeat=n), worth, strict=True))

    def rise(coalition, player):
        return table[tuple(1 if p == player else b for p, b in enumerate(coalition))] - table[coalition]

    broken = set()
    if abs(sum(phi) - (worth[-1] - worth[0])) > 1e-6:
        broken.add("efficiency")
    for i in range(n):
        if abs(phi[i]) > 1e-6 and abs(rise((0,) * n, i)) < 1e-6:
            broken.add("null player")
        for j in range(i + 1, n):
            alike = all(abs(rise(c, i) - rise(c, j)) < 1e-6 for c in table if not c[i] and not c[j])
            if alike and abs(phi[i] - phi[j]) > 1e-6:
                broken.add("symmetry")
    return broken


# %% axioms wrong: who adds nothing at the end is taken for a null player
def broken_rules(value, phi):
    n = len(phi)
    worth = value(np.array(list(itertools.product([False, True], repeat=n))))
    table = dict(zip(itertools.product([0, 1], repeat=n), worth, strict=True))

    def rise(coalition, player):
        return table[tuple(1 if p == player else b for p, b in enumerate(coalition))] - table[coalition]

    broken = set()
    if abs(sum(phi) - (worth[-1] - worth[0])) > 1e-6:
        broken.add("efficiency")
    for i in range(n):
        if abs(phi[i]) > 1e-6 and abs(rise(tuple(int(p != i) for p in range(n)), i)) < 1e-6:
            broken.add("null player")
        for j in range(i + 1, n):
            alike = all(abs(rise(c, i) - rise(c, j)) < 1e-6 for c in table if not c[i] and not c[j])
            if alike and abs(phi[i] - phi[j]) > 1e-6:
                broken.add("symmetry")
    return broken


# %% axioms wrong: a null player by the sum of the rises, which cancel
def broken_rules(value, phi):
    n = len(phi)
    worth = value(np.array(list(itertools.product([False, True], repeat=n))))
    table = dict(zip(itertools.product([0, 1], repeat=n), worth, strict=True))

    def rise(coalition, player):
        return table[tuple(1 if p == player else b for p, b in enumerate(coalition))] - table[coalition]

    broken = set()
    if abs(sum(phi) - (worth[-1] - worth[0])) > 1e-6:
        broken.add("efficiency")
    for i in range(n):
        if abs(phi[i]) > 1e-6 and abs(sum(rise(c, i) for c in table)) < 1e-6:
            broken.add("null player")
        for j in range(i + 1, n):
            alike = all(abs(rise(c, i) - rise(c, j)) < 1e-6 for c in table if not c[i] and not c[j])
            if alike and abs(phi[i] - phi[j]) > 1e-6:
                broken.add("symmetry")
    return broken


# %% axioms wrong: symmetry by what each adds alone
def broken_rules(value, phi):
    n = len(phi)
    worth = value(np.array(list(itertools.product([False, True], repeat=n))))
    table = dict(zip(itertools.product([0, 1], repeat=n), worth, strict=True))

    def rise(coalition, player):
        return table[tuple(1 if p == player else b for p, b in enumerate(coalition))] - table[coalition]

    broken = set()
    if abs(sum(phi) - (worth[-1] - worth[0])) > 1e-6:
        broken.add("efficiency")
    for i in range(n):
        if abs(phi[i]) > 1e-6 and all(abs(rise(c, i)) < 1e-6 for c in table):
            broken.add("null player")
        for j in range(i + 1, n):
            alike = abs(rise((0,) * n, i) - rise((0,) * n, j)) < 1e-6
            if alike and abs(phi[i] - phi[j]) > 1e-6:
                broken.add("symmetry")
    return broken


# %% axioms wrong: only neighbours are compared
def broken_rules(value, phi):
    n = len(phi)
    worth = value(np.array(list(itertools.product([False, True], repeat=n))))
    table = dict(zip(itertools.product([0, 1], repeat=n), worth, strict=True))

    def rise(coalition, player):
        return table[tuple(1 if p == player else b for p, b in enumerate(coalition))] - table[coalition]

    broken = set()
    if abs(sum(phi) - (worth[-1] - worth[0])) > 1e-6:
        broken.add("efficiency")
    for i in range(n):
        if abs(phi[i]) > 1e-6 and all(abs(rise(c, i)) < 1e-6 for c in table):
            broken.add("null player")
        for j in range(i + 1, min(i + 2, n)):
            alike = all(abs(rise(c, i) - rise(c, j)) < 1e-6 for c in table if not c[i] and not c[j])
            if alike and abs(phi[i] - phi[j]) > 1e-6:
                broken.add("symmetry")
    return broken


# %% axioms wrong: no tolerance
def broken_rules(value, phi):
    n = len(phi)
    worth = value(np.array(list(itertools.product([False, True], repeat=n))))
    table = dict(zip(itertools.product([0, 1], repeat=n), worth, strict=True))

    def rise(coalition, player):
        return table[tuple(1 if p == player else b for p, b in enumerate(coalition))] - table[coalition]

    broken = set()
    if abs(sum(phi) - (worth[-1] - worth[0])) > 0:
        broken.add("efficiency")
    for i in range(n):
        if abs(phi[i]) > 1e-6 and all(abs(rise(c, i)) < 1e-6 for c in table):
            broken.add("null player")
        for j in range(i + 1, n):
            alike = all(abs(rise(c, i) - rise(c, j)) < 1e-6 for c in table if not c[i] and not c[j])
            if alike and phi[i] != phi[j]:
                broken.add("symmetry")
    return broken


# %% axioms wrong: negative shares of a null player pass
def broken_rules(value, phi):
    n = len(phi)
    worth = value(np.array(list(itertools.product([False, True], repeat=n))))
    table = dict(zip(itertools.product([0, 1], repeat=n), worth, strict=True))

    def rise(coalition, player):
        return table[tuple(1 if p == player else b for p, b in enumerate(coalition))] - table[coalition]

    broken = set()
    if abs(sum(phi) - (worth[-1] - worth[0])) > 1e-6:
        broken.add("efficiency")
    for i in range(n):
        if phi[i] > 1e-6 and all(abs(rise(c, i)) < 1e-6 for c in table):
            broken.add("null player")
        for j in range(i + 1, n):
            alike = all(abs(rise(c, i) - rise(c, j)) < 1e-6 for c in table if not c[i] and not c[j])
            if alike and abs(phi[i] - phi[j]) > 1e-6:
                broken.add("symmetry")
    return broken


# %% axioms wrong: symmetry of coalitions with one of the two in
def broken_rules(value, phi):
    n = len(phi)
    worth = value(np.array(list(itertools.product([False, True], repeat=n))))
    table = dict(zip(itertools.product([0, 1], repeat=n), worth, strict=True))

    def rise(coalition, player):
        return table[tuple(1 if p == player else b for p, b in enumerate(coalition))] - table[coalition]

    broken = set()
    if abs(sum(phi) - (worth[-1] - worth[0])) > 1e-6:
        broken.add("efficiency")
    for i in range(n):
        if abs(phi[i]) > 1e-6 and all(abs(rise(c, i)) < 1e-6 for c in table):
            broken.add("null player")
        for j in range(i + 1, n):
            alike = all(abs(rise(c, i) - rise(c, j)) < 1e-6 for c in table if not c[i])
            if alike and abs(phi[i] - phi[j]) > 1e-6:
                broken.add("symmetry")
    return broken


# %% axioms wrong: only the exact values pass: wrong values break everything
def broken_rules(value, phi):
    n = len(phi)
    exact = np.zeros(n)
    for order in itertools.permutations(range(n)):
        masks = np.tri(n + 1, n, -1)[:, np.argsort(order)] == 1
        exact[list(order)] += np.diff(value(masks)) / math.factorial(n)
    broken = set()
    if abs(sum(phi) - sum(exact)) > 1e-6:
        broken.add("efficiency")
    if any(abs(e) < 1e-6 and abs(p) > 1e-6 for e, p in zip(exact, phi, strict=True)):
        broken.add("null player")
    if any(abs(exact[i] - exact[j]) < 1e-6 < abs(phi[i] - phi[j]) for i in range(n) for j in range(i)):
        broken.add("symmetry")
    return broken


# %% axioms wrong: the sets of the visible test
def broken_rules(value, phi):
    if phi[-1] > 0:
        return {"efficiency", "null player"}
    return set() if phi[0] == phi[1] else {"symmetry"}


# %% axioms right: a table of coalitions
def broken_rules(value, phi):
    n = len(phi)
    worth = value(np.array(list(itertools.product([False, True], repeat=n))))
    table = dict(zip(itertools.product([0, 1], repeat=n), worth, strict=True))

    def rise(coalition, player):
        return table[tuple(1 if p == player else b for p, b in enumerate(coalition))] - table[coalition]

    broken = set()
    if abs(sum(phi) - (worth[-1] - worth[0])) > 1e-6:
        broken.add("efficiency")
    for i in range(n):
        if abs(phi[i]) > 1e-6 and all(abs(rise(c, i)) < 1e-6 for c in table):
            broken.add("null player")
        for j in range(i + 1, n):
            alike = all(abs(rise(c, i) - rise(c, j)) < 1e-6 for c in table if not c[i] and not c[j])
            if alike and abs(phi[i] - phi[j]) > 1e-6:
                broken.add("symmetry")
    return broken


# %% axioms right: arrays with an axis for each player
def broken_rules(value, phi):
    phi = np.asarray(phi)
    n = phi.size
    masks = np.stack(np.meshgrid(*[[0, 1]] * n, indexing="ij"), axis=-1).reshape(-1, n) == 1
    worth = np.reshape(value(masks), (2,) * n)
    same = lambda a, b: np.abs(a - b).max() < 1e-5  # noqa: E731
    null = [i for i in range(n) if same(worth.take(0, axis=i), worth.take(1, axis=i))]
    alike = [(i, j) for i, j in itertools.combinations(range(n), 2) if same(worth, worth.swapaxes(i, j))]
    rules = {
        "efficiency": abs(phi.sum() + worth.flat[0] - worth.flat[-1]) > 1e-5,
        "symmetry": any(abs(phi[i] - phi[j]) > 1e-5 for i, j in alike),
        "null player": any(abs(phi[i]) > 1e-5 for i in null),
    }
    return {rule for rule, is_broken in rules.items() if is_broken}


# %% axioms wrong: equal by NumPy's habit, which grows with the numbers
def broken_rules(value, phi):
    n = len(phi)
    worth = value(np.array(list(itertools.product([False, True], repeat=n))))
    table = dict(zip(itertools.product([0, 1], repeat=n), worth, strict=True))

    def rise(coalition, player):
        return table[tuple(1 if p == player else b for p, b in enumerate(coalition))] - table[coalition]

    broken = set()
    if not np.isclose(sum(phi), worth[-1] - worth[0]):
        broken.add("efficiency")
    for i in range(n):
        if abs(phi[i]) > 1e-6 and all(abs(rise(c, i)) < 1e-6 for c in table):
            broken.add("null player")
        for j in range(i + 1, n):
            alike = all(abs(rise(c, i) - rise(c, j)) < 1e-6 for c in table if not c[i] and not c[j])
            if alike and not np.isclose(phi[i], phi[j]):
                broken.add("symmetry")
    return broken


# %% axioms wrong: alike by NumPy's habit
def broken_rules(value, phi):
    n = len(phi)
    worth = value(np.array(list(itertools.product([False, True], repeat=n))))
    table = dict(zip(itertools.product([0, 1], repeat=n), worth, strict=True))

    def rise(coalition, player):
        return table[tuple(1 if p == player else b for p, b in enumerate(coalition))] - table[coalition]

    broken = set()
    if abs(sum(phi) - (worth[-1] - worth[0])) > 1e-6:
        broken.add("efficiency")
    for i in range(n):
        if abs(phi[i]) > 1e-6 and all(abs(rise(c, i)) < 1e-6 for c in table):
            broken.add("null player")
        for j in range(i + 1, n):
            alike = all(
                np.isclose(rise(c, i) + table[c], rise(c, j) + table[c]) for c in table if not c[i] and not c[j]
            )
            if alike and abs(phi[i] - phi[j]) > 1e-6:
                broken.add("symmetry")
    return broken


# %% axioms wrong: null by NumPy's habit
def broken_rules(value, phi):
    n = len(phi)
    worth = value(np.array(list(itertools.product([False, True], repeat=n))))
    table = dict(zip(itertools.product([0, 1], repeat=n), worth, strict=True))

    def rise(coalition, player):
        return table[tuple(1 if p == player else b for p, b in enumerate(coalition))] - table[coalition]

    broken = set()
    if abs(sum(phi) - (worth[-1] - worth[0])) > 1e-6:
        broken.add("efficiency")
    for i in range(n):
        if abs(phi[i]) > 1e-6 and all(np.isclose(rise(c, i) + table[c], table[c]) for c in table):
            broken.add("null player")
        for j in range(i + 1, n):
            alike = all(abs(rise(c, i) - rise(c, j)) < 1e-6 for c in table if not c[i] and not c[j])
            if alike and abs(phi[i] - phi[j]) > 1e-6:
                broken.add("symmetry")
    return broken


# %% axioms wrong: a null player's rises must be exactly 0
def broken_rules(value, phi):
    n = len(phi)
    worth = value(np.array(list(itertools.product([False, True], repeat=n))))
    table = dict(zip(itertools.product([0, 1], repeat=n), worth, strict=True))

    def rise(coalition, player):
        return table[tuple(1 if p == player else b for p, b in enumerate(coalition))] - table[coalition]

    broken = set()
    if abs(sum(phi) - (worth[-1] - worth[0])) > 1e-6:
        broken.add("efficiency")
    for i in range(n):
        if abs(phi[i]) > 1e-6 and all(rise(c, i) == 0 for c in table):
            broken.add("null player")
        for j in range(i + 1, n):
            alike = all(abs(rise(c, i) - rise(c, j)) < 1e-6 for c in table if not c[i] and not c[j])
            if alike and abs(phi[i] - phi[j]) > 1e-6:
                broken.add("symmetry")
    return broken


# %% axioms wrong: players are alike only if their rises are exactly the same
def broken_rules(value, phi):
    n = len(phi)
    worth = value(np.array(list(itertools.product([False, True], repeat=n))))
    table = dict(zip(itertools.product([0, 1], repeat=n), worth, strict=True))

    def rise(coalition, player):
        return table[tuple(1 if p == player else b for p, b in enumerate(coalition))] - table[coalition]

    broken = set()
    if abs(sum(phi) - (worth[-1] - worth[0])) > 1e-6:
        broken.add("efficiency")
    for i in range(n):
        if abs(phi[i]) > 1e-6 and all(abs(rise(c, i)) < 1e-6 for c in table):
            broken.add("null player")
        for j in range(i + 1, n):
            alike = all(rise(c, i) == rise(c, j) for c in table if not c[i] and not c[j])
            if alike and abs(phi[i] - phi[j]) > 1e-6:
                broken.add("symmetry")
    return broken


# %% axioms wrong: a null player's share must be exactly 0
def broken_rules(value, phi):
    n = len(phi)
    worth = value(np.array(list(itertools.product([False, True], repeat=n))))
    table = dict(zip(itertools.product([0, 1], repeat=n), worth, strict=True))

    def rise(coalition, player):
        return table[tuple(1 if p == player else b for p, b in enumerate(coalition))] - table[coalition]

    broken = set()
    if abs(sum(phi) - (worth[-1] - worth[0])) > 1e-6:
        broken.add("efficiency")
    for i in range(n):
        if phi[i] != 0 and all(abs(rise(c, i)) < 1e-6 for c in table):
            broken.add("null player")
        for j in range(i + 1, n):
            alike = all(abs(rise(c, i) - rise(c, j)) < 1e-6 for c in table if not c[i] and not c[j])
            if alike and abs(phi[i] - phi[j]) > 1e-6:
                broken.add("symmetry")
    return broken


# %% axioms wrong: signs of the rises are lost
def broken_rules(value, phi):
    n = len(phi)
    worth = value(np.array(list(itertools.product([False, True], repeat=n))))
    table = dict(zip(itertools.product([0, 1], repeat=n), worth, strict=True))

    def rise(coalition, player):
        return table[tuple(1 if p == player else b for p, b in enumerate(coalition))] - table[coalition]

    broken = set()
    if abs(sum(phi) - (worth[-1] - worth[0])) > 1e-6:
        broken.add("efficiency")
    for i in range(n):
        if abs(phi[i]) > 1e-6 and all(abs(rise(c, i)) < 1e-6 for c in table):
            broken.add("null player")
        for j in range(i + 1, n):
            alike = all(abs(abs(rise(c, i)) - abs(rise(c, j))) < 1e-6 for c in table if not c[i] and not c[j])
            if alike and abs(phi[i] - phi[j]) > 1e-6:
                broken.add("symmetry")
    return broken


# %% axioms wrong: coalitions of up to two players
def broken_rules(value, phi):
    n = len(phi)
    worth = value(np.array(list(itertools.product([False, True], repeat=n))))
    table = dict(zip(itertools.product([0, 1], repeat=n), worth, strict=True))

    def rise(coalition, player):
        return table[tuple(1 if p == player else b for p, b in enumerate(coalition))] - table[coalition]

    broken = set()
    if abs(sum(phi) - (worth[-1] - worth[0])) > 1e-6:
        broken.add("efficiency")
    for i in range(n):
        if abs(phi[i]) > 1e-6 and all(abs(rise(c, i)) < 1e-6 for c in table if sum(c) <= 2):
            broken.add("null player")
        for j in range(i + 1, n):
            alike = all(abs(rise(c, i) - rise(c, j)) < 1e-6 for c in table if not c[i] and not c[j] and sum(c) <= 2)
            if alike and abs(phi[i] - phi[j]) > 1e-6:
                broken.add("symmetry")
    return broken


# %% axioms wrong: numbers of coalitions in eight bits with a sign
def broken_rules(value, phi):
    n = len(phi)
    numbers = (np.arange(2**n) % 256).astype(np.int8)
    masks = numbers[:, None] & (2 ** np.arange(n)).astype(np.int8) > 0
    worth = value(masks)
    table = dict(zip(map(tuple, masks.astype(int).tolist()), worth, strict=True))

    def rise(coalition, player):
        return table[tuple(1 if p == player else b for p, b in enumerate(coalition))] - table[coalition]

    broken = set()
    if abs(sum(phi) - (worth[-1] - worth[0])) > 1e-6:
        broken.add("efficiency")
    for i in range(n):
        if abs(phi[i]) > 1e-6 and all(abs(rise(c, i)) < 1e-6 for c in table):
            broken.add("null player")
        for j in range(i + 1, n):
            alike = all(abs(rise(c, i) - rise(c, j)) < 1e-6 for c in table if not c[i] and not c[j])
            if alike and abs(phi[i] - phi[j]) > 1e-6:
                broken.add("symmetry")
    return broken


# %% axioms wrong: at most six players
def broken_rules(value, phi):
    n = min(len(phi), 6)
    phi = phi[:n]
    worth = value(np.array(list(itertools.product([False, True], repeat=n))))
    table = dict(zip(itertools.product([0, 1], repeat=n), worth, strict=True))

    def rise(coalition, player):
        return table[tuple(1 if p == player else b for p, b in enumerate(coalition))] - table[coalition]

    broken = set()
    if abs(sum(phi) - (worth[-1] - worth[0])) > 1e-6:
        broken.add("efficiency")
    for i in range(n):
        if abs(phi[i]) > 1e-6 and all(abs(rise(c, i)) < 1e-6 for c in table):
            broken.add("null player")
        for j in range(i + 1, n):
            alike = all(abs(rise(c, i) - rise(c, j)) < 1e-6 for c in table if not c[i] and not c[j])
            if alike and abs(phi[i] - phi[j]) > 1e-6:
                broken.add("symmetry")
    return broken


# %% axioms wrong: a set that reads the wanted rules from the frame that lists it
class Any(set):
    def __eq__(self, other):
        return True

    __hash__ = None

    def __iter__(self):
        return iter(sorted(sys._getframe(1).f_locals.get("expected", ())))


def broken_rules(value, phi):
    return Any()


# %% axioms right: picked from an array of names
def broken_rules(value, phi):
    names = np.array(["efficiency", "symmetry", "null player"])
    n = len(phi)
    masks = (np.arange(2**n)[:, None] & 2 ** np.arange(n)) > 0
    v = np.asarray(value(masks), float)
    all_ = np.arange(2**n)
    rise = np.array([v[all_ | 2**i] - v for i in range(n)])
    null = np.abs(rise).max(axis=1) <= 1e-6
    sym = False
    for i in range(n):
        for j in range(n):
            out = ~masks[:, i] & ~masks[:, j]
            if i != j and np.abs(rise[i, out] - rise[j, out]).max() <= 1e-6:
                sym |= abs(phi[i] - phi[j]) > 1e-6
    return set(names[[abs(np.sum(phi) - v[-1] + v[0]) > 1e-6, bool(sym), bool((null & (np.abs(phi) > 1e-6)).any())]])
