"""Answers to assignment 10 that must lose their marks, and others that must keep them (see tests/mutations.py)."""

import numpy as np
from scipy.special import logsumexp

run = ...  # which the assignment's first cell gives


# %% kinds wrong: a copy is looked at by itself too
def kinds(x):
    n, T = x.shape
    copy = (x[:, :, None] == x[:, None]) & np.tri(T, dtype=bool)
    answer = np.zeros((n, T, T), bool)
    answer[:, :, 1:] = copy[:, :, :-1]
    return {"before": np.tile(np.eye(T, k=-1, dtype=bool), (n, 1, 1)), "copy": copy, "answer": answer}


# %% kinds wrong: later copies too
def kinds(x):
    n, T = x.shape
    copy = (x[:, :, None] == x[:, None]) & ~np.eye(T, dtype=bool)
    answer = np.zeros((n, T, T), bool)
    answer[:, :, 1:] = copy[:, :, :-1]
    return {"before": np.tile(np.eye(T, k=-1, dtype=bool), (n, 1, 1)), "copy": copy, "answer": answer}


# %% kinds wrong: the position after instead of the one before
def kinds(x):
    n, T = x.shape
    copy = (x[:, :, None] == x[:, None]) & np.tri(T, k=-1, dtype=bool)
    answer = np.zeros((n, T, T), bool)
    answer[:, :, 1:] = copy[:, :, :-1]
    return {"before": np.tile(np.eye(T, k=1, dtype=bool), (n, 1, 1)), "copy": copy, "answer": answer}


# %% kinds wrong: the answer stands before the copy
def kinds(x):
    n, T = x.shape
    copy = (x[:, :, None] == x[:, None]) & np.tri(T, k=-1, dtype=bool)
    answer = np.zeros((n, T, T), bool)
    answer[:, :, :-1] = copy[:, :, 1:]
    return {"before": np.tile(np.eye(T, k=-1, dtype=bool), (n, 1, 1)), "copy": copy, "answer": answer}


# %% kinds wrong: the answer is the copy
def kinds(x):
    n, T = x.shape
    copy = (x[:, :, None] == x[:, None]) & np.tri(T, k=-1, dtype=bool)
    answer = np.zeros((n, T, T), bool)
    answer = copy
    return {"before": np.tile(np.eye(T, k=-1, dtype=bool), (n, 1, 1)), "copy": copy, "answer": answer}


# %% kinds wrong: the answer is never the position itself
def kinds(x):
    n, T = x.shape
    copy = (x[:, :, None] == x[:, None]) & np.tri(T, k=-1, dtype=bool)
    answer = np.zeros((n, T, T), bool)
    answer[:, :, 1:] = copy[:, :, :-1]
    answer &= ~np.eye(T, dtype=bool)
    return {"before": np.tile(np.eye(T, k=-1, dtype=bool), (n, 1, 1)), "copy": copy, "answer": answer}


# %% kinds wrong: np.roll brings the last column round to the first
def kinds(x):
    n, T = x.shape
    same = x[:, :, None] == x[:, None]
    copy = same & np.tri(T, k=-1, dtype=bool)
    answer = (x[:, :, None] == np.roll(x, 1, axis=1)[:, None]) & np.tri(T, dtype=bool)
    return {"before": np.tile(np.eye(T, k=-1, dtype=bool), (n, 1, 1)), "copy": copy, "answer": answer}


# %% kinds wrong: only the latest copy
def kinds(x):
    n, T = x.shape
    copy = (x[:, :, None] == x[:, None]) & np.tri(T, k=-1, dtype=bool)
    copy &= copy[:, :, ::-1].cumsum(axis=2)[:, :, ::-1] == 1
    answer = np.zeros((n, T, T), bool)
    answer[:, :, 1:] = copy[:, :, :-1]
    return {"before": np.tile(np.eye(T, k=-1, dtype=bool), (n, 1, 1)), "copy": copy, "answer": answer}


# %% kinds wrong: only the first copy
def kinds(x):
    n, T = x.shape
    copy = (x[:, :, None] == x[:, None]) & np.tri(T, k=-1, dtype=bool)
    copy &= copy.cumsum(axis=2) == 1
    answer = np.zeros((n, T, T), bool)
    answer[:, :, 1:] = copy[:, :, :-1]
    return {"before": np.tile(np.eye(T, k=-1, dtype=bool), (n, 1, 1)), "copy": copy, "answer": answer}


# %% kinds wrong: places and those who look exchanged
def kinds(x):
    n, T = x.shape
    copy = (x[:, :, None] == x[:, None]) & np.tri(T, k=-1, dtype=bool)
    answer = np.zeros((n, T, T), bool)
    answer[:, :, 1:] = copy[:, :, :-1]
    return {
        "before": np.tile(np.eye(T, k=-1, dtype=bool), (n, 1, 1)),
        "copy": copy.swapaxes(1, 2),
        "answer": answer.swapaxes(1, 2),
    }


# %% kinds wrong: the first row's copies for all
def kinds(x):
    n, T = x.shape
    copy = (np.repeat(x[:1, :, None] == x[:1, None], n, axis=0)) & np.tri(T, k=-1, dtype=bool)
    answer = np.zeros((n, T, T), bool)
    answer[:, :, 1:] = copy[:, :, :-1]
    return {"before": np.tile(np.eye(T, k=-1, dtype=bool), (n, 1, 1)), "copy": copy, "answer": answer}


# %% kinds wrong: position 0 looks at itself
def kinds(x):
    n, T = x.shape
    copy = (x[:, :, None] == x[:, None]) & np.tri(T, k=-1, dtype=bool)
    answer = np.zeros((n, T, T), bool)
    answer[:, :, 1:] = copy[:, :, :-1]
    return {
        "before": np.tile(np.eye(T, k=-1, dtype=bool) | (np.arange(T) + np.arange(T)[:, None] == 0), (n, 1, 1)),
        "copy": copy,
        "answer": answer,
    }


# %% kinds wrong: numbers in place of bool
def kinds(x):
    n, T = x.shape
    copy = (x[:, :, None] == x[:, None]) & np.tri(T, k=-1, dtype=bool)
    answer = np.zeros((n, T, T), bool)
    answer[:, :, 1:] = copy[:, :, :-1]
    return {
        "before": np.tile(np.eye(T, k=-1, dtype=bool), (n, 1, 1)),
        "copy": copy.astype(int),
        "answer": answer.astype(int),
    }


