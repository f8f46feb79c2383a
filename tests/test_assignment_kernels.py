"""The kernels that students' code runs in: forked from a process with nothing but imports in it, or started afresh."""

import ast
import os
import signal
import subprocess
import sys

import nbformat
import psutil
import pytest
import sample_class
from mutations import ASSIGNMENTS, NAMES, grading, hand_in, rows  # first, since it names the folder of the next ones

# isort: split
import kernels
from guarded import GuardedExecute
from handing_out import imports
from submission import students_environment

linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere each kernel is started afresh")
LOOK = """
import os, random, resource, sys, tempfile
import numpy as np

{
    "parent": os.getppid(),
    "session": os.getsid(0) == os.getpgid(0) == os.getpid(),
    "folder": os.getcwd(),
    "home": os.environ["HOME"],
    "temporary": tempfile.gettempdir(),
    "paths": sys.path,
    "arguments": sys.argv,
    "secret": "SECRET" in os.environ,
    "memory": resource.getrlimit(resource.RLIMIT_DATA)[0],
    "files": sorted(os.readlink(f"/proc/self/fd/{n}") for n in os.listdir("/proc/self/fd") if int(n) > 2
                    and os.path.exists(f"/proc/self/fd/{n}")),
    "drawn": (random.random(), float(np.random.random())),
    "loaded": "tensorflow" in sys.modules,
}
"""


@pytest.fixture
def nursery(monkeypatch):
    monkeypatch.setenv("SECRET", "the instructor's")
    made = kernels.Nursery((), students_environment())
    monkeypatch.setattr(kernels.Forked, "nursery", made)
    yield made
    made.end()


def run(code, folder, monkeypatch):
    """What a cell shows in a new kernel, as an object."""
    for name in ("HOME", "TMPDIR", "PYTHONPATH"):
        monkeypatch.setenv(name, str(folder))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    done, _ = GuardedExecute(timeout=20, working_folder=str(folder)).preprocess(notebook, {})
    return ast.literal_eval(done.cells[0].outputs[0].data["text/plain"])


@linux
def test_a_forked_kernel_has_all_of_its_own(nursery, tmp_path, monkeypatch):
    orders = os.readlink(f"/proc/{nursery.process.pid}/fd/0")
    first, second = (run(LOOK, tmp_path, monkeypatch) for _ in range(2))
    for seen in (first, second):
        assert seen["parent"] == nursery.process.pid and seen["session"] and nursery.alive()
        assert seen["folder"] == seen["home"] == seen["temporary"] == str(tmp_path)
        assert str(tmp_path) in seen["paths"] and str(ASSIGNMENTS) not in seen["paths"]
        assert "kernels.py" not in seen["arguments"][0] and not seen["loaded"]
        assert seen["memory"] == kernels.MEMORY
        assert orders.startswith("socket:") and orders not in seen["files"]
        assert not any(nursery.home in path for path in seen["files"])
    assert first["drawn"][0] != second["drawn"][0] and first["drawn"][1] != second["drawn"][1]


@linux
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_without_the_process_that_forks_a_kernel_is_started_afresh(nursery, tmp_path, monkeypatch, number):
    assert run("import os\n\nos.getppid()", tmp_path, monkeypatch) == nursery.process.pid
    monkeypatch.setattr(kernels, "PATIENCE", 1)
    os.kill(nursery.process.pid, number)
    assert run("import os\n\nos.getppid()", tmp_path, monkeypatch) == os.getpid()
    nursery.process.wait(100)
    assert not nursery.alive()


@linux
@pytest.mark.parametrize("ends", ["the grader", "the process it came from"])
def test_a_kernel_ends_with(nursery, tmp_path, ends):
    script = f"""
import os, socket, sys, time
sys.path.insert(0, {str(ASSIGNMENTS)!r})
import kernels
from types import SimpleNamespace
nursery = SimpleNamespace(orders=socket.socket(fileno=0), process=None)
environment = {{**os.environ, "HOME": {str(tmp_path)!r}}}
made = kernels.fork(nursery, ["-f", {str(tmp_path / "kernel.json")!r}], environment, {str(tmp_path)!r})
print(made.pid, flush=True)
time.sleep(1000)
"""
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdin=nursery.orders, stdout=subprocess.PIPE, text=True) as grader:
        kernel = psutil.Process(int(grader.stdout.readline()))
        assert kernel.is_running() and kernel.environ()["HOME"] == str(tmp_path)
        (grader if ends == "the grader" else nursery.process).kill()
        gone, _ = psutil.wait_procs([kernel], timeout=100)
        grader.kill()
    assert gone


def test_what_a_student_left_is_found_by_its_home(tmp_path):
    code = (
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    print(os.getpid(), flush=True)\n    time.sleep(1000)"
    )
    environment = {**os.environ, "HOME": str(tmp_path)}
    ended = subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True)
    left = psutil.Process(int(ended.stdout.readline()))
    kernels.end_all(tmp_path)
    assert psutil.wait_procs([left], timeout=100)[0]
    ended.communicate()


@linux
def test_who_meddles_with_the_process_that_forks_loses_nobody_elses_marks(tmp_path):
    """Kills it, or its group, stops it, or takes its files: a kernel of one's own dies with it, and the grader next."""
    for student, code in {
        "ends": "os.kill(os.getppid(), 9)",
        "ends-its-group": "os.killpg(os.getpgid(os.getppid()), 15)",
        "hobbles": "resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE, (4, 4))",
        "slows": "os.setpriority(os.PRIO_PROCESS, os.getppid(), 19)",
    }.items():
        notebook = sample_class.solved()
        code = f"import os, resource\n\nassert os.getppid() > 1\n{code}"  # for the safety of your machine
        notebook.cells.insert(2, nbformat.v4.new_code_cell(code))
        hand_in(tmp_path / "in", f"a-{student}", sample_class.NAME, notebook)
    for student in "bcdef":
        hand_in(tmp_path / "in", student, sample_class.NAME, sample_class.solved())
    ended = grading("grade", tmp_path / "in", "--to", tmp_path / "out")
    scores = {row["student"]: row["score"] for row in rows(tmp_path / "out" / "grades.csv")}
    assert {student: scores[student] for student in "bcdef"} == dict.fromkeys("bcdef", "18"), ended.stdout
    assert scores["a-hobbles"] == scores["a-slows"] == "18"
    assert scores["a-ends"] == scores["a-ends-its-group"] == "0" and "2 submissions could not be" in ended.stderr


def test_tensorflow_is_imported_for_those_who_need_it():
    assert [name for name in NAMES if imports(name)] == ["4_pruning", "8_project"]
