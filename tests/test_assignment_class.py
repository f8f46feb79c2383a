"""A class of submissions: what is found in its folder, and manual.csv as spreadsheets save it."""

import contextlib
import csv
import io
import json
import os
import time
from types import SimpleNamespace

import mutations
import pytest
from mutations import grading, rows

# isort: split
import grading as grading_module
from handing_out import about
from tables import LONGEST, MANUAL, check_names, number_or_formula, read_manual, table, unmarked, write_manual

NAME = "1_counting"
ANSWERS = {"007": "It saves on activations; a copy is kept.", "ann": '=1+1\n"two", täglich', "José": "第一行\r\n二"}
STUDENTS = sorted([*ANSWERS, "7"])


# ------------------------------------------------------------------ manual.csv


def result(answer):
    """Of a student whose answer waits."""
    points = dict.fromkeys(about(NAME)["points"], 1)
    return {"status": "needs manual grade", "points": {**points, "why": None}, "message": "", "texts": {"why": answer}}


@pytest.fixture
def waiting(tmp_path):
    """manual.csv as the grader writes it, in a folder with a space in its name."""
    path = tmp_path / "Moodle 1" / "manual.csv"
    path.parent.mkdir()
    assert write_manual(path, [(s, NAME, result(text)) for s, text in ANSWERS.items()], STUDENTS) == len(ANSWERS)
    return path


def fill_in(path, save, **given):
    """Let a spreadsheet open the table, a person give points and comments, and the spreadsheet save it."""
    cells = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))
    for row in cells[1:]:
        row[4:6] = given.get(unmarked(row[0]), row[4:6])
    path.write_bytes(save(cells))


def saved(cells, separator=",", encoding="utf-8", end="\r\n", quoting=csv.QUOTE_MINIMAL):
    lines = io.StringIO()
    csv.writer(lines, delimiter=separator, lineterminator=end, quoting=quoting).writerows(cells)
    return lines.getvalue().encode(encoding)