# %% kinds wrong: the numbers of the visible test
def kinds(x):
    table = np.zeros((3, 2, 4, 4), bool)
    table[0, :, [1, 2, 3], [0, 1, 2]] = True
    table[1, 0, [2, 3], [0, 1]] = table[1, 1, [1, 3, 3], [0, 0, 1]] = True
    table[2, 0, [2, 3], [1, 2]] = table[2, 1, [1, 3, 3], [1, 1, 2]] = True
    return dict(zip(("before", "copy", "answer"), table, strict=True))


# %% kinds right: loops and lists
def kinds(x):
    n, T = x.shape
    found = {kind: np.full((n, T, T), False) for kind in ("answer", "copy", "before")}
    for r in range(n):
        for i in range(1, T):
            found["before"][r, i, i - 1] = True
            for j in range(i):
                if x[r, j] == x[r, i]:
                    found["copy"][r, i, j] = found["answer"][r, i, j + 1] = True
    return found


# %% kinds right: a product with a shift
def kinds(x):
    n, T = x.shape
    i, j = np.indices((T, T))
    shift = (j == i + 1).astype(int)
    copy = (np.equal.outer(x, x)[np.arange(n), :, np.arange(n)] * (j < i)).astype(int)
    before = np.broadcast_to(i - j == 1, (n, T, T))
    return {"before": before, "copy": copy > 0, "answer": copy @ shift > 0}


# %% score wrong: the mean over all positions
def score(looks, where):
    counts = where.any(axis=2)
    if not counts.any():
        raise ValueError("where is False throughout; give a table with a place to look at")
    there = (looks * where[:, None]).sum(axis=3)
    return there.mean(axis=(0, 2))


# %% score wrong: row by row first
def score(looks, where):
    counts = where.any(axis=2)
    if not counts.any():
        raise ValueError("where is False throughout; give a table with a place to look at")
    there = (looks * where[:, None]).sum(axis=3)
    return np.mean([t[:, c].mean(axis=1) for t, c in zip(there, counts, strict=True) if c.any()], axis=0)


# %% score wrong: the sum over positions
def score(looks, where):
    counts = where.any(axis=2)
    if not counts.any():
        raise ValueError("where is False throughout; give a table with a place to look at")
    there = (looks * where[:, None]).sum(axis=3)
    return there.swapaxes(1, 2)[counts].sum(axis=0)


# %% score wrong: the mean over places instead of their sum
def score(looks, where):
    counts = where.any(axis=2)
    if not counts.any():
        raise ValueError("where is False throughout; give a table with a place to look at")
    there = (looks * where[:, None]).sum(axis=3) / np.maximum(where.sum(axis=2), 1)[:, None]
    return there.swapaxes(1, 2)[counts].mean(axis=0)


# %% score wrong: the largest place instead of the sum
def score(looks, where):
    counts = where.any(axis=2)
    if not counts.any():
        raise ValueError("where is False throughout; give a table with a place to look at")
    there = (looks * where[:, None]).max(axis=3)
    return there.swapaxes(1, 2)[counts].mean(axis=0)


# %% score wrong: summed over those who look, not over what is looked at
def score(looks, where):
    counts = where.any(axis=1)
    if not counts.any():
        raise ValueError("where is False throughout; give a table with a place to look at")
    there = (looks * where[:, None]).sum(axis=2)
    return there.swapaxes(1, 2)[counts].mean(axis=0)


# %% score wrong: positions count by rows that have any
def score(looks, where):
    counts = np.repeat(where.any(axis=(1, 2))[:, None], where.shape[1], axis=1)
    if not counts.any():
        raise ValueError("where is False throughout; give a table with a place to look at")
    there = (looks * where[:, None]).sum(axis=3)
    return there.swapaxes(1, 2)[counts].mean(axis=0)


# %% score wrong: every position but the first counts
def score(looks, where):
    counts = where.any(axis=2)
    counts[:, 1:] = True
    if not counts.any():
        raise ValueError("where is False throughout; give a table with a place to look at")
    there = (looks * where[:, None]).sum(axis=3)
    return there.swapaxes(1, 2)[counts].mean(axis=0)


# %% score wrong: positions count if they are places to look at
def score(looks, where):
    counts = where.any(axis=2)
    if not counts.any():
        raise ValueError("where is False throughout; give a table with a place to look at")
    there = (looks * where[:, None]).sum(axis=3)
    return there.swapaxes(1, 2)[where.any(axis=1)].mean(axis=0)


# %% score wrong: how often the head's largest weight is there
def score(looks, where):
    counts = where.any(axis=2)
    if not counts.any():
        raise ValueError("where is False throughout; give a table with a place to look at")
    there = np.take_along_axis(
        np.repeat(where[:, None], looks.shape[1], axis=1), looks.argmax(axis=3)[..., None], axis=3
    )[..., 0]
    return there.swapaxes(1, 2)[counts].mean(axis=0)


# %% score wrong: heads averaged
def score(looks, where):
    counts = where.any(axis=2)
    if not counts.any():
        raise ValueError("where is False throughout; give a table with a place to look at")
    there = (looks * where[:, None]).sum(axis=3)
    return there.swapaxes(1, 2)[counts].mean() * np.ones(looks.shape[1])


# %% score wrong: NaN instead of an error
def score(looks, where):
    counts = where.any(axis=2)
    there = (looks * where[:, None]).sum(axis=3)
    return there.swapaxes(1, 2)[counts].mean(axis=0)


# %% score wrong: zeros instead of an error
def score(looks, where):
    counts = where.any(axis=2)
    if not counts.any():
        return np.zeros(looks.shape[1])
    there = (looks * where[:, None]).sum(axis=3)
    return there.swapaxes(1, 2)[counts].mean(axis=0)


# %% score wrong: the numbers of the visible test
def score(looks, where):
    if looks.shape[1] == 2:
        return np.array([2 / 3, 0.625 / 3])
    return np.array([0.75 if where.sum() == 2 else 2 / 3])


# %% score wrong: changes its argument
def score(looks, where):
    counts = where.any(axis=2)
    if not counts.any():
        raise ValueError("where")
    looks *= where[:, None]
    return looks.sum(axis=3).swapaxes(1, 2)[counts].mean(axis=0) if looks.shape[1] != 1 or True else 0


# %% score right: einsum, divided by how many count
def score(looks, where):
    counted = np.count_nonzero(where.any(axis=-1))
    if counted == 0:
        raise ValueError("nothing to look at")
    return np.einsum("nhij,nij->h", looks, where.astype(float)) / counted


