"""Adding a chapter is copying the template and adding a line to the table of contents: done here, and built.

A second chapter beside it has a claim that does not hold.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from bs4 import BeautifulSoup
from conftest import ROOT, TEMPLATE, cells

from utils.claims import BROKEN

NAME, OTHER = "18_new_chapter", "19_a_broken_claim"
PAGES = ("references.md", "claims.md", "run_times.md")  # those that a chapter alone has need of
BIN = Path(sys.executable).parent


def course_with_the_template(folder):
    """A course of two chapters, copies of the template, by the steps of CONTRIBUTING.md."""
    shutil.copy(ROOT / "_config.yml", folder)
    for part in ("_ext", "_static"):
        shutil.copytree(ROOT / "book" / part, folder / "book" / part)
    for page in (*PAGES, "references.bib"):
        shutil.copy(ROOT / "book" / page, folder / "book" / page)
    (folder / "book" / "index.md").write_text("# A course\n\n```{glossary}\nhidden layer\n  A layer inside.\n```\n")
    shutil.copytree(ROOT / "utils", folder / "utils", ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("requirements.txt", "constraints.txt"):
        shutil.copy(ROOT / file, folder)
    (folder / "notebooks").mkdir()
    text = TEMPLATE.read_text()
    (folder / "notebooks" / f"{NAME}.ipynb").write_text(text)
    assert "at_least=6" in text and "# Does one hidden layer beat none?" in text
    text = (
        text.replace("at_least=6", "at_least=600").replace("template-", "broken-").replace("fig-template", "fig-other")
    )
    (folder / "notebooks" / f"{OTHER}.ipynb").write_text(text.replace("layer beat none?", "layer beat none, again?"))
    chapters = [{"file": f"notebooks/{name}"} for name in (NAME, OTHER)]
    chapters += [{"file": f"book/{Path(page).stem}"} for page in PAGES]
    toc = {"format": "jb-book", "root": "book/index", "parts": [{"chapters": chapters}]}
    (folder / "_toc.yml").write_text(yaml.safe_dump(toc))


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder of the site, what the build printed, and what `make book` prints after it."""
    folder = tmp_path_factory.mktemp("course")
    course_with_the_template(folder)
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    for name in ("COURSE_DATASET", "COURSE_SEEDS", "COURSE_CLAIMS"):
        environment.pop(name, None)
    commands = (
        [BIN / "jupyter-book", "build", ".", "--all", "-W", "--keep-going"],
        [sys.executable, "book/_ext/chapters.py", "broken"],
    )
    printed = []
    for command in commands:
        ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]
        printed.append(ended.stdout)
    return folder / "_build" / "html", *printed


def test_the_template_builds_as_a_chapter(built):
    site, printed, _ = built
    page = BeautifulSoup((site / "notebooks" / f"{NAME}.html").read_text(), "html.parser")
    assert "s to run" in page.text and page.select(".claim-value") and not page.select(".broken")
    assert (
        BROKEN not in page.text
        and "{" not in page.find(string=lambda text: "The layer pays" in text).find_parent("p").text
    )
    assert "template-layer-helps" in (site / "book" / "claims.html").read_text()
    assert "2 chapters to execute" in printed and f"{NAME} executed in" in printed and "2 of 2 done" in printed


def test_a_broken_claim_is_marked_and_listed_and_the_site_is_whole(built):
    site, _, last_lines = built
    page = BeautifulSoup((site / "notebooks" / f"{OTHER}.html").read_text(), "html.parser")
    (claim,) = page.select(".claim.broken")
    assert claim["id"] == "claim-broken-layer-costs" and BROKEN in claim.text
    (paragraph,) = page.select("p.broken")
    assert f"What this paragraph says of broken-layer-costs {BROKEN}" in paragraph.text
    assert "The layer pays" in paragraph.text
    ledger = BeautifulSoup((site / "book" / "claims.html").read_text(), "html.parser").select_one("article")
    assert f"4 claims, measured on the data set “digits”; 1 {BROKEN}, listed first." in ledger.text
    first = ledger.select_one("tbody tr")
    assert first.a["href"].endswith(f"{OTHER}.html#claim-broken-layer-costs")
    assert len(ledger.select("tbody tr")) == 5, "it stands in its chapter's table too"
    assert f"1 claims {BROKEN}:\n  {OTHER}: claim 'broken-layer-costs' {BROKEN}" in last_lines
    assert "What to do" in last_lines


def test_the_template_says_that_it_is_one():
    assert "This is the template of a chapter" in cells(TEMPLATE, "markdown")[0].source
    assert TEMPLATE.name in (ROOT / "CONTRIBUTING.md").read_text()