WAYS = {
    "as it is": lambda cells: saved(cells, end="\n"),
    "Excel, CSV UTF-8": lambda cells: saved(cells, encoding="utf-8-sig"),
    "Excel in German": lambda cells: saved(cells, separator=";", encoding="utf-8-sig"),
    "Excel, Unicode text": lambda cells: saved(cells, separator="\t", encoding="utf-16"),
    "LibreOffice, all quoted": lambda cells: saved(cells, end="\n", quoting=csv.QUOTE_ALL),
    "an old Mac": lambda cells: saved(cells, end="\r", quoting=csv.QUOTE_ALL),
    "with Excel's hint": lambda cells: b"sep=;\r\n" + saved(cells, separator=";"),
    "short rows": lambda cells: saved([row[:6] if row[4] else row[:4] for row in cells]).replace(
        b"comment", b"comment,answer"
    ),
    "empty columns and rows": lambda cells: saved([[*row, "", ""] for row in cells] + [[""] * 9]),
    "other order": lambda cells: saved([row[::-1] for row in [cells[0], *cells[:0:-1]]]),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_a_spreadsheet_saves_is_read(waiting, way):
    given = {
        "ann": ["1,5" if "German" in way else "1.5", 'sehr gut,\nwirklich: "gut" – très bien'],
        "José": ["２", "'-ja"],
    }
    fill_in(waiting, WAYS[way], **given)
    found = {row["student"]: row for row in read_manual(waiting, STUDENTS)}
    assert found["ann"]["points"] == 1.5 and found["José"]["points"] == 2
    assert found["ann"]["comment"] == given["ann"][1] and found["José"]["comment"] == "-ja"
    assert "007" not in found or found["007"]["points"] is None
    grades = [(student, NAME, result(text)) for student, text in ANSWERS.items()]
    assert write_manual(waiting, grades, STUDENTS) == 1
    once = waiting.read_bytes()
    assert write_manual(waiting, grades, STUDENTS) == 1 and waiting.read_bytes() == once
    assert {row["student"]: row["answer"].replace("\r", "") for row in rows(waiting)} == {
        "'007": ANSWERS["007"],
        "ann": f"'{ANSWERS['ann']}",
        "José": "第一行\n二",
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace("ann", "änn").encode("cp1252", "replace"), "line 3 is not UTF-8"),
        (lambda text: text.encode("gb18030"), "is not UTF-8"),
        (lambda text: text.encode("utf-16")[:-1], "is not UTF-8"),
        (lambda text: text.replace(",", "|").encode(), "line 1: no column student"),
        (lambda text: text.replace("points", "Punkte").encode(), "line 1: no column points"),
        (
            lambda text: text.replace("007,1_counting,why,2,,", "007,1_counting,why,2,3,").encode(),
            "line 2: points is 3",
        ),
        (lambda text: text.replace("why,2,,", "why,2,01. Mai,").encode(), "line 2: points is 01. Mai; this"),
        (lambda text: text.replace("why,2,,", "why,2,nan,").encode(), "line 2: points is nan"),
        (lambda text: text.replace("why,2,,", "why,20,19,").encode(), "line 2: points is 19; this question has 0 to 2"),
        (
            lambda text: text.replace("why,2,,", "dense,2,1,").encode(),
            "line 2: question is 'dense'; a person marks why",
        ),
        (lambda text: text.replace("1_counting,why,2,,", "1_Counting,why,2,1,").encode(), "assignment is '1_Counting'"),
        (lambda text: text.encode() + b"ann,1_counting,2,1.5\n", "line 7: question is '2'"),
        (lambda text: text.encode() + b"ann,1_counting,why,1.5\n", "line 7: max is '1.5' where 2 is due"),
        (
            lambda text: text.replace("007,1_counting,why,2,,", "007,1_counting,why,2,1,a, b,").encode(),
            "line 2: 9 columns",
        ),
        (lambda text: text.replace("007,1_counting,why,2,,", '007,1_counting,why,2,1,"a,').encode(), "line 2: "),
        (lambda text: (text + text.split("\n", 1)[1]).replace("why,2,,", "why,2,1,").encode(), "stands in line 2, too"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(waiting, change, said):
    waiting.write_bytes(change(waiting.read_text(encoding="utf-8")))
    with pytest.raises(SystemExit) as refused:
        read_manual(waiting, STUDENTS)
    assert str(waiting) in str(refused.value) and said in str(refused.value)


def texts(**changed):
    return {(student, NAME, "why"): text for student, text in {**ANSWERS, "7": "", **changed}.items()}


def test_no_points_move_to_another_student(waiting, capsys):
    fill_in(waiting, saved, **{"007": ["2", ""]})
    waiting.write_text(waiting.read_text(encoding="utf-8").replace("'007", "7"), encoding="utf-8")
    with pytest.raises(SystemExit, match=r"line 2: the points are for 7, but the answer beside them is by 007"):
        check_names(waiting, read_manual(waiting, STUDENTS), STUDENTS, texts())
    others = [student for student in STUDENTS if student != "7"]
    check_names(waiting, read_manual(waiting, others), others, texts())
    assert "line 2: there is no folder 7; its points are kept until there is one; is it 007" in capsys.readouterr().out
    write_manual(waiting, [(student, NAME, result(text)) for student, text in ANSWERS.items()], others)
    points = {row["student"]: row["points"] for row in rows(waiting)}
    assert points == {"'007": "", "ann": "", "José": "", "7": "2"}


def test_another_answer_since_is_said(waiting, capsys):
    fill_in(waiting, saved, ann=["1", "good"])
    check_names(waiting, read_manual(waiting, STUDENTS), STUDENTS, texts(ann="a new one"))
    assert "ann has handed in another answer since" in capsys.readouterr().out
    check_names(waiting, read_manual(waiting, STUDENTS), STUDENTS, texts())
    assert not capsys.readouterr().out


def test_names_with_accents_in_either_form_and_comments_without_points(waiting):
    decomposed = "Jose\u0301"
    fill_in(waiting, saved, José=["1", ""], ann=["", "read again"])
    found = {row["student"]: row["points"] for row in read_manual(waiting, ["007", "ann", decomposed])}
    assert found == {"007": None, "ann": None, decomposed: 1}
    write_manual(waiting, [(student, NAME, result(text)) for student, text in ANSWERS.items()], STUDENTS)
    assert {row["student"]: row["comment"] for row in rows(waiting)} == {"'007": "", "ann": "read again", "José": ""}


def manual(row):
    return table(MANUAL, [row], number_or_formula)


@pytest.mark.parametrize(
    "text", ["a\rb", "a\r\nb\r", "=1", "'=1", "''@x", "-", "\t", "a\0b", '"', "a,b;c\td", "x" * 200_000, ""]
)
def test_what_is_written_is_read(tmp_path, text):
    path = tmp_path / "manual.csv"
    path.write_text(manual(["ann", NAME, "why", "2", "1", text, text]), encoding="utf-8", newline="")
    (row,) = read_manual(path, ["ann"])
    same = text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n").strip()
    assert row["comment"] == row["answer"] == same or len(text) > LONGEST
    path.write_text(manual(["ann", NAME, "why", "2", "1", row["comment"], row["answer"]]), newline="")
    assert read_manual(path, ["ann"]) == [row]


# ------------------------------------------------------------------ a class


@pytest.mark.parametrize("late", [True, False])
def test_points_outlive_a_page_that_is_not_drawn(tmp_path, monkeypatch, late):
    """Whether drawing fails or never ends."""
    job = object.__new__(grading_module.Job)
    job.student, job.name, job.limit, job.marks = "ann", NAME, 1, {"why": {"points": 2, "comment": "<good>"}}
    job.process = SimpleNamespace(is_alive=lambda: late, kill=lambda: None, join=lambda: None)
    job.folder, job.work = tmp_path / "folder", tmp_path / "work"
    job.folder.mkdir()
    (job.folder / "result.json").write_text(json.dumps(result("an answer") | {"message": "dense: no answer"}))
    ended, page = job.end()
    assert ended["points"]["dense"] == 1 and ended["status"] == "needs manual grade"
    assert ended["message"].startswith("dense: no answer; the points count, but") and "could not be drawn" in page
    assert "dense: 1" in page and "why: a person reads this &lt;good&gt;" in page
    assert not job.folder.exists()


@pytest.mark.parametrize("breaks", [1, 2])
def test_what_breaks_is_graded_once_more(tmp_path, monkeypatch, capsys, breaks):
    tries = []

    class Job:
        """Ends at once, the first times broken."""

        def __init__(self, student, name, *_):
            self.student, self.name, self.place, self.started = student, name, 0, time.monotonic()
            self.process = SimpleNamespace(sentinel=None)

        def over(self):
            return True

        def end(self):
            tries.append(self.student)
            status = "failed" if len(tries) <= breaks else "graded"
            return {"status": status, "points": {"dense": 2}, "message": "not graded: no kernel", "texts": {}}, b""

    monkeypatch.setattr(grading_module, "Job", Job)
    monkeypatch.setattr(grading_module, "prepared", lambda name, folder: folder)
    monkeypatch.setattr(grading_module, "nursery_of", lambda *_: None)
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
    given, to = tmp_path / "Moodle [1] & Söhne, 100%", tmp_path / 'it\'s "graded" {now}?'
    (given / "student-a").mkdir(parents=True)
    (given / "student-a" / "1_counting (2).ipynb").write_text("{}")
    with pytest.raises(SystemExit, match=r"the assignments are 1_counting, (.|\n)*: student-a/1_counting \(2\)\.ipynb"):
        grading_module.grade(given, to)
    (given / "student b").mkdir()
    (given / "student b" / "1_counting.ipynb").write_bytes(b"\x00" * 20_000_001)
    mutations.hand_in(given, "student c", "1_counting", '{"cells": [{"cell_type": "code", "source": "\\ud83d"}]}')
    (given / "student d").mkdir()
    (given / "student e").mkdir()
    (given / "student e" / "1_counting.zip").write_bytes(b"PK")
    mutations.hand_in(given, '=student, "f"', "1_counting", mutations.released("1_counting"))
    mutations.hand_in(given, "line\nend", "1_counting", mutations.released("1_counting"))
    mutations.hand_in(given, os.fsdecode(b"caf\xe9"), "1_counting", mutations.released("1_counting"))
    ended = grading("grade", given, "--to", to)
    assert ended.returncode == 0, ended.stderr
    assert "not recognised: 'line\\nend/1_counting.ipynb'" in ended.stdout
    assert "not recognised: 'caf\\udce9/1_counting.ipynb'" in ended.stdout
    graded = {row["student"]: (row["status"], row["message"]) for row in rows(to / "grades.csv")}
    assert set(graded) == {"student-a", *(f"student {letter}" for letter in "bcde"), '\'=student, "f"'}
    assert graded["student b"][0] == graded["student c"][0] == "unreadable" and "20 MB" in graded["student b"][1]
    assert graded["student-a"] == ("missing", "no 1_counting.ipynb; there is 1_counting (2).ipynb")
    assert graded["student d"] == ("missing", "nothing handed in")
    assert graded["student e"] == ("missing", "no 1_counting.ipynb; there is 1_counting.zip")
    assert graded['\'=student, "f"'][0] == "graded"
    with pytest.raises(SystemExit, match="nowhere is no folder"):
        grading_module.grade(given / "nowhere", to)