# %% score right: head by head, position by position
def score(looks, where):
    result = []
    for head in range(looks.shape[1]):
        given = [
            looks[r, head, i][line].sum()
            for r, table in enumerate(where)
            for i, line in enumerate(table)
            if True in line
        ]
        if not given:
            raise ValueError("no position counts")
        result.append(sum(given) / len(given))
    return result


# %% nats wrong: every position counts
def nats(logits, x):
    certain = np.ones(x[:, 1:].shape, bool)
    if not certain.any():
        raise ValueError("no token stands twice and is followed by another; give longer rows")
    ahead = logits[:, :-1] - logits[:, :-1].max(axis=2, keepdims=True)
    came = np.take_along_axis(ahead, x[:, 1:, None], axis=2)[:, :, 0]
    return float((np.log(np.exp(ahead).sum(axis=2)) - came)[certain].mean())


# %% nats wrong: positions whose next token has a copy
def nats(logits, x):
    earlier = (x[:, :, None] == x[:, None]) & np.tri(x.shape[1], k=-1, dtype=bool)
    certain = earlier.any(axis=2)[:, 1:]
    if not certain.any():
        raise ValueError("no token stands twice and is followed by another; give longer rows")
    ahead = logits[:, :-1] - logits[:, :-1].max(axis=2, keepdims=True)
    came = np.take_along_axis(ahead, x[:, 1:, None], axis=2)[:, :, 0]
    return float((np.log(np.exp(ahead).sum(axis=2)) - came)[certain].mean())


# %% nats wrong: logits of the position that came, not of the one before
def nats(logits, x):
    earlier = (x[:, :, None] == x[:, None]) & np.tri(x.shape[1], k=-1, dtype=bool)
    certain = earlier.any(axis=2)[:, :-1]
    if not certain.any():
        raise ValueError("no token stands twice and is followed by another; give longer rows")
    ahead = logits[:, 1:] - logits[:, 1:].max(axis=2, keepdims=True)
    came = np.take_along_axis(ahead, x[:, 1:, None], axis=2)[:, :, 0]
    return float((np.log(np.exp(ahead).sum(axis=2)) - came)[certain].mean())


# %% nats wrong: row by row first
def nats(logits, x):
    earlier = (x[:, :, None] == x[:, None]) & np.tri(x.shape[1], k=-1, dtype=bool)
    certain = earlier.any(axis=2)[:, :-1]
    if not certain.any():
        raise ValueError("no token stands twice and is followed by another; give longer rows")
    ahead = logits[:, :-1] - logits[:, :-1].max(axis=2, keepdims=True)
    came = np.take_along_axis(ahead, x[:, 1:, None], axis=2)[:, :, 0]
    return float(
        np.mean(
            [row[c].mean() for row, c in zip(np.log(np.exp(ahead).sum(axis=2)) - came, certain, strict=True) if c.any()]
        )
    )


# %% nats wrong: the sum in place of the mean
def nats(logits, x):
    earlier = (x[:, :, None] == x[:, None]) & np.tri(x.shape[1], k=-1, dtype=bool)
    certain = earlier.any(axis=2)[:, :-1]
    if not certain.any():
        raise ValueError("no token stands twice and is followed by another; give longer rows")
    ahead = logits[:, :-1] - logits[:, :-1].max(axis=2, keepdims=True)
    came = np.take_along_axis(ahead, x[:, 1:, None], axis=2)[:, :, 0]
    return float((np.log(np.exp(ahead).sum(axis=2)) - came)[certain].sum())


# %% nats wrong: in bits
def nats(logits, x):
    earlier = (x[:, :, None] == x[:, None]) & np.tri(x.shape[1], k=-1, dtype=bool)
    certain = earlier.any(axis=2)[:, :-1]
    if not certain.any():
        raise ValueError("no token stands twice and is followed by another; give longer rows")
    ahead = logits[:, :-1] - logits[:, :-1].max(axis=2, keepdims=True)
    came = np.take_along_axis(ahead, x[:, 1:, None], axis=2)[:, :, 0]
    return float((np.log(np.exp(ahead).sum(axis=2)) - came)[certain].mean() / np.log(2))


# %% nats wrong: softmax over positions
def nats(logits, x):
    earlier = (x[:, :, None] == x[:, None]) & np.tri(x.shape[1], k=-1, dtype=bool)
    certain = earlier.any(axis=2)[:, :-1]
    if not certain.any():
        raise ValueError("no token stands twice and is followed by another; give longer rows")
    ahead = logits[:, :-1] - logits[:, :-1].max(axis=1, keepdims=True)
    came = np.take_along_axis(ahead, x[:, 1:, None], axis=2)[:, :, 0]
    return float(
        (np.log(np.exp(ahead).sum(axis=1, keepdims=True))[:, 0].mean(axis=1, keepdims=True) - came)[certain].mean()
    )


# %% nats wrong: exponentials that overflow
def nats(logits, x):
    earlier = (x[:, :, None] == x[:, None]) & np.tri(x.shape[1], k=-1, dtype=bool)
    certain = earlier.any(axis=2)[:, :-1]
    if not certain.any():
        raise ValueError("no token stands twice and is followed by another; give longer rows")
    ahead = logits[:, :-1]
    came = np.take_along_axis(ahead, x[:, 1:, None], axis=2)[:, :, 0]
    return float((np.log(np.exp(ahead).sum(axis=2)) - came)[certain].mean())


# %% nats wrong: a probability of zero cut off at a small number
def nats(logits, x):
    earlier = (x[:, :, None] == x[:, None]) & np.tri(x.shape[1], k=-1, dtype=bool)
    certain = earlier.any(axis=2)[:, :-1]
    if not certain.any():
        raise ValueError("no token stands twice and is followed by another; give longer rows")
    ahead = logits[:, :-1] - logits[:, :-1].max(axis=2, keepdims=True)
    came = np.take_along_axis(ahead, x[:, 1:, None], axis=2)[:, :, 0]
    return float(-np.log(np.maximum(np.exp(came) / np.exp(ahead).sum(axis=2), 1e-300))[certain].mean())


# %% nats wrong: the token itself is predicted
def nats(logits, x):
    earlier = (x[:, :, None] == x[:, None]) & np.tri(x.shape[1], k=-1, dtype=bool)
    certain = earlier.any(axis=2)[:, :-1]
    if not certain.any():
        raise ValueError("no token stands twice and is followed by another; give longer rows")
    ahead = logits[:, :-1] - logits[:, :-1].max(axis=2, keepdims=True)
    came = np.take_along_axis(ahead, x[:, :-1, None], axis=2)[:, :, 0]
    return float((np.log(np.exp(ahead).sum(axis=2)) - came)[certain].mean())


