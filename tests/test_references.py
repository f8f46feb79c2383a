"""Every citation has its reference and every reference its citation; addresses outside the site are well formed."""

import re
from collections import Counter
from urllib.parse import urlsplit

import pytest
from conftest import CHAPTERS, ROOT, cells
from pybtex.database import parse_file

BIBLIOGRAPHY = parse_file(ROOT / "book" / "references.bib").entries
PAGES = [*CHAPTERS, *sorted((ROOT / "book").glob("*.md"))]


def prose(path):
    if path.suffix == ".ipynb":
        return "\n".join(cell.source for cell in cells(path, "markdown"))
    return path.read_text()


def citations(path):
    return [key.strip() for keys in re.findall(r"\{cite(?::\w+)?\}`([^`]*)`", prose(path)) for key in keys.split(",")]


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.stem)
def test_every_citation_resolves(path):
    assert [key for key in citations(path) if key not in BIBLIOGRAPHY] == []


def test_every_reference_is_cited():
    cited = {key for path in PAGES for key in citations(path)}
    assert sorted(set(BIBLIOGRAPHY) - cited) == []


def test_references_are_whole_and_none_stands_twice():
    for key, entry in BIBLIOGRAPHY.items():
        assert entry.persons.get("author") or entry.persons.get("editor") or "author" in entry.fields, key
        assert entry.fields.get("title"), key
        assert re.search(r"(19|20)\d\d", entry.fields.get("year", "")), f"{key} has no year"
    titles = Counter(re.sub(r"[^a-z]", "", entry.fields["title"].lower()) for entry in BIBLIOGRAPHY.values())
    assert [title for title, n in titles.items() if n > 1] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.stem)
def test_outside_addresses_are_well_formed(path):
    for address in re.findall(r"https?:[^\s)>\]`\"']*", prose(path)):
        parts = urlsplit(address)
        assert parts.scheme == "https", f"{address}: https, please"
        assert re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", parts.hostname or ""), address
        assert not address.endswith((".", ",")), address
