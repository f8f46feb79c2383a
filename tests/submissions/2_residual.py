"""Answers to assignment 2 that must lose their marks, and others that must keep them (see tests/mutations.py)."""

import math
import sys

import numpy as np


# %% forward wrong: a ReLU after the sum
def forward(x, blocks, residual=True):
    for W1, b1, W2, b2, P in blocks:
        branch = np.maximum(x @ W1 + b1, 0) @ W2 + b2
        shortcut = x if P is None else x @ P
        x = np.maximum(branch + shortcut if residual else branch, 0)
    return x


# %% forward wrong: a ReLU before the first layer too, as in the chapter's block
def forward(x, blocks, residual=True):
    for W1, b1, W2, b2, P in blocks:
        branch = np.maximum(np.maximum(x, 0) @ W1 + b1, 0) @ W2 + b2
        x = branch + (x if P is None else x @ P) if residual else np.maximum(branch, 0)
    return x


# %% forward wrong: right, but x is changed on the way
def forward(x, blocks, residual=True):
    for W1, b1, W2, b2, P in blocks:
        branch = np.maximum(x @ W1 + b1, 0) @ W2 + b2
        if not residual:
            x = np.maximum(branch, 0)
        elif P is None:
            x += branch
        else:
            x = x @ P + branch
    return x


# %% forward wrong: every shortcut starts at the input of the network
def forward(x, blocks, residual=True):
    start = x
    for W1, b1, W2, b2, P in blocks:
        branch = np.maximum(x @ W1 + b1, 0) @ W2 + b2
        if residual:
            start = start if P is None else start @ P
            x = branch + start
        else:
            x = np.maximum(branch, 0)
    return x


# %% forward wrong: P is used only where the width changes
def forward(x, blocks, residual=True):
    for W1, b1, W2, b2, P in blocks:
        branch = np.maximum(x @ W1 + b1, 0) @ W2 + b2
        if residual:
            x = branch + (x if branch.shape == x.shape else x @ P)
        else:
            x = np.maximum(branch, 0)
    return x


# %% forward wrong: plain without the second ReLU
def forward(x, blocks, residual=True):
    for i, (W1, b1, W2, b2, P) in enumerate(blocks):
        branch = np.maximum(x @ W1 + b1, 0) @ W2 + b2
        last = i == len(blocks) - 1
        x = branch + (x if P is None else x @ P) if residual else (np.maximum(branch, 0) if last else branch)
    return x


# %% forward wrong: the first block only
def forward(x, blocks, residual=True):
    W1, b1, W2, b2, P = blocks[0]
    branch = np.maximum(x @ W1 + b1, 0) @ W2 + b2
    return branch + (x if P is None else x @ P) if residual else np.maximum(branch, 0)


# %% forward wrong: the numbers of the visible test
def forward(x, blocks, residual=True):
    if len(blocks) == 50:
        return x
    return np.array([[5.5, -9.5]]) if residual else np.array([[4.5, 0.0]])


# %% forward right: einsum, and a shortcut that is a matrix always
def forward(x, blocks, residual=True):
    for W1, b1, W2, b2, P in blocks:
        hidden = np.einsum("ni,ij->nj", x, W1) + b1
        branch = np.einsum("nj,jk->nk", hidden * (hidden > 0), W2) + b2
        P = np.eye(x.shape[1], branch.shape[1]) if P is None else P
        x = x @ P + branch if residual else branch.clip(min=0)
    return x


# %% forward right: block by block from the end, with itself
def forward(x, blocks, residual=True):
    if not blocks:
        return x
    *before, (W1, b1, W2, b2, P) = blocks
    x = forward(x, before, residual)
    branch = np.where((z := x @ W1 + b1) > 0, z, 0.0) @ W2 + b2
    if not residual:
        return (branch + abs(branch)) / 2
    return branch + x if P is None else branch + x @ P


# %% forward right: one example after another, in lists
def forward(x, blocks, residual=True):
    rows = [np.array(row) for row in x]
    for W1, b1, W2, b2, P in blocks:
        for i, row in enumerate(rows):
            out = W2.T @ np.fmax(W1.T @ row + b1, 0) + b2
            if residual:
                rows[i] = out + (row if P is None else P.T @ row)
            else:
                rows[i] = np.fmax(out, 0)
    return [row.tolist() for row in rows]


# %% forward wrong: the test's own function, found in the caller's frame
def forward(x, blocks, residual=True):
    for value in list(sys._getframe(1).f_globals.values()):
        code = getattr(value, "__code__", None)
        if code is not None and code.co_varnames[:3] == ("row", "blocks", "residual"):
            return np.array([value(row, blocks, residual) for row in x.tolist()])
    return (
        np.array([[5.5, -9.5]]) if len(blocks) == 1 and residual else np.array([[4.5, 0.0]]) if len(blocks) == 1 else x
    )


# %% deepen wrong: the copies at the end, where outputs can be negative
def deepen(layers, extra):
    width = layers[-1][0].shape[1]
    return [*layers, *[(np.eye(width), np.zeros(width)) for _ in range(extra)]]