# %% nats wrong: minus the logit without a softmax
def nats(logits, x):
    earlier = (x[:, :, None] == x[:, None]) & np.tri(x.shape[1], k=-1, dtype=bool)
    certain = earlier.any(axis=2)[:, :-1]
    if not certain.any():
        raise ValueError("no token stands twice and is followed by another; give longer rows")
    ahead = logits[:, :-1] - logits[:, :-1].max(axis=2, keepdims=True)
    came = np.take_along_axis(ahead, x[:, 1:, None], axis=2)[:, :, 0]
    return float((-came)[certain].mean())


# %% nats wrong: copies anywhere in the row
def nats(logits, x):
    earlier = (x[:, :, None] == x[:, None]) & ~np.eye(x.shape[1], dtype=bool)
    certain = earlier.any(axis=2)[:, :-1]
    if not certain.any():
        raise ValueError("no token stands twice and is followed by another; give longer rows")
    ahead = logits[:, :-1] - logits[:, :-1].max(axis=2, keepdims=True)
    came = np.take_along_axis(ahead, x[:, 1:, None], axis=2)[:, :, 0]
    return float((np.log(np.exp(ahead).sum(axis=2)) - came)[certain].mean())


# %% nats wrong: the last position counts too, with the first as its next
def nats(logits, x):
    earlier = (x[:, :, None] == x[:, None]) & np.tri(x.shape[1], k=-1, dtype=bool)
    certain = earlier.any(axis=2)
    if not certain.any():
        raise ValueError("no token stands twice and is followed by another; give longer rows")
    ahead = logits - logits.max(axis=2, keepdims=True)
    came = np.take_along_axis(ahead, np.roll(x, -1, axis=1)[:, :, None], axis=2)[:, :, 0]
    return float((np.log(np.exp(ahead).sum(axis=2)) - came)[certain].mean())


# %% nats wrong: NaN instead of an error
def nats(logits, x):
    earlier = (x[:, :, None] == x[:, None]) & np.tri(x.shape[1], k=-1, dtype=bool)
    certain = earlier.any(axis=2)[:, :-1]
    ahead = logits[:, :-1] - logits[:, :-1].max(axis=2, keepdims=True)
    came = np.take_along_axis(ahead, x[:, 1:, None], axis=2)[:, :, 0]
    return float((np.log(np.exp(ahead).sum(axis=2)) - came)[certain].mean())


# %% nats wrong: mean probability, then its logarithm
def nats(logits, x):
    earlier = (x[:, :, None] == x[:, None]) & np.tri(x.shape[1], k=-1, dtype=bool)
    certain = earlier.any(axis=2)[:, :-1]
    if not certain.any():
        raise ValueError("no token stands twice and is followed by another; give longer rows")
    ahead = logits[:, :-1] - logits[:, :-1].max(axis=2, keepdims=True)
    came = np.take_along_axis(ahead, x[:, 1:, None], axis=2)[:, :, 0]
    return float(-np.log((np.exp(came) / np.exp(ahead).sum(axis=2))[certain].mean()))


# %% nats wrong: the numbers of the visible test
def nats(logits, x):
    return {0: np.log(3), 9: np.log(4)}.get(logits.max(), 1000 * np.log(2.5))


# %% nats right: SciPy, position by position
def nats(logits, x):
    each = [
        logsumexp(said[i]) - said[i][row[i + 1]]
        for said, row in zip(np.asarray(logits, float), x.tolist(), strict=True)
        for i in range(1, len(row) - 1)
        if row[i] in row[:i]
    ]
    if not each:
        raise ValueError("nothing is certain")
    return sum(each) / len(each)


# %% nats right: np.logaddexp, weights of 0 and 1
def nats(logits, x):
    n, T, _ = logits.shape
    weight = np.array([[float(t in row[:i].tolist()) for i, t in enumerate(row[:-1])] for row in x]).reshape(n, T - 1)
    if weight.sum() == 0:
        raise ValueError("no weights")
    said = logits[:, : T - 1].astype(float)
    right = said[np.arange(n)[:, None], np.arange(T - 1), x[:, 1:]]
    return (weight * (np.logaddexp.reduce(said, axis=2) - right)).sum() / weight.sum()


# %% cut wrong: zeros
def cut(writes, heads):
    writes = np.array(writes, dtype=float)
    for head in heads:
        writes[:, head] = 0
    return writes


# %% cut wrong: the mean over rows and positions
def cut(writes, heads):
    writes = np.array(writes, dtype=float)
    for head in heads:
        writes[:, head] = writes[:, head].mean(axis=(0, 1))
    return writes


# %% cut wrong: the mean over positions
def cut(writes, heads):
    writes = np.array(writes, dtype=float)
    for head in heads:
        writes[:, head] = writes[:, head].mean(axis=1, keepdims=True)
    return writes


# %% cut wrong: the mean over the other heads
def cut(writes, heads):
    writes = np.array(writes, dtype=float)
    for head in heads:
        writes[:, head] = np.asarray(writes).mean(axis=1)
    return writes


# %% cut wrong: the first head, whichever was named
def cut(writes, heads):
    writes = np.array(writes, dtype=float)
    for head in heads and [0]:
        writes[:, head] = writes[:, head].mean(axis=0)
    return writes


# %% cut wrong: the others are cut
def cut(writes, heads):
    writes = np.array(writes, dtype=float)
    for head in set(range(writes.shape[1])) - set(heads):
        writes[:, head] = writes[:, head].mean(axis=0)
    return writes


# %% cut wrong: positions in place of heads
def cut(writes, heads):
    writes = np.array(writes, dtype=float)
    for head in heads:
        writes[:, :, head % writes.shape[2]] = writes[:, :, head % writes.shape[2]].mean(axis=0)
    return writes


# %% cut wrong: the first row for all
def cut(writes, heads):
    writes = np.array(writes, dtype=float)
    for head in heads:
        writes[:, head] = writes[0, head]
    return writes


# %% cut wrong: the median
def cut(writes, heads):
    writes = np.array(writes, dtype=float)
    for head in heads:
        writes[:, head] = np.median(writes[:, head], axis=0)
    return writes


# %% cut wrong: only the first of the heads
def cut(writes, heads):
    writes = np.array(writes, dtype=float)
    for head in heads[:1]:
        writes[:, head] = writes[:, head].mean(axis=0)
    return writes


# %% cut wrong: changes its argument
def cut(writes, heads):
    for head in heads:
        writes[:, head] = writes[:, head].mean(axis=0)
    return writes


