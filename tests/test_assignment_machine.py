"""What a machine, and the shell that grading is started from, may not decide: files, folders, locale, flags."""

import os
import subprocess
import sys
from pathlib import Path

import mutations
import nbformat
import pytest
from mutations import ASSIGNMENTS, rows

# isort: split
import grading as grading_module
from guarded import GuardedExecute

NAME = "1_counting"


def test_a_file_that_cannot_be_opened_is_one_students_alone(tmp_path, monkeypatch):
    given, read = tmp_path / "given", Path.read_bytes
    for student in ("ann", "bob"):
        mutations.hand_in(given, student, NAME, "{" if student == "bob" else mutations.released(NAME))

    def refuse(path):
        if path.parent.name == "ann":
            raise PermissionError(13, "Permission denied")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    grading_module.grade(given, tmp_path / "out")
    said = {row["student"]: (row["status"], row["message"]) for row in rows(tmp_path / "out" / "grades.csv")}
    assert said["ann"] == ("unreadable", "the file cannot be opened (Permission denied); hand it in once more")
    assert said["bob"][0] == "unreadable" and "JSON" in said["bob"][1]


def test_results_are_not_written_among_the_submissions(tmp_path):
    mutations.hand_in(tmp_path, "ann", NAME, "{")
    with pytest.raises(SystemExit, match="the submissions themselves; give another folder"):
        grading_module.grade(tmp_path, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["ann"]


def test_what_students_get_does_not_depend_on_the_locale():
    """As it is set on a machine whose texts are not in UTF-8."""
    code = """
import hashlib, sys, tempfile
from pathlib import Path
from handing_out import generate, packed, student_version, text_of
with tempfile.TemporaryDirectory() as root:
    generate("1_counting", Path(root))
    text = text_of(student_version(Path(root), "1_counting"))
print(hashlib.sha256(packed("1_counting", text)).hexdigest(), ascii(max(text)))
"""
    old = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    said = [
        subprocess.run(
            [sys.executable, "-c", code], cwd=ASSIGNMENTS, env=os.environ | env, capture_output=True, text=True
        )
        for env in (dict(os.environ), os.environ | old)
    ]
    assert said[0].stdout == said[1].stdout and len(said[0].stdout) > 64, said[1].stderr


@pytest.mark.parametrize("value", ["1", "2"])
def test_asserts_count_whatever_the_shell_says(monkeypatch, value):
    """A formgrader hands its own environment on."""
    monkeypatch.setenv("PYTHONOPTIMIZE", value)
    marks = {"nbgrader": {"grade_id": "test-a", "grade": True, "solution": False}}
    test = nbformat.v4.new_code_cell("assert 1 == 2, 'they differ'", metadata=marks)
    done, _ = GuardedExecute(timeout=20).preprocess(nbformat.v4.new_notebook(cells=[test]), {})
    assert [output.evalue.splitlines()[0] for output in done.cells[0].outputs] == ["they differ"]


def test_the_command_runs_without_docstrings():
    env = os.environ | {"PYTHONOPTIMIZE": "2"}
    asked = [sys.executable, "grading.py", "grade", "--help"]
    said = subprocess.run(asked, cwd=ASSIGNMENTS, env=env, capture_output=True, text=True)
    assert said.returncode == 0 and "--to" in said.stdout, said.stderr
