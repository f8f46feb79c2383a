"""Hands out the assignments and grades what comes back, with nbgrader underneath.

python grading.py release [--to FOLDER]                 student versions, and a zip of each
python grading.py grade SUBMISSIONS [--to FOLDER]       marks SUBMISSIONS/<student>/<assignment>.ipynb

A submission is never graded as it came. Its answers are put into the notebook that was handed out, so a deleted or
rewritten test is back in its place; then nbgrader runs it, in a process, a folder and a gradebook of its own.
Students' code runs on this machine: see the instructors' page for a container.
"""

import argparse
import contextlib
import csv
import hashlib
import html
import io
import json
import multiprocessing
import multiprocessing.connection
import os
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import nbformat
import psutil
from guarded import GuardedExecute
from nbconvert import HTMLExporter
from nbgrader.api import Gradebook
from nbgrader.converters import Autograde, GenerateAssignment, GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import Execute
from traitlets.config import Config
from traitlets.log import get_logger

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILT = ROOT / "_build" / "assignments"
NAMES = sorted(path.stem for path in HERE.glob("[0-9]*/*.ipynb"))
LARGEST = 20_000_000  # bytes of a submitted file
MEMORY, FILE = 3 * 2**30, 2 * 10**8  # bytes that a student's code may hold, and write into a file
WORKERS = os.cpu_count() or 1
ENVIRONMENT = re.compile(r"PATH|LANG|LC_\w+|VIRTUAL_ENV|COURSE_\w+|OPENBLAS_\w+|OMP_\w+|TF_ENABLE_\w+")


# ------------------------------------------------------------------ sources and what students get


def source(name):
    return HERE / name / f"{name}.ipynb"


def about(name):
    """What an assignment's source says of itself: title, chapters, minutes, cell_seconds, points by question."""
    notebook = nbformat.read(source(name), as_version=4)
    marks = [cell.metadata.nbgrader for cell in notebook.cells if "nbgrader" in cell.metadata]
    points = {question(m.grade_id): m.points for m in marks if m.grade}
    return {
        **notebook.metadata.course,
        "points": points,
        "manual": [m.grade_id for m in marks if m.grade and m.solution],
    }


def question(grade_id):
    return grade_id.removeprefix("test-")


def course(root, assignment, **config):
    """nbgrader's objects for a course folder."""
    settings = Config(config)
    settings.CourseDirectory.root = str(root)
    settings.CourseDirectory.assignment_id = assignment
    settings.IgnorePattern.enabled = True  # a warning in a test cell costs no marks
    settings.IgnorePattern.pattern = r"[\s\S]"
    settings.HTMLExporter.sanitize_html = True
    settings.HTMLExporter.mathjax_url = settings.HTMLExporter.require_js_url = ""
    return {"coursedir": CourseDirectory(config=settings), "config": settings}


def generate(name, root):
    """The student version under root/release, and what nbgrader must know for grading in root/gradebook.db."""
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # nbgrader calls alembic
    get_logger().setLevel("ERROR")
    copied = root / "source" / name
    copied.mkdir(parents=True, exist_ok=True)
    shutil.copy(source(name), copied)
    GenerateAssignment(force=True, **course(root, name)).start()


def student_version(root, name):
    return root / "release" / name / f"{name}.ipynb"


def release(to):
    """Student versions as notebooks and zips. Returns the zips."""
    made = []
    with tempfile.TemporaryDirectory() as root:
        for name in NAMES:
            generate(name, Path(root))
            text = student_version(Path(root), name).read_text().replace("](../../", "](")  # the chapter lies beside it
            facts = about(name)
            graded = GRADED[set(facts["points"]) > set(facts["manual"])]
            chapters = [ROOT / "notebooks" / f"{chapter}.ipynb" for chapter in facts["chapters"]]
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
                for inside, content in [
                    (f"{name}.ipynb", text),
                    ("README.md", README.format(name=name, graded=graded, **facts)),
                    (
                        "requirements.txt",
                        (ROOT / "requirements.txt").read_text().split("\n# the book")[0] + "\n\n-e .\n",
                    ),
                    *((path.name, path.read_text()) for path in chapters),
                    *((path, (ROOT / path).read_text()) for path in ("constraints.txt", "pyproject.toml", "LICENSE")),
                    *((f"utils/{path.name}", path.read_text()) for path in sorted((ROOT / "utils").glob("*.py"))),
                ]:
                    archive.writestr(zipfile.ZipInfo(f"{name}/{inside}"), content)  # no date: same content, same zip
            write(to / f"{name}.ipynb", text)
            write(to / f"{name}.zip", packed.getvalue())
            made.append(to / f"{name}.zip")
    return made