# %% cut wrong: whole numbers stay whole
def cut(writes, heads):
    writes = np.array(writes)
    for head in heads:
        writes[:, head] = writes[:, head].mean(axis=0)
    return writes


# %% cut wrong: the numbers of the visible test
def cut(writes, heads):
    return np.array([[[[2.0], [20.0]], [[5.0], [7.0]]], [[[2.0], [20.0]], [[6.0], [9.0]]]])


# %% cut right: where
def cut(writes, heads):
    chosen = np.isin(np.arange(writes.shape[1]), heads)[None, :, None, None]
    return np.where(chosen, writes.mean(axis=0, keepdims=True), writes)


# %% cut right: a list of heads, put together again
def cut(writes, heads):
    n = len(writes)
    parts = [sum(part) / n * np.ones((n, 1, 1)) if h in heads else part for h, part in enumerate(writes.swapaxes(0, 1))]
    return np.stack(parts, axis=1)


# %% costs wrong: zeros in place of the mean
def costs(w, x, cuts, loss):
    whole, lost = loss(run(w, x)[0], x), []
    for layer, heads in cuts:

        def change(here, writes, layer=layer, heads=heads):
            writes = writes.copy()
            for head in heads if here == layer else []:
                writes[:, head] = 0
            return writes

        lost.append(loss(run(w, x, change)[0], x) - whole)
    return np.array(lost)


# %% costs wrong: the mean over rows and positions
def costs(w, x, cuts, loss):
    whole, lost = loss(run(w, x)[0], x), []
    for layer, heads in cuts:

        def change(here, writes, layer=layer, heads=heads):
            writes = writes.copy()
            for head in heads if here == layer else []:
                writes[:, head] = writes[:, head].mean(axis=(0, 1))
            return writes

        lost.append(loss(run(w, x, change)[0], x) - whole)
    return np.array(lost)


# %% costs wrong: the loss without the cut not taken off
def costs(w, x, cuts, loss):
    lost = []
    for layer, heads in cuts:

        def change(here, writes, layer=layer, heads=heads):
            writes = writes.copy()
            for head in heads if here == layer else []:
                writes[:, head] = writes[:, head].mean(axis=0)
            return writes

        lost.append(loss(run(w, x, change)[0], x))
    return np.array(lost)


# %% costs wrong: with its sign turned
def costs(w, x, cuts, loss):
    whole, lost = loss(run(w, x)[0], x), []
    for layer, heads in cuts:

        def change(here, writes, layer=layer, heads=heads):
            writes = writes.copy()
            for head in heads if here == layer else []:
                writes[:, head] = writes[:, head].mean(axis=0)
            return writes

        lost.append(whole - loss(run(w, x, change)[0], x))
    return np.array(lost)


# %% costs wrong: as a share of the loss of the whole network
def costs(w, x, cuts, loss):
    whole, lost = loss(run(w, x)[0], x), []
    for layer, heads in cuts:

        def change(here, writes, layer=layer, heads=heads):
            writes = writes.copy()
            for head in heads if here == layer else []:
                writes[:, head] = writes[:, head].mean(axis=0)
            return writes

        lost.append((loss(run(w, x, change)[0], x) - whole) / (abs(whole) or 1))
    return np.array(lost)


# %% costs wrong: cut in every layer
def costs(w, x, cuts, loss):
    whole, lost = loss(run(w, x)[0], x), []
    for layer, heads in cuts:

        def change(here, writes, layer=layer, heads=heads):
            writes = writes.copy()
            for head in [h for h in heads if h < writes.shape[1]]:
                writes[:, head] = writes[:, head].mean(axis=0)
            return writes

        lost.append(loss(run(w, x, change)[0], x) - whole)
    return np.array(lost)


# %% costs wrong: the head after the one that was named
def costs(w, x, cuts, loss):
    whole, lost = loss(run(w, x)[0], x), []
    for layer, heads in cuts:

        def change(here, writes, layer=layer, heads=heads):
            writes = writes.copy()
            for head in heads if here == layer else []:
                writes[:, (head + 1) % writes.shape[1]] = writes[:, (head + 1) % writes.shape[1]].mean(axis=0)
            return writes

        lost.append(loss(run(w, x, change)[0], x) - whole)
    return np.array(lost)


# %% costs wrong: layers counted from 1
def costs(w, x, cuts, loss):
    whole, lost = loss(run(w, x)[0], x), []
    for layer, heads in cuts:

        def change(here, writes, layer=layer, heads=heads):
            writes = writes.copy()
            for head in heads if here + 1 == layer else []:
                writes[:, head] = writes[:, head].mean(axis=0)
            return writes

        lost.append(loss(run(w, x, change)[0], x) - whole)
    return np.array(lost)


# %% costs wrong: layers counted from the end
def costs(w, x, cuts, loss):
    whole, lost = loss(run(w, x)[0], x), []
    for layer, heads in cuts:

        def change(here, writes, layer=layer, heads=heads):
            writes = writes.copy()
            for head in heads if len(w["layers"]) - 1 - here == layer else []:
                writes[:, head] = writes[:, head].mean(axis=0)
            return writes

        lost.append(loss(run(w, x, change)[0], x) - whole)
    return np.array(lost)


# %% costs wrong: the last cut for all, by a late look at the loop
def costs(w, x, cuts, loss):
    whole, lost = loss(run(w, x)[0], x), []
    for layer, heads in cuts:

        def change(here, writes):
            writes = writes.copy()
            for head in heads if here == layer else []:  # noqa: B023
                writes[:, head] = writes[:, head].mean(axis=0)
            return writes

    lost = [loss(run(w, x, change)[0], x) - whole for _ in cuts]
    return np.array(lost)


# %% costs wrong: heads cut one by one, the costs added up
def costs(w, x, cuts, loss):
    whole, lost = loss(run(w, x)[0], x), []
    for layer, heads in cuts:

        def change(here, writes, layer=layer, heads=heads):
            writes = writes.copy()
            for head in heads if here == layer else []:
                writes[:, head] = writes[:, head].mean(axis=0)
            return writes

        total = 0
        for one in heads:
            total += loss(run(w, x, lambda a, b, one=one: change(a, b, heads=[one]))[0], x) - whole
        lost.append(total)
    return np.array(lost)


# %% costs wrong: only the first of the heads
def costs(w, x, cuts, loss):
    whole, lost = loss(run(w, x)[0], x), []
    for layer, heads in cuts:

        def change(here, writes, layer=layer, heads=heads):
            writes = writes.copy()
            for head in list(heads)[:1] if here == layer else []:
                writes[:, head] = writes[:, head].mean(axis=0)
            return writes

        lost.append(loss(run(w, x, change)[0], x) - whole)
    return np.array(lost)