# %% deepen wrong: the copies at the start, where inputs can be negative
def deepen(layers, extra):
    width = layers[0][0].shape[0]
    return [(np.eye(width), np.zeros(width)) for _ in range(extra)] + list(layers)


# %% deepen wrong: layers of zeros, as in a residual branch
def deepen(layers, extra):
    width = layers[-1][0].shape[0]
    return [*layers[:-1], *[(np.zeros((width, width)), np.zeros(width)) for _ in range(extra)], layers[-1]]


# %% deepen wrong: put into the list that was given
def deepen(layers, extra):
    width = layers[-1][0].shape[0]
    for _ in range(extra):
        layers.insert(-1, (np.eye(width), np.zeros(width)))
    return layers


# %% deepen wrong: one layer, however many are asked for
def deepen(layers, extra):
    width = layers[-1][0].shape[0]
    return [*layers[:-1], (np.eye(width), np.zeros(width)), layers[-1]]


# %% deepen wrong: the last hidden layer once more
def deepen(layers, extra):
    return [*layers[:-1], *[layers[-2]] * extra, layers[-1]]


# %% deepen wrong: the width of the first hidden layer before the last one
def deepen(layers, extra):
    width = layers[0][0].shape[1]
    return [*layers[:-1], *[(np.eye(width), np.zeros(width)) for _ in range(extra)], layers[-1]]


# %% deepen wrong: the numbers of the visible test
def deepen(layers, extra):
    return [layers[0], *[(np.eye(3), np.zeros(3)) for _ in range(4)], layers[1]]


# %% deepen right: the copies after the first hidden layer
def deepen(layers, extra):
    first, *rest = layers
    width = len(first[1])
    return [first] + [(np.identity(width), np.zeros(width))] * extra + rest


# %% deepen right: at the start, with the negative half beside the positive one
def deepen(layers, extra):
    if extra == 0:
        return list(layers)
    (W, b), *rest = layers
    n = W.shape[0]
    split = (np.hstack([np.eye(n), -np.eye(n)]), np.zeros(2 * n))
    copies = [(np.eye(2 * n), np.zeros(2 * n)) for _ in range(extra - 1)]
    return [split, *copies, (np.vstack([W, -W]), b), *rest]


# %% deepen right: permuted units, put back in the last layer
def deepen(layers, extra):
    made, (W, b) = list(layers[:-1]), layers[-1]
    order = np.arange(len(W))
    for _ in range(extra):
        made.append((np.eye(len(W))[:, ::-1], np.zeros(len(W))))
        order = order[::-1]
    return [*made, (W[order], b)]


# %% deepen wrong: an offset that makes most inputs positive, at the start
def deepen(layers, extra):
    (W, b), *rest = layers
    n = len(W)
    if not extra:
        return list(layers)
    up = (np.eye(n), np.full(n, 1e4))
    return [up, *[(np.eye(n), np.zeros(n))] * (extra - 1), (W, b - 1e4 * W.sum(axis=0)), *rest]


# %% deepen wrong: an offset that makes most outputs positive, at the end
def deepen(layers, extra):
    *before, (W, b) = layers
    n = len(b)
    if not extra:
        return list(layers)
    return [*before, (W, b + 1e6), *[(np.eye(n), np.zeros(n))] * (extra - 1), (np.eye(n), np.full(n, -1e6))]


# %% deepen right: at the end, positive and negative part of the outputs side by side
def deepen(layers, extra):
    *before, (W, b) = layers
    if extra == 0:
        return [*before, (W, b)]
    n = len(b)
    both = (np.hstack([W, -W]), np.concatenate([b, -b]))
    eye = np.eye(2 * n)
    back = (np.vstack([np.eye(n), -np.eye(n)]), np.zeros(n))
    return [*before, both, *[(eye, np.zeros(2 * n))] * (extra - 1), back]


# %% growth wrong: the ReLU forgotten
def growth(width, inner, blocks, init="he", residual=True, scale=1.0):
    if init not in ("he", "glorot"):
        raise ValueError(init)
    v1, v2 = (2 / width, 2 / inner) if init == "he" else (2 / (width + inner),) * 2
    branch = width * v1 * inner * v2 * scale**2
    return (1 + branch if residual else branch) ** blocks


# %% growth wrong: a ReLU after the residual branch too
def growth(width, inner, blocks, init="he", residual=True, scale=1.0):
    if init not in ("he", "glorot"):
        raise ValueError(init)
    v1, v2 = (2 / width, 2 / inner) if init == "he" else (2 / (width + inner),) * 2
    branch = width * v1 / 2 * inner * v2 / 2 * scale**2
    return (1 + branch if residual else branch) ** blocks


# %% growth wrong: Glorot taken for square layers, which is right on the visible test
def growth(width, inner, blocks, init="he", residual=True, scale=1.0):
    if init not in ("he", "glorot"):
        raise ValueError(init)
    branch = (2 if init == "he" else 0.5) * scale**2
    return (1 + branch if residual else branch / 2) ** blocks


