"""Data whose explanation is known, because it was planted, and scores that hold an explanation against it.

A score takes an attribution and a mask of the same shape (n, ...), n images or n rows of a table, and
gives (n,) numbers: 1 is a perfect explanation, a constant one gets what guessing would.
"""

from itertools import combinations
from typing import NamedTuple

import keras
import numpy as np
from scipy.ndimage import sobel
from scipy.stats import rankdata

from utils import arguments, checks, state

RING = np.array([[1, 1, 1, 1], [1, 0, 0, 1], [1, 0, 0, 1], [1, 1, 1, 1]])
STRIPES = np.array([[1, 0, 1, 0]] * 4)
CUE = 3  # pixels on a side of the background cue
NOISE = 0.6  # the brightest noise: a network learns the patterns in seconds, and an edge detector often misses them


class Planted(NamedTuple):
    """x: (n, size, size, 1) float32 in [0, 1]; y: (n,) int64, 1 for a ring; mask, cue_mask: (n, size, size) bool."""

    x: np.ndarray
    y: np.ndarray
    mask: np.ndarray
    cue_mask: np.ndarray


class Gated(NamedTuple):
    """x: (n, 8) float32, standard normal; y: (n,) int64, drawn as 1 with probability (n,) float64."""

    x: np.ndarray
    y: np.ndarray
    probability: np.ndarray


def planted_images(n, seed, cue=0.0, size=16):
    """Images of noise with one 4x4 pattern that alone decides the class: a ring (1) or stripes (0), half of each.

    The pattern starts on no multiple of 4, so that a grid of 4-pixel cells never fits it. With `cue` in (0, 1]
    a corner is bright too, and in that fraction of the images, to rounding, it is the class's own: top left
    for a ring, bottom right for stripes. 0.5 tells nothing, 0 leaves the corners as they are. A cue changes no
    other pixel, label or place. Returns `Planted`; the masks mark the pattern, and the bright corner if any.
    ValueError for fewer than 1 image, a cue outside [0, 1], or a size below 12.
    """
    n, size = arguments.count("n", n), arguments.count("size", size, least=12)
    if not arguments.is_number(cue) or not 0 <= cue <= 1:
        raise ValueError(
            f"cue is {arguments.brief(cue)}; give the fraction of images in which it agrees with the class"
        )
    rng = np.random.default_rng(arguments.seed(seed))
    y = rng.permutation(n) % 2
    x = rng.uniform(0, NOISE, (n, size, size))
    starts = [i for i in range(size - 3) if i % 4]
    free = [(r, c) for r in starts for c in starts if max(r, c) >= CUE and min(r, c) + 4 <= size - CUE]
    rows, columns = (at[:, None] + np.arange(4) for at in rng.choice(free, n).T)
    pattern = np.arange(n)[:, None, None], rows[:, :, None], columns[:, None, :]
    x[pattern] = np.array([STRIPES, RING])[y]
    mask, cue_mask = np.zeros((2, n, size, size), bool)
    mask[pattern] = True
    if cue:
        agrees = rng.permutation(n) < round(cue * n)
        top_left = agrees == (y == 1)
        cue_mask[top_left, :CUE, :CUE] = True
        cue_mask[~top_left, -CUE:, -CUE:] = True
        x[cue_mask] = 1
    return Planted(x[..., None].astype(np.float32), y, mask, cue_mask)


def gated_rule(n, seed):
    """Rows of a table whose labels follow `gated_probability`. Returns `Gated`; ValueError for fewer than 1 row."""
    n = arguments.count("n", n)
    rng = np.random.default_rng(arguments.seed(seed))
    x = rng.standard_normal((n, 8), np.float32)
    probability = gated_probability(x)
    return Gated(x, (rng.random(n) < probability).astype(np.int64), probability)


def gated_probability(x):
    """The true probability (n,) of class 1 for rows (n, 8): feature 0 decides whether feature 1 or 2 counts.

    The log-odds are 4 x1 where x0 > 0, else 4 x2, plus x3; features 4 to 7 are noise. ValueError for another shape.
    """
    x = checks.numbers("x", x, ("n", 8), float)
    return 1 / (1 + np.exp(-4 * np.where(x[:, 0] > 0, x[:, 1], x[:, 2]) - x[:, 3]))


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
    return np.lexsort((coin, -a), axis=1)


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
