"""Figures that look alike: colours safe for colour-blind readers, and the spread over seeds always drawn.

On the site, paper and ink change with the page (book/_ext/figures.py): what is black is light on a dark page. Text on a
coloured ground that must stay dark is drawn in `DARK`.
"""

import matplotlib.pyplot as plt
import numpy as np
from IPython import get_ipython
from matplotlib_inline.backend_inline import set_matplotlib_formats

from utils import arguments, checks

# Okabe and Ito's, and two in place of those that are lost on white: each with a contrast of 3 to the paper, and told
# from the others by colour-blind readers (tests/test_plots.py)
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#9B56FF", "#6E3B00", "#000000")
DARK = "#111111"
MARKERS = "osD^vPX"

plt.rcParams.update(
    {
        "figure.figsize": (6.4, 3.6),
        "figure.dpi": 110,
        "figure.constrained_layout.use": True,
        "figure.facecolor": "#fdfdfd",
        "axes.facecolor": "#fdfdfd",
        "axes.prop_cycle": plt.cycler(color=COLOURS),
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.alpha": 0.25,
        "font.size": 11,
        "legend.frameon": False,
        "svg.hashsalt": "course",  # the same figure gives the same file
    }
)

if get_ipython() is not None:
    set_matplotlib_formats("svg")  # sharp at every size


def lines(x, series, xlabel, ylabel, *, logx=False, logy=False, chance=None, dashed=(), ax=None):
    """One line for each series over x, through the mean over seeds, with a band from least to greatest.

    series: {name: array (len(x), seeds) or (len(x),)}. chance: height of a dotted line for guessing.
    dashed: names of the series to draw dashed. Returns the axes.
    ValueError for a series whose length is not that of x, or that is not of finite numbers.
    """
    x = checks.numbers("x", x, ("points",))
    series = {name: checks.numbers(f"series {name!r}", values) for name, values in _named("series", series)}
    for name, values in series.items():
        values = np.atleast_1d(values)
        if len(values) != len(x) or values.ndim > 2:
            raise ValueError(f"series {name!r} has {len(values)} rows for {len(x)} values of x; give (len(x), seeds)")
    ax = ax or plt.figure().gca()
    for i, (name, values) in enumerate(series.items()):
        values = values.reshape(len(x), -1)
        style = "--" if name in dashed else "-"
        ax.plot(x, values.mean(1), style, marker=MARKERS[i % 7], color=COLOURS[i % 7], label=name)
        ax.fill_between(x, values.min(1), values.max(1), color=COLOURS[i % 7], alpha=0.18, linewidth=0)
    if chance is not None:
        ax.axhline(chance, color="#555555", linestyle=":", linewidth=1.2, label="guessing")
    ax.set(xlabel=xlabel, ylabel=ylabel, **({"xscale": "log"} if logx else {}), **({"yscale": "log"} if logy else {}))
    ax.legend()
    return ax


def dots(series, xlabel, *, chance=None, ax=None):
    """One row for each series: a dot for each seed, a bar at the mean. The first series is on top.

    series: {name: array (seeds,)}. Returns the axes. ValueError for a series that is empty or not of finite numbers.
    """
    series = {name: checks.numbers(f"series {name!r}", values).ravel() for name, values in _named("series", series)}
    ax = ax or plt.figure(figsize=(6.4, 0.9 + 0.42 * len(series))).gca()
    for i, values in enumerate(series.values()):
        ax.plot(values, np.full(values.size, i), "o", color=COLOURS[i % 7], alpha=0.7, clip_on=False)
        ax.plot(values.mean(), i, "|", color=COLOURS[i % 7], markersize=22, markeredgewidth=2.5, clip_on=False)
    if chance is not None:
        ax.axvline(chance, color="#555555", linestyle=":", linewidth=1.2)
    ax.set(xlabel=xlabel, yticks=range(len(series)), yticklabels=list(series), ylim=(len(series) - 0.4, -0.6))
    return ax


def images(rows):
    """A grid of images on one grey scale. rows: {label: array (k, height, width) or (k, height, width, 1)}.

    Returns the figure. ValueError when the rows differ in length or an array has another shape.
    """
    arrays = {label: checks.numbers(f"rows {label!r}", row) for label, row in _named("rows", rows)}
    arrays = {label: a[..., 0] if a.ndim == 4 and a.shape[3] == 1 else a for label, a in arrays.items()}
    if any(a.ndim != 3 for a in arrays.values()) or len({len(a) for a in arrays.values()}) != 1:
        raise ValueError(
            f"rows have shapes {[a.shape for a in arrays.values()]}; give the same number of images in each, "
            "as (k, height, width)"
        )
    k = len(next(iter(arrays.values())))
    figure, axes = plt.subplots(len(arrays), k, figsize=(0.75 * k + 0.9, 0.85 * len(arrays) + 0.2), squeeze=False)
    scale = {"vmin": min(a.min() for a in arrays.values()), "vmax": max(a.max() for a in arrays.values())}
    for row, (label, array) in zip(axes, arrays.items(), strict=True):
        for ax, image in zip(row, array, strict=True):
            ax.imshow(image, cmap="gray_r", **scale)
            ax.set(xticks=[], yticks=[])
            ax.grid(False)
            ax.spines[:].set_visible(False)
        row[0].set_ylabel(label, rotation=0, ha="right", va="center")
    return figure


def _named(name, series):
    """The items of a dictionary with at least one; otherwise a ValueError."""
    if not isinstance(series, dict) or not series:
        raise ValueError(f"{name} is {arguments.brief(series)}; give a dictionary with an array for each label")
    return series.items()