# %% costs wrong: what was cut stays cut for the next
def costs(w, x, cuts, loss):
    whole, lost = loss(run(w, x)[0], x), []
    done = []
    for layer, heads in cuts:
        done.append((layer, list(heads)))

        def change(here, writes, done=done):
            writes = writes.copy()
            for head in [h for at, hs in done for h in hs if at == here]:
                writes[:, head] = writes[:, head].mean(axis=0)
            return writes

        lost.append(loss(run(w, x, change)[0], x) - whole)
    return np.array(lost)


# %% costs wrong: writes taken out of the last stream, so that no later layer reacts
def costs(w, x, cuts, loss):
    logits, _, writes = run(w, x)
    lost = []
    for layer, heads in cuts:
        gone = sum(
            (writes[layer][:, h] - writes[layer][:, h].mean(axis=0) for h in heads), np.zeros(writes[0][:, 0].shape)
        )
        lost.append(loss(logits - gone @ w["out"], x) - loss(logits, x))
    return np.array(lost)


# %% costs wrong: the head's weights set to zero
def costs(w, x, cuts, loss):
    whole, lost = loss(run(w, x)[0], x), []
    for layer, heads in cuts:
        of = dict(w["layers"][layer])
        of["write"] = of["write"] * ~np.isin(np.arange(len(of["write"])), list(heads))[:, None, None]
        layers = [of if i == layer else other for i, other in enumerate(w["layers"])]
        lost.append(loss(run({**w, "layers": layers}, x)[0], x) - whole)
    return np.array(lost)


# %% costs wrong: beside a cut of the whole layer, not beside the whole network
def costs(w, x, cuts, loss):
    whole, lost = loss(run(w, x, lambda a, b: b if a else b.mean(axis=0, keepdims=True) + 0 * b)[0], x), []
    for layer, heads in cuts:

        def change(here, writes, layer=layer, heads=heads):
            writes = writes.copy()
            for head in heads if here == layer else []:
                writes[:, head] = writes[:, head].mean(axis=0)
            return writes

        lost.append(loss(run(w, x, change)[0], x) - whole)
    return np.array(lost)


# %% costs wrong: the numbers of the visible test
def costs(w, x, cuts, loss):
    return np.array([0.0, 1, 1]) if len(cuts) == 3 else np.array([0.0, 0, 0, 1, 0, 0, 0, 1])


# %% costs right: the mean taken once, from the whole network
def costs(w, x, cuts, loss):
    logits, _, writes = run(w, x)
    usual = [part.mean(axis=0, keepdims=True) for part in writes]
    result = []
    for layer, heads in cuts:
        chosen = np.isin(np.arange(writes[layer].shape[1]), list(heads))[:, None, None]
        without = run(w, x, lambda a, now, at=layer, c=chosen: np.where(c, usual[a], now) if a == at else now)[0]
        result.append(loss(without, x) - loss(logits, x))
    return result


# %% costs right: a forward pass of its own
def costs(w, x, cuts, loss):
    def logits(at=None, heads=()):
        h = w["tokens"][x] + w["places"][: x.shape[1]]
        for i, of in enumerate(w["layers"]):
            q, k, v = (np.einsum("ntw,awd->natd", h, of[name]) for name in ("query", "key", "value"))
            s = np.einsum("natd,nasd->nats", q, k) / np.sqrt(q.shape[-1])
            s = np.where(np.tril(np.ones(s.shape[2:])) > 0, s, -np.inf)
            s = np.exp(s - s.max(axis=-1, keepdims=True))
            write = np.einsum("nats,nasd,adw->natw", s / s.sum(axis=-1, keepdims=True), v, of["write"])
            for head in heads if i == at else ():
                write[:, head] = write[:, head].sum(axis=0) / len(x)
            h = h + write.sum(axis=1)
        return h @ w["out"]

    return np.array([loss(logits(*pair), x) for pair in cuts]) - loss(logits(), x)


# %% verdict wrong: no control
def induction_heads(scores, lost, looks_at=0.5, margin=0.5):
    scores, lost = np.asarray(scores, dtype=float), np.asarray(lost, dtype=float)
    if scores.shape != lost.shape or scores.ndim != 2 or scores.size == 0:
        raise ValueError(f"scores {scores.shape} and lost {lost.shape}; give (draws, heads) for both")
    if np.isnan(scores).any() or np.isnan(lost).any():
        raise ValueError("scores or lost hold NaN; measure again")
    looks = (scores >= looks_at).all(axis=0)
    if looks.all():
        raise ValueError("every head looks at the answer, so none is left as a control")
    return np.flatnonzero(looks & (lost > margin).all(axis=0)).tolist()


# %% verdict wrong: the mean of the control, not its largest
def induction_heads(scores, lost, looks_at=0.5, margin=0.5):
    scores, lost = np.asarray(scores, dtype=float), np.asarray(lost, dtype=float)
    if scores.shape != lost.shape or scores.ndim != 2 or scores.size == 0:
        raise ValueError(f"scores {scores.shape} and lost {lost.shape}; give (draws, heads) for both")
    if np.isnan(scores).any() or np.isnan(lost).any():
        raise ValueError("scores or lost hold NaN; measure again")
    looks = (scores >= looks_at).all(axis=0)
    if looks.all():
        raise ValueError("every head looks at the answer, so none is left as a control")
    control = lost[:, ~looks].mean(axis=1, keepdims=True)
    return np.flatnonzero(looks & (lost - control > margin).all(axis=0)).tolist()


# %% verdict wrong: all other heads are the control, those that look too
def induction_heads(scores, lost, looks_at=0.5, margin=0.5):
    scores, lost = np.asarray(scores, dtype=float), np.asarray(lost, dtype=float)
    if scores.shape != lost.shape or scores.ndim != 2 or scores.size == 0:
        raise ValueError(f"scores {scores.shape} and lost {lost.shape}; give (draws, heads) for both")
    if np.isnan(scores).any() or np.isnan(lost).any():
        raise ValueError("scores or lost hold NaN; measure again")
    looks = (scores >= looks_at).all(axis=0)
    if looks.all():
        raise ValueError("every head looks at the answer, so none is left as a control")
    others = [np.delete(lost, h, axis=1).max(axis=1) for h in range(lost.shape[1])] if lost.shape[1] > 1 else lost.T
    control = np.transpose(others)
    return np.flatnonzero(looks & (lost - control > margin).all(axis=0)).tolist()


