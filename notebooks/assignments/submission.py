"""One submission: its answers are put into the notebook that was handed out, which nbgrader runs, marks and draws.

Nothing else of what came is used, so a deleted or rewritten test is back in its place. All of it happens in a process,
a folder and a gradebook of its own.
"""

import base64
import html
import json
import os
import re
import shutil
import tempfile
import traceback
from urllib.parse import quote

import nbconvert.exporters.html
import nbformat
from guarded import GuardedExecute
from handing_out import ROOT, about, course, question, student_version, write
from kernels import Forked, end_all, limit_resources
from nbgrader.api import Gradebook
from nbgrader.converters import Autograde, GenerateFeedback
from nbgrader.converters.base import NbGraderException
from nbgrader.preprocessors import Execute
from traitlets.config import Config

LARGEST = 20_000_000  # bytes of a submitted file
PASSED_ON = re.compile(r"PATH|LANG|LC_\w+|VIRTUAL_ENV|COURSE_\w+|OPENBLAS_\w+|OMP_\w+|TF_ENABLE_\w+")


class Unread:
    """A page as nbconvert made it, which it would read again, half of all the time it takes, to describe pictures."""

    def __init__(self, page, **_):
        self.page = re.sub(r"<img(?![^>]*\salt=)", '<img alt="No description has been provided for this image"', page)

    def select(self, _):
        return []

    def __str__(self):
        return self.page


nbconvert.exporters.html.BeautifulSoup = Unread


class Unreadable(ValueError):
    """A submission that is no notebook; the message is for the student."""


def read_cells(path):
    """The cells, with type, source, pictures and grade id. Nothing else of a submission is ever used."""
    if path.stat().st_size > LARGEST:
        raise Unreadable(f"the file has {path.stat().st_size / 1e6:.0f} MB, more than the {LARGEST / 1e6:.0f} allowed")
    try:
        cells = []
        for cell in json.loads(path.read_bytes())["cells"]:
            text = joined(cell["source"])
            text.encode()  # half of a surrogate pair is no text
            id = ((cell.get("metadata") or {}).get("nbgrader") or {}).get("grade_id")
            id = id if isinstance(id, str) else None
            cells.append({"kind": cell["cell_type"], "text": text, "id": id, "pictures": pictures(cell)})
    except (ValueError, RecursionError):
        raise Unreadable("the file is not valid JSON, so it is no notebook; hand in the .ipynb file itself") from None
    except (KeyError, TypeError, AttributeError):
        raise Unreadable("the file is JSON but no notebook of format 4 with cells") from None
    except OSError as error:
        raise Unreadable(f"the file cannot be opened ({error.strerror}); hand it in once more") from None
    return cells


def joined(source):
    """A text that may be stored as lines. A carriage return ends a line, too."""
    text = source if isinstance(source, str) else "".join(source)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def pictures(cell):
    """The attachments of a cell that are pictures, by name; others are left behind."""
    found = {}
    attached = cell.get("attachments")
    for name, kinds in attached.items() if isinstance(attached, dict) else []:
        for kind, data in kinds.items() if isinstance(kinds, dict) else []:
            try:
                data = "".join(joined(data).split())
                base64.b64decode(data, validate=True)
                name.encode()
            except (TypeError, ValueError):
                continue
            if re.fullmatch(r"image/[\w.+-]+", kind):
                for known_as in (name, quote(name)):  # as links write it
                    found.setdefault(known_as, {})[kind] = data
    return found


def put(cell, given):
    """What a student wrote, and the pictures that it shows, into a cell."""
    cell.source = given["text"]
    if given["pictures"] and cell.cell_type == "markdown":
        cell["attachments"] = given["pictures"]
    return cell


