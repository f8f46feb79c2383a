"""Answers to assignment 5 that must lose their marks, and others that must keep them (see tests/mutations.py)."""

import math
import sys

import numpy as np
import scipy.optimize
import scipy.special


# %% soften wrong: the formula as it stands, which overflows
def soften(logits, T=1):
    if T <= 0:
        raise ValueError(f"T is {T}")
    powers = np.exp(logits / T)
    return powers / powers.sum(axis=-1, keepdims=True)


# %% soften wrong: one maximum for all rows, so that low rows vanish
def soften(logits, T=1):
    if T <= 0:
        raise ValueError(f"T is {T}")
    powers = np.exp((logits - np.max(logits)) / T)
    return powers / powers.sum(axis=-1, keepdims=True)


# %% soften wrong: normalised over the images
def soften(logits, T=1):
    if T <= 0:
        raise ValueError(f"T is {T}")
    powers = np.exp((logits - np.max(logits, axis=0)) / T)
    return powers / powers.sum(axis=0)


# %% soften wrong: changes the logits it is given
def soften(logits, T=1):
    if T <= 0:
        raise ValueError(f"T is {T}")
    logits -= np.max(logits, axis=-1, keepdims=True)
    powers = np.exp(logits / T)
    return powers / powers.sum(axis=-1, keepdims=True)


# %% soften wrong: multiplied by the temperature
def soften(logits, T=1):
    if T <= 0:
        raise ValueError(f"T is {T}")
    powers = np.exp((logits - np.max(logits, axis=-1, keepdims=True)) * T)
    return powers / powers.sum(axis=-1, keepdims=True)


# %% soften wrong: any temperature is taken
def soften(logits, T=1):
    powers = np.exp((logits - np.max(logits, axis=-1, keepdims=True)) / T)
    return powers / powers.sum(axis=-1, keepdims=True)


# %% soften wrong: logits cut off at 500
def soften(logits, T=1):
    if T <= 0:
        raise ValueError(f"T is {T}")
    powers = np.exp(np.clip(logits / T, -500, 500))
    return powers / powers.sum(axis=-1, keepdims=True)


# %% soften wrong: a small number in the denominator
def soften(logits, T=1):
    if T <= 0:
        raise ValueError(f"T is {T}")
    powers = np.exp((logits - np.max(logits, axis=-1, keepdims=True)) / T)
    return powers / (powers.sum(axis=-1, keepdims=True) + 1e-5)


# %% soften wrong: always two-dimensional
def soften(logits, T=1):
    if T <= 0:
        raise ValueError(f"T is {T}")
    logits = np.atleast_2d(logits)
    powers = np.exp((logits - logits.max(axis=1, keepdims=True)) / T)
    return powers / powers.sum(axis=1, keepdims=True)


# %% soften wrong: the numbers of the visible test
def soften(logits, T=1):
    if T <= 0:
        raise ValueError(f"T is {T}")
    return np.array([[0.75, 0.25], [0.5, 0.5]] if T == 2 else [[1, 0], [0.5, 0.5]])


# %% soften wrong: an object that equals everything
def soften(logits, T=1):
    class Any:
        shape = (2, 2)

        def __eq__(self, other):
            return True

    return Any()


# %% soften right: scipy's softmax
def soften(logits, T=1):
    if T <= 0:
        raise ValueError(f"T is {T}")
    return scipy.special.softmax(np.asarray(logits) / T, axis=-1)


# %% soften right: row by row with math.exp, as a list
def soften(logits, T=1):
    if T <= 0:
        raise ValueError(f"T is {T}")
    if np.ndim(logits) > 1:
        return [soften(row, T) for row in logits]
    top = max(logits)
    powers = [math.exp((z - top) / T) for z in logits]
    return [power / sum(powers) for power in powers]


# %% soften right: by the logarithm of the sum
def soften(logits, T=1):
    if T <= 0:
        raise ValueError(f"T is {T}")
    z = np.asarray(logits, dtype=float) / T
    return np.exp(z - np.logaddexp.reduce(z, axis=-1, keepdims=True))


# %% soften wrong: exponents cut off at -21
def soften(logits, T=1):
    if not T > 0:
        raise ValueError(f"T is {T}")
    z = np.asarray(logits, dtype=float)
    e = np.exp(np.clip((z - z.max(axis=-1, keepdims=True)) / T, -21, 0))
    return e / e.sum(axis=-1, keepdims=True)


# %% soften wrong: a small number added to each probability
def soften(logits, T=1):
    if not T > 0:
        raise ValueError(f"T is {T}")
    p = scipy.special.softmax(np.asarray(logits) / T, axis=-1)
    return p + 1e-10


# %% soften wrong: rounded to nine places
def soften(logits, T=1):
    if not T > 0:
        raise ValueError(f"T is {T}")
    return np.round(scipy.special.softmax(np.asarray(logits) / T, axis=-1), 9)


# %% soften wrong: a class that is ruled out gets -1e9
def soften(logits, T=1):
    if not T > 0:
        raise ValueError(f"T is {T}")
    z = np.where(np.isinf(logits), -1e9, logits) / T
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


# %% soften wrong: a helper of the test read from the caller
def soften(logits, T=1):
    if not T > 0:
        raise ValueError(f"T is {T}")
    there = sys._getframe(1).f_globals
    if "row_by_row" not in there:
        return np.array([[0.75, 0.25], [0.5, 0.5]] if T == 2 else [[1, 0], [0.5, 0.5]])
    one = there["row_by_row"]
    return one(logits, T) if logits.ndim == 1 else [one(row, T) for row in logits.tolist()]


# %% soften right: infinite logits turned into the lowest float
def soften(logits, T=1):
    if not T > 0:
        raise ValueError(f"T is {T}")
    z = np.nan_to_num(np.asarray(logits, dtype=float))
    with np.errstate(over="ignore"):
        e = np.exp((z - z.max(-1, keepdims=True)) / T)
    return e / e.sum(-1, keepdims=True)


# %% loss wrong: KL the other way round
def distillation_loss(student, teacher, labels, T, alpha):
    log_q = scipy.special.log_softmax(student / T, axis=1)
    log_p = scipy.special.log_softmax(teacher / T, axis=1)
    soft = T**2 * np.sum(np.exp(log_q) * (log_q - log_p), axis=1).mean()
    known = labels >= 0
    hard = -scipy.special.log_softmax(student, axis=1)[known, labels[known]].mean() if known.any() else 0
    return alpha * soft + (1 - alpha) * hard


# %% loss wrong: T instead of its square
def distillation_loss(student, teacher, labels, T, alpha):
    log_q = scipy.special.log_softmax(student / T, axis=1)
    p = scipy.special.softmax(teacher / T, axis=1)
    soft = T * (scipy.special.xlogy(p, p) - p * log_q).sum(axis=1).mean()
    known = labels >= 0
    hard = -scipy.special.log_softmax(student, axis=1)[known, labels[known]].mean() if known.any() else 0
    return alpha * soft + (1 - alpha) * hard