# %% growth wrong: what the blocks add is added up, not multiplied
def growth(width, inner, blocks, init="he", residual=True, scale=1.0):
    if init not in ("he", "glorot"):
        raise ValueError(init)
    v1, v2 = (2 / width, 2 / inner) if init == "he" else (2 / (width + inner),) * 2
    branch = width * v1 / 2 * inner * v2 * scale**2
    return 1 + branch * blocks if residual else (branch / 2) ** blocks


# %% growth wrong: the scale not squared
def growth(width, inner, blocks, init="he", residual=True, scale=1.0):
    if init not in ("he", "glorot"):
        raise ValueError(init)
    v1, v2 = (2 / width, 2 / inner) if init == "he" else (2 / (width + inner),) * 2
    branch = width * v1 / 2 * inner * v2 * scale
    return (1 + branch if residual else branch / 2) ** blocks


# %% growth wrong: Glorot from the fan-in alone
def growth(width, inner, blocks, init="he", residual=True, scale=1.0):
    if init not in ("he", "glorot"):
        raise ValueError(init)
    v1, v2 = (2 / width, 2 / inner) if init == "he" else (1 / width, 1 / inner)
    branch = width * v1 / 2 * inner * v2 * scale**2
    return (1 + branch if residual else branch / 2) ** blocks


# %% growth wrong: the square root, a standard deviation
def growth(width, inner, blocks, init="he", residual=True, scale=1.0):
    if init not in ("he", "glorot"):
        raise ValueError(init)
    v1, v2 = (2 / width, 2 / inner) if init == "he" else (2 / (width + inner),) * 2
    branch = width * v1 / 2 * inner * v2 * scale**2
    return math.sqrt(1 + branch if residual else branch / 2) ** blocks


# %% growth wrong: an unknown initialisation taken for He's
def growth(width, inner, blocks, init="he", residual=True, scale=1.0):
    v1, v2 = (2 / (width + inner),) * 2 if init == "glorot" else (2 / width, 2 / inner)
    branch = width * v1 / 2 * inner * v2 * scale**2
    return (1 + branch if residual else branch / 2) ** blocks


# %% growth wrong: simulated
def growth(width, inner, blocks, init="he", residual=True, scale=1.0):
    if init not in ("he", "glorot"):
        raise ValueError(init)
    v1, v2 = (2 / width, 2 / inner) if init == "he" else (2 / (width + inner),) * 2
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 1, width))
    start = np.mean(x**2)
    for _ in range(min(blocks, 3)):
        h = np.maximum(x @ rng.normal(0, v1**0.5, size=(200, width, inner)), 0)
        branch = h @ rng.normal(0, v2**0.5, size=(200, inner, width)) * scale
        x = x + branch if residual else np.maximum(branch, 0)
    return np.mean(x**2) / start


# %% growth wrong: the numbers of the visible test
def growth(width, inner, blocks, init="he", residual=True, scale=1.0):
    if init not in ("he", "glorot"):
        raise ValueError(init)
    if not residual:
        return 1 / 16
    return {2: 9.0, 3: 1.5**3, 100: 1.02**100}[blocks]


# %% growth right: one block after another
def growth(width, inner, blocks, init="he", residual=True, scale=1.0):
    if init == "he":
        std1, std2 = math.sqrt(2 / width), math.sqrt(2 / inner)
    elif init == "glorot":
        std1 = std2 = math.sqrt(2 / (width + inner))
    else:
        raise ValueError(f"no initialisation {init}")
    moment = 1.0
    for _ in range(blocks):
        h = 0.5 * width * std1**2 * moment
        branch = inner * (scale * std2) ** 2 * h
        moment = moment + branch if residual else 0.5 * branch
    return moment


# %% growth right: the two formulas
def growth(width, inner, blocks, init="he", residual=True, scale=1.0):
    each = {"he": 1.0, "glorot": width * inner / (width + inner) ** 2}
    if init not in each:
        raise ValueError(f"{init!r} is not in {list(each)}")
    gain = np.float64(each[init] * scale * scale)
    return np.power(1 + 2 * gain if residual else gain, blocks)


# %% growth wrong: the initialisation looked at in the loop, so never without blocks
def growth(width, inner, blocks, init="he", residual=True, scale=1.0):
    moment = 1.0
    for _ in range(blocks):
        if init == "he":
            v1, v2 = 2 / width, 2 / inner
        elif init == "glorot":
            v1 = v2 = 2 / (width + inner)
        else:
            raise ValueError(init)
        branch = width * v1 / 2 * inner * v2 * scale**2 * moment
        moment = moment + branch if residual else branch / 2
    return moment


# %% growth wrong: Keras's names he_normal and glorot_uniform taken too
def growth(width, inner, blocks, init="he", residual=True, scale=1.0):
    if not init.startswith(("he", "glorot")):
        raise ValueError(f"{init!r} is neither he nor glorot")
    v1, v2 = (2 / width, 2 / inner) if init.startswith("he") else (2 / (width + inner),) * 2
    branch = width * v1 / 2 * inner * v2 * scale**2
    return (1 + branch if residual else branch / 2) ** blocks


