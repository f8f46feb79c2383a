import re
import sys
from itertools import combinations
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pytest

from utils import plots

sys.path.insert(0, str(Path(__file__).parent.parent / "book" / "_ext"))
import figures


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


def test_lines_draw_mean_and_range():
    ax = plots.lines([1, 2], {"a": [[0.0, 1.0], [2.0, 4.0]], "b": [5.0, 6.0]}, "x", "y", chance=0.1, dashed=("b",))
    assert [line.get_ydata().tolist() for line in ax.get_lines()[:2]] == [[0.5, 3.0], [5.0, 6.0]]
    band = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert band.min() == 0 and band.max() == 4
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x", "y")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b", "guessing"]


def test_dots_draw_every_seed():
    ax = plots.dots({"a": [1, 2, 3], "b": [4.0]}, "score", chance=0.1)
    assert ax.get_lines()[0].get_xdata().tolist() == [1, 2, 3]
    assert ax.get_lines()[1].get_xdata().tolist() == [2], "the bar is at the mean"
    assert ax.get_ylim()[0] > ax.get_ylim()[1], "the first series is on top"


def test_images_share_one_scale():
    figure = plots.images({"a": np.zeros((3, 4, 4)), "b": np.ones((3, 4, 4, 1))})
    assert {image.get_clim() for ax in figure.axes for image in ax.images} == {(0.0, 1.0)}
    assert [ax.get_ylabel() for ax in figure.axes[::3]] == ["a", "b"]


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: plots.lines([1, 2, 3], {"a": [1, 2]}, "x", "y"), "series 'a' has 2 rows for 3 values of x"),
        (lambda: plots.lines([1, 2], {"a": [1, np.nan]}, "x", "y"), "series 'a' holds 1 values that are NaN"),
        (lambda: plots.dots({"a": []}, "x"), "series 'a'"),
        (lambda: plots.dots({"a": [np.nan]}, "x"), "series 'a'"),
        (lambda: plots.images({"a": np.zeros((2, 4, 4)), "b": np.zeros((3, 4, 4))}), "same number"),
        (lambda: plots.images({"a": np.zeros((4, 4))}), "as \\(k, height, width\\)"),
    ],
)
def test_bad_input(draw, message):
    with pytest.raises(ValueError, match=message):
        draw()


# Machado, Oliveira and Fernandes (2009), severity 1: linear RGB as a reader without one kind of cone sees it
SEEN = {
    "all cones": np.eye(3),
    "no long": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no middle": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "no short": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def linear(colour):
    channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    """CIELAB under D65, in which 2.3 is a difference that is just seen."""
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = np.array(to_xyz) @ np.clip(rgb, 0, 1) / [0.9505, 1, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("page", ["light", "dark"])
def test_colours_are_seen_on_both_pages(page):
    dark = figures.DARK if page == "dark" else {}
    paper, *colours = (dark.get(c.lower(), c) for c in (plt.rcParams["figure.facecolor"], *plots.COLOURS))
    luminance = [linear(c) @ [0.2126, 0.7152, 0.0722] for c in (paper, *colours)]
    contrast = [(max(x, luminance[0]) + 0.05) / (min(x, luminance[0]) + 0.05) for x in luminance[1:]]
    assert min(contrast) >= 3, "WCAG 2.2, 1.4.11"
    for reader, cones in SEEN.items():
        seen = [lab(np.array(cones) @ linear(c)) for c in colours]
        closest = min(np.linalg.norm(a - b) for a, b in combinations(seen, 2))
        assert closest >= 15, f"{reader}: {closest:.1f}"


def test_a_figure_has_its_dark_form_once(tmp_path):
    plots.lines([1, 2], {"a": [1.0, 2.0]}, "x", "y", chance=1.5)
    plt.savefig(tmp_path / "figure.svg")
    drawn = (tmp_path / "figure.svg").read_text()
    both = figures.with_both(drawn)
    assert both.count('id="dark"') == 1 and figures.with_both(both) == both
    assert re.sub(r' id="dark"|<style>#dark.*?</style>', "", both) == drawn, "the light form stays as it was drawn"
    used = set(re.findall(r"(?:fill|stroke): (#[0-9a-f]{6})", drawn))
    assert {"#fdfdfd", "#000000", "#555555"} <= used, "what is to change is written so in the file"


def test_a_figure_on_a_page_is_shown_in_both():
    page = '<p><img alt="a &gt; b" src="../_images/f.svg" class="x" /></p><img src="../_images/photo.png"/>'
    shown = figures.for_both(page)
    assert shown.count("<img") == 3 and shown.count('alt="a &gt; b"') == 2
    assert 'class="x only-light" src="../_images/f.svg"' in shown
    assert 'class="x only-dark" src="../_images/f.svg#dark"' in shown