README = """# {title}

Start, with Python 3.11, 3.12 or 3.13:

    python -m venv .venv
    source .venv/bin/activate            # Windows: .venv\\Scripts\\activate
    pip install -r requirements.txt
    jupyter lab {name}.ipynb

Write your answers where the notebook says `YOUR CODE HERE` or `YOUR ANSWER HERE`. You may add cells of your own.
About {minutes} minutes.

Before you hand in: *Kernel > Restart Kernel and Run All Cells*. No cell should end with an error. {graded}
Hand in the one file `{name}.ipynb`, under this name.
"""
GRADED = {  # by whether any question has a test
    True: "Leave the\ntest cells as they are; when you are graded, more tests run.",
    False: "All points\nare given by a person, by the rubric in the notebook.",
}


def write(path, content):
    """All of it or nothing: a run that is killed leaves no half-written file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".part")
    draft.write_bytes(content if isinstance(content, bytes) else content.encode())
    os.replace(draft, path)


# ------------------------------------------------------------------ a submission


class Unreadable(ValueError):
    """A submission that is no notebook; the message is for the student."""


def read_cells(path):
    """(cell type, source, grade id or None) of each cell. Nothing else of a submission is ever used."""
    if path.stat().st_size > LARGEST:
        raise Unreadable(f"the file has {path.stat().st_size / 1e6:.0f} MB, more than the {LARGEST / 1e6:.0f} allowed")
    try:
        cells = json.loads(path.read_bytes())["cells"]
        found = []
        for cell in cells:
            text = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
            text.encode()  # half of a surrogate pair is no text
            id = ((cell.get("metadata") or {}).get("nbgrader") or {}).get("grade_id")
            found.append((cell["cell_type"], text, id if isinstance(id, str) else None))
    except (ValueError, RecursionError):
        raise Unreadable("the file is not valid JSON, so it is no notebook; hand in the .ipynb file itself") from None
    except (KeyError, TypeError, AttributeError):
        raise Unreadable("the file is JSON but no notebook of format 4 with cells") from None
    return found


def rebuild(released, submitted):
    """The notebook that was handed out, with a student's answers and extra cells in it; and what had to be mended."""
    known = {cell.metadata.nbgrader.grade_id: cell for cell in released.cells if "nbgrader" in cell.metadata}
    answers, extras, place, notes = {}, {None: []}, None, []
    for kind, text, id in submitted:
        if id in known and known[id].metadata.nbgrader.solution and id not in answers:
            answers[id], place = text, id
        elif id in known and known[id].metadata.nbgrader.locked and id not in extras:
            place = id
            if text.strip() != known[id].source.strip():
                notes.append(f"the cell {id} had been changed; the original was used")
        else:  # a cell of the student's own, our prose, or a second copy
            make = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
            extras.setdefault(place, []).append(make(text))
        extras.setdefault(place, [])
    cells = extras[None]
    for id, cell in known.items():
        if id in answers:
            cell.source = answers[id] if answers[id].strip() else cell.source
        elif cell.metadata.nbgrader.solution:
            notes.append(f"the answer cell {id} is missing")
        elif id not in extras:
            notes.append(f"the cell {id} was missing; it was put back")
        if id in answers or cell.metadata.nbgrader.grade or cell.metadata.nbgrader.locked:
            cells.append(cell)
        cells += extras.get(id, [])
    for i, cell in enumerate(cells):
        cell["id"] = str(i)
    return nbformat.v4.new_notebook(cells=cells, metadata=released.metadata), notes