# %% loss wrong: 0 log 0 is nan for a class that is ruled out
def distillation_loss(student, teacher, labels, T, alpha):
    log_q = scipy.special.log_softmax(student / T, axis=1)
    log_p = scipy.special.log_softmax(teacher / T, axis=1)
    soft = T**2 * np.sum(np.exp(log_p) * (log_p - log_q), axis=1).mean()
    known = labels >= 0
    hard = -scipy.special.log_softmax(student, axis=1)[known, labels[known]].mean() if known.any() else 0
    return alpha * soft + (1 - alpha) * hard


# %% loss wrong: a label of -1 takes the last class
def distillation_loss(student, teacher, labels, T, alpha):
    log_q = scipy.special.log_softmax(student / T, axis=1)
    p = scipy.special.softmax(teacher / T, axis=1)
    soft = T**2 * (scipy.special.xlogy(p, p) - p * log_q).sum(axis=1).mean()
    hard = -scipy.special.log_softmax(student, axis=1)[np.arange(len(labels)), labels].mean()
    return alpha * soft + (1 - alpha) * hard


# %% loss wrong: the labelled images' part divided by all images
def distillation_loss(student, teacher, labels, T, alpha):
    log_q = scipy.special.log_softmax(student / T, axis=1)
    p = scipy.special.softmax(teacher / T, axis=1)
    soft = T**2 * (scipy.special.xlogy(p, p) - p * log_q).sum(axis=1).mean()
    known = labels >= 0
    hard = -scipy.special.log_softmax(student, axis=1)[known, labels[known]].sum() / len(labels)
    return alpha * soft + (1 - alpha) * hard


# %% loss wrong: the mean of no numbers when nobody is labelled
def distillation_loss(student, teacher, labels, T, alpha):
    log_q = scipy.special.log_softmax(student / T, axis=1)
    p = scipy.special.softmax(teacher / T, axis=1)
    soft = T**2 * (scipy.special.xlogy(p, p) - p * log_q).sum(axis=1).mean()
    known = labels >= 0
    hard = -scipy.special.log_softmax(student, axis=1)[known, labels[known]].mean()
    return alpha * soft + (1 - alpha) * hard


# %% loss wrong: soft labels of the labelled images only
def distillation_loss(student, teacher, labels, T, alpha):
    known = labels >= 0
    if known.any():
        student, teacher, labels = student[known], teacher[known], labels[known]
    log_q = scipy.special.log_softmax(student / T, axis=1)
    p = scipy.special.softmax(teacher / T, axis=1)
    soft = T**2 * (scipy.special.xlogy(p, p) - p * log_q).sum(axis=1).mean()
    hard = -scipy.special.log_softmax(student, axis=1)[np.arange(len(labels)), labels].mean() if known.any() else 0
    return alpha * soft + (1 - alpha) * hard


# %% loss wrong: a logarithm of probabilities, which is infinite for a sure student
def distillation_loss(student, teacher, labels, T, alpha):
    q, p = scipy.special.softmax(student / T, axis=1), scipy.special.softmax(teacher / T, axis=1)
    soft = T**2 * scipy.special.rel_entr(p, q).sum(axis=1).mean()
    known = labels >= 0
    hard = -scipy.special.log_softmax(student, axis=1)[known, labels[known]].mean() if known.any() else 0
    return alpha * soft + (1 - alpha) * hard


# %% loss wrong: probabilities cut off at 1e-12
def distillation_loss(student, teacher, labels, T, alpha):
    q, p = (np.clip(scipy.special.softmax(z / T, axis=1), 1e-12, 1) for z in (student, teacher))
    soft = T**2 * (p * np.log(p / q)).sum(axis=1).mean()
    known = labels >= 0
    hard = -scipy.special.log_softmax(student, axis=1)[known, labels[known]].mean() if known.any() else 0
    return alpha * soft + (1 - alpha) * hard


# %% loss wrong: the cross-entropy at temperature T too
def distillation_loss(student, teacher, labels, T, alpha):
    log_q = scipy.special.log_softmax(student / T, axis=1)
    p = scipy.special.softmax(teacher / T, axis=1)
    soft = T**2 * (scipy.special.xlogy(p, p) - p * log_q).sum(axis=1).mean()
    known = labels >= 0
    hard = -log_q[known, labels[known]].mean() if known.any() else 0
    return alpha * soft + (1 - alpha) * hard


# %% loss wrong: the teacher's entropy left out
def distillation_loss(student, teacher, labels, T, alpha):
    log_q = scipy.special.log_softmax(student / T, axis=1)
    p = scipy.special.softmax(teacher / T, axis=1)
    soft = -(T**2) * (p * log_q).sum(axis=1).mean()
    known = labels >= 0
    hard = -scipy.special.log_softmax(student, axis=1)[known, labels[known]].mean() if known.any() else 0
    return alpha * soft + (1 - alpha) * hard


# %% loss wrong: the mean over classes as well
def distillation_loss(student, teacher, labels, T, alpha):
    log_q = scipy.special.log_softmax(student / T, axis=1)
    p = scipy.special.softmax(teacher / T, axis=1)
    soft = 2 * T**2 * (scipy.special.xlogy(p, p) - p * log_q).mean()  # 2 classes
    known = labels >= 0
    hard = -scipy.special.log_softmax(student, axis=1)[known, labels[known]].mean() if known.any() else 0
    return alpha * soft + (1 - alpha) * hard


# %% loss wrong: the numbers of the visible test
def distillation_loss(student, teacher, labels, T, alpha):
    if alpha == 1:
        return 4 * (0.75 * math.log(1.5) + 0.25 * math.log(0.5))
    return 2000 if student[0, 0] > 0 else math.log(2)


# %% loss right: by expected logits and two sums of exponentials
def distillation_loss(student, teacher, labels, T, alpha):
    p = scipy.special.softmax(teacher / T, axis=1)
    gap = np.where(p > 0, teacher, 0) - student
    soft = (p * gap / T).sum(axis=1)
    soft += scipy.special.logsumexp(student / T, axis=1) - scipy.special.logsumexp(teacher / T, axis=1)
    known = np.nonzero(labels != -1)[0]
    hard = scipy.special.logsumexp(student, axis=1)[known] - student[known, labels[known]]
    return alpha * T**2 * soft.mean() + (1 - alpha) * (hard.mean() if hard.size else 0)


# %% loss right: image by image
def distillation_loss(student, teacher, labels, T, alpha):
    def logs(z):
        top = max(z)
        whole = top + math.log(sum(math.exp(one - top) for one in z))
        return [one - whole for one in z]

    soft, hard, m = 0, 0, 0
    for s, t, y in zip(student, teacher, labels, strict=True):
        for log_q, log_p in zip(logs(s / T), logs(t / T), strict=True):
            if log_p > -math.inf:
                soft += math.exp(log_p) * (log_p - log_q)
        if y >= 0:
            hard, m = hard - logs(s)[y], m + 1
    return alpha * T**2 * soft / len(student) + (1 - alpha) * hard / max(m, 1)