def rebuild(released, submitted):
    """The notebook that was handed out, with a student's answers and extra cells in it; and what had to be mended."""
    known = {cell.metadata.nbgrader.grade_id: cell for cell in released.cells if "nbgrader" in cell.metadata}
    answers, extras, place, notes = {}, {None: []}, None, []
    for given in submitted:
        id = given["id"]
        if id in known and known[id].metadata.nbgrader.solution and id not in answers:
            answers[id], place = given, id
        elif id in known and known[id].metadata.nbgrader.locked and id not in extras:
            place = id
            if given["text"].strip() != known[id].source.strip():
                notes.append(f"the cell {id} had been changed; the original was used")
        else:  # a cell of the student's own, our prose, or a second copy
            make = nbformat.v4.new_code_cell if given["kind"] == "code" else nbformat.v4.new_markdown_cell
            extras.setdefault(place, []).append(put(make(), given))
        extras.setdefault(place, [])
    cells = extras[None]
    for id, cell in known.items():
        if id in answers:
            cells.append(put(cell, answers[id]) if answers[id]["text"].strip() else cell)
        elif cell.metadata.nbgrader.solution:
            notes.append(f"the answer cell {id} is missing")
        elif id not in extras:
            notes.append(f"the cell {id} was missing; it was put back")
        if id not in answers and (cell.metadata.nbgrader.grade or cell.metadata.nbgrader.locked):
            cells.append(cell)
        cells += extras.get(id, [])
    for i, cell in enumerate(cells):
        cell["id"] = str(i)
    return nbformat.v4.new_notebook(cells=cells, metadata=released.metadata), notes


def for_a_person(released, submitted):
    """{question: what was written for it}, of the questions that a person marks; empty if nothing was.

    That is its cell, or its cells if it was split, and the student's own cells next to it: below it, or below the
    text that asks. Own cells with neither before them belong to the answers above and below, to be on the safe side.
    """
    cells = [(cell, cell.metadata.get("nbgrader", {})) for cell in released.cells]
    known = {marks.grade_id for _, marks in cells if marks}
    blank = {m.grade_id: plain(cell.source) for cell, m in cells if m.get("grade") and m.get("solution")}
    texts = {id: [] for id in blank}
    asks, next_id = {}, None  # {a text of ours: the question that comes next}
    for cell, marks in reversed(cells):
        if marks:
            next_id = marks.grade_id
        else:
            asks[plain(cell.source)] = next_id
    belongs, loose = None, []
    for given in submitted:
        id, text = given["id"], plain(given["text"])
        if id in known:
            if id in texts and id != belongs:
                texts[id] += loose
            if id in texts and text != blank[id]:
                texts[id].append(given["text"])
            belongs, loose = id, []
        elif text in asks:
            belongs, loose = asks[text], []
        elif text:
            loose.append(given["text"])
            if belongs in texts:
                texts[belongs].append(given["text"])
    return {id: "\n\n".join(filter(str.strip, parts)) for id, parts in texts.items()}


def plain(text):
    return " ".join(text.split())


def grade_one(name, course_root, path, marks, root, work, nursery):
    """Runs in a process of its own; leaves result.json and feedback.html in root. Students' code runs in work."""
    os.setsid()
    log = open(root / "log.txt", "w", encoding="utf-8")
    os.dup2(log.fileno(), 1)
    os.dup2(log.fileno(), 2)
    limit_resources()
    home, lib = work / "home", work / "lib"
    home.mkdir()
    shutil.copytree(ROOT / "utils", lib / "utils", ignore=shutil.ignore_patterns("__pycache__"))
    environment = students_environment(HOME=str(home), TMPDIR=str(home), PYTHONPATH=str(lib))
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None
    Forked.nursery = nursery
    try:
        result = execute(name, course_root, read_cells(path), marks, root, home)
    except Unreadable as error:
        points = dict.fromkeys(about(name)["points"], 0)
        result = {"status": "unreadable", "points": points, "message": str(error), "texts": {}}
        write(root / "feedback.html", plain_page(name, str(error)))
    end_all(home)  # before there is anything to tamper with
    write(root / "result.json", json.dumps(result))
    if result["status"] != "unreadable":
        draw(name, root)