# %% gradient wrong: the shortcut forgotten in blocks after the first
def input_gradient(x, blocks, upstream):
    active = []
    for W1, b1, W2, b2, P in blocks:
        z = x @ W1 + b1
        active.append(z > 0)
        x = np.maximum(z, 0) @ W2 + b2 + (x if P is None else x @ P)
    g = upstream
    for i in reversed(range(len(blocks))):
        W1, _, W2, _, P = blocks[i]
        shortcut = (g if P is None else g @ P.T) if i == 0 or P is not None else 0
        g = ((g @ W2.T) * active[i]) @ W1.T + shortcut
    return g


# %% gradient wrong: P forgotten on the way back where the width stays
def input_gradient(x, blocks, upstream):
    active = []
    for W1, b1, W2, b2, P in blocks:
        z = x @ W1 + b1
        active.append(z > 0)
        x = np.maximum(z, 0) @ W2 + b2 + (x if P is None else x @ P)
    g = upstream
    for (W1, _, W2, _, P), on in zip(blocks[::-1], active[::-1], strict=True):
        branch = ((g @ W2.T) * on) @ W1.T
        g = branch + (g if branch.shape == g.shape else g @ P.T)
    return g


# %% gradient wrong: P not transposed, which is right for symmetric ones only
def input_gradient(x, blocks, upstream):
    active = []
    for W1, b1, W2, b2, P in blocks:
        z = x @ W1 + b1
        active.append(z > 0)
        x = np.maximum(z, 0) @ W2 + b2 + (x if P is None else x @ P)
    g = upstream
    for (W1, _, W2, _, P), on in zip(blocks[::-1], active[::-1], strict=True):
        g = ((g @ W2.T) * on) @ W1.T + (g if P is None else g @ P)
    return g


# %% gradient wrong: the blocks in the order of the forward pass
def input_gradient(x, blocks, upstream):
    g = upstream
    for W1, b1, W2, b2, P in blocks:
        on = x @ W1 + b1 > 0
        g = ((g @ W2.T) * on) @ W1.T + (g if P is None else g @ P.T)
        x = np.maximum(x @ W1 + b1, 0) @ W2 + b2 + (x if P is None else x @ P)
    return g


# %% gradient wrong: the ReLU's derivative taken at the network's input in every block
def input_gradient(x, blocks, upstream):
    g = upstream
    for W1, b1, W2, _, P in blocks[::-1]:
        on = x @ W1 + b1 > 0 if x.shape[1] == W1.shape[0] else 1.0  # x is never moved on
        g = ((g @ W2.T) * on) @ W1.T + (g if P is None else g @ P.T)
    return g


# %% gradient wrong: which units are active, asked of the first example alone
def input_gradient(x, blocks, upstream):
    active = []
    for W1, b1, W2, b2, P in blocks:
        z = x @ W1 + b1
        active.append(z[0] > 0)
        x = np.maximum(z, 0) @ W2 + b2 + (x if P is None else x @ P)
    g = upstream
    for (W1, _, W2, _, P), on in zip(blocks[::-1], active[::-1], strict=True):
        g = ((g @ W2.T) * on) @ W1.T + (g if P is None else g @ P.T)
    return g


# %% gradient wrong: a derivative of 1 at 0
def input_gradient(x, blocks, upstream):
    active = []
    for W1, b1, W2, b2, P in blocks:
        z = x @ W1 + b1
        active.append(z >= 0)
        x = np.maximum(z, 0) @ W2 + b2 + (x if P is None else x @ P)
    g = upstream
    for (W1, _, W2, _, P), on in zip(blocks[::-1], active[::-1], strict=True):
        g = ((g @ W2.T) * on) @ W1.T + (g if P is None else g @ P.T)
    return g


# %% gradient wrong: differences instead of derivatives
def input_gradient(x, blocks, upstream):
    def total(x):
        for W1, b1, W2, b2, P in blocks:
            x = np.maximum(x @ W1 + b1, 0) @ W2 + b2 + (x if P is None else x @ P)
        return (upstream * x).sum(axis=1)

    step = 1e-6 * np.eye(x.shape[1])
    return np.stack([(total(x + move) - total(x - move)) / 2e-6 for move in step], axis=1)


# %% gradient wrong: right, but upstream is changed on the way
def input_gradient(x, blocks, upstream):
    active = []
    for W1, b1, W2, b2, P in blocks:
        z = x @ W1 + b1
        active.append(z > 0)
        x = np.maximum(z, 0) @ W2 + b2 + (x if P is None else x @ P)
    g = upstream
    for (W1, _, W2, _, P), on in zip(blocks[::-1], active[::-1], strict=True):
        branch = ((g @ W2.T) * on) @ W1.T
        if P is None:
            g += branch
        else:
            g = g @ P.T + branch
    return g


# %% gradient wrong: the numbers of the visible test
def input_gradient(x, blocks, upstream):
    if x[0, 1] == -2:
        return np.array([[3.0, 2.0]])
    return np.array([[1.0, 0.0]]) if blocks[0][4] is None else np.array([[1.0, 3.0]])