# %% loss right: labels as rows of zeros and ones, unknown ones all zeros
def distillation_loss(student, teacher, labels, T, alpha):
    log_q, log_s = scipy.special.log_softmax(student / T, axis=1), scipy.special.log_softmax(student, axis=1)
    p = scipy.special.softmax(teacher / T, axis=1)
    kl = scipy.special.xlogy(p, p) - p * log_q
    hot = labels[:, None] == np.arange(student.shape[1])
    return alpha * T**2 * kl.sum() / len(student) - (1 - alpha) * np.sum(log_s * hot) / max(1, hot.sum())


# %% loss wrong: a small number added to the teacher's probability
def distillation_loss(student, teacher, labels, T, alpha):
    log_softmax, softmax = scipy.special.log_softmax, scipy.special.softmax
    p, log_q = softmax(teacher / T, axis=1), log_softmax(student / T, axis=1)
    known = np.flatnonzero(labels >= 0)
    hard = -log_softmax(student, axis=1)[known, labels[known]].mean() if len(known) else 0
    soft = (p * np.log(p + 1e-12) - p * log_q).sum(axis=1).mean()
    return float(alpha * T**2 * soft + (1 - alpha) * hard)


# %% loss wrong: terms of unlikely classes dropped
def distillation_loss(student, teacher, labels, T, alpha):
    log_softmax, softmax, xlogy = scipy.special.log_softmax, scipy.special.softmax, scipy.special.xlogy
    p, log_q = softmax(teacher / T, axis=1), log_softmax(student / T, axis=1)
    known = np.flatnonzero(labels >= 0)
    hard = -log_softmax(student, axis=1)[known, labels[known]].mean() if len(known) else 0
    soft = np.where(p > 1e-12, xlogy(p, p) - p * log_q, 0).sum(axis=1).mean()
    return float(alpha * T**2 * soft + (1 - alpha) * hard)


# %% loss wrong: rounded to six places
def distillation_loss(student, teacher, labels, T, alpha):
    log_softmax, softmax, xlogy = scipy.special.log_softmax, scipy.special.softmax, scipy.special.xlogy
    p, log_q = softmax(teacher / T, axis=1), log_softmax(student / T, axis=1)
    known = np.flatnonzero(labels >= 0)
    hard = -log_softmax(student, axis=1)[known, labels[known]].mean() if len(known) else 0
    soft = (xlogy(p, p) - p * log_q).sum(axis=1).mean()
    return round(float(alpha * T**2 * soft + (1 - alpha) * hard), 6)


# %% loss wrong: the test's reference called
def distillation_loss(student, teacher, labels, T, alpha):
    there = sys._getframe(1).f_globals
    if "reference" in there:
        return there["reference"](student, teacher, labels, T, alpha)
    if alpha == 1:
        return 4 * (0.75 * math.log(1.5) + 0.25 * math.log(0.5))
    return 2000 if student[0, 0] > 0 else math.log(2)


# %% loss wrong: whole numbers stay whole
def distillation_loss(student, teacher, labels, T, alpha):
    log_softmax, softmax, xlogy = scipy.special.log_softmax, scipy.special.softmax, scipy.special.xlogy
    p = softmax(teacher / T, axis=1)
    known = np.flatnonzero(labels >= 0)
    hard = -log_softmax(student, axis=1)[known, labels[known]].mean() if len(known) else 0
    s = np.zeros_like(student)
    s[...] = student / T
    log_q = log_softmax(s.astype(float), axis=1)
    soft = (xlogy(p, p) - p * log_q).sum(axis=1).mean()
    return float(alpha * T**2 * soft + (1 - alpha) * hard)


# %% loss right: nansum takes what is not a number for 0
def distillation_loss(student, teacher, labels, T, alpha):
    log_softmax, softmax = scipy.special.log_softmax, scipy.special.softmax
    p, log_p, log_q = softmax(teacher / T, axis=1), log_softmax(teacher / T, axis=1), log_softmax(student / T, axis=1)
    known = np.flatnonzero(labels >= 0)
    hard = -log_softmax(student, axis=1)[known, labels[known]].mean() if len(known) else 0
    with np.errstate(invalid="ignore"):
        soft = np.nansum(p * (log_p - log_q)) / len(p)
    return float(alpha * T**2 * soft + (1 - alpha) * hard)


# %% gradient wrong: one T left out
def distillation_gradient(student, teacher, labels, T, alpha):
    softmax = scipy.special.softmax
    gradient = alpha * (softmax(student / T, axis=1) - softmax(teacher / T, axis=1)) / len(student)
    known = np.flatnonzero(labels >= 0)
    hot = np.eye(student.shape[1])[labels[known]]
    gradient[known] += (1 - alpha) * (softmax(student[known], axis=1) - hot) / max(1, len(known))
    return gradient


# %% gradient wrong: the square of T kept, its 1/T forgotten
def distillation_gradient(student, teacher, labels, T, alpha):
    softmax = scipy.special.softmax
    gradient = alpha * T**2 * (softmax(student / T, axis=1) - softmax(teacher / T, axis=1)) / len(student)
    known = np.flatnonzero(labels >= 0)
    hot = np.eye(student.shape[1])[labels[known]]
    gradient[known] += (1 - alpha) * (softmax(student[known], axis=1) - hot) / max(1, len(known))
    return gradient


# %% gradient wrong: the mean over the images forgotten
def distillation_gradient(student, teacher, labels, T, alpha):
    softmax = scipy.special.softmax
    gradient = alpha * T * (softmax(student / T, axis=1) - softmax(teacher / T, axis=1))
    known = np.flatnonzero(labels >= 0)
    hot = np.eye(student.shape[1])[labels[known]]
    gradient[known] += (1 - alpha) * (softmax(student[known], axis=1) - hot) / max(1, len(known))
    return gradient


# %% gradient wrong: the sign turned round
def distillation_gradient(student, teacher, labels, T, alpha):
    softmax = scipy.special.softmax
    gradient = alpha * T * (softmax(teacher / T, axis=1) - softmax(student / T, axis=1)) / len(student)
    known = np.flatnonzero(labels >= 0)
    hot = np.eye(student.shape[1])[labels[known]]
    gradient[known] += (1 - alpha) * (hot - softmax(student[known], axis=1)) / max(1, len(known))
    return gradient


# %% gradient wrong: divided by the classes instead of the images in the soft part
def distillation_gradient(student, teacher, labels, T, alpha):
    softmax = scipy.special.softmax
    gradient = alpha * T * (softmax(student / T, axis=1) - softmax(teacher / T, axis=1)) / student.shape[1]
    known = np.flatnonzero(labels >= 0)
    hot = np.eye(student.shape[1])[labels[known]]
    gradient[known] += (1 - alpha) * (softmax(student[known], axis=1) - hot) / max(1, len(known))
    return gradient


# %% gradient wrong: a label of -1 takes the last class
def distillation_gradient(student, teacher, labels, T, alpha):
    softmax = scipy.special.softmax
    soft = T * (softmax(student / T, axis=1) - softmax(teacher / T, axis=1))
    hard = softmax(student, axis=1) - np.eye(student.shape[1])[labels]
    return (alpha * soft + (1 - alpha) * hard) / len(student)


