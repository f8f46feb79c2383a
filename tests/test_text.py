"""The docstrings of the libraries: collected as files, cleaned, kept, and split without leaking."""

import ast
import sys

import numpy as np
import pytest

from utils import text


@pytest.fixture(scope="module")
def files():
    return text.docstrings("numpy", "matplotlib")


def test_what_is_prose_is_kept_and_the_rest_is_not():
    kept = text.prose(
        ast.get_docstring(
            ast.parse(
                '''
"""Return the rows of a table in the order of their sums, largest first.

Parameters
----------
axis : int
    Along which of the axes the sums are taken, counted from the first one
    on, as :func:`numpy.sum` and ``numpy.mean`` do it. See :ref:`here <axes>`.
short : bool
    Too short.

>>> rows([[1, 2], [3, 4]])
lower case at the beginning, as a table's or a list's entry often is, is left.
"""'''
            )
        )
    )
    assert kept == [
        "Return the rows of a table in the order of their sums, largest first.",
        "Along which of the axes the sums are taken, counted from the first one on, as numpy.sum and numpy.mean do it. "
        "See here.",
    ]


def test_it_is_english_of_the_libraries_each_paragraph_once(files):
    paragraphs = [p for part in files.values() for p in part]
    assert len(set(paragraphs)) == len(paragraphs) > 5000
    assert {file.split("/")[0] for file in files} == {"numpy", "matplotlib"}
    assert not any("/tests/" in file or "/_vendor/" in file for file in files)
    assert set("".join(paragraphs)) <= set(text.SYMBOLS[1:])
    words = " ".join(paragraphs).split()
    assert words.count("the") > 0.04 * len(words)


def test_nothing_is_imported(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    before = set(sys.modules)
    text.docstrings("matplotlib")
    assert not {name for name in set(sys.modules) - before if name.startswith("matplotlib")}


def test_what_was_kept_is_what_would_be_collected(monkeypatch, tmp_path, files):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "new"))
    fresh = text.docstrings("numpy")
    (kept,) = (tmp_path / "new").iterdir()
    assert fresh == text.docstrings("numpy")
    assert list(fresh.items())[:50] == [item for item in files.items() if item[0] in fresh][:50]
    whole = kept.read_bytes()
    for broken in (whole[:1000], b"", whole[:1000] + bytes(50) + whole[1050:]):  # it is made anew
        kept.write_bytes(broken)
        assert text.docstrings("numpy") == fresh


def test_where_nothing_can_be_kept_it_is_collected(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "file"))
    assert text.docstrings("matplotlib")
    monkeypatch.delenv("COURSE_CACHE")
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", {}.__getitem__)  # a user of a container, whom no file knows
    assert text.docstrings("matplotlib")


def test_a_file_is_on_one_side_only(files):
    split = text.split(files, 3, clean=False)
    sides = [set(part.splitlines()) for part in split]
    assert sum(map(len, sides)) == sum(map(len, files.values()))
    for paragraphs in files.values():
        assert sum(bool(side & set(paragraphs)) for side in sides) == 1
    assert text.split(files, 3) == text.split(files, 3) != text.split(files, 4)


def test_near_duplicates_are_left_out_of_what_is_held_out():
    copied = "The seed of the generator that draws the rows of this table, or None for a fresh one each time."
    files = {
        f"{i}.py": [f"File {i} says a thing of its own that no other file says in words like {i}."] for i in range(40)
    }
    for i in range(40):
        files[f"{i}.py"].append(copied.replace("time", f"time {i}"))
    files = {name: [f"{name} {p}" if "says" in p else p for p in part] for name, part in files.items()}
    raw, clean = (text.split(files, 0, clean=c) for c in (False, True))
    assert "generator" in raw.val and "generator" in raw.test
    assert "generator" not in clean.val + clean.test and raw.train == clean.train
    known = set().union(*map(text.runs, clean.train.splitlines()))
    assert all(len(text.runs(p) & known) < len(text.runs(p)) / 2 for p in clean.val.splitlines())


def test_a_split_by_paragraph_leaks(files):
    def known_share(split):
        known = set().union(*map(text.runs, split.train.splitlines()))
        return np.mean([run in known for line in split.test.splitlines() for run in text.runs(line)])

    by = [known_share(text.split(files, 0, by, clean=False)) for by in ("paragraph", "file")]
    assert by[0] > by[1] > known_share(text.split(files, 0))


def test_codes_are_read_back():
    line = "All 95 of them: ~!{}\nand an end.\n"
    codes = text.encode(line)
    assert codes.dtype == np.uint8 and codes.max() < len(text.SYMBOLS) and text.decode(codes) == line
    assert text.encode(text.SYMBOLS).tolist() == list(range(96))


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: text.docstrings("torch"), "libraries"),
        (lambda: text.docstrings(["numpy"]), "libraries"),
        (lambda: text.split({}, 0), "files"),
        (lambda: text.split({str(i): ["A."] for i in range(20)}, -1), "seed"),
        (lambda: text.split({str(i): "A." for i in range(20)}, 0), "files"),
        (lambda: text.split({str(i): [1] for i in range(20)}, 0), "files"),
        (lambda: text.decode([96]), "codes"),
        (lambda: text.runs(None), "paragraph"),
        (lambda: text.split({str(i): ["A."] for i in range(20)}, 0, by="line"), "by"),
        (lambda: text.split({str(i): ["A."] for i in range(20)}, 0, clean="yes"), "clean"),
        (lambda: text.encode("naïve"), "text"),
        (lambda: text.encode("a\tb"), "text"),
        (lambda: text.encode(b"abc"), "text"),
    ],
)
def test_errors_name_the_argument(call, named):
    with pytest.raises(ValueError, match=rf"\b{named}\b"):
        call()
