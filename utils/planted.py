"""Signs hidden in noise and a rule hidden in a table: a planted truth that nothing finds but what has learned it.

An image is a grid of square cells of 5x5 pixels. Each pixel is dark or bright, from two ranges, by a coin. One cell
holds a sign, itself drawn by a coin, once and for all: one of two that decide the class, or for the third class the
pixels of one in another order. Every image holds the distractor too. A sign appears as it is or as its negative, at
random, so no pixel's brightness tells anything, nor does any number of bright ones. As all cells are equally likely and
a sign looks like noise, a map that is made from the image alone, or is the same for all images, finds what guessing
finds.

The table is the same for features: which of them count, and in which direction, changes from row to row, so that a
ranking that ignores the row, or looks only at how far a value is from its mean, finds what guessing finds.

Planted truth for explanations: Yang and Kim 2019; Arras et al. 2022. The shortcut: Adebayo et al. 2022.
"""

from typing import NamedTuple

import keras
import numpy as np
from scipy.ndimage import gaussian_filter, uniform_filter

from utils import arguments, checks, evaluation, models

SIDE = 5  # pixels on a side of a cell, and of a sign
CLASSES = 3  # the first sign, the second, neither
DARK, BRIGHT = (0, 0.35), (0.65, 1)
# by coins, half of them bright; of 200 such draws the one that the edges, contrast and regularity of `controls` find
# least (stripes in their place are found by regularity without any network)
DRAWN = """
.#.## ..##. #.#.# .#.#. ..#.. .##..
.#### ###.# #..## ...## ##..# ..#.#
.#..# .#### ...#. ##..# ....# ##...
...## ##... #..## #.#.# .###. ..###
.#... ....# .#..# .#.## ##.## #.###
"""  # the first sign, the second, the distractor, the cues of the classes 0, 1, 2
SIGNS = np.array([list(row) for row in DRAWN.split()]).reshape(SIDE, 6, SIDE).swapaxes(0, 1) == "#"  # (6, 5, 5)
CANDIDATES = slice(2, 6)  # the columns of the table that may count
TURNS = np.array([[1, -1, 0, 0], [0, 1, -1, 0], [0, 0, 1, -1], [-1, 0, 0, 1]])  # a row for each quadrant of the gates
STRENGTH = 3.0


class Images(NamedTuple):
    """x: (n, size, size, 1) float32 in [0, 1]; y: (n,) int64, 0 to 2. cells: (n, 3), where the sign, the distractor
    and the cue lie, counted row by row; of an image of class 2 the first is where the reordered pixels lie.

    mask: (n, size, size) bool, the pixels of the sign that decides the class, none in class 2. distractor: those of
    the sign that is in every image. cue: those of the cue, if there is one.
    """

    x: np.ndarray
    y: np.ndarray
    cells: np.ndarray
    mask: np.ndarray
    distractor: np.ndarray
    cue: np.ndarray


class Rows(NamedTuple):
    """x: (n, 8) float32, standard normal; y: (n,) int64, drawn as 1 with probability (n,) float64.

    slopes: (n, 8), those of the true log-odds. counts: (n, 4) bool, which of the columns 2 to 5 count in a row.
    """

    x: np.ndarray
    y: np.ndarray
    probability: np.ndarray
    slopes: np.ndarray
    counts: np.ndarray