def students_environment(**own):
    """What a student's code finds in its environment. The instructor's secrets are none of its business."""
    return {
        **{key: value for key, value in os.environ.items() if PASSED_ON.fullmatch(key)},
        **dict(TF_CPP_MIN_LOG_LEVEL="3", MPLBACKEND="agg", PYTHONDONTWRITEBYTECODE="1"),
        **dict(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", TF_NUM_INTRAOP_THREADS="1"),  # a core a student
        **own,
    }


def execute(name, course_root, cells, marks, root, home):
    released = nbformat.read(student_version(course_root, name), as_version=4)
    texts = for_a_person(released, cells)
    notebook, notes = rebuild(released, cells)
    place = root / "submitted" / "student" / name  # nbgrader never sees a real name: any folder name will do
    place.mkdir(parents=True)
    nbformat.write(notebook, place / f"{name}.ipynb")
    shutil.copy(course_root / "gradebook.db", root)
    settings = course(root, name)
    settings["config"].GuardedExecute = Config(timeout=about(name)["cell_seconds"], working_folder=str(home))
    preprocessors = [GuardedExecute if p is Execute else p for p in Autograde.autograde_preprocessors.default_args[0]]
    try:
        Autograde(autograde_preprocessors=preprocessors, **settings).start()
    except NbGraderException as error:
        raise GuardedExecute.broken or error from None
    end_all(home)

    done = root / "autograded" / "student" / name / f"{name}.ipynb"
    executed = nbformat.read(done, as_version=4)
    for cell in executed.cells:
        if cell.cell_type == "code" and (why := reason(cell)):
            mark = cell.metadata.get("nbgrader", {})
            id = mark.get("grade_id")
            where = question(id) if mark.get("grade") else f"answer cell {id}" if id else "a cell of your own"
            notes.append(f"{where}: {why}")
    if notes:
        executed.cells.insert(0, nbformat.v4.new_markdown_cell("**From the grader.** " + html.escape("; ".join(notes))))
        done.chmod(0o644)
        nbformat.write(executed, done)
    with Gradebook(f"sqlite:///{root}/gradebook.db") as book:
        grades = book.find_submission_notebook(name, name, "student").grades
        for grade in grades:
            grade.manual_score = grade.extra_credit = None  # whoever may have found this file meanwhile
            if grade.name in texts:
                grade.auto_score = None if texts[grade.name] else 0
                grade.needs_manual_grade = bool(texts[grade.name])
            if grade.name in marks:
                grade.manual_score, grade.needs_manual_grade = marks[grade.name]["points"], False
                book.find_comment(grade.name, name, name, "student").manual_comment = marks[grade.name]["comment"]
        book.db.commit()
        points = {question(g.name): None if g.needs_manual_grade else g.score for g in grades}
    return {
        "status": "needs manual grade" if None in points.values() else "graded",
        "points": points,
        "message": "; ".join(notes),
        "texts": texts,
    }


def draw(name, root):
    """The student's page. Where nbgrader cannot draw it, there is none, and the class makes do with a plain one."""
    try:
        GenerateFeedback(**course(root, name)).start()
        page = (root / "feedback" / "student" / name / f"{name}.html").read_text(encoding="utf-8")
    except Exception:
        return traceback.print_exc()
    # MathJax from another host
    write(root / "feedback.html", re.sub(r"<script[^>]*\ssrc=.*?</script>", "", page, flags=re.S))


def reason(cell):
    """The last line of the error that a cell ended with, or an empty string."""
    for output in reversed(cell.outputs):
        if output.output_type == "error":
            if output.ename == "NotImplementedError":
                return "no answer"
            text = re.sub(r"\x1b\[[\d;]*m", "", output.evalue).strip() or "failed"
            first = " ".join(text.split())[:200]
            return first if output.ename in ("AssertionError", "Grader") else f"{output.ename}: {first}"
    return ""


def plain_page(name, message, points=(), marks=()):
    """A page for when there is no notebook to show."""
    lines = [message]
    for id, given in dict(points).items():
        comment = dict(marks).get(id, {}).get("comment", "")
        lines.append(f"{id}: {'a person reads this' if given is None else f'{given:g}'} {comment}")
    body = "".join(f"<p>{html.escape(line)}</p>\n" for line in lines)
    return f"<!DOCTYPE html><meta charset='utf-8'><title>{name}</title><h1>{name}</h1>\n{body}"
