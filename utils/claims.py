"""The claims ledger: a sentence, the number measured for it, and a bound that the number must keep.

`claim` raises if the bound is broken, so a notebook whose claims do not hold does not run through.
The number reaches the prose through `{glue:text}` and the ledger page through the output's metadata.
"""

import html
import re

import numpy as np
from IPython.display import display
from myst_nb import glue

METADATA_KEY = "claim"  # where the record stands in the metadata of a claim's output


class ClaimFailed(AssertionError):
    """A measured value broke the bound of its claim."""


def claim(id, sentence, values, *, at_least=None, at_most=None, exactly=None, unit=""):
    """Check a claim, show it, and make its value quotable.

    id: lower-case words joined by hyphens, unique in the course. sentence: what holds, without figures.
    values: one number for each seed, shape (seeds,), or a single number where nothing is random.
    The mean is held to at_least and at_most (either or both), or to `exactly`.
    unit: "%" shows fractions as per cent, "points" differences of fractions as percentage points,
    anything else is written behind the number.

    In prose, {glue:text}`<notebook>::<id>:.2f` gives the mean and `<id>-sd` its spread, both as they
    were handed in: format a fraction with `:.1%`.
    Raises ClaimFailed when the bound is broken, ValueError for an unfit id, value or bound.
    """
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", id):
        raise ValueError(f"id is {id!r}; give lower-case words joined by hyphens, such as 'wide-beats-narrow'")
    if not sentence.strip():
        raise ValueError(f"sentence of claim {id!r} is empty; say what holds")
    values = np.asarray(values, dtype=float)
    if values.ndim > 1 or values.size == 0 or not np.isfinite(values).all():
        raise ValueError(
            f"values of claim {id!r} are {values}; give one finite number, or one for each seed as a flat array"
        )
    if (exactly is None) == (at_least is None and at_most is None):
        raise ValueError(f"claim {id!r} needs a bound: at_least, at_most or both, or else exactly")
    mean = float(values.mean())
    sd = float(values.std(ddof=1)) if values.size > 1 else 0.0
    holds = (
        (exactly is None or mean == exactly)
        and (at_least is None or mean >= at_least)
        and (at_most is None or mean <= at_most)
    )
    bounds = (("exactly", exactly), ("at least", at_least), ("at most", at_most))
    record = {
        "id": id,
        "sentence": sentence.strip(),
        "mean": mean,
        "values": values.ravel().tolist(),
        "seeds": values.size if values.ndim else 0,  # 0: nothing random
        "value": number(mean, unit) + (f" ± {number(sd, unit)}" if values.size > 1 else ""),
        "bound": " and ".join(f"{word} {number(limit, unit)}" for word, limit in bounds if limit is not None),
        "unit": unit,
    }
    if not holds:
        raise ClaimFailed(f"claim {id!r}: {sentence} Measured {record['value']}, bound {record['bound']}.")
    glue(id, mean, display=False)
    glue(f"{id}-sd", sd, display=False)
    seeds = f", {record['seeds']} seeds" if record["seeds"] else ""
    line = f"{record['value']} (bound: {record['bound']}{seeds})"
    page = (
        f'<div class="claim" id="claim-{id}"><span class="claim-sentence">{html.escape(record["sentence"])}</span> '
        f'<span class="claim-value">{html.escape(line)}</span></div>'
    )
    display(
        {"text/plain": f"{record['sentence']} {line}", "text/html": page}, raw=True, metadata={METADATA_KEY: record}
    )


def number(value, unit=""):
    """The value as the ledger writes it: three significant digits, thousands separated, the unit behind."""
    if unit in ("%", "points"):
        value = value * 100
    whole = value == round(value) or abs(value) >= 999.5  # what three digits would round to a thousand, too
    text = f"{value:,.0f}" if whole and abs(value) < 1e15 else f"{value:.3g}"
    return f"{text} {unit}".strip()
