"""Scores that hold an explanation against a known one, as of `planted`, and controls that know no network.

A score takes an attribution and a mask of the same shape (n, ...), n images or n rows of a table, and
gives (n,) numbers: 1 is a perfect explanation, a constant one gets what guessing would.
"""

from itertools import combinations

import keras
import numpy as np
from scipy.ndimage import sobel
from scipy.stats import rankdata

from utils import arguments, checks, state


def pointing(attribution, mask):
    """Is the largest attribution inside the mask (Zhang et al. 2018)? (n,); among equals, the fraction inside."""
    a, m = _pair(attribution, mask)
    largest = a == a.max(1, keepdims=True)
    return (largest & m).sum(1) / largest.sum(1)


def top_k(attribution, mask):
    """Fraction of the k largest attributions that lie inside, k being the size of the mask: (n,).

    Where equals compete for the last places, each has the same chance.
    """
    a, m = _pair(attribution, mask)
    k = m.sum(1)
    last = np.take_along_axis(np.sort(a, 1), a.shape[1] - k[:, None], 1)
    sure, equal = a > last, a == last
    share = (k - sure.sum(1)) / equal.sum(1)
    return ((sure & m).sum(1) + share * (equal & m).sum(1)) / k


def mass(attribution, mask):
    """Share of the positive attribution that lies inside: (n,). Without any, the share of the area."""
    a, m = _pair(attribution, mask)
    a = np.where((a > 0).any(1, keepdims=True), np.maximum(a, 0), 1)
    return (a * m).sum(1) / a.sum(1)


def auc(attribution, mask):
    """Probability that an element inside ranks above one outside, equals counting half: (n,)."""
    a, m = _pair(attribution, mask)
    inside = m.sum(1)
    ranks = (rankdata(a, axis=1) * m).sum(1)  # Mann and Whitney 1947
    return (ranks - inside * (inside + 1) / 2) / (inside * (m.shape[1] - inside))


def deletion(predict, x, attribution, target, fill, steps=16, seed=0):
    """Output of the target while the most important elements are replaced by `fill`: (n, steps + 1).

    Petsiuk et al. 2018. x: (n, h, w, channels) with attribution (n, h, w), or (n, features) with the same;
    elements of equal attribution go in an order drawn from seed. predict: (n, ...) -> (n, classes). target: a class
    or (n,) classes. fill: a number, or an array that broadcasts to x. TypeError for a model in place of a function;
    ValueError for shapes that do not fit, or a target that is no class.
    """
    x, a = checks.numbers("x", x, ("n", ...)), checks.numbers("attribution", attribution, ("n", ...))
    if not np.issubdtype(x.dtype, np.floating):
        raise ValueError(f"x has dtype {x.dtype}; give floating-point numbers, which a fill can replace")
    if a.shape != (x.shape[:3] if x.ndim == 4 else x.shape):
        raise ValueError(f"attribution has shape {a.shape}, x {x.shape}; give one number for each pixel or feature")
    fill, ask = checks.filling("fill", fill, x.shape[1:], x.shape), checks.asking(predict, checks.output)
    steps = arguments.count("steps", steps)
    place = np.argsort(_ranking(a.reshape(len(a), -1), seed), 1)
    place = place.reshape(a.shape + (1,) * (x.ndim - a.ndim))
    curve = np.zeros((len(x), steps + 1))
    for step in range(steps + 1):
        done = place < round(step * a[0].size / steps)
        output = ask(np.where(done, fill, x).astype(x.dtype))
        curve[:, step] = output[np.arange(len(x)), checks.targets("target", target, len(x), output.shape[1])]
    return curve


