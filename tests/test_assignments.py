"""The assignments: their sources, what students get, and the grading of a whole class."""

import contextlib
import importlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from types import SimpleNamespace

import mutations
import nbformat
import pytest
import sample_class
from conftest import CHAPTERS, cells
from mutations import NAMES, grading, rows, scores

TESTED = [name for name in NAMES if mutations.questions(name)]
assignment = pytest.mark.parametrize("name", NAMES)


def marked(name, **kind):
    return [
        cell
        for cell in mutations.source(name).cells
        if "nbgrader" in cell.metadata and all(cell.metadata.nbgrader.get(k) == v for k, v in kind.items())
    ]


# ------------------------------------------------------------------ sources


@assignment
def test_says_what_it_is_and_is_worth_20_points(name):
    notebook = mutations.source(name)
    assert set(notebook.metadata.course) == {"title", "chapters", "minutes", "cell_seconds"}
    assert 30 <= notebook.metadata.course.minutes <= 120
    assert sum(cell.metadata.nbgrader.points for cell in marked(name, grade=True)) == 20
    ids = [cell.metadata.nbgrader.grade_id for cell in notebook.cells if "nbgrader" in cell.metadata]
    assert len(ids) == len(set(ids))


@assignment
def test_is_linked_from_its_chapters_and_back(name):
    opening = mutations.source(name).cells[0].source
    assert opening.startswith(f"# Assignment {name.split('_')[0]}: ")
    for chapter in mutations.source(name).metadata.course.chapters:
        assert f"](../../{chapter}.ipynb)" in opening
        (path,) = [path for path in CHAPTERS if path.stem == chapter]
        exercises = "\n".join(cell.source for cell in cells(path, "markdown")).split("## Exercises")[1]
        assert f"[assignment {name.split('_')[0]}](../book/assignments.md)" in exercises


@pytest.mark.parametrize("name", TESTED)
def test_visible_tests_teach_and_hidden_ones_follow(name):
    for cell in marked(name, grade=True, solution=False):
        visible, hidden = cell.source.split("### BEGIN HIDDEN TESTS")
        asserts = re.findall(r"^ *assert .*", visible, re.M)
        assert asserts and "assert" in hidden and hidden.strip().endswith("### END HIDDEN TESTS")
        for line in asserts:
            assert re.search(r", \(?f?[\"']|, \($", line), f"no message: {line}"


@pytest.mark.parametrize("name", TESTED)
def test_every_question_has_kept_answers(name):
    for id, kept in mutations.answers(name).items():
        kinds = [kind for kind, _, _ in kept]
        assert kinds.count("wrong") >= 5 and kinds.count("right") >= 2, f"{id}: {kinds}"


@pytest.mark.parametrize("name", TESTED)
def test_wrong_answers_lose_their_question_and_right_ones_keep_it(name, tmp_path):
    table, faults = mutations.run(name, tmp_path)
    assert not faults, "\n".join(faults)
    shown = json.loads(mutations.TABLE.read_text())
    assert shown.get(name) == table, f"the page is out of date: .venv/bin/python tests/mutations.py {name}"


# ------------------------------------------------------------------ what students get


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    folder = tmp_path_factory.mktemp("release")
    ended = grading("release", "--to", folder)
    assert ended.returncode == 0, ended.stderr
    return folder


@assignment
def test_students_get_neither_solutions_nor_hidden_tests(name, released):
    with zipfile.ZipFile(released / f"{name}.zip") as archive:
        texts = {path.removeprefix(f"{name}/"): archive.read(path).decode() for path in archive.namelist()}
    assert texts[f"{name}.ipynb"] == (released / f"{name}.ipynb").read_text()
    notebook = nbformat.reads(texts[f"{name}.ipynb"], as_version=4)
    text = "\n".join(cell.source for cell in notebook.cells)
    assert "HIDDEN TESTS" not in text and "SOLUTION" not in text
    for cell in marked(name, solution=True, grade=False):
        solution = cell.source.split("### BEGIN SOLUTION\n")[1].split("### END SOLUTION")[0].strip()
        assert solution not in text
    for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
        assert link in texts, f"{link} is not in the zip"
    assert {"README.md", "requirements.txt", "constraints.txt", "pyproject.toml", "utils/data.py"} <= set(texts)
    assert "nbgrader" not in texts["requirements.txt"] and "-e ." in texts["requirements.txt"]
    assert ("more tests run" in texts["README.md"]) == (name in TESTED) != ("by a person" in texts["README.md"])


