"""The book's configuration and its extension."""

import subprocess
import sys
from types import SimpleNamespace

import book_tables
import chapters
import course
import nbformat
import pytest
import yaml
from conftest import CHAPTERS, ROOT
from docutils import nodes
from docutils.utils import new_document
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from myst_nb.ext.glue.utils import PendingGlueReference
from sphinx.errors import ExtensionError

CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text())
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text())


def test_every_chapter_and_page_is_in_the_table_of_contents():
    files = {entry["file"] for part in TOC["parts"] for entry in part["chapters"]} | {TOC["root"]}
    notebooks = {f"notebooks/{path.stem}" for path in CHAPTERS} | {"notebooks/playground"}
    pages = {f"book/{path.stem}" for path in (ROOT / "book").glob("*.md")}
    assert files == notebooks | pages


def test_a_failing_chapter_fails_the_build():
    assert CONFIG["execute"]["raise_on_error"] is True
    assert "allow_errors" not in CONFIG["execute"]


@pytest.mark.parametrize(
    ("origin", "address"),
    [
        ("https://github.com/someone/course.git", "https://github.com/someone/course"),
        ("https://token@github.com/someone/course", "https://github.com/someone/course"),
        ("git@github.com:someone/course.git", "https://github.com/someone/course"),
        ("ssh://git@gitlab.example.org:2222/group/sub/course.git", "https://gitlab.example.org/group/sub/course"),
        ("/srv/git/course.git", None),
        ("../course", None),
        ("file:///srv/course", None),
        ("", None),
    ],
)
def test_address_from_origin(tmp_path, origin, address):
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    if origin:
        subprocess.run(["git", "-C", tmp_path, "config", "remote.origin.url", origin], check=True)
    assert course.repository_address(tmp_path) == address


LAUNCH = {"notebook_interface": "jupyterlab", "binderhub_url": "a", "colab_url": "b"}


@pytest.mark.parametrize(
    ("address", "buttons", "launch"),
    [
        ("https://github.com/ann/course", {"repository", "edit_page", "issues"}, set(LAUNCH)),
        ("https://gitlab.com/ann/course", {"repository", "edit_page", "issues"}, set(LAUNCH) - {"colab_url"}),
        ("https://bitbucket.org/ann/course", {"repository", "edit_page"}, set(LAUNCH) - {"colab_url"}),
        ("https://gitlab.com/group/sub/course", set(), set()),
        ("https://codeberg.org/ann/course", set(), set()),
        ("https://git.example.org/ann/course", set(), set()),
        ("https://github.com.example.org/ann/course", set(), set()),
        (None, set(), set()),
    ],
)
def test_buttons_for_hosts_that_the_theme_knows(address, buttons, launch):
    options = {"launch_buttons": dict(LAUNCH)}
    course.set_buttons(options, address)
    assert {name for name in ("repository", "edit_page", "issues") if options[f"use_{name}_button"]} == buttons
    assert set(options["launch_buttons"]) == launch
    assert options["repository_url"] == (address if buttons else "")


def test_outputs_are_made_again_when_what_they_depend_on_changes(tmp_path, monkeypatch):
    monkeypatch.delenv("COURSE_DATASET", raising=False)
    monkeypatch.delenv("COURSE_SEEDS", raising=False)
    monkeypatch.delenv("COURSE_WEIGHTS", raising=False)
    (tmp_path / "utils").mkdir()
    for name in ("requirements.txt", "constraints.txt", "utils/data.py"):
        (tmp_path / name).write_text("one")
    hashes = [chapters.inputs_hash(tmp_path)]
    for name in ("requirements.txt", "utils/data.py"):
        (tmp_path / name).write_text("two")
        hashes.append(chapters.inputs_hash(tmp_path))
    monkeypatch.setenv("COURSE_DATASET", "mnist")
    hashes.append(chapters.inputs_hash(tmp_path))
    monkeypatch.setenv("COURSE_SEEDS", "1")
    hashes.append(chapters.inputs_hash(tmp_path))
    monkeypatch.setattr(chapters.pretrained, "PACKAGES", ("no-such-package", "numpy"))  # numpy is installed
    hashes.append(chapters.inputs_hash(tmp_path))
    monkeypatch.setenv("COURSE_WEIGHTS", "none")
    hashes.append(chapters.inputs_hash(tmp_path))
    assert len(set(hashes)) == 7
    monkeypatch.undo()
    monkeypatch.delenv("COURSE_WEIGHTS", raising=False)
    monkeypatch.delenv("COURSE_DATASET", raising=False)
    monkeypatch.delenv("COURSE_SEEDS", raising=False)
    assert chapters.inputs_hash(tmp_path) == hashes[2], "and taken from the cache when it changes back"