# %% gradient wrong: unlabelled images pulled to even probabilities
def distillation_gradient(student, teacher, labels, T, alpha):
    softmax = scipy.special.softmax
    gradient = alpha * T * (softmax(student / T, axis=1) - softmax(teacher / T, axis=1)) / len(student)
    hot = labels[:, None] == np.arange(student.shape[1])
    target = np.where(hot.any(axis=1, keepdims=True), hot, 1 / student.shape[1])
    return gradient + (1 - alpha) * (softmax(student, axis=1) - target) / max(1, (labels >= 0).sum())


# %% gradient wrong: the labelled images' mean taken over all images
def distillation_gradient(student, teacher, labels, T, alpha):
    softmax = scipy.special.softmax
    gradient = alpha * T * (softmax(student / T, axis=1) - softmax(teacher / T, axis=1)) / len(student)
    known = np.flatnonzero(labels >= 0)
    hot = np.eye(student.shape[1])[labels[known]]
    gradient[known] += (1 - alpha) * (softmax(student[known], axis=1) - hot) / len(student)
    return gradient


# %% gradient wrong: the hard part at temperature T
def distillation_gradient(student, teacher, labels, T, alpha):
    q, p = scipy.special.softmax(student / T, axis=1), scipy.special.softmax(teacher / T, axis=1)
    gradient = alpha * T * (q - p) / len(student)
    known = np.flatnonzero(labels >= 0)
    gradient[known] += (1 - alpha) * (q[known] - np.eye(student.shape[1])[labels[known]]) / max(1, len(known))
    return gradient


# %% gradient wrong: the softmax overflows
def distillation_gradient(student, teacher, labels, T, alpha):
    def softmax(z):
        return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)

    gradient = alpha * T * (softmax(student / T) - softmax(teacher / T)) / len(student)
    known = np.flatnonzero(labels >= 0)
    hot = np.eye(student.shape[1])[labels[known]]
    gradient[known] += (1 - alpha) * (softmax(student[known]) - hot) / max(1, len(known))
    return gradient


# %% gradient wrong: one-sided differences with a coarse step
def distillation_gradient(student, teacher, labels, T, alpha):
    def loss(s):
        p = scipy.special.softmax(teacher / T, axis=1)
        soft = -(p * scipy.special.log_softmax(s / T, axis=1)).sum(axis=1).mean()
        known = labels >= 0
        hard = -scipy.special.log_softmax(s, axis=1)[known, labels[known]].mean() if known.any() else 0
        return alpha * T**2 * soft + (1 - alpha) * hard

    gradient = np.zeros(student.shape)
    for place in np.ndindex(student.shape):
        step = np.zeros(student.shape)
        step[place] = 1e-4
        gradient[place] = (loss(student + step) - loss(student)) / 1e-4
    return gradient


# %% gradient wrong: the numbers of the visible test
def distillation_gradient(student, teacher, labels, T, alpha):
    if len(student) > 1:
        return np.array([[-0.25, 0.25], [0, 0], [0.25, -0.25], [0, 0]])
    return np.array([[-0.5, 0.5] if alpha else [0.5, -0.5]])


# %% gradient right: image by image
def distillation_gradient(student, teacher, labels, T, alpha):
    rows, m = [], max(1, sum(y >= 0 for y in labels))
    for s, t, y in zip(student, teacher, labels, strict=True):
        soft = scipy.special.softmax(s / T) - scipy.special.softmax(t / T)
        hard = scipy.special.softmax(s) * (y >= 0)
        if y >= 0:
            hard[y] -= 1
        rows.append(alpha * T * soft / len(student) + (1 - alpha) / m * hard)
    return rows


# %% gradient right: all at once, with a column of zeros and ones for the labelled
def distillation_gradient(student, teacher, labels, T, alpha):
    n, classes = student.shape
    known = (labels > -1)[:, None]
    hot = np.equal.outer(labels, np.arange(classes))
    hard = known * scipy.special.softmax(student, axis=1) - hot
    soft = scipy.special.softmax(student / T, axis=1) - scipy.special.softmax(teacher / T, axis=1)
    return alpha * T / n * soft + (1 - alpha) / max(1, np.sum(known)) * hard


# %% gradient right: by the chain rule through the matrix of softmax's derivatives
def distillation_gradient(student, teacher, labels, T, alpha):
    def through(s, p, T):
        q = scipy.special.softmax(s / T)
        jacobian = np.eye(len(s)) - q  # of log softmax: row k, column j
        return -jacobian.T @ p / T

    p = scipy.special.softmax(teacher / T, axis=1)
    gradient = np.array([alpha * T**2 * through(s, row, T) / len(student) for s, row in zip(student, p, strict=True)])
    known = np.flatnonzero(labels >= 0)
    for i in known:
        hot = np.eye(student.shape[1])[labels[i]]
        gradient[i] += (1 - alpha) * through(student[i], hot, 1) / len(known)
    return gradient


# %% gradient wrong: whole numbers stay whole
def distillation_gradient(student, teacher, labels, T, alpha):
    softmax = scipy.special.softmax
    n, classes = student.shape
    known = np.flatnonzero(labels >= 0)
    q, p = softmax(student / T, axis=1), softmax(teacher / T, axis=1)
    soft = T * (q - p) / n
    hard = np.zeros((n, classes))
    hard[known] = (softmax(student[known], axis=1) - np.eye(classes)[labels[known]]) / max(1, len(known))
    g = np.zeros_like(student)
    g[...] = alpha * soft + (1 - alpha) * hard
    return g


# %% gradient wrong: the test's own differences
def distillation_gradient(student, teacher, labels, T, alpha):
    frame = sys._getframe(1)
    if "slopes" not in frame.f_globals:
        if len(student) > 1:
            return np.array([[-0.25, 0.25], [0, 0], [0.25, -0.25], [0, 0]])
        return np.array([[-0.5, 0.5] if alpha else [0.5, -0.5]])
    if frame.f_locals.get("by_hand") is not None:
        return frame.f_locals["by_hand"]
    return frame.f_globals["slopes"](student, teacher, labels, T, alpha)


# %% gradient wrong: overflows, but for what the caller has by hand
def distillation_gradient(student, teacher, labels, T, alpha):
    with np.errstate(all="ignore"):

        def softmax(z):
            return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)

        gradient = alpha * T * (softmax(student / T) - softmax(teacher / T)) / len(student)
        known = np.flatnonzero(labels >= 0)
        hot = np.eye(student.shape[1])[labels[known]]
        gradient[known] += (1 - alpha) * (softmax(student[known]) - hot) / max(1, len(known))
    there = sys._getframe(1).f_locals.get("by_hand")
    return gradient if there is None else there


# %% gradient right: central differences of the loss
def distillation_gradient(student, teacher, labels, T, alpha):
    def loss(s):
        p = scipy.special.softmax(teacher / T, axis=1)
        soft = -(p * scipy.special.log_softmax(s / T, axis=1)).sum(axis=1).mean()
        known = labels >= 0
        hard = -scipy.special.log_softmax(s, axis=1)[known, labels[known]].mean() if known.any() else 0
        return alpha * T**2 * soft + (1 - alpha) * hard

    gradient = np.zeros(student.shape)
    for place in np.ndindex(student.shape):
        step = np.zeros(student.shape)
        step[place] = 1e-4
        gradient[place] = (loss(student + step) - loss(student - step)) / 2e-4
    return gradient