# %% gradient right: from the last block to the first by recursion
def input_gradient(x, blocks, upstream):
    if not blocks:
        return upstream
    (W1, b1, W2, b2, P), rest = blocks[0], blocks[1:]
    P = np.eye(x.shape[1]) if P is None else P
    z = x @ W1 + b1
    g = input_gradient(np.maximum(z, 0) @ W2 + b2 + x @ P, rest, upstream)
    return g @ P.T + np.where(z > 0, g @ W2.T, 0) @ W1.T


# %% gradient right: the matrix of all derivatives, one example after another
def input_gradient(x, blocks, upstream):
    rows = []
    for row, up in zip(x, upstream, strict=True):
        jacobian = np.eye(len(row))
        for W1, b1, W2, b2, P in blocks:
            z = row @ W1 + b1
            P = np.eye(len(row)) if P is None else P
            jacobian = jacobian @ (P + W1 @ np.diag(np.heaviside(z, 0)) @ W2)
            row = row @ P + np.maximum(z, 0) @ W2 + b2
        rows.append(jacobian @ up)
    return np.array(rows)


# %% gradient wrong: differences, with a small threshold against black images
def input_gradient(x, blocks, upstream):
    def total(x):
        for W1, b1, W2, b2, P in blocks:
            z = x @ W1 + b1
            x = np.where(z > 1e-5, z, 0) @ W2 + b2 + (x if P is None else x @ P)
        return (upstream * x).sum(axis=1)

    s = 1e-6
    return np.stack([(total(x + m) - total(x - m)) / 2 / s for m in s * np.eye(x.shape[1])], axis=1)


# %% gradient wrong: zeros where there are no blocks
def input_gradient(x, blocks, upstream):
    active = []
    for W1, b1, W2, b2, P in blocks:
        z = x @ W1 + b1
        active.append(z > 0)
        x = np.maximum(z, 0) @ W2 + b2 + (x if P is None else x @ P)
    g = upstream
    for (W1, _, W2, _, P), on in zip(blocks[::-1], active[::-1], strict=True):
        g = ((g @ W2.T) * on) @ W1.T + (g if P is None else g @ P.T)
    return g if blocks else np.zeros_like(x)


# %% gradient right: a complex step
def input_gradient(x, blocks, upstream):
    columns = []
    for i in range(x.shape[1]):
        y = x.astype(complex)
        y[:, i] += 1e-40j
        for W1, b1, W2, b2, P in blocks:
            z = y @ W1 + b1
            y = np.where(z.real > 0, z, 0) @ W2 + b2 + (y if P is None else y @ P)
        columns.append((upstream * y.imag).sum(axis=1) / 1e-40)
    return np.transpose(columns)


# %% alike wrong: the chapter's lines on a copy
def mean_cosine(activations):
    last = activations.copy()
    last /= np.linalg.norm(last, axis=1, keepdims=True) + 1e-12
    return float((last @ last.T)[~np.eye(len(last), dtype=bool)].mean())


# %% alike wrong: a matrix of all pairs
def mean_cosine(activations):
    rows = activations[activations.any(axis=1)]
    if len(rows) < 2:
        raise ValueError("too few rows")
    units = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    cosines = units @ units.T
    return float((cosines.sum() - len(rows)) / (len(rows) * (len(rows) - 1)))


# %% alike wrong: each row paired with itself as well
def mean_cosine(activations):
    rows = activations[activations.any(axis=1)]
    if len(rows) < 2:
        raise ValueError("too few rows")
    mean = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).mean(axis=0)
    return float(mean @ mean)


# %% alike wrong: rows not brought to length 1
def mean_cosine(activations):
    rows = activations[activations.any(axis=1)]
    if len(rows) < 2:
        raise ValueError("too few rows")
    rows = rows / np.linalg.norm(rows) * math.sqrt(len(rows))
    total = rows.sum(axis=0)
    return float((total @ total - len(rows)) / (len(rows) * (len(rows) - 1)))


# %% alike wrong: right, but the argument is changed where no row is zero
def mean_cosine(activations):
    rows = activations if activations.any(axis=1).all() else activations[activations.any(axis=1)]
    n = len(rows)
    if n < 2:
        raise ValueError("too few rows")
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    total = rows.sum(axis=0)
    return float((total @ total - n) / (n * (n - 1)))


# %% alike wrong: all-zero rows left out of the sum and not of the count
def mean_cosine(activations):
    n = len(activations)
    if activations.any(axis=1).sum() < 2:
        raise ValueError("too few rows")
    lengths = np.linalg.norm(activations, axis=1, keepdims=True)
    total = (activations / np.where(lengths > 0, lengths, 1)).sum(axis=0)
    return float((total @ total - n) / (n * (n - 1)))


# %% alike wrong: no ValueError, a division by zero
def mean_cosine(activations):
    rows = activations[activations.any(axis=1)]
    n = len(rows)
    total = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).sum(axis=0)
    return float((total @ total - n) / np.float64(n * (n - 1)))