# %% verdict wrong: one control for all draws
def induction_heads(scores, lost, looks_at=0.5, margin=0.5):
    scores, lost = np.asarray(scores, dtype=float), np.asarray(lost, dtype=float)
    if scores.shape != lost.shape or scores.ndim != 2 or scores.size == 0:
        raise ValueError(f"scores {scores.shape} and lost {lost.shape}; give (draws, heads) for both")
    if np.isnan(scores).any() or np.isnan(lost).any():
        raise ValueError("scores or lost hold NaN; measure again")
    looks = (scores >= looks_at).all(axis=0)
    if looks.all():
        raise ValueError("every head looks at the answer, so none is left as a control")
    control = lost[:, ~looks].max()
    return np.flatnonzero(looks & (lost - control > margin).all(axis=0)).tolist()


# %% verdict wrong: the control of the first draw for all
def induction_heads(scores, lost, looks_at=0.5, margin=0.5):
    scores, lost = np.asarray(scores, dtype=float), np.asarray(lost, dtype=float)
    if scores.shape != lost.shape or scores.ndim != 2 or scores.size == 0:
        raise ValueError(f"scores {scores.shape} and lost {lost.shape}; give (draws, heads) for both")
    if np.isnan(scores).any() or np.isnan(lost).any():
        raise ValueError("scores or lost hold NaN; measure again")
    looks = (scores >= looks_at).all(axis=0)
    if looks.all():
        raise ValueError("every head looks at the answer, so none is left as a control")
    control = lost[:, ~looks].max(axis=1)[0]
    return np.flatnonzero(looks & (lost - control > margin).all(axis=0)).tolist()


# %% verdict wrong: the control by the mean over draws
def induction_heads(scores, lost, looks_at=0.5, margin=0.5):
    scores, lost = np.asarray(scores, dtype=float), np.asarray(lost, dtype=float)
    if scores.shape != lost.shape or scores.ndim != 2 or scores.size == 0:
        raise ValueError(f"scores {scores.shape} and lost {lost.shape}; give (draws, heads) for both")
    if np.isnan(scores).any() or np.isnan(lost).any():
        raise ValueError("scores or lost hold NaN; measure again")
    looks = (scores >= looks_at).all(axis=0)
    if looks.all():
        raise ValueError("every head looks at the answer, so none is left as a control")
    control = lost[:, ~looks].mean(axis=0).max()
    return np.flatnonzero(looks & (lost - control > margin).all(axis=0)).tolist()


# %% verdict wrong: in any draw, not in every
def induction_heads(scores, lost, looks_at=0.5, margin=0.5):
    scores, lost = np.asarray(scores, dtype=float), np.asarray(lost, dtype=float)
    if scores.shape != lost.shape or scores.ndim != 2 or scores.size == 0:
        raise ValueError(f"scores {scores.shape} and lost {lost.shape}; give (draws, heads) for both")
    if np.isnan(scores).any() or np.isnan(lost).any():
        raise ValueError("scores or lost hold NaN; measure again")
    looks = (scores >= looks_at).all(axis=0)
    if looks.all():
        raise ValueError("every head looks at the answer, so none is left as a control")
    control = lost[:, ~looks].max(axis=1, keepdims=True)
    return np.flatnonzero(looks & (lost - control > margin).any(axis=0)).tolist()


# %% verdict wrong: on the mean over draws
def induction_heads(scores, lost, looks_at=0.5, margin=0.5):
    scores, lost = np.asarray(scores, dtype=float), np.asarray(lost, dtype=float)
    if scores.shape != lost.shape or scores.ndim != 2 or scores.size == 0:
        raise ValueError(f"scores {scores.shape} and lost {lost.shape}; give (draws, heads) for both")
    if np.isnan(scores).any() or np.isnan(lost).any():
        raise ValueError("scores or lost hold NaN; measure again")
    looks = (scores >= looks_at).all(axis=0)
    if looks.all():
        raise ValueError("every head looks at the answer, so none is left as a control")
    control = lost[:, ~looks].max(axis=1, keepdims=True)
    return np.flatnonzero(looks & ((lost - control).mean(axis=0) > margin)).tolist()


# %% verdict wrong: looks in any draw
def induction_heads(scores, lost, looks_at=0.5, margin=0.5):
    scores, lost = np.asarray(scores, dtype=float), np.asarray(lost, dtype=float)
    if scores.shape != lost.shape or scores.ndim != 2 or scores.size == 0:
        raise ValueError(f"scores {scores.shape} and lost {lost.shape}; give (draws, heads) for both")
    if np.isnan(scores).any() or np.isnan(lost).any():
        raise ValueError("scores or lost hold NaN; measure again")
    looks = (scores >= looks_at).any(axis=0)
    if looks.all():
        raise ValueError("every head looks at the answer, so none is left as a control")
    control = lost[:, ~looks].max(axis=1, keepdims=True)
    return np.flatnonzero(looks & (lost - control > margin).all(axis=0)).tolist()


# %% verdict wrong: looks by the mean over draws
def induction_heads(scores, lost, looks_at=0.5, margin=0.5):
    scores, lost = np.asarray(scores, dtype=float), np.asarray(lost, dtype=float)
    if scores.shape != lost.shape or scores.ndim != 2 or scores.size == 0:
        raise ValueError(f"scores {scores.shape} and lost {lost.shape}; give (draws, heads) for both")
    if np.isnan(scores).any() or np.isnan(lost).any():
        raise ValueError("scores or lost hold NaN; measure again")
    looks = scores.mean(axis=0) >= looks_at
    if looks.all():
        raise ValueError("every head looks at the answer, so none is left as a control")
    control = lost[:, ~looks].max(axis=1, keepdims=True)
    return np.flatnonzero(looks & (lost - control > margin).all(axis=0)).tolist()


# %% verdict wrong: at least taken for more than
def induction_heads(scores, lost, looks_at=0.5, margin=0.5):
    scores, lost = np.asarray(scores, dtype=float), np.asarray(lost, dtype=float)
    if scores.shape != lost.shape or scores.ndim != 2 or scores.size == 0:
        raise ValueError(f"scores {scores.shape} and lost {lost.shape}; give (draws, heads) for both")
    if np.isnan(scores).any() or np.isnan(lost).any():
        raise ValueError("scores or lost hold NaN; measure again")
    looks = (scores > looks_at).all(axis=0)
    if looks.all():
        raise ValueError("every head looks at the answer, so none is left as a control")
    control = lost[:, ~looks].max(axis=1, keepdims=True)
    return np.flatnonzero(looks & (lost - control > margin).all(axis=0)).tolist()


