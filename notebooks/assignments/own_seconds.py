"""Limits in a kernel's own seconds, so that no mark depends on what else the machine has to do.

Those are the seconds that a processor worked for the kernel and for what it started, and those in which all of that
slept. What passes while it waits for a processor or a disk counts for nothing; where that goes on and on, grading has
failed, and no student.
"""

import asyncio
import contextlib
import time
from pathlib import Path

import psutil

LOOK = 0.5  # seconds between two looks at a kernel
SLOW = 20  # seconds of the clock for each of a kernel's own that is allowed, and the machine is taken for too slow


class TooSlow(Exception):
    """No fault of a student's: the submission is to be graded again."""


async def wait(task, pid, seconds):
    """Wait for a task, until a kernel has spent so many seconds of its own. Returns how many it has spent."""
    spent, until = 0, time.monotonic() + SLOW * seconds
    await asyncio.wait([task], timeout=LOOK / 10)  # most are done by now, and nobody has to look
    before, _ = (0, 0) if task.done() else seen(pid)
    while not task.done() and spent < seconds:
        if time.monotonic() > until:
            raise TooSlow(f"the machine is too busy: {spent:.1f} of {seconds} s were used in {SLOW * seconds} s")
        await asyncio.wait([task], timeout=LOOK)
        worked, asleep = seen(pid)
        spent, before = spent + max(worked - before, LOOK * asleep), worked
    return spent


def seen(pid):
    """The seconds that processors have worked for a process and what it started, and whether all of that sleeps."""
    worked, asleep = 0.0, True
    with contextlib.suppress(psutil.Error):
        kernel = psutil.Process(pid)
        for process in [kernel, *kernel.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):  # it has just ended
                worked += sum(process.cpu_times()[:4])  # with those of its children that have ended
                asleep = asleep and not at_work(process.pid)
    return worked, asleep


def at_work(pid):
    """Whether a thread of a process works, or waits for a processor or a disk. Where no system tells: False."""
    for thread in Path(f"/proc/{pid}/task").glob("*/stat"):
        with contextlib.suppress(OSError):  # it has just ended
            if thread.read_text(errors="replace").rpartition(")")[2].split()[0] in "RD":
                return True
    return False