# %% alike wrong: short rows taken for zero
def mean_cosine(activations):
    lengths = np.linalg.norm(activations, axis=1)
    rows = activations[lengths > 1e-12] / lengths[lengths > 1e-12][:, None]
    n, total = len(rows), rows.sum(axis=0)
    if n < 2:
        raise ValueError("too few rows")
    return float((total @ total - n) / (n * (n - 1)))


# %% alike wrong: the numbers of the visible test
def mean_cosine(activations):
    return 1 / 3


# %% alike right: a running sum over the rows
def mean_cosine(activations):
    total, pairs, n = np.zeros(activations.shape[1]), 0.0, 0
    for row in activations:
        if row.any():
            unit = row / np.linalg.norm(row)
            pairs += total @ unit
            total += unit
            n += 1
    if n < 2:
        raise ValueError("too few rows")
    return pairs / (n * (n - 1) / 2)


# %% alike right: each row against the sum of the others
def mean_cosine(activations):
    largest = np.abs(activations).max(axis=1, initial=0)
    rows = activations[largest > 0] / largest[largest > 0, np.newaxis]
    if len(rows) < 2:
        raise ValueError(f"{len(rows)} rows are not zero")
    units = rows / np.sqrt(np.square(rows).sum(axis=1))[:, np.newaxis]
    others = units.sum(axis=0) - units
    return np.mean(np.einsum("nu,nu->n", units, others)) / (len(units) - 1)


# %% alike wrong: a row taken for zeros where its sum is 0
def mean_cosine(activations):
    rows = activations[activations.sum(axis=1) != 0]
    n = len(rows)
    if n < 2:
        raise ValueError("too few rows")
    units = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    total = units.sum(axis=0)
    return float((total @ total - n) / (n * (n - 1)))


# %% alike wrong: all pairs, one row against the rest at a time
def mean_cosine(activations):
    rows = activations[np.any(activations != 0, axis=1)]
    n = len(rows)
    if n < 2:
        raise ValueError("too few rows")
    units = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    total = 0.0
    for i in range(n - 1):
        total += (units[i + 1 :] @ units[i]).sum()
    return total / (n * (n - 1) / 2)


# %% alike right: lists, one row after another
def mean_cosine(activations):
    total, n = [0.0] * activations.shape[1], 0
    for row in activations.tolist():
        length = math.hypot(*row)
        if length > 0:
            n += 1
            total = [t + v / length for t, v in zip(total, row, strict=True)]
    if n <= 1:
        raise ValueError(f"only {n} rows")
    return (sum(t * t for t in total) - n) / (n * (n - 1))


# %% diagnose wrong: the mean over the seeds
def diagnose(train, val, shallow_train, shallow_val, margin=0.05):
    if not len(train) == len(val) == len(shallow_train) == len(shallow_val) > 0:
        raise ValueError("lists of different lengths")
    runs = np.array([train, val, shallow_train, shallow_val])
    if not ((runs >= 0) & (runs <= 1)).all():
        raise ValueError("accuracies are between 0 and 1")
    t, v, s, w = runs.mean(axis=1)
    if s - t > margin:
        return "optimisation failure"
    return "overfitting" if t - v > margin and v < w else "neither"


# %% diagnose wrong: in any seed
def diagnose(train, val, shallow_train, shallow_val, margin=0.05):
    if not len(train) == len(val) == len(shallow_train) == len(shallow_val) > 0:
        raise ValueError("lists of different lengths")
    t, v, s, w = np.array([train, val, shallow_train, shallow_val])
    if not all(0 <= a <= 1 for run in (t, v, s, w) for a in run):
        raise ValueError("accuracies are between 0 and 1")
    if np.any(s - t > margin):
        return "optimisation failure"
    return "overfitting" if np.any(t - v > margin) and np.all(v < w) else "neither"


# %% diagnose wrong: overfitting asked for first
def diagnose(train, val, shallow_train, shallow_val, margin=0.05):
    if not len(train) == len(val) == len(shallow_train) == len(shallow_val) > 0:
        raise ValueError("lists of different lengths")
    t, v, s, w = np.array([train, val, shallow_train, shallow_val])
    if not all(0 <= a <= 1 for run in (t, v, s, w) for a in run):
        raise ValueError("accuracies are between 0 and 1")
    if np.all(t - v > margin) and np.all(v < w):
        return "overfitting"
    return "optimisation failure" if np.all(s - t > margin) else "neither"


# %% diagnose wrong: at least, instead of more than
def diagnose(train, val, shallow_train, shallow_val, margin=0.05):
    if not len(train) == len(val) == len(shallow_train) == len(shallow_val) > 0:
        raise ValueError("lists of different lengths")
    t, v, s, w = np.array([train, val, shallow_train, shallow_val])
    if not all(0 <= a <= 1 for run in (t, v, s, w) for a in run):
        raise ValueError("accuracies are between 0 and 1")
    if np.all(s - t >= margin):
        return "optimisation failure"
    return "overfitting" if np.all(t - v >= margin) and np.all(v < w) else "neither"