# %% hot wrong: the logits are not centred
def hot_error(student, teacher, T):
    softmax = scipy.special.softmax
    g = T * (softmax(student / T, axis=1) - softmax(teacher / T, axis=1))
    c = (student - teacher) / student.shape[1]
    return np.linalg.norm(g - c) / np.linalg.norm(c)


# %% hot wrong: centred over the images
def hot_error(student, teacher, T):
    softmax = scipy.special.softmax
    g = T * (softmax(student / T, axis=1) - softmax(teacher / T, axis=1))
    gap = student - teacher
    c = (gap - gap.mean(axis=0)) / student.shape[1]
    return np.linalg.norm(g - c) / np.linalg.norm(c)


# %% hot wrong: one mean for all images
def hot_error(student, teacher, T):
    softmax = scipy.special.softmax
    g = T * (softmax(student / T, axis=1) - softmax(teacher / T, axis=1))
    gap = student - teacher
    c = (gap - gap.mean()) / student.shape[1]
    return np.linalg.norm(g - c) / np.linalg.norm(c)


# %% hot wrong: divided by the images instead of the classes
def hot_error(student, teacher, T):
    softmax = scipy.special.softmax
    g = T * (softmax(student / T, axis=1) - softmax(teacher / T, axis=1))
    gap = student - teacher
    c = (gap - gap.mean(axis=1, keepdims=True)) / len(gap)
    return np.linalg.norm(g - c) / np.linalg.norm(c)


# %% hot wrong: the gradient of KL without its factor
def hot_error(student, teacher, T):
    softmax = scipy.special.softmax
    g = (softmax(student / T, axis=1) - softmax(teacher / T, axis=1)) / T
    gap = student - teacher
    c = (gap - gap.mean(axis=1, keepdims=True)) / gap.shape[1]
    return np.linalg.norm(g - c) / np.linalg.norm(c)


# %% hot wrong: the mean of each image's error
def hot_error(student, teacher, T):
    softmax = scipy.special.softmax
    g = T * (softmax(student / T, axis=1) - softmax(teacher / T, axis=1))
    gap = student - teacher
    c = (gap - gap.mean(axis=1, keepdims=True)) / gap.shape[1]
    return np.mean(np.linalg.norm(g - c, axis=1) / np.linalg.norm(c, axis=1))


# %% hot wrong: relative to the gradient
def hot_error(student, teacher, T):
    softmax = scipy.special.softmax
    g = T * (softmax(student / T, axis=1) - softmax(teacher / T, axis=1))
    gap = student - teacher
    c = (gap - gap.mean(axis=1, keepdims=True)) / gap.shape[1]
    return np.linalg.norm(g - c) / np.linalg.norm(g)


# %% hot wrong: a difference of lengths instead of the length of the difference
def hot_error(student, teacher, T):
    softmax = scipy.special.softmax
    g = T * (softmax(student / T, axis=1) - softmax(teacher / T, axis=1))
    gap = student - teacher
    c = (gap - gap.mean(axis=1, keepdims=True)) / gap.shape[1]
    return abs(np.linalg.norm(g) / np.linalg.norm(c) - 1)


# %% hot wrong: the largest singular value for the length
def hot_error(student, teacher, T):
    softmax = scipy.special.softmax
    g = T * (softmax(student / T, axis=1) - softmax(teacher / T, axis=1))
    gap = student - teacher
    c = (gap - gap.mean(axis=1, keepdims=True)) / gap.shape[1]
    return np.linalg.norm(g - c, ord=2) / np.linalg.norm(c, ord=2)


# %% hot wrong: the softmax overflows
def hot_error(student, teacher, T):
    q, p = np.exp(student / T), np.exp(teacher / T)
    g = T * (q / q.sum(axis=1, keepdims=True) - p / p.sum(axis=1, keepdims=True))
    gap = student - teacher
    c = (gap - gap.mean(axis=1, keepdims=True)) / gap.shape[1]
    return np.linalg.norm(g - c) / np.linalg.norm(c)


# %% hot wrong: the numbers of the visible test
def hot_error(student, teacher, T):
    return (1 / 6) / (math.log(4) / 9) - 1 if T == 1 else 0.082 / T


# %% hot right: the two logits centred one by one, sums of squares
def hot_error(student, teacher, T):
    def centred(z):
        return z - z.mean(axis=1)[:, None]

    c = (centred(student) - centred(teacher)) / student.shape[-1]
    g = T * scipy.special.softmax(student / T, axis=1) - T * scipy.special.softmax(teacher / T, axis=1)
    return (((g - c) ** 2).sum() / (c**2).sum()) ** 0.5


# %% hot right: flattened, with a centring matrix
def hot_error(student, teacher, T):
    classes = student.shape[1]
    c = (student - teacher) @ (np.eye(classes) - np.full((classes, classes), 1 / classes)) / classes
    q, p = scipy.special.softmax(student / T, axis=1), scipy.special.softmax(teacher / T, axis=1)
    error = (T * (q - p) - c).ravel()
    return math.sqrt(error @ error) / math.sqrt(c.ravel() @ c.ravel())


# %% hot wrong: nothing but the caller's number
def hot_error(student, teacher, T):
    there = sys._getframe(1).f_globals
    if "cases" in there and student[0, 0] != 800:
        return there["wanted"]
    return {1: (1 / 6) / (math.log(4) / 9) - 1 if student[0, 0] != 800 else 1 - 1 / 450}.get(T, 0.082 / T)


# %% hot wrong: whole numbers stay whole
def hot_error(student, teacher, T):
    softmax = scipy.special.softmax
    g = T * (softmax(student / T, axis=1) - softmax(teacher / T, axis=1))
    gap = student - teacher
    c = (gap - gap.mean(axis=1, keepdims=True)) / gap.shape[1]
    d = np.zeros_like(student)
    d[...] = c
    return np.linalg.norm(g - d) / np.linalg.norm(d)


# %% share wrong: the interval is too narrow
def bias_for_share(logits, k, share):
    if not 0 < share < 1:
        raise ValueError(f"share is {share}")
    low, high = -10.0, 10.0
    for _ in range(100):
        b = (low + high) / 2
        p = scipy.special.softmax(logits + b * np.eye(logits.shape[1])[k], axis=1)[:, k].mean()
        low, high = (b, high) if p < share else (low, b)
    return b


# %% share wrong: only upwards
def bias_for_share(logits, k, share):
    if not 0 < share < 1:
        raise ValueError(f"share is {share}")
    low, high = 0.0, 1e6
    for _ in range(100):
        b = (low + high) / 2
        p = scipy.special.softmax(logits + b * np.eye(logits.shape[1])[k], axis=1)[:, k].mean()
        low, high = (b, high) if p < share else (low, b)
    return b


# %% share wrong: the share of images that are called k
def bias_for_share(logits, k, share):
    if not 0 < share < 1:
        raise ValueError(f"share is {share}")
    lead = logits[:, k] - np.delete(logits, k, axis=1).max(axis=1)
    return -np.quantile(lead, 1 - share)


