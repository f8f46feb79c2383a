"""The claims ledger: a sentence, the number measured for it, and a bound that the number must keep.

`claim` is for what networks do, `measured` for what depends on the processor (seconds, speed-ups) and so has no bound.
`found` writes the paragraph that quotes both, `your_guess` asks for a guess before the claim is made. A broken claim is
a finding: it is shown as broken, with every paragraph that quotes it, and the chapter goes on. Where `COURSE_CLAIMS` is
`strict` it raises, so that tests fail on it.
The records reach the ledger page through the metadata of the outputs, the numbers the prose through `{glue:text}`.
"""

import functools
import html
import inspect
import os
import platform
import re
import subprocess
from pathlib import Path

import numpy as np
from IPython.display import display
from myst_nb import glue

METADATA_KEY = "claim"  # where the record stands in the metadata of a claim's output
ABSENT_KEY = "absent"  # where a chapter names the packages that it has to do without
ID = r"[a-z0-9]+(?:-[a-z0-9]+)+"
QUOTE = re.compile(rf"\{{({ID}):([^{{}}]+)\}}(?!`)")  # {an-id:.1%} in the text of `found`
ROLE = re.compile(r"\{[\w:-]+\}`([^`]*)`")  # MyST's, which only the site resolves
BROKEN = "did not hold here"

_made = {}  # the records of this process by id: what `found` may quote
_asked = {}  # the questions of `your_guess` by the id of the claim that answers them
absent = []  # packages without which some cells are left out, and with them their claims (utils.pretrained)


class ClaimFailed(AssertionError):
    """A measured value broke the bound of its claim, and COURSE_CLAIMS is `strict`."""


def claim(
    id, sentence, values, *, at_least=None, at_most=None, exactly=None, unit="", null=None, beside=None, over=None
):  # fmt: skip
    """Hold a value to a bound, show both, and make the value quotable.

    id: lower-case words joined by hyphens, unique in the course. sentence: what holds, without figures.
    values: one number for each seed, shape (seeds,), or a single number where nothing is random.
    The mean is held to at_least and at_most (either or both), or to `exactly`. A bound excludes the opposite of
    the sentence and leaves room for another machine.
    unit: "%" shows fractions as per cent, "points" differences of fractions as percentage points,
    anything else is written behind the number.
    null: what would be measured if there were no effect; None: 1 for "times", else 0. A claim whose bounds exclude it
    is of an effect. One whose bounds hold it says that there is none within that margin, and names in `beside` the
    claim of the effect, made above, that the margin is to be small against.
    over: what the values are one for each of, "photographs", where that is not seeds; or what a single number was made
    from that chance has a part in, "means of seeds".

    `found` quotes the mean as {id:.2f} and its spread as {id-sd:.2f}, both as they were handed in: format a
    fraction with `.1%`, a difference of fractions with `.1p`, percentage points. Raises ValueError for an unfit id,
    value or bound; ClaimFailed for a broken bound if COURSE_CLAIMS is `strict`.
    """
    if (exactly is None) == (at_least is None and at_most is None):
        raise ValueError(f"claim {id!r} needs a bound: at_least, at_most or both, or else exactly")
    if beside is not None and beside not in _made:
        raise ValueError(f"claim {id!r} stands beside {beside!r}, which no claim above it has")
    record = _record(id, sentence, values, unit)
    count = record["count"]
    record["over"] = f"{count} {over or 'seeds'}".removesuffix("s" * (count == 1)) if count else over or ""
    words = zip(("at least", "at most", "exactly"), (at_least, at_most, exactly), strict=True)
    bound = " and ".join(f"{word} {number(limit, unit)}" for word, limit in words if limit is not None)
    holds = within(record["mean"], (at_least, at_most, exactly))
    record |= {"bounds": [at_least, at_most, exactly], "bound": bound, "holds": holds, "beside": beside}
    record["null"] = null_of(null, unit)
    bounded = ", ".join(filter(None, [bound, record["over"]]))
    _show(record, f"{record['value']} (bound: {bounded})", "" if holds else "broken", "" if holds else BROKEN)
    if id in _asked:
        label, _, why = _asked[id][right_option(_asked[id], record["mean"])]
        answer = f"You were asked to guess: {label}. {why}"
        display({"text/plain": answer, "text/html": f'<p class="answer">{html.escape(answer)}</p>'}, raw=True)
    if not holds and os.environ.get("COURSE_CLAIMS") == "strict":
        raise ClaimFailed(f"claim {id!r} {BROKEN}: {record['sentence']} Measured {record['value']}, bound {bound}.")