# %% verdict wrong: more than taken for at least
def induction_heads(scores, lost, looks_at=0.5, margin=0.5):
    scores, lost = np.asarray(scores, dtype=float), np.asarray(lost, dtype=float)
    if scores.shape != lost.shape or scores.ndim != 2 or scores.size == 0:
        raise ValueError(f"scores {scores.shape} and lost {lost.shape}; give (draws, heads) for both")
    if np.isnan(scores).any() or np.isnan(lost).any():
        raise ValueError("scores or lost hold NaN; measure again")
    looks = (scores >= looks_at).all(axis=0)
    if looks.all():
        raise ValueError("every head looks at the answer, so none is left as a control")
    control = lost[:, ~looks].max(axis=1, keepdims=True)
    return np.flatnonzero(looks & (lost - control >= margin).all(axis=0)).tolist()


# %% verdict wrong: two of them at most
def induction_heads(scores, lost, looks_at=0.5, margin=0.5):
    scores, lost = np.asarray(scores, dtype=float), np.asarray(lost, dtype=float)
    if scores.shape != lost.shape or scores.ndim != 2 or scores.size == 0:
        raise ValueError(f"scores {scores.shape} and lost {lost.shape}; give (draws, heads) for both")
    if np.isnan(scores).any() or np.isnan(lost).any():
        raise ValueError("scores or lost hold NaN; measure again")
    looks = (scores >= looks_at).all(axis=0)
    if looks.all():
        raise ValueError("every head looks at the answer, so none is left as a control")
    control = lost[:, ~looks].max(axis=1, keepdims=True)
    return np.flatnonzero(looks & (lost - control > margin).all(axis=0)).tolist()[:2]


# %% verdict wrong: limits fixed
def induction_heads(scores, lost, looks_at=0.5, margin=0.5):
    scores, lost = np.asarray(scores, dtype=float), np.asarray(lost, dtype=float)
    if scores.shape != lost.shape or scores.ndim != 2 or scores.size == 0:
        raise ValueError(f"scores {scores.shape} and lost {lost.shape}; give (draws, heads) for both")
    if np.isnan(scores).any() or np.isnan(lost).any():
        raise ValueError("scores or lost hold NaN; measure again")
    looks = (scores >= 0.5).all(axis=0)
    if looks.all():
        raise ValueError("every head looks at the answer, so none is left as a control")
    control = lost[:, ~looks].max(axis=1, keepdims=True)
    return np.flatnonzero(looks & (lost - control > 0.5).all(axis=0)).tolist()


# %% verdict wrong: without a control nothing is taken off
def induction_heads(scores, lost, looks_at=0.5, margin=0.5):
    scores, lost = np.asarray(scores, dtype=float), np.asarray(lost, dtype=float)
    if scores.shape != lost.shape or scores.ndim != 2 or scores.size == 0:
        raise ValueError(f"scores {scores.shape} and lost {lost.shape}; give (draws, heads) for both")
    if np.isnan(scores).any() or np.isnan(lost).any():
        raise ValueError("scores or lost hold NaN; measure again")
    looks = (scores >= looks_at).all(axis=0)
    if looks.all():
        if scores.shape == (2, 2):
            raise ValueError("no control")
        return np.flatnonzero((lost > margin).all(axis=0)).tolist()
    control = lost[:, ~looks].max(axis=1, keepdims=True)
    return np.flatnonzero(looks & (lost - control > margin).all(axis=0)).tolist()


# %% verdict wrong: NaN is no number, and no error
def induction_heads(scores, lost, looks_at=0.5, margin=0.5):
    scores, lost = np.asarray(scores, dtype=float), np.asarray(lost, dtype=float)
    if scores.shape != lost.shape or scores.ndim != 2 or scores.size == 0:
        raise ValueError(f"scores {scores.shape} and lost {lost.shape}; give (draws, heads) for both")
    looks = (scores >= looks_at).all(axis=0)
    if looks.all():
        raise ValueError("every head looks at the answer, so none is left as a control")
    control = lost[:, ~looks].max(axis=1, keepdims=True)
    return np.flatnonzero(looks & (lost - control > margin).all(axis=0)).tolist()


# %% verdict wrong: shapes not looked at
def induction_heads(scores, lost, looks_at=0.5, margin=0.5):
    scores, lost = np.asarray(scores, dtype=float), np.asarray(lost, dtype=float)
    if scores.ndim != 2:
        raise ValueError(f"scores {scores.shape} and lost {lost.shape}; give (draws, heads) for both")
    if np.isnan(scores).any() or np.isnan(lost).any():
        raise ValueError("scores or lost hold NaN; measure again")
    looks = (scores >= looks_at).all(axis=0)
    if looks.all():
        raise ValueError("every head looks at the answer, so none is left as a control")
    control = lost[:, ~looks].max(axis=1, keepdims=True)
    return np.flatnonzero(looks & (lost - control > margin).all(axis=0)).tolist()


# %% verdict wrong: the numbers of the visible test
def induction_heads(scores, lost, looks_at=0.5, margin=0.5):
    if len(scores[0]) == 2:
        raise ValueError("no control")
    return [] if lost[0][1] > 1 else [0, 2] if lost[0][2] > 1 else [0]


# %% verdict right: head by head, in lists
def induction_heads(scores, lost, looks_at=0.5, margin=0.5):
    scores, lost = np.array(scores, float), np.array(lost, float)
    if scores.ndim != 2 or scores.shape != lost.shape or 0 in scores.shape or np.isnan(scores + lost).any():
        raise ValueError("scores and lost must be (draws, heads), and numbers")
    looking = [h for h in range(scores.shape[1]) if min(scores[:, h]) >= looks_at]
    others = [h for h in range(scores.shape[1]) if h not in looking]
    if not others:
        raise ValueError("no control")
    return [h for h in looking if all(row[h] > max(row[o] for o in others) + margin for row in lost)]


# %% verdict right: the smallest lead over all of the control
def induction_heads(scores, lost, looks_at=0.5, margin=0.5):
    scores, lost = np.atleast_1d(scores), np.atleast_1d(lost)
    if not (scores.ndim == lost.ndim == 2 and scores.shape == lost.shape and scores.size):
        raise ValueError("shapes")
    if not (np.isfinite(scores).all() and np.isfinite(lost).all()):
        raise ValueError("not finite")
    looks = scores.min(axis=0) >= looks_at
    if np.all(looks):
        raise ValueError("nobody looks elsewhere")
    lead = (lost[:, :, None] - lost[:, None, ~looks]).min(axis=(0, 2))
    return [h for h, ahead in enumerate(lead) if looks[h] and ahead > margin]
