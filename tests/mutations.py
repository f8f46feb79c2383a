"""Grades kept answers to every question, wrong ones and right ones, the way an instructor grades a class.

`python tests/mutations.py [ASSIGNMENT...]` grades them and writes the table that the instructors' page shows,
book/mutations.json; tests/test_assignments.py grades them too and holds the table to what it finds.

An answer is a block of tests/submissions/<assignment>.py under a line `# %% <question> wrong: <what is wrong>` or
`# %% <question> right: <what is different>`. After the imports at the top of that file, it replaces the question's
whole answer cell. Each made-up student hands in one answer to every question; which of them are wrong differs from
student to student.
"""

import ast
import csv
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
ASSIGNMENTS = ROOT / "notebooks" / "assignments"
TABLE = ROOT / "book" / "mutations.json"

sys.path.insert(0, str(ASSIGNMENTS))
from handing_out import NAMES, prepared, student_version  # noqa: E402

COURSE = tempfile.TemporaryDirectory()  # each assignment is generated once, however many classes are made of it


def grading(*arguments, **options):
    """Run the command that `make grade` and `make assignments` run."""
    command = [sys.executable, str(ASSIGNMENTS / "grading.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, **options)


def source(name):
    return nbformat.read(ASSIGNMENTS / name / f"{name}.ipynb", as_version=4)


def released_file(name):
    return student_version(prepared(name, Path(COURSE.name)), name)


def released(name):
    """The notebook that students are given."""
    return nbformat.read(released_file(name), as_version=4)


def questions(name):
    """{question: points} of the questions that are graded by tests."""
    marks = [cell.metadata.nbgrader for cell in source(name).cells if "nbgrader" in cell.metadata]
    return {m.grade_id.removeprefix("test-"): m.points for m in marks if m.grade and not m.solution}


def answers(name):
    """{question: [(wrong or right, what, code)]} as kept in tests/submissions."""
    text = (ROOT / "tests" / "submissions" / f"{name}.py").read_text()
    kept = {id: [] for id in questions(name)}
    imports = re.findall(r"^(?:import|from) .+", text.split("# %%")[0], re.M)
    blocks = re.split(r"^# %% (\S+) (wrong|right): (.+)$", text, flags=re.M)
    for id, kind, what, code in zip(*[iter(blocks[1:])] * 4, strict=True):
        if id not in kept:
            raise ValueError(f"tests/submissions/{name}.py answers {id!r}; the questions are {', '.join(kept)}")
        used = "\n".join(line for line in imports if any(re.search(rf"\b{name}\b", code) for name in bound(line)))
        kept[id].append((kind, what, f"{used}\n\n{code.strip()}".strip()))
    return kept


def bound(line):
    """The names that an import gives; importing what an answer does not use would only take time."""
    (statement,) = ast.parse(line).body
    return [(alias.asname or alias.name).split(".")[0] for alias in statement.names]


def fill(notebook, given):
    """Put answers, {question: code}, into a notebook."""
    for cell in notebook.cells:
        id = cell.metadata.get("nbgrader", {}).get("grade_id")
        if id in given:
            cell.source = given[id]
    return notebook


def hand_in(folder, student, name, notebook):
    path = folder / student / f"{name}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(notebook if isinstance(notebook, str) else nbformat.writes(notebook))


def rows(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def scores(row):
    """{question: points, None while a person has to mark it} of a row of grades.csv."""
    each = [part.replace("/", "=").split("=") for part in row["questions"].split()]
    return {id: None if points == "?" else float(points) for id, points, _ in each}


def make_class(name, folder):
    """Hand in everything that is kept. Returns {student: {question: (wrong or right, what)}}."""
    kept = answers(name)
    size = max(map(len, kept.values()))
    given = {"blank": {}, "solution": {}}
    hand_in(folder, "blank", name, released(name))
    hand_in(folder, "solution", name, source(name))
    model = {c.metadata.nbgrader.grade_id: c.source for c in source(name).cells if "nbgrader" in c.metadata}
    for k in range(size):
        student = f"student-{k + 1:02d}"
        # each question starts elsewhere in its list, so that wrong and right answers meet
        chosen = {
            id: list_[(k + i) % size] for i, (id, list_) in enumerate(kept.items()) if (k + i) % size < len(list_)
        }
        notebook = fill(released(name), {id: chosen[id][2] if id in chosen else model[id] for id in kept})
        hand_in(folder, student, name, notebook)
        given[student] = {id: answer[:2] for id, answer in chosen.items()}
    return given


def run(names, folder):
    """Grade the kept answers of assignments as one class. Returns {name: (row of the table, what is wrong in it)}."""
    given = {name: make_class(name, folder / "submissions") for name in names}
    shutil.copytree(COURSE.name, folder / "graded" / "course")  # where grading looks first
    ended = grading("grade", folder / "submissions", "--to", folder / "graded")
    if ended.returncode:
        raise RuntimeError(f"{ended.stdout}\n{ended.stderr}")
    graded = rows(folder / "graded" / "grades.csv")
    return {name: compared(name, given[name], [row for row in graded if row["assignment"] == name]) for name in names}


def compared(name, given, graded):
    """A row of the table, and what is not as it should be."""
    worth, faults = questions(name), []
    table = {id: {"points": worth[id], "wrong": [], "right": []} for id in worth}
    for row in graded:
        if row["student"] not in given:  # who has no answer left to hand in
            continue
        found = scores(row)
        for id, most in worth.items():
            kind, what = given[row["student"]].get(id, ("right", ""))
            if row["student"] == "blank":
                kind, what = "wrong", ""
            if what:
                table[id][kind].append(what)
            if found[id] != (0 if kind == "wrong" else most):
                faults.append(f"{row['student']}, {id}, {kind} ({what}): {found[id]:g} of {most:g}; {row['message']}")
            elif broken := re.search(
                rf"(?:^|; ){id}: (NameError|SyntaxError|IndentationError|ImportError)", row["message"]
            ):
                faults.append(f"{row['student']}, {id} ({what}) fails for a wrong reason: {broken[1]}")
    for kinds in table.values():
        kinds["wrong"].sort()
        kinds["right"].sort()
    return table, faults


def main(names):
    tables = json.loads(TABLE.read_text()) if TABLE.exists() else {}
    for name in names:
        if not questions(name):
            sys.exit(f"{name} has no question that tests grade, so no answers are kept")
    with tempfile.TemporaryDirectory() as folder:
        for name, (table, faults) in run(names, Path(folder)).items():
            if faults:
                sys.exit("\n".join([name, *faults]))
            tables[name] = table
            kept = sum(len(q["wrong"]) + len(q["right"]) for q in table.values())
            print(f"{name}: {kept} answers, all as expected")
    TABLE.write_text(json.dumps({name: tables[name] for name in NAMES if name in tables}, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:] or [name for name in NAMES if questions(name)])