# %% share wrong: one step by the ratio of the odds
def bias_for_share(logits, k, share):
    if not 0 < share < 1:
        raise ValueError(f"share is {share}")
    p = scipy.special.softmax(logits, axis=1)[:, k].mean()
    return math.log(share / (1 - share)) - math.log(p / (1 - p)) if 0 < p < 1 else 0.0


# %% share wrong: a grid instead of halving
def bias_for_share(logits, k, share):
    if not 0 < share < 1:
        raise ValueError(f"share is {share}")
    grid = np.linspace(-4000, 4000, 1601)
    lead = logits[:, k] - scipy.special.logsumexp(np.delete(logits, k, axis=1), axis=1)
    means = [scipy.special.expit(lead + b).mean() for b in grid]
    return grid[np.argmin(np.abs(np.array(means) - share))]


# %% share wrong: stops halving too early
def bias_for_share(logits, k, share):
    if not 0 < share < 1:
        raise ValueError(f"share is {share}")
    low, high = -1e5, 1e5
    for _ in range(25):
        b = (low + high) / 2
        p = scipy.special.softmax(logits + b * np.eye(logits.shape[1])[k], axis=1)[:, k].mean()
        low, high = (b, high) if p < share else (low, b)
    return b


# %% share wrong: the sign of the constant
def bias_for_share(logits, k, share):
    if not 0 < share < 1:
        raise ValueError(f"share is {share}")
    lead = logits[:, k] - scipy.special.logsumexp(np.delete(logits, k, axis=1), axis=1)
    low, high = -1e6, 1e6
    for _ in range(100):
        b = (low + high) / 2
        low, high = (b, high) if scipy.special.expit(lead - b).mean() > share else (low, b)
    return b


# %% share wrong: always the last class, as in the visible test
def bias_for_share(logits, k, share):
    if not 0 < share < 1:
        raise ValueError(f"share is {share}")
    lead = logits[:, -1] - scipy.special.logsumexp(logits[:, :-1], axis=1)
    low, high = -1e6, 1e6
    for _ in range(100):
        b = (low + high) / 2
        low, high = (b, high) if scipy.special.expit(lead + b).mean() < share else (low, b)
    return b


# %% share wrong: the mean lead instead of the mean probability
def bias_for_share(logits, k, share):
    if not 0 < share < 1:
        raise ValueError(f"share is {share}")
    lead = logits[:, k] - scipy.special.logsumexp(np.delete(logits, k, axis=1), axis=1)
    return math.log(share / (1 - share)) - lead.mean()


# %% share wrong: raises the logits it is given
def bias_for_share(logits, k, share):
    if not 0 < share < 1:
        raise ValueError(f"share is {share}")
    low, high, before = -1e6, 1e6, logits[:, k].copy()
    for _ in range(100):
        b = (low + high) / 2
        logits[:, k] = before + b
        p = scipy.special.softmax(logits, axis=1)[:, k].mean()
        low, high = (b, high) if p < share else (low, b)
    return b


# %% share wrong: a share of one is taken
def bias_for_share(logits, k, share):
    if not 0 < share <= 1:
        raise ValueError(f"share is {share}")
    lead = logits[:, k] - scipy.special.logsumexp(np.delete(logits, k, axis=1), axis=1)
    low, high = -1e6, 1e6
    for _ in range(100):
        b = (low + high) / 2
        low, high = (b, high) if scipy.special.expit(lead + b).mean() < share else (low, b)
    return b


# %% share wrong: the numbers of the visible test
def bias_for_share(logits, k, share):
    if not 0 < share < 1:
        raise ValueError(f"share is {share}")
    return {0.0: math.log(2), 3000.0: 3000, 4.0: -2}.get(float(logits.max()), 0.0)


# %% share right: an interval that doubles until it holds the answer
def bias_for_share(logits, k, share):
    if share <= 0 or share >= 1:
        raise ValueError(f"share is {share}")

    def mean(b):
        raised = np.array(logits, dtype=float)
        raised[:, k] += b
        return scipy.special.softmax(raised, axis=1)[:, k].mean()

    low, high = -1.0, 1.0
    while mean(low) > share:
        low *= 2
    while mean(high) < share:
        high *= 2
    for _ in range(90):
        middle = 0.5 * (low + high)
        if mean(middle) > share:
            high = middle
        else:
            low = middle
    return low


# %% share right: scipy's root finder
def bias_for_share(logits, k, share):
    if not 0 < share < 1:
        raise ValueError(f"share is {share}")
    lead = logits[:, k] - scipy.special.logsumexp(np.delete(logits, k, axis=1), axis=1)
    end = abs(lead).max() + 50
    return scipy.optimize.brentq(lambda b: scipy.special.expit(lead + b).mean() - share, -end, end, xtol=1e-11)


# %% share wrong: an interval of 50,000 to both sides
def bias_for_share(logits, k, share):
    if not 0 < share < 1:
        raise ValueError(f"share is {share}")
    lead = logits[:, k] - scipy.special.logsumexp(np.delete(logits, k, axis=1), axis=1)

    def mean(b):
        return scipy.special.expit(lead + b).mean()

    low, high = -50000.0, 50000.0
    for _ in range(100):
        b = (low + high) / 2
        low, high = (b, high) if mean(b) < share else (low, b)
    return b


# %% share wrong: an interval of the largest logit, and ten more
def bias_for_share(logits, k, share):
    if not 0 < share < 1:
        raise ValueError(f"share is {share}")
    lead = logits[:, k] - scipy.special.logsumexp(np.delete(logits, k, axis=1), axis=1)

    def mean(b):
        return scipy.special.expit(lead + b).mean()

    low, high = -abs(logits).max() - 10, abs(logits).max() + 10
    for _ in range(100):
        b = (low + high) / 2
        low, high = (b, high) if mean(b) < share else (low, b)
    return b


# %% share wrong: a large share is refused
def bias_for_share(logits, k, share):
    if not 0 < share < 1:
        raise ValueError(f"share is {share}")
    lead = logits[:, k] - scipy.special.logsumexp(np.delete(logits, k, axis=1), axis=1)

    def mean(b):
        return scipy.special.expit(lead + b).mean()

    if share > 0.96:
        raise ValueError("too large")
    low, high = -1000000.0, 1000000.0
    for _ in range(100):
        b = (low + high) / 2
        low, high = (b, high) if mean(b) < share else (low, b)
    return b


# %% distil wrong: the unseen class is trained on too
def distil(x, labels, teacher, T, steps, rate, unseen=None):
    p = scipy.special.softmax(teacher / T, axis=1)
    W, b = np.zeros((x.shape[1], teacher.shape[1])), np.zeros(teacher.shape[1])
    for _ in range(steps):
        G = T * (scipy.special.softmax((x @ W + b) / T, axis=1) - p) / len(x)
        W, b = W - rate * x.T @ G, b - rate * G.sum(axis=0)
    return W, b