def images(n, seed, cue=0.0, size=15):
    """Images of three classes, a third of each: the first sign, the second, or the pixels of one in another order.

    With `cue` in (0, 1] one more cell holds a sign of its own for each class, never its negative, so that it is
    learned sooner. In that fraction of the images, to rounding, it is the cue of the image's class, else that of
    another. A third tells nothing; 0 leaves the cell as it is. A cue changes no other pixel, label or place.
    ValueError for fewer than 1 image, a cue outside [0, 1], or a size that is no multiple of 5 from 10 on.
    """
    n, size = arguments.count("n", n), arguments.count("size", size, least=2 * SIDE)
    if size % SIDE:
        raise ValueError(f"size is {size}; give a multiple of {SIDE}, the side of a cell")
    if not arguments.is_number(cue) or not 0 <= cue <= 1:
        raise ValueError(
            f"cue is {arguments.brief(cue)}; give the fraction of images in which it agrees with the class"
        )
    rng = np.random.default_rng(arguments.seed(seed))
    y = rng.permutation(n) % CLASSES
    cells = rng.random((n, (size // SIDE) ** 2)).argsort(axis=1)[:, :3]
    bright = rng.random((n, size, size)) < 0.5
    _put(bright, cells[:, 0], _drawn(rng, y))
    _put(bright, cells[:, 1], SIGNS[2] ^ _coin(rng, n))
    light = rng.random(bright.shape)
    if cue:
        agrees = rng.permutation(n) < round(cue * n)
        _put(bright, cells[:, 2], SIGNS[3 + np.where(agrees, y, (y + rng.integers(1, CLASSES, n)) % CLASSES)])
    mask, distractor, marked = np.zeros((3, n, size, size), bool)
    _put(mask, cells[:, 0], (y < 2)[:, None, None])
    _put(distractor, cells[:, 1], True)
    _put(marked, cells[:, 2], bool(cue))
    return Images(_pixels(bright, light), y, cells, mask, distractor, marked)


def part(data, rows):
    """Some of the `Images` or `Rows`: those where rows (n,) is True. `part(data, data.y < 2)`: those with a sign.

    TypeError for other data; ValueError for rows of another shape, or that are False everywhere.
    """
    _planted(data, (Images, Rows))
    rows = _marks("rows", rows, (len(data.y),), "the images or rows of data")
    if not rows.any():
        raise ValueError("rows is False everywhere; choose at least one")
    return type(data)(*(field[rows] for field in data))


def usable(data):
    """The pixels that tell the class of `Images`: (n, size, size) bool. Those of the sign, and of the cue if any.

    Nothing else does, neither the distractor nor what borders on the sign. That an image is of class 2 is told by
    all pixels together: in none of the cells is a sign. TypeError for other data.
    """
    _planted(data, (Images,))
    return data.mask | data.cue


def redrawn(x, where, seed):
    """Images x (n, h, w, 1) with new noise in the pixels where (n, h, w) is True; a float32 copy.

    Where a sign was, nothing is left of it; where noise was, noise as likely as the old. So a network is asked about
    images like those that it knows. ValueError for a `where` of another shape or of other values.
    """
    x = checks.numbers("x", x, ("n", "h", "w", 1), np.float32)
    where = _marks("where", where, x.shape[:3], "the pixels of x")
    rng = np.random.default_rng(arguments.seed(seed))
    noise = _pixels(rng.random(where.shape) < 0.5, rng.random(where.shape))
    return np.where(where[..., None], noise, x)


def exchanged(data, y, seed):
    """The same `Images` with what another class shows in the cell of their sign; all other pixels stay.

    y: the classes (n,) that they get, 0 to 2. TypeError for other data, ValueError for another y.
    """
    _planted(data, (Images,))
    n, size = data.x.shape[:2]
    y = checks.labels(y, n, CLASSES).astype(np.int64)
    rng = np.random.default_rng(arguments.seed(seed))
    x, mask = data.x[..., 0].copy(), np.zeros((n, size, size), bool)
    sign = _drawn(rng, y)
    _put(x, data.cells[:, 0], _pixels(sign, rng.random(sign.shape))[..., 0])
    _put(mask, data.cells[:, 0], (y < 2)[:, None, None])
    return data._replace(x=x[..., None], y=y, mask=mask)


def controls(x, seed):
    """Maps (n, h, w) of images x (n, h, w, 1) by what knows no network: {name: map}. Each stands at chance here.

    The first four are |x - x'| for the usual baselines x': the factor by which Integrated Gradients multiply.
    """
    light = checks.numbers("x", x, ("n", "h", "w", 1), float)[..., 0]
    away = light - 0.5
    beside = uniform_filter(away * np.roll(away, 1, axis=2), (0, SIDE, SIDE), mode="wrap")
    below = uniform_filter(away * np.roll(away, 1, axis=1), (0, SIDE, SIDE), mode="wrap")
    row, column = np.indices(light.shape[1:])
    return {
        "distance from black": light,
        "distance from grey": np.abs(away),
        "distance from white": 1 - light,
        "distance from blur": np.abs(light - gaussian_filter(light, (0, 2, 2))),
        "edges": evaluation.edge_attribution(x),
        "contrast": uniform_filter(away**2, (0, 3, 3)) - uniform_filter(away, (0, 3, 3)) ** 2,
        "regularity": np.abs(beside) + np.abs(below),
        "middle of the image": np.broadcast_to(-np.hypot(row - row.mean(), column - column.mean()), light.shape),
        "random": evaluation.random_attribution(x, seed),
    }


def network(size=15, filters=16):
    """A network that learns `images` in seconds: 2,531 parameters, layers that shap's DeepExplainer knows.

    Two 3x3 convolutions see 5x5 pixels, those of a cell; the largest answer of each filter, wherever it is, decides.
    Probabilities (n, 3). ValueError for a size below 5 or fewer than 1 filter.
    """
    size, filters = arguments.count("size", size, least=SIDE), arguments.count("filters", filters)
    convolutions = [keras.layers.Conv2D(filters, 3, activation="relu", **models.LAST) for _ in range(2)]
    pooling = [keras.layers.MaxPooling2D(size - 4, **models.LAST), keras.layers.Flatten(**models.LAST)]
    ends = [keras.layers.Dense(CLASSES, name="logits"), keras.layers.Activation("softmax", name="probabilities")]
    return keras.Sequential([keras.Input((size, size, 1)), *convolutions, *pooling, *ends])


def table(n, seed):
    """Rows of a table whose labels follow `log_odds`. Returns `Rows`; ValueError for fewer than 1 row."""
    n = arguments.count("n", n)
    rng = np.random.default_rng(arguments.seed(seed))
    x = rng.standard_normal((n, 8), np.float32)
    probability = 1 / (1 + np.exp(-log_odds(x)))
    steep = slopes(x)
    return Rows(x, (rng.random(n) < probability).astype(np.int64), probability, steep, steep[:, CANDIDATES] != 0)


def log_odds(x):
    """The true log-odds (n,) of class 1 for rows (n, 8): the signs of columns 0 and 1 pick two of columns 2 to 5.

    One speaks for class 1 and the other against it. Each counts in half of the rows, for and against equally often,
    so that what is the same for all rows tells nothing. Columns 6 and 7 are noise. ValueError for another shape.
    """
    x = checks.numbers("x", x, ("n", 8))
    return (slopes(x) * x).sum(axis=1)


def slopes(x):
    """The slope (n, 8) of `log_odds` by each column; that of the columns 0 and 1 is 0 but where they change sign."""
    x = checks.numbers("x", x, ("n", 8))
    steep = np.zeros(x.shape)
    steep[:, CANDIDATES] = STRENGTH * TURNS[2 * (x[:, 0] > 0) + (x[:, 1] > 0)]
    return steep


def _planted(data, kinds):
    if not isinstance(data, kinds):
        made = " or ".join("planted.images" if kind is Images else "planted.table" for kind in kinds)
        raise TypeError(f"data is a {arguments.kind(data)}; give what {made} returns")


def _marks(name, marks, shape, of):
    """marks as an array of True and False of this shape, one for each `of`; otherwise a ValueError."""
    array = checks.numbers(name, marks)
    if array.shape != shape:
        raise ValueError(f"{name} has shape {array.shape}, {of} {shape}; give one mark for each")
    if not np.isin(array, (0, 1)).all():
        raise ValueError(f"{name} holds other values than True and False; compare: {name} > 0")
    return array.astype(bool)


def _coin(rng, n):
    return rng.random((n, 1, 1)) < 0.5


def _drawn(rng, y):
    """What the first cell holds in images of these classes: (n, 5, 5) bool, True for bright."""
    sign = SIGNS[y % 2]  # class 2: the pixels of a sign, in another order
    order = rng.random((len(y), SIDE**2)).argsort(axis=1)
    mixed = np.take_along_axis(sign.reshape(order.shape), order, axis=1).reshape(sign.shape)
    return np.where((y == 2)[:, None, None], mixed, sign) ^ _coin(rng, len(y))


def _pixels(bright, light):
    """Brightness (..., 1) float32 of dark and bright pixels; light, from 0 to 1, says where in its range each is."""
    low, high = (np.where(bright, b, d) for d, b in zip(DARK, BRIGHT, strict=True))
    return (low + (high - low) * light)[..., None].astype(np.float32)


def _put(array, cells, values):
    """Writes values (n, 5, 5) into one cell of each image of array (n, size, size)."""
    n, side = len(array), array.shape[1] // SIDE
    by_cell = array.reshape(n, side, SIDE, side, SIDE)
    by_cell[np.arange(n), cells // side, :, cells % side] = values