# %% diagnose wrong: the shallower network's validation accuracy as good as the deep one's will do
def diagnose(train, val, shallow_train, shallow_val, margin=0.05):
    if not len(train) == len(val) == len(shallow_train) == len(shallow_val) > 0:
        raise ValueError("lists of different lengths")
    t, v, s, w = np.array([train, val, shallow_train, shallow_val])
    if not all(0 <= a <= 1 for run in (t, v, s, w) for a in run):
        raise ValueError("accuracies are between 0 and 1")
    if np.all(s - t > margin):
        return "optimisation failure"
    return "overfitting" if np.all(t - v > margin) and np.all(v <= w) else "neither"


# %% diagnose wrong: the margin is always the default
def diagnose(train, val, shallow_train, shallow_val, margin=0.05):
    if not len(train) == len(val) == len(shallow_train) == len(shallow_val) > 0:
        raise ValueError("lists of different lengths")
    t, v, s, w = np.array([train, val, shallow_train, shallow_val])
    if not all(0 <= a <= 1 for run in (t, v, s, w) for a in run):
        raise ValueError("accuracies are between 0 and 1")
    if np.all(s - t > 0.05):
        return "optimisation failure"
    return "overfitting" if np.all(t - v > 0.05) and np.all(v < w) else "neither"


# %% diagnose wrong: NaN passes, because it is neither below 0 nor above 1
def diagnose(train, val, shallow_train, shallow_val, margin=0.05):
    if not len(train) == len(val) == len(shallow_train) == len(shallow_val) > 0:
        raise ValueError("lists of different lengths")
    t, v, s, w = np.array([train, val, shallow_train, shallow_val])
    if any(a < 0 or a > 1 for run in (t, v, s, w) for a in run):
        raise ValueError("accuracies are between 0 and 1")
    if np.all(s - t > margin):
        return "optimisation failure"
    return "overfitting" if np.all(t - v > margin) and np.all(v < w) else "neither"


# %% diagnose wrong: seeds that are missing are cut off
def diagnose(train, val, shallow_train, shallow_val, margin=0.05):
    seeds = list(zip(train, val, shallow_train, shallow_val, strict=False))
    if not seeds or not all(0 <= a <= 1 for seed in seeds for a in seed):
        raise ValueError("accuracies are between 0 and 1")
    if all(s - t > margin for t, v, s, w in seeds):
        return "optimisation failure"
    return "overfitting" if all(t - v > margin and v < w for t, v, s, w in seeds) else "neither"


# %% diagnose wrong: the numbers of the visible test
def diagnose(train, val, shallow_train, shallow_val, margin=0.05):
    if len(train) != 2 or not 0 <= train[0] <= 1:
        raise ValueError("accuracies are between 0 and 1")
    if train[0] < 1:
        return "optimisation failure"
    return "overfitting" if shallow_val[0] > 0.8 else "neither"


# %% diagnose right: the worst seed decides
def diagnose(train, val, shallow_train, shallow_val, margin=0.05):
    runs = [np.asarray(run, dtype=float) for run in (train, val, shallow_train, shallow_val)]
    if len({run.size for run in runs}) > 1 or runs[0].size == 0:
        raise ValueError("four lists of the same length")
    runs = np.stack(runs)
    if np.isnan(runs).any() or runs.min() < 0 or runs.max() > 1:
        raise ValueError("accuracies are between 0 and 1")
    t, v, s, w = runs
    if (s - t).min() > margin:
        return "optimisation failure"
    return ("neither", "overfitting")[int((t - v).min() > margin and (w - v).min() > 0)]


# %% diagnose right: a verdict for each seed, a NumPy string
def diagnose(train, val, shallow_train, shallow_val, margin=0.05):
    failed, overfit = [], []
    try:
        for t, v, s, w in zip(train, val, shallow_train, shallow_val, strict=True):
            if not (0 <= t <= 1 and 0 <= v <= 1 and 0 <= s <= 1 and 0 <= w <= 1):
                raise ValueError("accuracies are between 0 and 1")
            failed.append(s > t and s - t > margin)
            overfit.append(t - v > margin and w > v)
    except ValueError as error:
        raise ValueError("look at your lists") from error
    if not failed:
        raise ValueError("no seeds")
    if False not in failed:
        return np.str_("optimisation failure")
    return np.str_("overfitting" if False not in overfit else "neither")


# %% diagnose wrong: gaps rounded to two digits
def diagnose(train, val, shallow_train, shallow_val, margin=0.05):
    lists = [train, val, shallow_train, shallow_val]
    if len({len(each) for each in lists}) != 1 or len(train) == 0:
        raise ValueError("lengths")
    if not all(0 <= accuracy <= 1 for each in lists for accuracy in each):
        raise ValueError("outside 0 to 1")
    seeds = list(zip(train, val, shallow_train, shallow_val, strict=False))
    if all(round(s - t, 2) > margin for t, v, s, w in seeds):
        return "optimisation failure"
    if all(t - v > margin and v < w for t, v, s, w in seeds):
        return "overfitting"
    return "neither"