def test_claims_of_a_chapter_from_the_cache(tmp_path):
    """MyST-NB writes the outputs of a chapter that it executes, and leaves out those that it takes from its cache."""
    code = nbformat.v4.new_code_cell("claim(...)")
    notebook = nbformat.v4.new_notebook(cells=[code])
    folder = tmp_path / "jupyter_execute" / "notebooks"
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / "01_x.ipynb")
    app = SimpleNamespace(outdir=tmp_path / "html", config=SimpleNamespace(nb_execution_cache_path=tmp_path / "cache"))
    done = nbformat.from_dict(notebook)
    done.cells[0].outputs = [nbformat.v4.new_output("display_data", metadata={"claim": {"id": "a-b"}})]
    cache = get_cache(tmp_path / "cache")
    cache.cache_notebook_bundle(CacheBundleIn(done, "01_x.ipynb"), check_validity=False)
    assert not nbformat.read(folder / "01_x.ipynb", 4).cells[0].outputs
    assert book_tables.claims_of(app, "notebooks/01_x") == [{"id": "a-b"}]


# ------------------------------------------------------------------ executing chapters


def notebook_of(*sources):
    made = [
        nbformat.v4.new_markdown_cell(s[3:]) if s.startswith("md:") else nbformat.v4.new_code_cell(s) for s in sources
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(cells=made, metadata={"kernelspec": kernel})


@pytest.fixture
def two_chapters(tmp_path):
    """One that runs through with a broken claim, and one that a cell ends."""
    claims = (
        "from utils.claims import claim, found\nclaim('a-b', 'Holds', 1, exactly=1)\nclaim('c-d', 'Not', 1, exactly=2)"
    )
    first = notebook_of("md:# Why?", claims, 'found("It is {a-b:.0f}.\\n\\nNot {c-d:.0f}.")', "import os; 6 * 7")
    paths = [tmp_path / "01_x.ipynb", tmp_path / "02_y.ipynb"]
    for path, notebook in zip(paths, (first, notebook_of("1 / 0")), strict=True):
        nbformat.write(notebook, path)
    return paths


def test_chapters_side_by_side_a_broken_claim_is_no_error(two_chapters, tmp_path, monkeypatch):
    monkeypatch.delenv("COURSE_CLAIMS", raising=False)
    said = []
    faults = chapters.execute_missing(two_chapters, tmp_path / "cache", said.append)
    assert set(faults) == {two_chapters[1]} and "ZeroDivisionError" in faults[two_chapters[1]]
    cache = get_cache(tmp_path / "cache")
    assert not chapters.kept(cache, two_chapters[1])
    record = chapters.kept(cache, two_chapters[0])
    assert 0 <= record.data["execution_seconds"] < 60
    done = cache.get_cache_bundle(record.pk).nb
    assert [r["id"] for r in chapters.broken(done)] == ["c-d"] and len(chapters.records(done)) == 2
    text = "\n".join(said)
    assert "2 chapters to execute" in text and "2 of 2 done" in text and "01_x executed in" in text
    assert "02_y ended with ZeroDivisionError" in text
    said.clear()
    assert set(chapters.execute_missing(two_chapters, tmp_path / "cache", said.append)) == {two_chapters[1]}
    assert "1 chapters to execute" in said[0], "what is kept is not executed again"


def test_a_cell_that_raises_ends_the_build_and_is_named(two_chapters, tmp_path, monkeypatch):
    monkeypatch.setattr(chapters, "all_chapters", lambda root: two_chapters)
    app = SimpleNamespace(srcdir=tmp_path, config=SimpleNamespace(nb_execution_cache_path=tmp_path / "cache"))
    with pytest.raises(ExtensionError, match=r"(?s)1 chapters ended with an error.*02_y\.ipynb: .*ZeroDivisionError"):
        course.execute(app)


def test_the_tests_command_fails_on_both_and_names_them(two_chapters, tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("COURSE_CLAIMS", raising=False)
    monkeypatch.setattr(chapters, "cache_path", lambda root, build: tmp_path / "cache")
    assert chapters.test(two_chapters) == 1
    printed = capsys.readouterr().out
    assert "01_x: claim 'c-d' did not hold here: Not Measured 1, bound exactly 2." in printed
    assert "02_y: " in printed and "ZeroDivisionError" in printed and "'a-b'" not in printed
    assert chapters.test([]) == 0
    assert {path.name for path in (tmp_path / "executed").iterdir()} == {"01_x.ipynb", "02_y.ipynb"}


def test_a_chapter_with_an_environment_of_its_own_is_executed_there(tmp_path, monkeypatch):
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nOWN=yes exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    monkeypatch.setattr(chapters, "OWN", {"01_x": python, "03_z": tmp_path / "not made"})
    paths = [tmp_path / f"{stem}.ipynb" for stem in ("01_x", "02_y", "03_z")]
    for path in paths:
        nbformat.write(notebook_of("import os\nprint(os.environ.get('OWN'))"), path)
    said = {path.stem: done.notebook.cells[0].outputs[0].text for path, done in chapters.execute(paths, lambda _: None)}
    assert said == {"01_x": "yes\n", "02_y": "None\n", "03_z": "None\n"}


def test_a_role_in_an_output_is_noticed():
    notebook = notebook_of("found(...)")
    for text, found in (("It is 3.", []), ("It is {cite:t}`x`.", ["{cite:t}`x`"]), ("{term}`a<b>`", ["{term}`a<b>`"])):
        notebook.cells[0].outputs = [nbformat.v4.new_output("display_data", data={"text/markdown": text})]
        assert chapters.raw_roles(notebook) == found


def test_pytest_nbmake_fails_on_a_broken_claim(two_chapters, tmp_path):
    """Started on chapters in notebooks/, as somebody would who knows nbmake; conftest.py there says what it is for."""
    (tmp_path / "conftest.py").write_text((ROOT / "notebooks" / "conftest.py").read_text())
    run = [sys.executable, "-m", "pytest", "-q", "--nbmake", "-c", "/dev/null", two_chapters[0]]
    ended = subprocess.run(run, capture_output=True, text=True, cwd=tmp_path)
    assert ended.returncode == 1 and "claim 'c-d' did not hold here" in ended.stdout


def test_found_cells_are_prose_on_the_site():
    text = "It is {a-b:.0%}, $\\frac{1}{2}$.\n\n    Next {c-d-sd:.2f}, {e-f-sd:+.1p}."
    notebook = notebook_of("x = 1", f'found(\n    r"""\n    {text}\n    """\n)')
    _, prose = chapters.site_form(notebook, "01_x.ipynb").cells
    assert prose.cell_type == "markdown"
    assert prose.source == (
        "It is {glue:text}`../notebooks/01_x.ipynb::a-b:z.0%`, $\\frac{1}{2}$.\n\n"
        "Next {glue:text}`../notebooks/01_x.ipynb::c-d-sd:z.2f`, "
        "{glue:text}`../notebooks/01_x.ipynb::e-f-sd-points:+z.1f` points."
    )
    assert notebook.cells[1].cell_type == "code", "the chapter itself stays as it is"
    with pytest.raises(ValueError, match="holds one literal text and nothing else"):
        chapters.site_form(notebook_of("found(text)\nx = 1"), "01_x.ipynb")


def test_what_was_found_is_read_before_its_claims():
    def said(*sources):
        notebook = notebook_of("x = 1", 'found("""It is {a-b:.0%}.""")', "y = 2", 'found("""And {c-d:.1f}.""")')
        notebook.cells.insert(0, nbformat.v4.new_markdown_cell(sources[0]))
        notebook.cells.append(nbformat.v4.new_markdown_cell(sources[1]))
        page = chapters.site_form(course.findings_first(notebook), "01_x.ipynb")
        return [cell.source.partition("{")[0] for cell in page.cells]

    last = "## What this does not show"
    assert said("So it was.\n\n## What we found\n\nOnce.", last) == [
        "So it was.\n\n## What we found", "It is ", "And ", "### The claims\n\nOnce.", "x = 1", "y = 2", last
    ]  # fmt: skip
    assert said("## What we found later", last) == [
        "## What we found later", "x = 1", "It is ", "y = 2", "And ", last
    ]  # fmt: skip


def test_what_differs_by_rounding_alone_has_no_spread_in_the_ledger():
    def cells_of(id="a-b", **means):
        known = {"chapters": {"01_x": {"runs": list(means), "claims": {"a-b": {"means": list(means.values())}}}}}
        return book_tables.replicated(known, "notebooks/01_x", {"id": id, "bounds": [0, None, None], "unit": ""})

    assert cells_of(a=0.1, b=0.1 + 1e-15) == ["2 of 2", "0"]
    assert cells_of(a=0.1, b=0.3) == ["2 of 2", "0.141"]
    assert cells_of(a=0.1, b=0.3, MNIST=-9) == ["2 of 3", "0.141"], "other data have another value"
    assert cells_of(a=0.1, b=None) == ["1 of 1", "–"]
    assert cells_of("c-d", a=0.1) == cells_of(a=None) == ["not yet", "–"]


def test_what_quotes_a_claim_that_was_left_out_is_taken_off_the_page(monkeypatch):
    """A paragraph, a list, and a row of a table; what quotes other claims stays, and so does another chapter's."""
    monkeypatch.setattr(book_tables, "made_without", lambda app, docname: {"a-b"} if docname == "14_x" else None)

    def quoting(*keys, chapter="14_x"):
        refs = [PendingGlueReference(refdoc=chapter, key=key) for key in keys]
        return nodes.paragraph("", "", *[nodes.strong("", "", ref) for ref in refs])

    rows = [nodes.row("", nodes.entry("", quoting(key))) for key in ("a-b", "c-d")]
    table = nodes.table("", nodes.tgroup("", nodes.tbody("", *rows), cols=1))
    lost = nodes.row("", nodes.entry("", quoting("c-d")))
    emptied = nodes.table("", nodes.tgroup("", nodes.thead("", nodes.row()), nodes.tbody("", lost), cols=1))
    items = nodes.bullet_list("", nodes.list_item("", quoting("a-b")), nodes.list_item("", quoting("c-d")))
    kept = quoting("a-b", "a-b-sd"), quoting("c-d", chapter="15_x"), table
    page = new_document("page")
    page.settings.env = SimpleNamespace(app=None)
    page += nodes.section("", kept[0], quoting("a-b", "c-d", "e-f"), kept[1], items, emptied, table)
    course.LeaveOut(page).run()
    assert list(page[0]) == list(kept)
    assert list(table.findall(nodes.row)) == rows[:1]


def test_stored_outputs_are_noticed(tmp_path):
    check = [sys.executable, str(ROOT / "tests" / "check_stripped.py")]
    (tmp_path / "notebooks").mkdir()
    path = tmp_path / "notebooks" / "01_x.ipynb"
    notebook = nbformat.read(CHAPTERS[0], as_version=4)
    nbformat.write(notebook, path)
    assert subprocess.run(check, cwd=tmp_path, capture_output=True).returncode == 0
    next(c for c in notebook.cells if c.cell_type == "code").outputs = [nbformat.v4.new_output("stream", text="1")]
    nbformat.write(notebook, path)
    ended = subprocess.run(check, cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 1 and "01_x" in ended.stderr + ended.stdout