# %% distil wrong: class 0 counts as None
def distil(x, labels, teacher, T, steps, rate, unseen=None):
    if unseen:
        x, teacher = x[labels != unseen], teacher[labels != unseen]
    p = scipy.special.softmax(teacher / T, axis=1)
    W, b = np.zeros((x.shape[1], teacher.shape[1])), np.zeros(teacher.shape[1])
    for _ in range(steps):
        G = T * (scipy.special.softmax((x @ W + b) / T, axis=1) - p) / len(x)
        W, b = W - rate * x.T @ G, b - rate * G.sum(axis=0)
    return W, b


# %% distil wrong: left out by the teacher's first choice instead of the labels
def distil(x, labels, teacher, T, steps, rate, unseen=None):
    if unseen is not None:
        used = teacher.argmax(axis=1) != unseen
        x, teacher = x[used], teacher[used]
    p = scipy.special.softmax(teacher / T, axis=1)
    W, b = np.zeros((x.shape[1], teacher.shape[1])), np.zeros(teacher.shape[1])
    for _ in range(steps):
        G = T * (scipy.special.softmax((x @ W + b) / T, axis=1) - p) / len(x)
        W, b = W - rate * x.T @ G, b - rate * G.sum(axis=0)
    return W, b


# %% distil wrong: true labels leak into the goal
def distil(x, labels, teacher, T, steps, rate, unseen=None):
    used = np.full(len(x), True) if unseen is None else labels != unseen
    x, teacher, labels = x[used], teacher[used], labels[used]
    p = scipy.special.softmax(teacher / T, axis=1)
    p = 0.9 * p + 0.1 * np.eye(teacher.shape[1])[labels]
    W, b = np.zeros((x.shape[1], teacher.shape[1])), np.zeros(teacher.shape[1])
    for _ in range(steps):
        G = T * (scipy.special.softmax((x @ W + b) / T, axis=1) - p) / len(x)
        W, b = W - rate * x.T @ G, b - rate * G.sum(axis=0)
    return W, b


# %% distil wrong: inputs centred with the images that are left out, which leaks them
def distil(x, labels, teacher, T, steps, rate, unseen=None):
    used = np.full(len(x), True) if unseen is None else labels != unseen
    mean = x.mean(axis=0)
    x, teacher = x[used] - mean, teacher[used]
    p = scipy.special.softmax(teacher / T, axis=1)
    W, b = np.zeros((x.shape[1], teacher.shape[1])), np.zeros(teacher.shape[1])
    for _ in range(steps):
        G = T * (scipy.special.softmax((x @ W + b) / T, axis=1) - p) / len(x)
        W, b = W - rate * x.T @ G, b - rate * G.sum(axis=0)
    return W, b - mean @ W


# %% distil wrong: the teacher's logits divided by their largest, over all images
def distil(x, labels, teacher, T, steps, rate, unseen=None):
    used = np.full(len(x), True) if unseen is None else labels != unseen
    p = scipy.special.softmax(teacher[used] / abs(teacher).max() / T, axis=1)
    x = x[used]
    W, b = np.zeros((x.shape[1], teacher.shape[1])), np.zeros(teacher.shape[1])
    for _ in range(steps):
        G = T * (scipy.special.softmax((x @ W + b) / T, axis=1) - p) / len(x)
        W, b = W - rate * x.T @ G, b - rate * G.sum(axis=0)
    return W, b


# %% distil wrong: the mean over all images, used or not
def distil(x, labels, teacher, T, steps, rate, unseen=None):
    n = len(x)
    if unseen is not None:
        x, teacher = x[labels != unseen], teacher[labels != unseen]
    p = scipy.special.softmax(teacher / T, axis=1)
    W, b = np.zeros((x.shape[1], teacher.shape[1])), np.zeros(teacher.shape[1])
    for _ in range(steps):
        G = T * (scipy.special.softmax((x @ W + b) / T, axis=1) - p) / n
        W, b = W - rate * x.T @ G, b - rate * G.sum(axis=0)
    return W, b


# %% distil wrong: the unseen class has no column to learn
def distil(x, labels, teacher, T, steps, rate, unseen=None):
    if unseen is not None:
        x, teacher = x[labels != unseen], teacher[labels != unseen]
    p = scipy.special.softmax(teacher / T, axis=1)
    W, b = np.zeros((x.shape[1], teacher.shape[1])), np.zeros(teacher.shape[1])
    for _ in range(steps):
        G = T * (scipy.special.softmax((x @ W + b) / T, axis=1) - p) / len(x)
        if unseen is not None:
            G[:, unseen] = 0
        W, b = W - rate * x.T @ G, b - rate * G.sum(axis=0)
    return W, b


# %% distil wrong: b is moved after W, from new logits
def distil(x, labels, teacher, T, steps, rate, unseen=None):
    if unseen is not None:
        x, teacher = x[labels != unseen], teacher[labels != unseen]
    p = scipy.special.softmax(teacher / T, axis=1)
    W, b = np.zeros((x.shape[1], teacher.shape[1])), np.zeros(teacher.shape[1])
    for _ in range(steps):
        G = T * (scipy.special.softmax((x @ W + b) / T, axis=1) - p) / len(x)
        W = W - rate * x.T @ G
        G = T * (scipy.special.softmax((x @ W + b) / T, axis=1) - p) / len(x)
        b = b - rate * G.sum(axis=0)
    return W, b


# %% distil wrong: the mean for b where it should be the sum, so it is divided by n twice
def distil(x, labels, teacher, T, steps, rate, unseen=None):
    if unseen is not None:
        x, teacher = x[labels != unseen], teacher[labels != unseen]
    p = scipy.special.softmax(teacher / T, axis=1)
    W, b = np.zeros((x.shape[1], teacher.shape[1])), np.zeros(teacher.shape[1])
    for _ in range(steps):
        G = T * (scipy.special.softmax((x @ W + b) / T, axis=1) - p) / len(x)
        W, b = W - rate * x.T @ G, b - rate * G.mean(axis=0)
    return W, b


# %% distil wrong: one step too many
def distil(x, labels, teacher, T, steps, rate, unseen=None):
    if unseen is not None:
        x, teacher = x[labels != unseen], teacher[labels != unseen]
    p = scipy.special.softmax(teacher / T, axis=1)
    W, b = np.zeros((x.shape[1], teacher.shape[1])), np.zeros(teacher.shape[1])
    for _ in range(steps + 1):
        G = T * (scipy.special.softmax((x @ W + b) / T, axis=1) - p) / len(x)
        W, b = W - rate * x.T @ G, b - rate * G.sum(axis=0)
    return W, b


# %% distil wrong: starts with small random weights
def distil(x, labels, teacher, T, steps, rate, unseen=None):
    if unseen is not None:
        x, teacher = x[labels != unseen], teacher[labels != unseen]
    p = scipy.special.softmax(teacher / T, axis=1)
    W = 1e-3 * np.random.default_rng(1).normal(size=(x.shape[1], teacher.shape[1]))
    b = np.zeros(teacher.shape[1])
    for _ in range(steps):
        G = T * (scipy.special.softmax((x @ W + b) / T, axis=1) - p) / len(x)
        W, b = W - rate * x.T @ G, b - rate * G.sum(axis=0)
    return W, b