def stability(attributions, k, seed=0):
    """How far explanations of one thing agree on what matters: mean Jaccard index over all pairs, 1 for equal ones.

    attributions: (seeds, features), at least 2 seeds. Each is reduced to the set of its k largest; which
    of equal ones is drawn from seed. Give absolute values where strength counts and not direction. ValueError for a
    k outside 1 to features - 1.
    """
    a = checks.numbers("attributions", attributions, ("seeds", "features"))
    if len(a) < 2:
        raise ValueError(f"attributions has shape {a.shape}; give at least 2 rows, one for each seed")
    k = arguments.count("k", k)
    if k >= a.shape[1]:
        raise ValueError(f"k is {k} of {a.shape[1]} features of attributions; give fewer, or any two agree")
    sets = [set(row) for row in _ranking(a, seed)[:, :k]]
    return float(np.mean([len(one & other) / len(one | other) for one, other in combinations(sets, 2)]))


def similarity(a, b):
    """Spearman's rank correlation of two attributions of each input, equals sharing their rank: (n,).

    a, b: (n, ...), of one shape. ValueError for an item whose values are all equal: it has no ranks.
    """
    a, b = checks.numbers("a", a, ("n", ...)), checks.numbers("b", b, ("n", ...))
    if a.shape != b.shape:
        raise ValueError(f"a has shape {a.shape}, b {b.shape}; give two attributions of the same inputs")
    ranks = []
    for name, array in (("a", a), ("b", b)):
        centred = rankdata(array.reshape(len(array), -1), axis=1)
        centred -= centred.mean(1, keepdims=True)
        if not centred.any(1).all():
            raise ValueError(f"{name} is constant in {(~centred.any(1)).sum()} of {len(a)} items; leave those out")
        ranks.append(centred / np.linalg.norm(centred, axis=1, keepdims=True))
    return (ranks[0] * ranks[1]).sum(1)


def randomised(model, seed):
    """A copy of a Keras 3 model that has learned nothing (Adebayo et al. 2018); the model itself stays as it is.

    Every trainable weight, biases too, is drawn anew from a normal distribution with mean 0 and the spread
    that the trained ones have in that array. TypeError for anything else than a Keras 3 model, ValueError for one
    that is not built or has several inputs or outputs.
    """
    checks.network(model)
    rng = np.random.default_rng(arguments.seed(seed))
    with state.seeded(seed):  # the copy's first weights are drawn, and thrown away
        copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())  # what is not trained, such as the averages of batch normalisation, stays
    for weight in copy.trainable_variables:
        spread = float(np.std(weight)) or 0.05  # biases that are all 0 still are to differ
        weight.assign(rng.normal(0, spread, weight.shape))
    return copy


def random_attribution(x, seed):
    """A control that knows nothing: uniform numbers (n, h, w) for images x (n, h, w, channels)."""
    return np.random.default_rng(arguments.seed(seed)).random(
        checks.numbers("x", x, ("n", "h", "w", "channels")).shape[:3]
    )


def edge_attribution(x):
    """A control that knows the image but no model: its Sobel gradient. x (n, h, w, channels) -> (n, h, w)."""
    grey = checks.numbers("x", x, ("n", "h", "w", "channels")).mean(3)
    return np.hypot(sobel(grey, axis=1), sobel(grey, axis=2))


def _ranking(a, seed):
    """The places of (n, elements) from the largest down, equals in random order: in reading order they would agree."""
    coin = np.random.default_rng(arguments.seed(seed)).random(a.shape)
    return np.lexsort((coin, -a.astype(float)), axis=1)  # -1 of a number without sign is its largest


def _pair(attribution, mask):
    """Both as (n, elements); a ValueError unless they fit, and each mask has an inside and an outside."""
    a, m = checks.numbers("attribution", attribution, ("n", ...)), checks.as_array("mask", mask)
    if m.shape != a.shape or m.dtype != bool:
        raise ValueError(
            f"mask has shape {m.shape} and dtype {m.dtype}, attribution shape {a.shape}; give a mask of that shape, "
            "of True and False (an attribution with channels is summed over them first)"
        )
    a, m = a.reshape(len(a), -1), m.reshape(len(a), -1)
    if not m.any(1).all() or m.all(1).any():
        raise ValueError("mask is all True or all False for some item; leave it out: nothing can be found there")
    return a, m
