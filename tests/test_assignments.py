"""The assignments: their sources, what students get, and the grading of a whole class."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile

import mutations
import nbformat
import odd_submissions
import psutil
import pytest
import sample_class
from book_tables import assignment_sources
from conftest import CHAPTERS, cells
from handing_out import packed
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


def test_stand_in_the_order_of_their_numbers():
    numbers = [int(name.split("_")[0]) for name in NAMES]
    assert numbers == list(range(1, len(NAMES) + 1))
    assert [path.stem for path in assignment_sources(mutations.ROOT)] == NAMES


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


@pytest.fixture(scope="module")
def compared(request, tmp_path_factory):
    """The kept answers to all assignments that are asked for, graded as one class."""
    names = {item.callspec.params["name"] for item in request.session.items if "compared" in item.fixturenames}
    return mutations.run(sorted(names), tmp_path_factory.mktemp("answers"))


@pytest.mark.parametrize("name", TESTED)
def test_wrong_answers_lose_their_question_and_right_ones_keep_it(name, compared):
    table, faults = compared[name]
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


def test_the_same_sources_give_the_same_zips(released):
    for name in NAMES:
        again = packed(name, mutations.released_file(name).read_text())
        assert again == (released / f"{name}.zip").read_bytes()


# ------------------------------------------------------------------ a class


@pytest.fixture(scope="module")
def temporary():
    """Where the grader has its folders and students their homes."""
    with tempfile.TemporaryDirectory() as folder:
        yield folder


@pytest.fixture(scope="module")
def sample(tmp_path_factory, temporary):
    """The sample class, graded by a run that was killed half way and another that went on."""
    folder = tmp_path_factory.mktemp("class")
    expected = sample_class.make_class(folder / "in") | odd_submissions.make_class(folder / "in")
    command = [
        sys.executable,
        str(mutations.ASSIGNMENTS / "grading.py"),
        "grade",
        folder / "in",
        "--to",
        folder / "out",
    ]
    environment = {**os.environ, "SECRET": "the instructor's", "TMPDIR": temporary}
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


def test_a_page_shows_pictures_or_says_that_there_is_none_to_see(sample):
    pages = sample[0] / "out" / "feedback"
    for student, shown in [("picture-in-a-cell-of-its-own", 1), ("pictures-in-the-answer", 2)]:
        page = (pages / student / "1_counting.html").read_text()
        assert len(re.findall(r'<img[^>]* src="data:image/(?:png|jpeg);base64,[\w+/=]+"', page)) == shown
    for student in ("picture-that-is-gone", "picture-that-is-none"):
        page = (pages / student / "1_counting.html").read_text()
        assert "could not be drawn" in page and "dense: 2" in page and "why: a person reads this" in page
        assert "could not be drawn" in sample[2][student]["message"] and "alert" not in page


@pytest.mark.parametrize(
    ("student", "text"),
    [
        ("carriage-returns", 'First line\nsecond line\nthird, "quoted"\n'),
        ("looks-like-a-formula", '\'=1+1 is "two", and\n- that; is\tall'),
        ("split-answer", "the first half\n\nthe second half"),
        ("split-in-three-with-a-cell-between", "the first half\n\n2 + 2\n\nthe second half"),
        ("answer-below", odd_submissions.WHY),
        ("answer-above-in-a-code-cell", f"# {odd_submissions.WHY}"),
        ("answer-in-place-of-the-cell", odd_submissions.WHY),
    ],
)
def test_a_marker_reads_all_that_was_written(sample, student, text):
    waiting = {row["student"]: row["answer"] for row in rows(sample[0] / "in" / "manual.csv")}
    assert waiting[student] == text


def test_a_marker_reads_what_was_added_to_the_question_and_no_book(sample):
    waiting = {row["student"]: row["answer"] for row in rows(sample[0] / "in" / "manual.csv")}
    assert waiting["answer-below-the-question"].endswith(odd_submissions.WHY)
    assert 25_000 < len(waiting["very-long-answer"]) < 32_767 and "rest is on" in waiting["very-long-answer"]


def test_nothing_is_left_running(sample, temporary):
    listed = subprocess.run(["ps", "ax", "-o", "args"], capture_output=True, text=True).stdout
    assert "sleep 98765" not in listed
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            assert not process.environ().get("HOME", "").startswith(temporary), process.cmdline()


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
    manual.write_text(text, encoding="utf-16")  # as a spreadsheet saves it
    assert grading("grade", tmp_path / "in", "--to", tmp_path / "out").returncode == 0
    after = {row["student"]: row for row in rows(tmp_path / "out" / "grades.csv")}
    assert (after["right"]["score"], after["right"]["status"]) == ("19.5", "graded")
    assert "Well put" in (tmp_path / "out" / "feedback" / "right" / "1_counting.html").read_text()
    assert {s: row for s, row in after.items() if s != "right"} == {s: row for s, row in graded.items() if s != "right"}
    text = text.replace(",1.5,", ",'1.5,")  # text for a spreadsheet, which may take it for a date
    assert manual.read_text() == text

    manual.write_text(text.replace("'1.5", "3"))
    refused = grading("grade", tmp_path / "in", "--to", tmp_path / "out")
    assert refused.returncode and "points is 3; this question has 0 to 2" in refused.stderr
