"""Adding a chapter is copying the template and adding a line to the table of contents: done here, and built."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml
from conftest import ROOT, TEMPLATE, cells

NAME = "18_new_chapter"
PAGES = ("references.md", "claims.md", "run_times.md")  # those that a chapter alone has need of


def course_with_the_template(folder):
    """A course whose one chapter is a copy of the template, by the steps of CONTRIBUTING.md."""
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
    chapter = folder / "notebooks" / f"{NAME}.ipynb"
    chapter.write_text(TEMPLATE.read_text().replace(f"{TEMPLATE.stem}.ipynb::", f"{NAME}.ipynb::"))
    chapters = [{"file": f"notebooks/{NAME}"}, *({"file": f"book/{Path(page).stem}"} for page in PAGES)]
    toc = {"format": "jb-book", "root": "book/index", "parts": [{"chapters": chapters}]}
    (folder / "_toc.yml").write_text(yaml.safe_dump(toc))


def test_the_template_builds_as_a_chapter(tmp_path):
    course_with_the_template(tmp_path)
    build = [str(Path(sys.executable).parent / "jupyter-book"), "build", ".", "--all", "-W", "--keep-going"]
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    environment.pop("COURSE_DATASET", None)
    ended = subprocess.run(build, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]
    page = (tmp_path / "_build" / "html" / "notebooks" / f"{NAME}.html").read_text()
    assert "s to run" in page and 'class="claim-value"' in page
    assert "template-layer-helps" in (tmp_path / "_build" / "html" / "book" / "claims.html").read_text()


def test_the_template_says_that_it_is_one():
    assert "This is the template of a chapter" in cells(TEMPLATE, "markdown")[0].source
    assert TEMPLATE.name in (ROOT / "CONTRIBUTING.md").read_text()
