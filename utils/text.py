"""English for Part IV that is on every reader's machine: the docstrings of the libraries that the course pins.

They are read as files (`ast`), nothing is imported. Collecting takes seconds, so it is done once for each set of
versions and kept in `~/.cache/big-models-small-experiments`; where that cannot be written it is done each time.
"""

import ast
import gzip
import json
import os
import re
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np

from utils import arguments

LIBRARIES = {"matplotlib": "matplotlib", "numpy": "numpy", "pandas": "pandas", "scipy": "scipy"}
LIBRARIES |= {"sklearn": "scikit-learn", "keras": "keras"}  # folder: name of the distribution
SYMBOLS = "\n" + "".join(map(chr, range(32, 127)))  # code 0 ends a paragraph
NOT_PROSE = {"tests", "testing", "externals", "extern", "_vendor", "_lib", "_build_utils"}  # or of other authors
RUN = re.compile(r"(?m)^( *)\S.*(?:\n\1\S.*)*")  # lines of one indentation, one below the other
ROLE = re.compile(r":[\w:]+:`~?([^`<]*?)(?: <[^`>]*>)?`")  # Sphinx's :func:`name`
WORDS = 8  # two texts that share a run of so many words did not arise apart
CACHE = Path("~/.cache/big-models-small-experiments")


class Split(NamedTuple):
    """Training, validation and test text, each of whole files; a paragraph a line."""

    train: str
    val: str
    test: str


def docstrings(*libraries):
    """{file: its paragraphs of prose} of these libraries (folders, see LIBRARIES), each paragraph kept once.

    A paragraph is prose if it begins with a capital, ends with a full stop, has 60 characters or more, all of them
    printable ASCII, and is letters and spaces by nine tenths. ValueError for a library that is not in LIBRARIES.
    """
    for library in libraries:
        if not isinstance(library, str) or library not in LIBRARIES:
            raise ValueError(f"libraries has {arguments.brief(library)}; give some of {', '.join(LIBRARIES)}")
    found, seen = {}, set()
    for library in libraries:
        for file, paragraphs in _kept(library).items():
            found[file] = [p for p in paragraphs if not (p in seen or seen.add(p))]
    return {file: paragraphs for file, paragraphs in found.items() if paragraphs}


def prose(docstring):
    """The paragraphs of prose in one docstring, each on one line, without marks."""
    found = []
    for run in RUN.finditer(docstring):
        text = ROLE.sub(r"\1", " ".join(run[0].split())).replace("`", "").replace("**", "")
        letters = sum(c.isalpha() or c == " " for c in text)
        whole = text[:1].isupper() and text.endswith(".") and len(text) >= 60
        if whole and text.isascii() and text.isprintable() and letters > 0.9 * len(text) and "---" not in text:
            found.append(text)
    return found


def split(files, seed, by="file", clean=True):
    """`Split`: a tenth of the files for validation, a tenth for testing, the rest for training.

    files: as `docstrings` gives them. clean: leave out paragraphs of validation and test of which half or more of the
    runs of eight words stand in the training text as well, and those too short to tell. by="paragraph" splits
    paragraphs in place of files: what one should not do, for comparison. ValueError for another `by`, and for fewer
    than ten files.
    """
    if by not in ("file", "paragraph"):
        raise ValueError(f"by is {arguments.brief(by)}; give 'file' or 'paragraph'")
    if not isinstance(files, dict) or len(files) < 10:
        raise ValueError(f"files is {arguments.brief(files)}; give what `docstrings` returns, of ten files at least")
    groups = list(files.values()) if by == "file" else [[p] for part in files.values() for p in part]
    order = np.random.default_rng(arguments.seed(seed)).permutation(len(groups))
    val, test, train = np.split(order, [len(order) // 10, len(order) // 5])
    val, test, train = ([p for i in part for p in groups[i]] for part in (val, test, train))
    if arguments.flag("clean", clean):
        known = {run for p in train for run in runs(p)}
        val, test = ([p for p in part if share_known(p, known) < 0.5] for part in (val, test))
    return Split(*("".join(p + "\n" for p in part) for part in (train, val, test)))


def runs(paragraph):
    """Every run of eight words in it, lower case, as a set."""
    words = paragraph.lower().split()
    return {" ".join(words[i : i + WORDS]) for i in range(len(words) - WORDS + 1)}


def share_known(paragraph, known):
    """The share of its runs of eight words that are among the known ones; 1 if it has none."""
    mine = runs(paragraph)
    return len(mine & known) / len(mine) if mine else 1.0


def encode(text):
    """Codes (n,) uint8 of a text, each the place in SYMBOLS. ValueError for what is no text or has other characters."""
    if not isinstance(text, str) or not text.isascii():
        raise ValueError(f"text is {arguments.brief(text)}; give a string of ASCII characters")
    codes = np.frombuffer(text.encode(), np.uint8)
    if not np.all((codes == 10) | ((codes >= 32) & (codes < 127))):
        raise ValueError("text has control characters; take them out (a newline may stay)")
    return np.where(codes == 10, 0, codes - 31).astype(np.uint8)


def decode(codes):
    """The text of codes (n,), whole numbers below len(SYMBOLS)."""
    return "".join(SYMBOLS[code] for code in codes)


def _kept(library):
    name = f"docstrings-{library}-{version(LIBRARIES[library])}.json.gz"
    path = Path(os.environ.get("COURSE_CACHE") or CACHE).expanduser() / name
    try:
        return json.loads(gzip.decompress(path.read_bytes()))
    except (OSError, EOFError, ValueError):  # not there, or not whole
        found = _collect(library)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{name}.{os.getpid()}")  # whole or not at all, for whoever reads meanwhile
        part.write_bytes(gzip.compress(json.dumps(found).encode()))
        part.replace(path)
    except OSError:
        pass
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
