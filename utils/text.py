"""English for Part IV that is on every reader's machine: the docstrings of the libraries that the course pins.

They are read as files (`ast`), nothing is imported. Collecting takes seconds, so what was found is kept by version, in
`COURSE_CACHE` or `~/.cache/big-models-small-experiments`; where that cannot be written it is collected each time.
"""

import ast
import contextlib
import gzip
import json
import os
import re
import zlib
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np

from utils import arguments

LIBRARIES = {"keras": "keras", "matplotlib": "matplotlib", "numpy": "numpy", "pandas": "pandas", "scipy": "scipy"}
LIBRARIES["sklearn"] = "scikit-learn"  # folder: name of the distribution
SYMBOLS = "\n" + "".join(map(chr, range(32, 127)))  # code 0 ends a paragraph
NOT_PROSE = {"tests", "testing", "externals", "extern", "_vendor", "_lib", "_build_utils"}  # or of other authors
RUN = re.compile(r"(?m)^( *)\S.*(?:\n\1\S.*)*")  # lines of one indentation, one below the other
ROLE = re.compile(r":[\w:]+:`~?([^`<]*?)(?: <[^`>]*>)?`")  # Sphinx's :func:`name`
SENTENCE = re.compile(r"[A-Z].{58,}\.")
WORDS = 8  # two texts that share a run of so many words did not arise apart


class Split(NamedTuple):  # a paragraph a line
    train: str
    val: str
    test: str


def docstrings(*libraries):
    """{file: its paragraphs of prose} of these libraries (folders, see LIBRARIES), each paragraph kept once.

    A paragraph is prose if it begins with a capital, ends with a full stop, has 60 characters or more, all of them
    printable ASCII, and is letters and spaces by nine tenths. ValueError for a library that is not in LIBRARIES.
    """
    found, seen = {}, set()
    for library in libraries:
        if not isinstance(library, str) or library not in LIBRARIES:
            raise ValueError(f"libraries has {arguments.brief(library)}; give some of {', '.join(LIBRARIES)}")
        for file, paragraphs in _kept(library).items():
            found[file] = [p for p in paragraphs if not (p in seen or seen.add(p))]
    return {file: paragraphs for file, paragraphs in found.items() if paragraphs}


def prose(docstring):
    """The paragraphs of prose in one docstring, each on one line, without marks. ValueError for what is no string."""
    found = []
    for run in RUN.finditer(_string("docstring", docstring)):
        text = ROLE.sub(r"\1", " ".join(run[0].split())).replace("`", "").replace("**", "")
        plain = text.isascii() and text.isprintable() and "---" not in text
        letters = sum(c.isalpha() or c == " " for c in text)
        if plain and SENTENCE.fullmatch(text) and letters > 0.9 * len(text):
            found.append(text)
    return found


def split(files, seed, by="file", clean=True):
    """`Split`: a tenth of the files for validation, a tenth for testing, the rest for training.

    files: as `docstrings` gives them. clean: leave out paragraphs of validation and test of which half or more of the
    runs of eight words stand in the training text, and those too short to tell. by="paragraph" splits paragraphs in
    place of files: what one should not do. ValueError for another `by`, and for fewer than ten files.
    """
    if by not in ("file", "paragraph"):
        raise ValueError(f"by is {arguments.brief(by)}; give 'file' or 'paragraph'")
    if not isinstance(files, dict) or len(files) < 10:
        raise ValueError(f"files is {arguments.brief(files)}; give what `docstrings` returns, of ten files at least")
    groups = [[_string("files", p) for p in arguments.sequence("files", part)] for part in files.values()]
    if by == "paragraph":
        groups = [[p] for part in groups for p in part]
    order = np.random.default_rng(arguments.seed(seed)).permutation(len(groups))
    val, test, train = np.split(order, [len(order) // 10, len(order) // 5])
    val, test, train = ([p for i in part for p in groups[i]] for part in (val, test, train))
    if arguments.flag("clean", clean):
        known = {run for p in train for run in runs(p)}
        val, test = ([p for p in part if 2 * len(runs(p) & known) < len(runs(p))] for part in (val, test))
    return Split(*("".join(p + "\n" for p in part) for part in (train, val, test)))


def runs(paragraph):
    """Every run of eight words in it, lower case, as a set. ValueError for what is no string."""
    words = _string("paragraph", paragraph).lower().split()
    return {" ".join(words[i : i + WORDS]) for i in range(len(words) - WORDS + 1)}


def encode(text):
    """Codes (n,) uint8 of a text, each the place in SYMBOLS. ValueError for what is no text or has other characters."""
    if not isinstance(text, str) or not text.isascii():
        raise ValueError(f"text is {arguments.brief(text)}; give a string of ASCII characters")
    if set(text) - set(SYMBOLS):
        raise ValueError("text has control characters; take them out (a newline may stay)")
    codes = np.frombuffer(text.encode(), np.uint8)
    return np.where(codes == 10, 0, codes - 31).astype(np.uint8)


def decode(codes):
    """The text of codes (n,), whole numbers below len(SYMBOLS); otherwise a ValueError."""
    codes = arguments.whole("codes", codes)
    if max(codes, default=0) >= len(SYMBOLS):
        raise ValueError(f"codes has {max(codes)}; give numbers below {len(SYMBOLS)}")
    return "".join(SYMBOLS[code] for code in codes)


def _string(name, value):
    if not isinstance(value, str):
        raise ValueError(f"{name} has {arguments.brief(value)}; give a string")
    return value


def _kept(library):
    name = f"docstrings-{library}-{version(LIBRARIES[library])}.json.gz"
    try:
        path = Path(os.environ.get("COURSE_CACHE") or "~/.cache/big-models-small-experiments").expanduser() / name
    except RuntimeError:  # a user without a home, as in some containers
        return _collect(library)
    with contextlib.suppress(OSError, EOFError, ValueError, zlib.error):  # not there, or not whole
        return json.loads(gzip.decompress(path.read_bytes()))
    found = _collect(library)
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{name}.{os.getpid()}")  # whole or not at all, for whoever reads meanwhile
        part.write_bytes(gzip.compress(json.dumps(found).encode()))
        part.replace(path)
    return found


def _collect(library):
    root = Path(find_spec(library).submodule_search_locations[0])
    found = {}
    for path in sorted(root.rglob("*.py")):
        file = path.relative_to(root.parent)
        if not NOT_PROSE & set(file.parts):
            tree = ast.parse(path.read_text(encoding="utf8"))
            found[file.as_posix()] = [p for docstring in _docstrings(tree) for p in prose(docstring)]
    return found


def _docstrings(node):
    """Those of a module, class or function and of what is defined in it."""
    if docstring := ast.get_docstring(node):
        yield docstring
    for child in node.body:
        if isinstance(child, (ast.ClassDef, ast.FunctionDef)):
            yield from _docstrings(child)