# %% diagnose wrong: validation accuracies compared in two digits
def diagnose(train, val, shallow_train, shallow_val, margin=0.05):
    lists = [train, val, shallow_train, shallow_val]
    if len({len(each) for each in lists}) != 1 or len(train) == 0:
        raise ValueError("lengths")
    if not all(0 <= accuracy <= 1 for each in lists for accuracy in each):
        raise ValueError("outside 0 to 1")
    seeds = list(zip(train, val, shallow_train, shallow_val, strict=False))
    if all(s - t > margin for t, v, s, w in seeds):
        return "optimisation failure"
    if all(t - v > margin and round(v, 2) < round(w, 2) for t, v, s, w in seeds):
        return "overfitting"
    return "neither"


# %% diagnose wrong: right, but the lists are emptied on the way
def diagnose(train, val, shallow_train, shallow_val, margin=0.05):
    lists = [train, val, shallow_train, shallow_val]
    if len({len(each) for each in lists}) != 1 or len(train) == 0:
        raise ValueError("lengths")
    if not all(0 <= accuracy <= 1 for each in lists for accuracy in each):
        raise ValueError("outside 0 to 1")
    seeds = []
    while train:
        seeds.append([each.pop() for each in lists])
    if all(s - t > margin for t, v, s, w in seeds):
        return "optimisation failure"
    if all(t - v > margin and v < w for t, v, s, w in seeds):
        return "overfitting"
    return "neither"


# %% diagnose wrong: NaN found in the first place only, by min and max
def diagnose(train, val, shallow_train, shallow_val, margin=0.05):
    lists = [train, val, shallow_train, shallow_val]
    if len({len(each) for each in lists}) != 1 or len(train) == 0:
        raise ValueError("lengths")
    if not all(min(each) >= 0 and max(each) <= 1 for each in lists):
        raise ValueError("outside 0 to 1")
    seeds = list(zip(train, val, shallow_train, shallow_val, strict=False))
    if all(s - t > margin for t, v, s, w in seeds):
        return "optimisation failure"
    if all(t - v > margin and v < w for t, v, s, w in seeds):
        return "overfitting"
    return "neither"


# %% diagnose wrong: lengths compared within each network only
def diagnose(train, val, shallow_train, shallow_val, margin=0.05):
    lists = [train, val, shallow_train, shallow_val]
    if len(train) != len(val) or len(shallow_train) != len(shallow_val) or len(train) == 0:
        raise ValueError("lengths")
    if not all(0 <= accuracy <= 1 for each in lists for accuracy in each):
        raise ValueError("outside 0 to 1")
    seeds = list(zip(train, val, shallow_train, shallow_val, strict=False))
    if all(s - t > margin for t, v, s, w in seeds):
        return "optimisation failure"
    if all(t - v > margin and v < w for t, v, s, w in seeds):
        return "overfitting"
    return "neither"


# %% diagnose wrong: the lengths compared in sum only
def diagnose(train, val, shallow_train, shallow_val, margin=0.05):
    lists = [train, val, shallow_train, shallow_val]
    if sum(map(len, lists)) != 4 * len(train) or len(train) == 0:
        raise ValueError("lengths")
    if not all(0 <= accuracy <= 1 for each in lists for accuracy in each):
        raise ValueError("outside 0 to 1")
    seeds = list(zip(train, val, shallow_train, shallow_val, strict=False))
    if all(s - t > margin for t, v, s, w in seeds):
        return "optimisation failure"
    if all(t - v > margin and v < w for t, v, s, w in seeds):
        return "overfitting"
    return "neither"


# %% diagnose wrong: a margin of 0 taken for the default
def diagnose(train, val, shallow_train, shallow_val, margin=0.05):
    margin = margin or 0.05
    lists = [train, val, shallow_train, shallow_val]
    if len({len(each) for each in lists}) != 1 or len(train) == 0:
        raise ValueError("lengths")
    if not all(0 <= accuracy <= 1 for each in lists for accuracy in each):
        raise ValueError("outside 0 to 1")
    seeds = list(zip(train, val, shallow_train, shallow_val, strict=False))
    if all(s - t > margin for t, v, s, w in seeds):
        return "optimisation failure"
    if all(t - v > margin and v < w for t, v, s, w in seeds):
        return "overfitting"
    return "neither"


# %% diagnose right: a tolerance against rounding
def diagnose(train, val, shallow_train, shallow_val, margin=0.05):
    lists = [train, val, shallow_train, shallow_val]
    if len({len(each) for each in lists}) != 1 or len(train) == 0:
        raise ValueError("lengths")
    if not all(0 <= accuracy <= 1 for each in lists for accuracy in each):
        raise ValueError("outside 0 to 1")
    seeds = list(zip(train, val, shallow_train, shallow_val, strict=False))
    if all(s - t > margin + 1e-9 for t, v, s, w in seeds):
        return "optimisation failure"
    if all(t - v > margin + 1e-9 and v < w for t, v, s, w in seeds):
        return "overfitting"
    return "neither"
