"""Hands out the assignments and grades what comes back, with nbgrader underneath.

python grading.py release [--to FOLDER]                 student versions, and a zip of each
python grading.py grade SUBMISSIONS [--to FOLDER]       marks SUBMISSIONS/<student>/<assignment>.ipynb

A submission is never graded as it came; submission.py says what becomes of it, guarded.py how its code is run.
Students' code runs on this machine: see the instructors' page for a container.
"""

import argparse
import contextlib
import gc
import hashlib
import json
import multiprocessing
import multiprocessing.connection
import os
import shutil
import signal
import sys
import tempfile
import time
import unicodedata
from pathlib import Path

import nbformat
from handing_out import HERE, NAMES, ROOT, about, imports, prepared, release, source, student_version, write
from kernels import Nursery, end_all
from nbconvert import HTMLExporter
from submission import LARGEST, Unreadable, for_a_person, grade_one, plain_page, read_cells, students_environment
from tables import check_names, read_manual, say, total, write_grades, write_manual

BUILT = ROOT / "_build" / "assignments"
WORKERS = os.cpu_count() or 1
UNDRAWN = "the points count, but the page that shows the notebook could not be drawn (is a picture missing in it?)"


def grade(submissions, to):
    """Grade every submission that is new or has changed; write feedback, grades.csv and manual.csv."""
    if to == submissions:
        sys.exit(f"--to is {to}, the submissions themselves; give another folder, or results would pass for students")
    handed_in, strays = collect(submissions)
    names = sorted({name for _, name in handed_in}, key=NAMES.index)
    if not names:
        found = "".join(f"\n  not recognised: {stray}" for stray in strays)
        sys.exit(f"{submissions} holds no <student>/<assignment>.ipynb; the assignments are {', '.join(NAMES)}{found}")
    students = sorted(path.name for path in submissions.iterdir() if is_student(path) and path != to)
    rows = read_manual(submissions / "manual.csv", students)
    roots = {name: prepared(name, to / "course") for name in names}
    if rows:
        check_names(submissions / "manual.csv", rows, students, answers(handed_in, roots))
    marks = {who: {} for who in handed_in}
    for row in rows:
        if row["points"] is not None and (who := (row["student"], row["assignment"])) in marks:
            marks[who][row["question"]] = {"points": row["points"], "comment": row["comment"]}
    keys = {who: key(path, who[1], marks[who]) for who, path in handed_in.items()}
    waiting = [who for who in handed_in if read_result(to, *who).get("key") != keys[who]]
    say(f"{len(handed_in)} submissions, {len(handed_in) - len(waiting)} of them unchanged since they were graded")

    if waiting:  # what nbconvert loads when it is first used would else be loaded anew for each student
        HTMLExporter().from_notebook_node(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("0")]))
        gc.freeze()  # nor is it looked through for garbage anew

    running, retried, finished, planned, nurseries = [], set(), 0, len(waiting), {}
    try:
        while waiting or running:
            while waiting and len(running) < WORKERS:
                student, name = who = waiting.pop(0)
                place = min(set(range(WORKERS)) - {job.place for job in running})
                nursery = nursery_of(nurseries, place, name)
                running.append(Job(student, name, handed_in[who], roots[name], marks[who], place, nursery))
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
        for nursery in nurseries.values():
            nursery.end()
    write_tables(submissions, to, handed_in, strays, names, students)
    if broken := sum(read_result(to, *who).get("status") == "failed" for who in handed_in):
        sys.exit(f"{broken} submissions could not be graded, see their messages; run this again")


# ------------------------------------------------------------------ what was handed in


def collect(submissions):
    """{(student, assignment): file} in alphabetical order, and what has a name that says nothing."""
    if not submissions.is_dir():
        sys.exit(f"{submissions} is no folder; give one that holds a folder for each student")
    handed_in, strays = {}, []
    for path in sorted(submissions.glob("*.ipynb")) + sorted(submissions.glob("*/*.ipynb")):
        student = path.parent.name
        if path.parent != submissions and path.stem in NAMES and path.is_file() and is_student(path.parent):
            handed_in[student, path.stem] = path
        elif not student.startswith((".", "__")):
            strays.append(printable(path.relative_to(submissions)))
    return handed_in, strays


def is_student(path):
    return path.is_dir() and not path.name.startswith((".", "__")) and printable(path.name) == path.name


def printable(path):
    """A path as text; one with line ends or with bytes that are no text in it as Python would write it."""
    text = str(path)
    return ascii(text) if any(unicodedata.category(sign) in ("Cc", "Cs") for sign in text) else text


def answers(handed_in, roots):
    """{(student, assignment, question): text} of what a person marks."""
    released = {name: nbformat.read(student_version(root, name), as_version=4) for name, root in roots.items()}
    texts = {}
    for (student, name), path in handed_in.items():
        with contextlib.suppress(Unreadable):
            found = for_a_person(released[name], read_cells(path))
            texts |= {(student, name, id): text for id, text in found.items()}
    return texts