def test_the_same_sources_give_the_same_zips(released, tmp_path):
    assert grading("release", "--to", tmp_path).returncode == 0
    for name in NAMES:
        assert (tmp_path / f"{name}.zip").read_bytes() == (released / f"{name}.zip").read_bytes()


# ------------------------------------------------------------------ a class


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """The sample class, graded by a run that was killed half way and another that went on."""
    folder = tmp_path_factory.mktemp("class")
    expected = sample_class.make_class(folder / "in")
    command = [
        sys.executable,
        str(mutations.ASSIGNMENTS / "grading.py"),
        "grade",
        folder / "in",
        "--to",
        folder / "out",
    ]
    environment = {**os.environ, "SECRET": "the instructor's"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as first:
        for _ in range(2):  # students
            while not re.match(r" *\d+/\d+ ", first.stdout.readline()):
                assert first.poll() is None, "it ended early"
        first.send_signal(signal.SIGKILL)
    assert not (folder / "out" / "grades.csv").exists()
    started = time.monotonic()
    second = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    assert int(re.search(r"(\d+) of them unchanged", second.stdout)[1]) >= 2
    print(f"{second.stdout}{time.monotonic() - started:.0f} s")
    return folder, expected, {row["student"]: row for row in rows(folder / "out" / "grades.csv")}


def test_every_student_gets_the_marks_expected(sample):
    _, expected, graded = sample
    assert list(graded) == sorted(expected)
    for student, points in expected.items():
        assert scores(graded[student]) == points, f"{student}: {graded[student]['message']}"
        assert float(graded[student]["score"]) == sum(filter(None, points.values()))


@pytest.mark.parametrize(
    ("student", "message"),
    [
        ("no-json", "not valid JSON"),
        ("no-notebook", "no notebook of format 4"),
        ("endless-loop", "no end within 10 s"),
        ("prints-a-gigabyte", "printed"),
        ("deletes-cells", "the cell test-dense was missing; it was put back"),
        ("deletes-cells", "the answer cell mlp is missing"),
        ("overwrites-tests", "the cell test-dense had been changed; the original was used"),
        ("ends-python", "it ended Python itself"),
        ("replaces-tests-on-the-way", "kept from running to its end"),
        ("syntax-error", "SyntaxError"),
    ],
)
def test_says_what_happened(sample, student, message):
    folder, _, graded = sample
    assert message in graded[student]["message"]
    page = (folder / "out" / "feedback" / student / "1_counting.html").read_text()
    assert message in page
    assert not re.search(r"<(script|link|img)[^>]*\s(src|href)=[\"']?(https?:)?//", page), "asks another host"


def test_nothing_is_left_running(sample):
    listed = subprocess.run(["ps", "ax", "-o", "args"], capture_output=True, text=True).stdout
    assert "sleep 98765" not in listed


def test_grading_again_changes_nothing_and_a_mark_by_hand_is_added(sample, tmp_path):
    folder, _, graded = sample
    for part in ("in", "out"):
        shutil.copytree(folder / part, tmp_path / part)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    again = grading("grade", tmp_path / "in", "--to", tmp_path / "out")
    assert f"{len(graded)} of them unchanged" in again.stdout, again.stderr
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before

    manual = tmp_path / "in" / "manual.csv"
    waiting = rows(manual)
    assert {row["student"] for row in waiting} == {s for s, row in graded.items() if "needs" in row["status"]}
    text = manual.read_text().replace("right,1_counting,why,2,,,", "right,1_counting,why,2,1.5,Well put,")
    manual.write_text(text)
    assert grading("grade", tmp_path / "in", "--to", tmp_path / "out").returncode == 0
    after = {row["student"]: row for row in rows(tmp_path / "out" / "grades.csv")}
    assert (after["right"]["score"], after["right"]["status"]) == ("19.5", "graded")
    assert "Well put" in (tmp_path / "out" / "feedback" / "right" / "1_counting.html").read_text()
    assert {s: row for s, row in after.items() if s != "right"} == {s: row for s, row in graded.items() if s != "right"}

    manual.write_text(text, encoding="utf-8-sig")  # as a spreadsheet saves it
    assert grading("grade", tmp_path / "in", "--to", tmp_path / "out").returncode == 0
    manual.write_text(text.replace(",", ";"))
    refused = grading("grade", tmp_path / "in", "--to", tmp_path / "out")
    assert refused.returncode and "separated by commas" in refused.stderr
    manual.write_text(text.replace("1.5", "3"))
    refused = grading("grade", tmp_path / "in", "--to", tmp_path / "out")
    assert refused.returncode and "points is 3; this question has 0 to 2" in refused.stderr


@pytest.mark.parametrize("breaks", [1, 2])
def test_what_breaks_is_graded_once_more(tmp_path, monkeypatch, capsys, breaks):
    monkeypatch.syspath_prepend(mutations.ASSIGNMENTS)
    grading_module = importlib.import_module("grading")
    tries = []

    class Job:
        """Ends at once, the first times broken."""

        def __init__(self, student, name, *_):
            self.student, self.name, self.started = student, name, time.monotonic()
            self.process = SimpleNamespace(sentinel=None)

        def over(self):
            return True

        def end(self):
            tries.append(self.student)
            status = "failed" if len(tries) <= breaks else "graded"
            return {"status": status, "points": {"dense": 2}, "message": "not graded: no kernel", "texts": {}}, b""

    monkeypatch.setattr(grading_module, "Job", Job)
    monkeypatch.setattr(grading_module, "prepared", lambda name, folder: folder)
    monkeypatch.setattr(grading_module.multiprocessing.connection, "wait", lambda *_, **__: None)
    monkeypatch.setattr(grading_module, "write_tables", lambda *_: None)
    mutations.hand_in(tmp_path / "in", "ann", "1_counting", "{}")
    with contextlib.nullcontext() if breaks == 1 else pytest.raises(SystemExit, match="1 submissions could not be"):
        grading_module.grade(tmp_path / "in", tmp_path / "out")
    shown = capsys.readouterr().out
    assert tries == ["ann", "ann"] and "ann  1_counting  once more, since it was not graded: no kernel" in shown
    assert json.loads((tmp_path / "out/results/1_counting/ann.json").read_text())["status"] == (
        "graded" if breaks == 1 else "failed"
    )


def test_files_that_are_no_submission_are_named(tmp_path):
    (tmp_path / "student-a").mkdir()
    (tmp_path / "student-a" / "1_counting (2).ipynb").write_text("{}")
    refused = grading("grade", tmp_path, "--to", tmp_path / "out")
    assert refused.returncode and "student-a/1_counting (2).ipynb" in refused.stderr and "1_counting" in refused.stderr
    (tmp_path / "student b").mkdir()
    (tmp_path / "student b" / "1_counting.ipynb").write_bytes(b"\x00" * 20_000_001)
    mutations.hand_in(tmp_path, "student c", "1_counting", '{"cells": [{"cell_type": "code", "source": "\\ud83d"}]}')
    (tmp_path / "student d").mkdir()
    (tmp_path / "student e").mkdir()
    (tmp_path / "student e" / "1_counting.zip").write_bytes(b"PK")
    assert grading("grade", tmp_path, "--to", tmp_path / "out").returncode == 0
    graded = {row["student"]: (row["status"], row["message"]) for row in rows(tmp_path / "out" / "grades.csv")}
    assert graded["student b"][0] == graded["student c"][0] == "unreadable" and "20 MB" in graded["student b"][1]
    assert graded["student-a"] == ("missing", "no 1_counting.ipynb; there is 1_counting (2).ipynb")
    assert graded["student d"] == ("missing", "nothing handed in")
    assert graded["student e"] == ("missing", "no 1_counting.ipynb; there is 1_counting.zip")
    assert grading("grade", tmp_path / "nowhere").returncode
