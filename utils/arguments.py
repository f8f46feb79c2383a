"""Checks of single arguments: counts, fractions, flags, seeds. Those of arrays and models are in `checks`.

Each returns the value as the rest is to use it. An error names the argument, says what came, and what to do.
"""

import numpy as np


def count(name, value, least=1):
    """The value, if it is a whole number of at least `least`, or of any size for None; otherwise a ValueError."""
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or (least is not None and value < least):
        raise ValueError(
            f"{name} is {brief(value)}; give a whole number" + (f" of at least {least}" if least is not None else "")
        )
    return int(value)


def counts(name, values, length=None):
    """The values as a tuple of whole numbers of at least 1, of this length; otherwise a ValueError."""
    values = whole(name, values, least=1)
    if length not in (None, len(values)):
        raise ValueError(f"{name} is {brief(values)}; give {length} whole numbers")
    return tuple(values)


def whole(name, values, least=0):
    """The values as a list of whole numbers of at least `least`; otherwise a ValueError."""
    values = sequence(name, values)
    for value in values:
        try:
            count(name, value, least)
        except ValueError as fault:
            raise ValueError(f"{name} is {brief(values)}; give whole numbers of at least {least}") from fault
    return [int(value) for value in values]


def flag(name, value):
    """The value, if it is True or False; otherwise a ValueError."""
    if not isinstance(value, (bool, np.bool_)):
        raise ValueError(f"{name} is {brief(value)}; give True or False")
    return bool(value)


def fraction(name, value):
    """The value, if it is a number from 0 to below 1; otherwise a ValueError."""
    if not is_number(value) or not 0 <= value < 1:
        raise ValueError(f"{name} is {brief(value)}; give a fraction, at least 0 and below 1")
    return float(value)


def seed(value):
    """The value as an int, if it is a whole number from 0 to 2**32 - 1, as numpy and Keras take; else a ValueError."""
    if count("seed", value, least=0) >= 2**32:
        raise ValueError(f"seed is {value}; give a whole number below 2**32")
    return int(value)


def sequence(name, values):
    """The values as a list; a ValueError for what is none, such as a number, a text, a set, or what has no length."""
    try:
        len(values)
        if isinstance(values, (str, bytes, dict, set)):
            raise TypeError
        return list(values)
    except Exception as fault:  # of whatever kind an object's own length and iteration raise
        raise ValueError(f"{name} is {brief(values)}; give a list") from fault


def is_number(value):
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def brief(value):
    """A value as an error shows it: in full if it is short, else its type."""
    try:
        text = repr(value)
    except Exception:  # an object's own
        text = "\n"
    return text if len(text) <= 60 and "\n" not in text else f"a {kind(value)}"


def kind(thing):
    return f"{type(thing).__module__}.{type(thing).__qualname__}"
