"""Where a chapter takes its seeds from: one place, so that all of them can be moved at once.

`COURSE_SEEDS` names the set, a whole number from 0 on. Unset, or 0, is the set that the book is built with; every
other one is a fresh one, as `make replicate` uses them.
"""

import os

SPACING = 10_000  # between two sets: a chapter may count on from its seeds without meeting the next set


def seeds(n):
    """A list of n seeds, the first of the set that `COURSE_SEEDS` names.

    ValueError for an n below 1 or above SPACING, or a COURSE_SEEDS that is no whole number from 0 on.
    """
    if not isinstance(n, int) or isinstance(n, bool) or not 1 <= n <= SPACING:
        raise ValueError(f"n is {n!r}; give the number of seeds, a whole number from 1 to {SPACING}")
    chosen = os.environ.get("COURSE_SEEDS", "").strip() or "0"
    if not chosen.isdecimal():
        raise ValueError(f"COURSE_SEEDS is {chosen!r}; set it to a whole number from 0 on, or unset it")
    start = SPACING * int(chosen)
    return list(range(start, start + n))
