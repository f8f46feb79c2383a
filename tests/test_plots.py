import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pytest

from utils import plots


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
