"""The kernels that students' code runs in: forked from a process with nothing but imports in it, or started afresh."""

import ast
import os
import signal
import subprocess
import sys
import time

import nbformat
import psutil
import pytest
from mutations import ASSIGNMENTS, NAMES  # first, since it names the folder of the next ones

# isort: split
import kernels
from guarded import GuardedExecute
from handing_out import imports
from submission import students_environment

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


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere each kernel is started afresh")
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


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere each kernel is started afresh")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_without_the_process_that_forks_a_kernel_is_started_afresh(nursery, tmp_path, monkeypatch, number):
    monkeypatch.setattr(kernels, "PATIENCE", 1)
    run("1", tmp_path, monkeypatch)
    os.kill(nursery.process.pid, number)
    assert run("import os\n\nos.getppid()", tmp_path, monkeypatch) == os.getpid()
    nursery.process.wait(10)
    assert not nursery.alive()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere each kernel is started afresh")
def test_a_kernel_ends_with_its_grader_and_not_with_the_process_it_came_from(nursery, tmp_path, monkeypatch):
    script = f"""
import os, socket, sys, time
sys.path.insert(0, {str(ASSIGNMENTS)!r})
import kernels
from types import SimpleNamespace
nursery = SimpleNamespace(orders=socket.socket(fileno=0), process=None)
environment = {{**os.environ, "HOME": {str(tmp_path)!r}}}
made = kernels.fork(nursery, ["-f", {str(tmp_path / "kernel.json")!r}], environment, {str(tmp_path)!r})
print(made.pid, flush=True)
time.sleep(60)
"""
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdin=nursery.orders, stdout=subprocess.PIPE, text=True) as grader:
        kernel = psutil.Process(int(grader.stdout.readline()))
        nursery.process.kill()
        nursery.process.wait()
        time.sleep(1.5)
        assert kernel.is_running() and kernel.environ()["HOME"] == str(tmp_path)
        grader.kill()
    gone, _ = psutil.wait_procs([kernel], timeout=10)
    assert gone


def test_what_a_student_left_is_found_by_its_home(tmp_path):
    code = (
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    print(os.getpid(), flush=True)\n    time.sleep(60)"
    )
    environment = {**os.environ, "HOME": str(tmp_path)}
    ended = subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True)
    left = psutil.Process(int(ended.stdout.readline()))
    kernels.end_all(tmp_path)
    assert psutil.wait_procs([left], timeout=10)[0]
    ended.communicate()


def test_tensorflow_is_imported_for_those_who_need_it():
    assert [name for name in NAMES if imports(name)] == ["4_pruning", "8_project"]