def null_of(null, unit):
    """What a claim's value would be if there were no effect: what it was given as `null`, or what its unit says."""
    return (1 if unit == "times" else 0) if null is None else null


def within(value, bounds):
    """Whether a value keeps the bounds (at_least, at_most, exactly), each a number or None."""
    at_least, at_most, exactly = bounds
    return bool(
        (exactly is None or value == exactly)
        and (at_least is None or value >= at_least)
        and (at_most is None or value <= at_most)
    )


def measured(id, sentence, values, *, unit=""):
    """Show and record what depends on the machine, and make it quotable as `claim` does. There is no bound.

    sentence: what was measured, true whichever way the number falls. values: one number for each repetition, or a
    single one. The ledger lists it with the processor's name. ValueError as `claim`.
    """
    record = _record(id, sentence, values, unit) | {"processor": processor()}
    times = f", {record['count']} repetitions" if record["count"] else ""
    _show(record, f"{record['value']} (measured on {record['processor']}{times})", "measured", "")


def found(text):
    """Show paragraphs that quote claims made above: {id:.1%} is a claim's mean, {id-sd:.1%} its spread.

    text: Markdown. On the site the same paragraphs stand as prose, with links, citations and terms; in an editor
    those are shown as their words. A paragraph that quotes a broken claim says so. Where weights are absent, what
    quotes their claims is left out: a paragraph, or a row of a table. ValueError for an id that no claim or
    measurement above has, for a text that quotes none, and for one that begins with a heading: JupyterLab's MyST would
    show that twice.
    """
    paragraphs = re.split(r"\n[ \t]*\n", inspect.cleandoc(text))
    if not QUOTE.search(text):
        raise ValueError(f"text quotes no claim: {text[:60]!r}...; write it as {{an-id:.1%}}, or use a Markdown cell")
    if paragraphs[0].startswith("#"):
        raise ValueError(f"text begins with a heading: {text[:60]!r}...; write that in a Markdown cell above it")
    shown = []
    for paragraph in _present(paragraphs) if absent else paragraphs:
        broken = [id for id, _ in QUOTE.findall(paragraph) if not _quoted(id)[0].get("holds", True)]
        words = ROLE.sub(_words, QUOTE.sub(lambda q: written(_quoted(q[1])[1], q[2]), paragraph))
        shown.append(f"> **{mark(broken)}** {words}" if broken else words)
    if not shown:
        return
    words = "\n\n".join(shown)
    display({"text/markdown": words, "text/plain": words}, raw=True)


def _present(paragraphs):
    """The paragraphs, and the rows of those that are tables, that quote no claim which was left out."""

    def whole(text):
        return all(id in _made or id.removesuffix("-sd") in _made for id, _ in QUOTE.findall(text))

    for paragraph in paragraphs:
        parts = paragraph.splitlines() if paragraph.lstrip().startswith("|") else [paragraph]
        kept = "\n".join(part for part in parts if whole(part))
        if kept and (QUOTE.search(kept) or not QUOTE.search(paragraph)):  # the head of a table without rows is no table
            yield kept


def written(value, form):
    """The number in a format: one of Python's, or .1p, which shows a fraction as percentage points."""
    if form.endswith("p"):
        return f"{written(100 * value, form[:-1] + 'f')} points"
    return format(value, no_minus_at_zero(form))


def no_minus_at_zero(format):
    """The same format; but what it rounds to zero has no minus."""
    return re.sub(r"^[+ -]?", r"\g<0>z", format)


def claim_of(key):
    """The id of the claim whose mean or spread, as it was handed in or in points, is glued under this key."""
    return key.removesuffix("-points").removesuffix("-sd")


def mark(ids):
    """What stands before a paragraph that quotes the broken claims `ids`."""
    return f"⚠ What this paragraph says of {', '.join(dict.fromkeys(ids))} {BROKEN}."


