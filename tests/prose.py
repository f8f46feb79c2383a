"""Finds figures typed by hand: in prose, captions, alt texts and the sentences of claims.

A measured number has to come from the ledger, through `{glue:text}`. So plain prose holds no numerals at all.
A setting may be named in `code` or $math$ if the same number stands in one of the chapter's code cells.
"""

import io
import re
import tokenize

NUMBER = r"(?<![\w.])[.]?\d[\d,.]*(?:e[+-]?\d+)?"
WORDS = (
    "two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty fifty sixty seventy "
    "eighty ninety hundred thousand dozen"
).split()
MEASURES = r"times|fold|per\s?cent|%|(?:percentage\s)?points?|(?:milli)?seconds?|minutes?|(?:mega|kilo)bytes?"
SPELLED = re.compile(rf"\b(?:{'|'.join(WORDS)})(?:[\s-](?:{'|'.join(WORDS)}))*[\s-]?(?:{MEASURES})\b", re.I)
# what may carry a number in plain prose: places in the course, the source and a law, names, years
PLACES = re.compile(
    r"\b(?:sections?|chapters?|assignments?|exercises?|parts?|articles?|Keras|Python)\s\d+(?:\.\d+)*"
    r"(?:(?:,\s|\sand\s|\sto\s)\d+(?:\.\d+)*)*",
    re.I,
)
NAMES = re.compile(r"\b[A-Za-z]\w*(?:-\w+)+")
SECTIONS = re.compile(r"(?<![\w.])\d+\.\d+\.\d+(?![\w.])")  # of the source; no measured number has two points
YEARS = re.compile(r"(?<![\w.,])(?:19|20)\d\d(?![\w.,]*\d|\s?%)")
MARKERS = re.compile(r"^\s*(?:[-*]\s+)?(?:\*\*)?\d+\.(?:\*\*)?(?=\s)", re.M)


def settings(code_cells):
    """Every number that stands in the code, as a float; f of them also as per cent."""
    found = set()
    for source in code_cells:
        source = re.sub(r"^%.*", "", source, flags=re.M)
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.NUMBER:
                found.add(float(abs(eval(token.string))))  # 2j, too
            elif token.type == tokenize.STRING:  # the source's snippets are kept as strings
                found |= {float(n.replace(",", "").rstrip(".")) for n in re.findall(NUMBER, token.string) if _is(n)}
    return found | {100 * n for n in found if 0 < n < 1}


def _is(text):
    try:
        float(text.replace(",", "").rstrip("."))
    except ValueError:
        return False
    return True


def typed_numbers(markdown, known=None):
    """The offending pieces of a text. known: numbers allowed in code and math (None: any)."""
    text = _without_code_blocks(markdown)
    text = re.sub(r"<!--.*?-->", " ", text, flags=re.S)
    text = re.sub(r"\{[\w:-]+\}`[^`]*`", " ", text)  # roles: glue, cite, ref, chapter-time
    marked = re.findall(r"\$\$.*?\$\$|\$[^$]*\$|``.*?``|`[^`]*`", text, flags=re.S)
    text = re.sub(r"\$\$.*?\$\$|\$[^$]*\$|``.*?``|`[^`]*`", " x ", text, flags=re.S)
    offences = []
    for piece in marked if known is not None else []:
        for number in re.findall(NUMBER, piece.replace("{,}", "").replace("\\,", " ").replace("\\%", " %")):
            if not _is(number):  # a version or a section
                continue
            value = float(number.replace(",", "").rstrip("."))
            if value not in known and not (value == int(value) and value <= 12):
                offences.append(f"{number} in {piece}")
    text = re.sub(r"\[(\d+)\]\((?:\.\./notebooks/)?\d\d_\w+\.ipynb\)", r"chapter \1", text)
    text = re.sub(r"\]\([^)]*\)|<https?:[^>]*>|https?://\S+", " ", text)
    for allowed in (MARKERS, PLACES, SECTIONS, NAMES, YEARS):
        text = allowed.sub(" ", text)
    return offences + [m[0] for m in re.finditer(NUMBER + r"\s*%?", text)] + [m[0] for m in SPELLED.finditer(text)]


def _without_code_blocks(markdown):
    """Drop fenced code; of a directive such as ```{admonition} keep the body, drop name and options."""
    kept, fence = [], None
    for line in markdown.splitlines():
        opening = re.match(r"\s*(`{3,}|:{3,})(.*)$", line)
        if fence:
            if opening and opening[1].startswith(fence) and not opening[2].strip():
                fence = None
        elif opening and opening[2].strip() and not opening[2].strip().startswith("{"):
            fence = opening[1]
        elif not opening and not re.match(r"\s*:[\w-]+:\s", line):
            kept.append(line)
        elif opening and opening[2].strip() and not opening[2].startswith("{grid}"):
            kept.append(opening[2].split("}", 1)[1])  # a directive's title
    return "\n".join(kept)