def key(path, name, marks):
    """Changes with everything that a student's result depends on."""
    digest = hashlib.sha256(json.dumps(marks, sort_keys=True).encode())
    code = [ROOT / "constraints.txt", *sorted(HERE.glob("*.py")), *sorted((ROOT / "utils").glob("*.py"))]
    for part in [source(name), *code, *([path] if path.stat().st_size <= LARGEST else [])]:
        with contextlib.suppress(OSError):  # a file that nobody may open: one student's fault, and not the class's
            digest.update(hashlib.sha256(part.read_bytes()).digest())
    return digest.hexdigest()


# ------------------------------------------------------------------ one submission among others


def nursery_of(nurseries, place, name):
    """The process that kernels for an assignment are forked from, in one of the places where submissions are graded."""
    wanted = place, imports(name)
    if wanted in nurseries and not nurseries[wanted].alive():  # a student has ended it
        nurseries.pop(wanted).end()
    if wanted not in nurseries and sys.platform == "linux":
        nurseries[wanted] = Nursery(imports(name), students_environment())
    return nurseries.get(wanted)


class Job:
    """One submission in a process and a folder of its own."""

    def __init__(self, student, name, path, course_root, marks, place, nursery):
        self.student, self.name, self.marks, self.place = student, name, marks, place
        # of the clock, so no mark hangs on it: what its kernels may spend takes many times as long on a busy machine
        self.started, self.limit = time.monotonic(), 10 * (5 * about(name)["cell_seconds"] + 60)
        self.folder, self.work = Path(tempfile.mkdtemp()), Path(tempfile.mkdtemp())
        fork = multiprocessing.get_context("fork")  # nbgrader is imported once, not once a student
        given = (name, course_root, path, marks, self.folder, self.work, nursery)
        self.process = fork.Process(target=grade_one, args=given)
        self.process.start()

    def over(self):
        return not self.process.is_alive() or time.monotonic() > self.started + self.limit

    def end(self):
        """Leave nothing running. Returns the result and the feedback page."""
        late = self.process.is_alive()
        self.process.kill()
        self.process.join()
        end_all(self.work / "home")
        try:
            result = json.loads((self.folder / "result.json").read_text(encoding="utf-8"))
            if {*result} != {"status", "points", "message", "texts"}:
                raise ValueError("somebody else wrote this")
        except (OSError, ValueError, TypeError):
            log = self.folder / "log.txt"  # a student's code may write anything into it
            lines = log.read_text(encoding="utf-8", errors="replace").split("\n") if log.exists() else []
            said = next((line for line in reversed(lines) if line.strip()), "it said nothing")
            message = f"not graded: no end within {self.limit} s" if late else f"not graded: {said[:300]}"
            points = dict.fromkeys(about(self.name)["points"], 0)
            result = {"status": "failed", "points": points, "message": message, "texts": {}}
            page = plain_page(self.name, message)
        else:
            try:
                page = (self.folder / "feedback.html").read_bytes()
            except OSError:
                result["message"] = "; ".join(filter(None, [result["message"], UNDRAWN]))
                page = plain_page(self.name, result["message"], result["points"], self.marks)
        for folder in (self.folder, self.work):
            shutil.rmtree(folder, ignore_errors=True)
        return result, page


def result_file(to, student, name):
    return to / "results" / name / f"{student}.json"


def read_result(to, student, name):
    try:
        return json.loads(result_file(to, student, name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


# ------------------------------------------------------------------ what comes out


def write_tables(submissions, to, handed_in, strays, names, students):
    """grades.csv with a row for every student and assignment; manual.csv with what waits for a person."""
    grades = []
    for student in students:
        for name in names:
            if (student, name) in handed_in:
                result = read_result(to, student, name)
            else:
                others = ", ".join(sorted(printable(path.name) for path in (submissions / student).iterdir()))
                message = f"no {name}.ipynb; there is {others}" if others else "nothing handed in"
                points = dict.fromkeys(about(name)["points"], 0)
                result = {"status": "missing", "points": points, "message": message, "texts": {}}
            grades.append((student, name, result))
    write_grades(to / "grades.csv", grades)
    say(f"Grades: {to / 'grades.csv'}   Feedback: {to / 'feedback'}")
    if waiting := write_manual(submissions / "manual.csv", grades, students):
        say(f"{waiting} answers wait for you: fill in points in {submissions / 'manual.csv'} and run this again")
    for stray in strays:
        say(f"not recognised: {stray} (expected <student>/<assignment>.ipynb)")


def main():
    parser = argparse.ArgumentParser(description="Hands out the assignments and grades what comes back.")
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