def grade_one(name, course_root, path, marks, root, work):
    """Runs in a process of its own; leaves result.json and feedback.html in root. Students' code runs in work."""
    os.setsid()
    log = open(root / "log.txt", "w")
    os.dup2(log.fileno(), 1)
    os.dup2(log.fileno(), 2)
    limit_resources()
    home, lib = work / "home", work / "lib"
    home.mkdir()
    shutil.copytree(ROOT / "utils", lib / "utils", ignore=shutil.ignore_patterns("__pycache__"))
    for key in [key for key in os.environ if not ENVIRONMENT.fullmatch(key)]:
        del os.environ[key]  # the instructor's secrets are none of a student's business
    os.environ.update(HOME=str(home), TMPDIR=str(home), PYTHONPATH=str(lib))
    os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", MPLBACKEND="agg", PYTHONDONTWRITEBYTECODE="1")
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", TF_NUM_INTRAOP_THREADS="1")  # a core a student
    tempfile.tempdir = None
    try:
        result = execute(name, course_root, read_cells(path), marks, root, home)
    except Unreadable as error:
        points = dict.fromkeys(about(name)["points"], 0)
        result = {"status": "unreadable", "points": points, "message": str(error), "texts": {}}
        write(root / "feedback.html", plain_page(name, str(error)))
    write(root / "result.json", json.dumps(result))


def execute(name, course_root, cells, marks, root, home):
    notebook, notes = rebuild(nbformat.read(student_version(course_root, name), as_version=4), cells)
    place = root / "submitted" / "student" / name  # nbgrader never sees a real name: any folder name will do
    place.mkdir(parents=True)
    nbformat.write(notebook, place / f"{name}.ipynb")
    shutil.copy(course_root / "gradebook.db", root)
    settings = course(root, name)
    settings["config"].GuardedExecute = Config(timeout=about(name)["cell_seconds"], working_folder=str(home))
    preprocessors = [GuardedExecute if p is Execute else p for p in Autograde.autograde_preprocessors.default_args[0]]
    Autograde(autograde_preprocessors=preprocessors, **settings).start()

    done = root / "autograded" / "student" / name / f"{name}.ipynb"
    executed = nbformat.read(done, as_version=4)
    graded = [cell for cell in executed.cells if cell.metadata.get("nbgrader", {}).get("grade")]
    for cell in executed.cells:
        if cell.cell_type == "code" and (why := reason(cell)):
            id = cell.metadata.get("nbgrader", {}).get("grade_id")
            where = question(id) if cell in graded else f"answer cell {id}" if id else "a cell of your own"
            notes.append(f"{where}: {why}")
    if notes:
        executed.cells.insert(0, nbformat.v4.new_markdown_cell("**From the grader.** " + html.escape("; ".join(notes))))
        done.chmod(0o644)
        nbformat.write(executed, done)
    points = {}
    with Gradebook(f"sqlite:///{root}/gradebook.db") as book:
        for grade in book.find_submission_notebook(name, name, "student").grades:
            grade.manual_score = grade.extra_credit = None  # whoever may have found this file meanwhile
            if grade.name in marks:
                grade.manual_score, grade.needs_manual_grade = marks[grade.name]["points"], False
                book.find_comment(grade.name, name, name, "student").manual_comment = marks[grade.name]["comment"]
            points[question(grade.name)] = None if grade.needs_manual_grade else grade.score
        book.db.commit()
    GenerateFeedback(**settings).start()
    page = (root / "feedback" / "student" / name / f"{name}.html").read_text()
    page = re.sub(r"<script[^>]*\ssrc=.*?</script>", "", page, flags=re.S)  # MathJax from another host
    write(root / "feedback.html", page)
    return {
        "status": "needs manual grade" if None in points.values() else "graded",
        "points": points,
        "message": "; ".join(notes),
        "texts": {c.metadata.nbgrader.grade_id: c.source for c in graded if c.metadata.nbgrader.solution},
    }


