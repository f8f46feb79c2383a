"""The assignments' sources, and what students are given: a notebook without solutions, and a zip to work in."""

import functools
import hashlib
import io
import os
import re
import shutil
import tempfile
import zipfile
from pathlib import Path

import nbformat
import nbgrader.api
import sqlalchemy
from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config
from traitlets.log import get_logger

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
NAMES = sorted((path.stem for path in HERE.glob("[0-9]*/*.ipynb")), key=lambda name: int(name.split("_")[0]))

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

# each gradebook is used once and never upgraded; nbgrader would start a program to ask for its version
nbgrader.api.get_alembic_version = lambda: "none"


@sqlalchemy.event.listens_for(sqlalchemy.Engine, "connect")
def write_without_waiting(connection, _):
    connection.execute("PRAGMA synchronous=OFF")  # nor need it outlive a power cut


def source(name):
    return HERE / name / f"{name}.ipynb"


@functools.cache
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


@functools.cache
def imports(name):
    """What is slow to import and needed by the cells that students do not write, as a tuple."""
    cells = nbformat.read(source(name), as_version=4).cells
    given = "\n".join(cell.source for cell in cells if cell.metadata.get("nbgrader", {}).get("locked"))
    # not TFMOT itself, which changes what tf.keras is
    return ("tensorflow",) * bool(re.search(r"^\s*(?:import|from) (tensorflow|tf_keras|keras|utils)", given, re.M))


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
    get_logger().setLevel("ERROR")
    copied = root / "source" / name
    copied.mkdir(parents=True)
    shutil.copy(source(name), copied)
    GenerateAssignment(**course(root, name)).start()
    made = student_version(root, name)
    write(made, text_of(made).replace("](../../", "]("))  # the chapter lies beside it


def prepared(name, folder):
    """A course folder with the assignment generated in it; made once for each version of the source and of nbgrader."""
    made_from = source(name).read_bytes() + (ROOT / "constraints.txt").read_bytes()
    version = hashlib.sha256(made_from).hexdigest()[:16]
    root = folder / f"{name}-{version}"
    if not root.is_dir():
        with tempfile.TemporaryDirectory() as made:  # nbgrader takes signs like [ in a path for a pattern
            generate(name, Path(made))
            draft = folder / f"{name}.part"
            shutil.rmtree(draft, ignore_errors=True)
            shutil.copytree(made, draft)
        draft.rename(root)
    return root


def student_version(root, name):
    return root / "release" / name / f"{name}.ipynb"


def release(to):
    """Student versions as notebooks and zips. Returns the zips."""
    made = []
    for name in NAMES:
        with tempfile.TemporaryDirectory() as root:
            generate(name, Path(root))
            text = text_of(student_version(Path(root), name))
        write(to / f"{name}.ipynb", text)
        write(to / f"{name}.zip", packed(name, text))
        made.append(to / f"{name}.zip")
    return made


def packed(name, text):
    """The zip of an assignment: the notebook with this text and all that it needs. The same content, the same zip."""
    facts = about(name)
    graded = GRADED[set(facts["points"]) > set(facts["manual"])]
    inside = {
        f"{name}.ipynb": text,
        "README.md": README.format(name=name, graded=graded, **facts),
        "requirements.txt": text_of(ROOT / "requirements.txt").split("\n# the book")[0] + "\n\n-e .\n",
    }
    chapters = [ROOT / "notebooks" / f"{chapter}.ipynb" for chapter in facts["chapters"]]
    inside |= {path.name: text_of(path) for path in chapters}
    inside |= {path: text_of(ROOT / path) for path in ("constraints.txt", "pyproject.toml", "LICENSE")}
    inside |= {f"utils/{path.name}": text_of(path) for path in sorted((ROOT / "utils").glob("*.py"))}
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for path, content in inside.items():
            file.writestr(zipfile.ZipInfo(f"{name}/{path}"), content)  # no date
    return archive.getvalue()


def text_of(path):
    """The text of a file, whatever encoding the machine is set to."""
    return path.read_text(encoding="utf-8")


def write(path, content):
    """All of it or nothing: a run that is killed leaves no half-written file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".part")
    draft.write_bytes(content if isinstance(content, bytes) else content.encode())
    os.replace(draft, path)
