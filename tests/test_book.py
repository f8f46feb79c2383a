"""The book's configuration and its extension."""

import importlib.util
import subprocess
import sys
from types import SimpleNamespace

import nbformat
import pytest
import yaml
from conftest import CHAPTERS, ROOT
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn

spec = importlib.util.spec_from_file_location("course", ROOT / "book" / "_ext" / "course.py")
course = importlib.util.module_from_spec(spec)
spec.loader.exec_module(course)

CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text())
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text())


def test_every_chapter_and_page_is_in_the_table_of_contents():
    files = {entry["file"] for part in TOC["parts"] for entry in part["chapters"]} | {TOC["root"]}
    chapters = {f"notebooks/{path.stem}" for path in CHAPTERS}
    pages = {f"book/{path.stem}" for path in (ROOT / "book").glob("*.md")}
    assert files == chapters | pages


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


def test_outputs_are_made_again_when_what_they_depend_on_changes(tmp_path, monkeypatch):
    monkeypatch.delenv("COURSE_DATASET", raising=False)
    (tmp_path / "utils").mkdir()
    for name in ("requirements.txt", "constraints.txt", "utils/data.py"):
        (tmp_path / name).write_text("one")
    hashes = [course.inputs_hash(tmp_path)]
    for name in ("requirements.txt", "utils/data.py"):
        (tmp_path / name).write_text("two")
        hashes.append(course.inputs_hash(tmp_path))
    monkeypatch.setenv("COURSE_DATASET", "mnist")
    hashes.append(course.inputs_hash(tmp_path))
    assert len(set(hashes)) == 4
    monkeypatch.delenv("COURSE_DATASET")
    assert course.inputs_hash(tmp_path) == hashes[2], "and taken from the cache when it changes back"


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
    assert course.claims_of(app, "notebooks/01_x") == [{"id": "a-b"}]


def test_what_the_tests_have_executed_is_not_executed_again(tmp_path):
    source = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell("# Why?"), nbformat.v4.new_code_cell("6 * 7")]
    )
    source.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(source, tmp_path / "01_x.ipynb")
    with pytest.raises(ValueError, match=r"01_x\.ipynb has cells that were not executed"):
        course.keep(tmp_path, tmp_path / "cache")
    run = [sys.executable, "-m", "pytest", "-q", "--nbmake", "--overwrite", "-c", "/dev/null", tmp_path]
    subprocess.run(run, check=True, capture_output=True, cwd=tmp_path)
    course.keep(tmp_path, tmp_path / "cache")
    cache = get_cache(tmp_path / "cache")
    assert 0 <= cache.match_cache_notebook(source).data["execution_seconds"] < 60
    _, found = cache.merge_match_into_notebook(source)
    assert found.cells[1].outputs[0].data["text/plain"] == "42"
    source.cells[1].source = "6 * 8"
    with pytest.raises(KeyError):
        cache.match_cache_notebook(source)


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