def limit_resources():
    """For this process and the kernels it starts; no disk or memory is filled by one student."""
    for limit, size in [(resource.RLIMIT_DATA, MEMORY), (resource.RLIMIT_FSIZE, FILE), (resource.RLIMIT_CORE, 0)]:
        with contextlib.suppress(ValueError, OSError):  # a lower limit is set, or the system has none
            resource.setrlimit(limit, (size, size))


def reason(cell):
    """The last line of the error that a test cell ended with, or an empty string."""
    for output in reversed(cell.outputs):
        if output.output_type == "error":
            if output.ename == "NotImplementedError":
                return "no answer"
            text = re.sub(r"\x1b\[[\d;]*m", "", output.evalue).strip() or "failed"
            first = " ".join(text.split())[:200]
            return first if output.ename in ("AssertionError", "Grader") else f"{output.ename}: {first}"
    return ""


def plain_page(name, message):
    return f"<!DOCTYPE html><meta charset='utf-8'><title>{name}</title><h1>{name}</h1><p>{html.escape(message)}</p>\n"


# ------------------------------------------------------------------ a class


def grade(submissions, to):
    """Grade every submission that is new or has changed; write feedback, grades.csv and manual.csv."""
    handed_in, strays = collect(submissions)
    names = sorted({name for _, name in handed_in})
    if not names:
        found = "".join(f"\n  not recognised: {stray}" for stray in strays)
        sys.exit(f"{submissions} holds no <student>/<assignment>.ipynb; the assignments are {', '.join(NAMES)}{found}")
    marks = read_marks(submissions / "manual.csv")
    roots = {name: prepared(name, to / "course") for name in names}
    keys = {who: key(path, who[1], marks.get(who, {})) for who, path in handed_in.items()}
    waiting = [who for who in handed_in if read_result(to, *who).get("key") != keys[who]]
    say(f"{len(handed_in)} submissions, {len(handed_in) - len(waiting)} of them unchanged since they were graded")

    if waiting:  # what nbconvert loads when it is first used would else be loaded anew for each student
        HTMLExporter().from_notebook_node(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("0")]))

    running, retried, finished, planned = [], set(), 0, len(waiting)
    try:
        while waiting or running:
            while waiting and len(running) < WORKERS:
                student, name = waiting.pop(0)
                running.append(
                    Job(student, name, handed_in[student, name], roots[name], marks.get((student, name), {}))
                )
            multiprocessing.connection.wait([job.process.sentinel for job in running], timeout=1)
            for job in [job for job in running if job.over()]:
                running.remove(job)
                result, feedback = job.end()
                if result["status"] != "failed":  # which may be the machine's fault
                    result["key"] = keys[job.student, job.name]
                elif (job.student, job.name) not in retried:
                    retried.add((job.student, job.name))
                    waiting.insert(0, (job.student, job.name))
                    say(f"{job.student}  {job.name}  once more, since it was {result['message']}")
                    continue
                write(to / "feedback" / job.student / f"{job.name}.html", feedback)
                write(result_file(to, job.student, job.name), json.dumps(result, indent=1))
                finished += 1
                score = f"{total(result['points'])}/{total(about(job.name)['points'])}"
                took = f"{time.monotonic() - job.started:.0f} s"
                say(f"{finished:4d}/{planned}  {job.student}  {job.name}  {score}  {result['status']}, {took}")
    finally:
        for job in running:
            job.end()
    write_tables(submissions, to, handed_in, strays, names, marks)
    if broken := sum(read_result(to, *who).get("status") == "failed" for who in handed_in):
        sys.exit(f"{broken} submissions could not be graded, see their messages; run this again")


def say(line):
    print(line, flush=True)


def total(points):
    return f"{sum(filter(None, points.values())):g}"


