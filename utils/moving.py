"""Figures that move on the site: what a cell computed is handed to a script of its page (book/_static/moving)."""

import html
import json
import math
import re

import numpy as np
from IPython.display import display

from utils import arguments

NOTE = "On the site, with JavaScript, a figure that can be moved stands here."


def moving(figure, digits=4, **values):
    """Show the place of a figure that moves, with what it is drawn from.

    The script of this name makes the figure, from the run that made the chapter. Without it, in an editor, on paper or
    with JavaScript off, there is one line that says so, and the chapter's own figure or table.

    figure: the script's name. values: numbers, texts, truths, arrays, and lists, tuples or dictionaries of them.
    digits: how many significant digits of a number the page gets. ValueError for another name and for a
    number that is not finite, TypeError for another kind of value.
    """
    if not isinstance(figure, str) or not re.fullmatch(r"[a-z]+", figure):
        raise ValueError(f"figure is {arguments.brief(figure)}; give the name of a script, such as 'cost'")
    digits = arguments.count("digits", digits)
    plain = {name: _plain(name, value, digits) for name, value in values.items()}
    given = html.escape(json.dumps(plain, separators=(",", ":")))
    page = f'<div class="moving" data-figure="{figure}" data-values="{given}"><p>{NOTE}</p></div>'
    display({"text/plain": NOTE, "text/html": page}, raw=True)


def _plain(name, value, digits):
    """The value as JSON knows it, its numbers rounded."""
    if isinstance(value, dict):
        return {str(key): _plain(f"{name}[{key!r}]", each, digits) for key, each in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(name, each, digits) for each in value]
    if isinstance(value, str | bool | int):
        return value
    if not isinstance(value, float):
        raise TypeError(f"{name} holds a {type(value).__name__}; give numbers, texts, truths, arrays, lists of them")
    if not math.isfinite(value):
        raise ValueError(f"{name} holds {value}; give finite numbers: a page cannot draw others")
    rounded = float(f"{value:.{digits}g}")
    return int(rounded) if rounded == int(rounded) and abs(rounded) < 2**53 else rounded
