"""Limits of time in a kernel's own seconds: what never ends is stopped, and a busy machine changes nothing."""

import asyncio
import itertools
import subprocess
import sys
import time

import nbformat
import psutil
import pytest
import sample_class
from mutations import hand_in, rows  # first, since it names the folder of the next ones

# isort: split
import grading
import own_seconds
from guarded import GuardedExecute
from own_seconds import TooSlow, seen, wait

LOOK = 0.001


def waited(monkeypatch, seconds, looks, done=None):
    """What `wait` returns for a kernel that shows these (worked, asleep), a look each; and how often it looked."""
    monkeypatch.setattr(own_seconds, "LOOK", LOOK)
    counted = itertools.count()
    monkeypatch.setattr(own_seconds, "seen", lambda _: looks[min(next(counted), len(looks) - 1)])

    async def run():
        task = asyncio.ensure_future(asyncio.sleep(1000 if done is None else done))
        try:
            return await wait(task, 1, seconds)
        finally:
            task.cancel()

    return asyncio.run(run()), next(counted) - 1


def test_work_and_sleep_are_counted_and_waiting_for_a_processor_is_not(monkeypatch):
    working = [(i * LOOK, False) for i in range(100)]
    assert waited(monkeypatch, 9.5 * LOOK, working) == (pytest.approx(10 * LOOK), 10)
    asleep = [(7, True)]
    assert waited(monkeypatch, 9.5 * LOOK, asleep) == (pytest.approx(10 * LOOK), 10)
    in_turn = [(i // 10 * LOOK, False) for i in range(1000)]  # a tenth of a processor
    assert waited(monkeypatch, 9.5 * LOOK, in_turn) == (pytest.approx(10 * LOOK), 100)
    ended = [(9, False), (0, True), (0, True)]  # a child that worked has ended, and its parent with it
    assert waited(monkeypatch, 1.5 * LOOK, ended) == (pytest.approx(2 * LOOK), 2)


def test_what_is_done_is_not_looked_at(monkeypatch):
    assert waited(monkeypatch, 1, [(7, False)], done=0) == (0, -1)


def test_a_machine_that_gives_nothing_is_no_fault_of_a_students(monkeypatch):
    with pytest.raises(TooSlow, match=r"the machine is too busy: 0\.0 of 0\.01 s were used in 0\.2 s"):
        waited(monkeypatch, 0.01, [(7, False)])


BUSY = "while True: pass"
CODES = {  # each prints a line when it is under way
    "print(flush=True)\ninput()": True,
    f"print(flush=True)\n{BUSY}": False,
    f"import threading\nthreading.Thread(target=exec, args=[{BUSY!r}]).start()\nprint(flush=True)\ninput()": False,
    f"import os\nif os.fork() == 0:\n    {BUSY}\nprint(flush=True)\ninput()": False,
}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody says what waits for a processor")
@pytest.mark.parametrize(("code", "sleeps"), CODES.items())
def test_who_waits_for_a_processor_does_not_sleep(code, sleeps):
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            process.stdout.readline()
            looks = (seen(process.pid) for _ in range(10_000))
            if sleeps:
                assert any(asleep for _, asleep in looks)
            else:
                first = next(looks)
                later = next(look for look in looks if look[0] > first[0] + 0.02)
                assert not first[1] and not later[1]
        finally:
            for each in [*psutil.Process(process.pid).children(recursive=True), process]:
                each.kill()


def run(codes, **options):
    notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, codes)))
    done, _ = GuardedExecute(**options).preprocess(notebook, {})
    return done.cells


ENDLESS = [
    BUSY,
    "import time\n\ntime.sleep(1e6)",
    "import os\n\nos.system('while :; do :; done')",
    "while True:\n    try:\n        time.sleep(1e6)\n    except BaseException:\n        pass",
    "import os, signal\n\nos.kill(os.getpid(), signal.SIGSTOP)",
]


def test_what_never_ends_is_stopped_and_the_next_cell_runs(monkeypatch):
    monkeypatch.setattr("guarded.GRACE", 1)
    _, *stopped, last = run(["kept = 5", *ENDLESS, "kept + 1"], timeout=1, total_factor=30)
    for cell in stopped:
        assert cell.outputs[-1].ename == "Grader" and "end" in cell.outputs[-1].evalue, cell.source
    assert last.outputs[0].data["text/plain"] == "6"


def test_a_cell_that_only_waits_for_a_processor_has_all_the_time_it_needs(monkeypatch):
    monkeypatch.setattr(own_seconds, "seen", lambda _: (0, False))
    (cell,) = run(["import time\n\ntime.sleep(2)\n7"], timeout=1)
    assert cell.outputs[0].data["text/plain"] == "7"


def test_nothing_shown_is_lost_when_the_grader_comes_late(tmp_path):
    class Late(GuardedExecute):
        def process_message(self, msg, *given):
            until = time.monotonic() + 60
            while msg["msg_type"] == "display_data" and not (tmp_path / "shown").exists() and time.monotonic() < until:
                pass
            return super().process_message(msg, *given)

    code = f"for i in range(3000):\n    display(i)\nopen({str(tmp_path / 'shown')!r}, 'w').close()"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    (cell,) = Late(timeout=20).preprocess(notebook, {})[0].cells
    assert [output.data["text/plain"] for output in cell.outputs] == [str(i) for i in range(3000)]


@pytest.mark.parametrize("exactly", [False, True])
def test_a_notebook_has_seconds_of_its_own_too(exactly, monkeypatch):
    async def to_the_limit(task, pid, seconds):
        await wait(task, pid, seconds)
        return 0 if task.done() else seconds

    if exactly:
        monkeypatch.setattr("guarded.wait", to_the_limit)
    cells = run([BUSY] * 2, timeout=1, total_factor=1)
    assert cells[1].outputs[-1].evalue == "not run: the notebook had used up its 1 s"


def test_where_the_machine_is_too_slow_nothing_is_marked(monkeypatch):
    monkeypatch.setattr(own_seconds, "seen", lambda _: (0, False))
    monkeypatch.setattr(own_seconds, "SLOW", 1)
    with pytest.raises(TooSlow):
        run(["import time\n\ntime.sleep(1e6)"], timeout=1)


def test_who_could_not_be_graded_is_told_why(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(own_seconds, "SLOW", 0)
    notebook = sample_class.solved()
    notebook.cells.insert(2, nbformat.v4.new_code_cell("import time\n\ntime.sleep(1e6)"))
    hand_in(tmp_path / "in", "ann", sample_class.NAME, notebook)
    with capfd.disabled(), pytest.raises(SystemExit, match="1 submissions could not be graded"):
        grading.grade(tmp_path / "in", tmp_path / "out")
    (row,) = rows(tmp_path / "out" / "grades.csv")
    assert row["status"] == "failed" and "TooSlow: the machine is too busy" in row["message"]