def collect(submissions):
    """{(student, assignment): file} in alphabetical order, and notebooks whose names say nothing."""
    if not submissions.is_dir():
        sys.exit(f"{submissions} is no folder; give one that holds a folder for each student")
    handed_in, strays = {}, []
    for path in sorted(submissions.glob("*.ipynb")) + sorted(submissions.glob("*/*.ipynb")):
        student = path.parent.name
        if path.parent != submissions and path.stem in NAMES and path.is_file():
            handed_in[student, path.stem] = path
        elif not student.startswith((".", "__")):
            strays.append(path.relative_to(submissions))
    return handed_in, strays


def key(path, name, marks):
    """Changes with everything that a student's result depends on."""
    digest = hashlib.sha256(json.dumps(marks, sort_keys=True).encode())
    code = [HERE / "grading.py", HERE / "guarded.py", ROOT / "constraints.txt", *sorted((ROOT / "utils").glob("*.py"))]
    for part in [source(name), *code, *([path] if path.stat().st_size <= LARGEST else [])]:
        digest.update(hashlib.sha256(part.read_bytes()).digest())
    return digest.hexdigest()


def prepared(name, folder):
    """A course folder with the assignment generated in it; made once for each version of the source."""
    version = hashlib.sha256(source(name).read_bytes()).hexdigest()[:16]
    root = folder / f"{name}-{version}"
    if not root.is_dir():
        draft = folder / f"{name}.part"
        shutil.rmtree(draft, ignore_errors=True)
        generate(name, draft)
        draft.rename(root)
    return root


class Job:
    """One submission in a process and a folder of its own."""

    def __init__(self, student, name, path, course_root, marks):
        self.student, self.name = student, name
        self.started, self.limit = time.monotonic(), 5 * about(name)["cell_seconds"] + 60
        self.folder, self.work = Path(tempfile.mkdtemp()), Path(tempfile.mkdtemp())
        fork = multiprocessing.get_context("fork")  # nbgrader is imported once, not once a student
        self.process = fork.Process(target=grade_one, args=(name, course_root, path, marks, self.folder, self.work))
        self.process.start()

    def over(self):
        return not self.process.is_alive() or time.monotonic() > self.started + self.limit

    def end(self):
        """Leave nothing running. Returns the result and the feedback page."""
        late = self.process.is_alive()
        self.process.kill()
        self.process.join()
        for _ in range(20):  # what is ended may just have started more
            left = started_in(self.work / "home")
            for process in left:
                with contextlib.suppress(psutil.Error):
                    process.kill()
            if not left:
                break
        try:
            result = json.loads((self.folder / "result.json").read_text())
            page = (self.folder / "feedback.html").read_bytes()
            if {*result} != {"status", "points", "message", "texts"}:
                raise ValueError("somebody else wrote this")
        except (OSError, ValueError, TypeError):
            lines = (self.folder / "log.txt").read_text().split("\n") if (self.folder / "log.txt").exists() else []
            said = next((line for line in reversed(lines) if line.strip()), "it said nothing")
            message = f"not graded: no end within {self.limit} s" if late else f"not graded: {said[:300]}"
            points = dict.fromkeys(about(self.name)["points"], 0)
            result = {"status": "failed", "points": points, "message": message, "texts": {}}
            page = plain_page(self.name, message).encode()
        for folder in (self.folder, self.work):
            shutil.rmtree(folder, ignore_errors=True)
        return result, page