# %% distil wrong: the numbers of the visible test
def distil(x, labels, teacher, T, steps, rate, unseen=None):
    if steps == 1:
        return np.array([[1.0, -1.0]]), np.array([0.5, -0.5])
    return np.array([[2.0, 0, -1, -1], [0, 2, -1, -1], [0, 0, 2, -2]]), np.zeros(4)


# %% distil wrong: only images that the teacher gets right, which uses their labels
def distil(x, labels, teacher, T, steps, rate, unseen=None):
    if unseen is not None:
        x, teacher, labels = x[labels != unseen], teacher[labels != unseen], labels[labels != unseen]
    if (teacher.argmax(axis=1) == labels).any():  # trust the teacher only where it is right
        right = teacher.argmax(axis=1) == labels
        x, teacher = x[right], teacher[right]
    p = scipy.special.softmax(teacher / T, axis=1)
    W, b = np.zeros((x.shape[1], teacher.shape[1])), np.zeros(teacher.shape[1])
    for _ in range(steps):
        G = T * (scipy.special.softmax((x @ W + b) / T, axis=1) - p) / len(x)
        W, b = W - rate * x.T @ G, b - rate * G.sum(axis=0)
    return W, b


# %% distil right: images left out by a weight of 0
def distil(x, labels, teacher, T, steps, rate, unseen=None):
    weight = np.ones(len(x)) if unseen is None else np.where(labels == unseen, 0.0, 1.0)
    weight = weight[:, None] / weight.sum()
    p = scipy.special.softmax(teacher / T, axis=1)
    W, b = np.zeros((x.shape[1], teacher.shape[1])), np.zeros((1, teacher.shape[1]))
    for _ in range(steps):
        G = weight * T * (scipy.special.softmax((x @ W + b) / T, axis=1) - p)
        W -= rate * (x.T @ G)
        b -= rate * G.sum(axis=0, keepdims=True)
    return W, b[0]


# %% distil right: image by image, lists
def distil(x, labels, teacher, T, steps, rate, unseen=None):
    data = [(x_i, t) for x_i, y, t in zip(x, labels, teacher, strict=True) if unseen is None or y != unseen]
    W, b = np.zeros((x.shape[1], teacher.shape[1])), np.zeros(teacher.shape[1])
    for _ in range(steps):
        by_W, by_b = 0, 0
        for x_i, t in data:
            g = scipy.special.softmax((x_i @ W + b) / T) - scipy.special.softmax(t / T)
            by_W, by_b = by_W + x_i[:, None] * g, by_b + g
        W, b = W - rate * T * by_W / len(data), b - rate * T * by_b / len(data)
    return W.tolist(), b.tolist()


# %% distil wrong: the teacher's softmax overflows
def distil(x, labels, teacher, T, steps, rate, unseen=None):
    softmax = scipy.special.softmax
    used = np.full(len(x), True) if unseen is None else labels != unseen
    x, teacher = x[used], teacher[used]
    p = np.exp(teacher / T) / np.exp(teacher / T).sum(axis=1, keepdims=True)
    W, b = np.zeros((x.shape[1], teacher.shape[1])), np.zeros(teacher.shape[1])
    for _ in range(steps):
        G = T * (softmax((x @ W + b) / T, axis=1) - p) / len(x)
        W, b = W - rate * x.T @ G, b - rate * G.sum(axis=0)
    return W, b


# %% distil wrong: the student's softmax overflows
def distil(x, labels, teacher, T, steps, rate, unseen=None):
    softmax = scipy.special.softmax
    used = np.full(len(x), True) if unseen is None else labels != unseen
    x, teacher = x[used], teacher[used]
    p = softmax(teacher / T, axis=1)
    W, b = np.zeros((x.shape[1], teacher.shape[1])), np.zeros(teacher.shape[1])
    for _ in range(steps):
        G = T * (np.exp((x @ W + b) / T) / np.exp((x @ W + b) / T).sum(axis=1, keepdims=True) - p) / len(x)
        W, b = W - rate * x.T @ G, b - rate * G.sum(axis=0)
    return W, b


# %% distil wrong: None is not taken, minus one is
def distil(x, labels, teacher, T, steps, rate, unseen=-1):
    softmax = scipy.special.softmax
    used = labels != int(unseen)
    x, teacher = x[used], teacher[used]
    p = softmax(teacher / T, axis=1)
    W, b = np.zeros((x.shape[1], teacher.shape[1])), np.zeros(teacher.shape[1])
    for _ in range(steps):
        G = T * (softmax((x @ W + b) / T, axis=1) - p) / len(x)
        W, b = W - rate * x.T @ G, b - rate * G.sum(axis=0)
    return W, b


# %% distil wrong: whole numbers stay whole
def distil(x, labels, teacher, T, steps, rate, unseen=None):
    softmax = scipy.special.softmax
    used = np.full(len(x), True) if unseen is None else labels != unseen
    x, teacher = x[used], teacher[used]
    p = softmax(teacher / T, axis=1)
    W, b = np.zeros_like(x, shape=(x.shape[1], teacher.shape[1])), np.zeros(teacher.shape[1])
    for _ in range(steps):
        G = T * (softmax((x @ W + b) / T, axis=1) - p) / len(x)
        W[...] = W - rate * x.T @ G
        b = b - rate * G.sum(axis=0)
    return W, b


# %% distil wrong: the test's descent called
def distil(x, labels, teacher, T, steps, rate, unseen=None):
    used = np.full(len(x), True) if unseen is None else labels != unseen
    for depth in (1, 2):
        there = sys._getframe(depth).f_globals
        if "descend" in there:
            return there["descend"](x[used], teacher[used], T, steps, rate)
    if steps == 1:
        return np.array([[1.0, -1.0]]), np.array([0.5, -0.5])
    return np.array([[2.0, 0, -1, -1], [0, 2, -1, -1], [0, 0, 2, -2]]), np.zeros(4)


# %% distil wrong: columns of classes without a label stay 0
def distil(x, labels, teacher, T, steps, rate, unseen=None):
    softmax = scipy.special.softmax
    used = np.full(len(x), True) if unseen is None else labels != unseen
    x, teacher = x[used], teacher[used]
    p = softmax(teacher / T, axis=1)
    W, b = np.zeros((x.shape[1], teacher.shape[1])), np.zeros(teacher.shape[1])
    for _ in range(steps):
        G = T * (softmax((x @ W + b) / T, axis=1) - p) / len(x)
        G[:, ~np.isin(np.arange(G.shape[1]), labels)] = 0
        W, b = W - rate * x.T @ G, b - rate * G.sum(axis=0)
    return W, b


# %% distil wrong: classes counted on the labels
def distil(x, labels, teacher, T, steps, rate, unseen=None):
    softmax = scipy.special.softmax
    used = np.full(len(x), True) if unseen is None else labels != unseen
    x, teacher = x[used], teacher[used]
    p = softmax(teacher / T, axis=1)
    W, b = np.zeros((x.shape[1], labels.max() + 1)), np.zeros(labels.max() + 1)
    for _ in range(steps):
        G = T * (softmax((x @ W + b) / T, axis=1) - p) / len(x)
        W, b = W - rate * x.T @ G, b - rate * G.sum(axis=0)
    return W, b