def your_guess(question, claim, options):
    """Ask the reader for a guess, before the figure, at what a claim further down will measure.

    claim: its id. options: three or four (label, most, why), from the lowest values to the highest. An option is right
    if the claim's mean is at most `most`, in the claim's own measure, and above that of the option before; the last
    has None. why: what speaks for or against it, shown once the guess is made.
    On the site the options are to be chosen from, and what follows stays folded until then. In an editor they are a
    list, and `claim` says which one was right. ValueError for options that are no such list.
    """
    *limits, last = [most for _, most, _ in options]
    if not 2 <= len(limits) <= 3 or last is not None or None in limits or limits != sorted(set(limits)):
        raise ValueError(f"options have the limits {[*limits, last]}; give three or four, rising, the last one None")
    _asked[claim] = options
    lines = "".join(f'<li data-why="{html.escape(why)}">{html.escape(label)}</li>' for label, _, why in options)
    page = f'<div class="prediction" data-claim="{claim}"><p>{html.escape(question)}</p><ol>{lines}</ol></div>'
    plain = "\n".join([question, *(f"{k}. {label}" for k, (label, *_) in enumerate(options, 1))])
    record = {"question": question, "claim": claim, "options": options}
    display({"text/plain": plain, "text/html": page}, raw=True, metadata={"prediction": record})


def right_option(options, mean):
    """The place in `options`, from 0, of the one that a measured mean makes right."""
    return next(k for k, (_, most, _) in enumerate(options) if most is None or mean <= most)


def _quoted(id):
    """The record that a quote speaks of, and the number: the mean of `id`, or the spread of `id-sd`."""
    if id in _made:
        return _made[id], _made[id]["mean"]
    base = id.removesuffix("-sd")
    if base not in _made:
        raise ValueError(
            f"text quotes {id!r}, which no claim above it has; those above are {', '.join(_made) or 'none'}"
        )
    return _made[base], _made[base]["sd"]


def _words(role):
    """A role's own words: `text<target>` is text."""
    return re.sub(r"\s*<[^<>]*>$", "", role[1])


def _record(id, sentence, values, unit):
    if not re.fullmatch(ID, id):
        raise ValueError(f"id is {id!r}; give lower-case words joined by hyphens, such as 'wide-beats-narrow'")
    if not sentence.strip():
        raise ValueError(f"sentence of claim {id!r} is empty; say what holds")
    values = np.asarray(values, dtype=float)
    if values.ndim > 1 or values.size == 0 or not np.isfinite(values).all():
        raise ValueError(
            f"values of claim {id!r} are {values}; give one finite number, or one for each seed as a flat array"
        )
    mean = float(values.mean())
    # equal values have no spread, not that of rounding
    sd = float(values.std(ddof=1)) if np.ptp(values) > 0 else 0.0
    return {
        "id": id,
        "sentence": sentence.strip(),
        "mean": mean,
        "sd": sd,
        "values": values.ravel().tolist(),
        "count": values.size if values.ndim else 0,  # 0: a single number
        "value": number(mean, unit) + (f" ± {number(sd, unit)}" if values.size > 1 else ""),
        "unit": unit,
    }


def _show(record, line, kind, warning):
    id = record["id"]
    _made[id] = record
    for name, value in ((id, record["mean"]), (f"{id}-sd", record["sd"])):
        glue(name, value, display=False)
        glue(f"{name}-points", 100 * value, display=False)  # a role of the site's can format and not multiply
    sentence, says = (
        html.escape(record["sentence"]),
        f'<strong class="claim-broken">{warning}</strong> ' * bool(warning),
    )
    page = (
        f'<div class="{f"claim {kind}".strip()}" id="claim-{id}"><span class="claim-sentence">{sentence}</span><br>'
        f'<span class="claim-value">{says}{html.escape(line)}</span></div>'
    )
    plain = " ".join(filter(None, [record["sentence"], warning.upper(), line]))
    display({"text/plain": plain, "text/html": page}, raw=True, metadata={METADATA_KEY: record})


@functools.cache
def processor():
    """The processor's name, as the system gives it."""
    if Path("/proc/cpuinfo").exists():
        names = re.findall(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.M)
    elif platform.system() == "Darwin":
        asked = subprocess.run(["sysctl", "-n", "machdep.cpu.brand_string"], capture_output=True, text=True)
        names = asked.stdout.splitlines()
    else:
        names = [platform.processor()]
    return next(filter(None, map(str.strip, names)), platform.machine() or "an unnamed processor")


def number(value, unit=""):
    """The value as the ledger writes it: three significant digits, thousands separated, the unit behind."""
    if unit in ("%", "points"):
        value = value * 100
    whole = value == round(value) or abs(value) >= 999.5  # what three digits would round to a thousand, too
    text = f"{value:,.0f}" if whole and abs(value) < 1e15 else f"{value:.3g}"
    return f"{text} {unit}".strip()