def started_in(home):
    """The processes whose home this is: all that a student's code started, in whatever session, unless it hides."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("HOME") == str(home):
                found.append(process)
    return found


def result_file(to, student, name):
    return to / "results" / name / f"{student}.json"


def read_result(to, student, name):
    try:
        return json.loads(result_file(to, student, name).read_text())
    except (OSError, ValueError):
        return {}


# ------------------------------------------------------------------ tables


def read_marks(path):
    """{(student, assignment): {question: points and comment}} from the filled rows of manual.csv."""
    marks = {}
    for number, row in enumerate(rows_of(path), start=2):
        if not row["points"].strip():
            continue
        try:
            points, most = float(row["points"]), float(row["max"])
        except ValueError:
            sys.exit(f"{path}, line {number}: points is {row['points']!r}; give a number or leave it empty")
        if not 0 <= points <= most:
            sys.exit(f"{path}, line {number}: points is {points:g}; this question has 0 to {most:g}")
        filled = marks.setdefault((row["student"], row["assignment"]), {})
        filled[row["question"]] = {"points": points, "comment": row["comment"]}
    return marks


MANUAL = ["student", "assignment", "question", "max", "points", "comment", "answer"]


def rows_of(path):
    """The rows of manual.csv; spreadsheets put a mark before its first byte."""
    if not path.exists():
        return []
    table = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""))
    if missing := set(MANUAL) - set(table.fieldnames or []):
        sys.exit(f"{path} has no column {', '.join(sorted(missing))}; save it as CSV in UTF-8, separated by commas")
    return list(table)


def write_tables(submissions, to, handed_in, strays, names, marks):
    """grades.csv with a row for every student and assignment; manual.csv with what waits for a person."""
    grades, manual = [], []
    folders = [path for path in submissions.iterdir() if path.is_dir() and path != to]
    for student in sorted(path.name for path in folders if not path.name.startswith((".", "__"))):
        for name in names:
            worth = about(name)["points"]
            if (student, name) in handed_in:
                result = read_result(to, student, name)
            else:
                others = ", ".join(sorted(path.name for path in (submissions / student).iterdir()))
                message = f"no {name}.ipynb; there is {others}" if others else "nothing handed in"
                result = {"status": "missing", "points": dict.fromkeys(worth, 0), "message": message, "texts": {}}
            points = result["points"]
            each = " ".join(f"{id}={'?' if points[id] is None else f'{points[id]:g}'}/{worth[id]:g}" for id in worth)
            grades.append(
                [student, name, total(points), total(worth), result["status"], each, plain(result["message"])]
            )
            for id, text in result["texts"].items():
                given = marks.get((student, name), {}).get(id)
                if points[id] is None or given:
                    mark = [f"{given['points']:g}", given["comment"]] if given else ["", ""]
                    manual.append([student, name, id, f"{worth[id]:g}", *mark, plain(text)])
    head = ["student", "assignment", "score", "max_score", "status", "questions", "message"]
    write(to / "grades.csv", table(head, grades))
    path = submissions / "manual.csv"
    listed = {tuple(row[:3]) for row in manual}
    kept = [[row[column] for column in MANUAL] for row in rows_of(path) if row["points"].strip()]
    manual += [row for row in kept if tuple(row[:3]) not in listed]  # of somebody whose folder is away just now
    if manual:
        write(path, table(MANUAL, manual))
    open_answers = sum(row[4] == "" for row in manual)
    say(f"Grades: {to / 'grades.csv'}   Feedback: {to / 'feedback'}")
    if open_answers:
        say(f"{open_answers} answers wait for you: fill in points in {path} and run this again")
    for stray in strays:
        say(f"not recognised: {stray} (expected <student>/<assignment>.ipynb)")


def table(head, rows):
    lines = io.StringIO()
    csv.writer(lines, lineterminator="\n").writerows([head, *rows])
    return lines.getvalue()


def plain(text):
    """Text that no spreadsheet takes for a formula."""
    return "'" + text if text.startswith(("=", "+", "-", "@", "\t")) else text


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    hand_out = commands.add_parser("release", help="write student versions and their zips")
    hand_out.add_argument("--to", type=Path, default=BUILT / "release")
    mark = commands.add_parser("grade", help="grade a folder with a folder for each student")
    mark.add_argument("submissions", type=Path)
    mark.add_argument("--to", type=Path, default=BUILT / "graded")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no student's code outlives this
    if given.command == "release":
        for path in release(given.to.resolve()):
            say(path)
    else:
        grade(given.submissions.resolve(), given.to.resolve())


if __name__ == "__main__":
    main()
