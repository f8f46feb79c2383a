"""What stands beside a student's code in its kernel. guarded.py sends the text of this file there before all else.

`run` executes a test with Python's own builtins and NumPy's own functions; `left` counts what is still under way.
"""

import asyncio
import builtins
import linecache
import math
import operator
import os
import random
import signal
import sys
import threading
import types

import numpy
import numpy.linalg
import numpy.random
import numpy.testing
import psutil
import zmq


def install(shell, name, limit):
    """Let a module of this name, which a student's code does not know, have `run` and `left`; limit what is printed."""
    # exit() and quit() end a kernel a moment later, in the middle of some other cell; so it ends here
    shell.observe(lambda change, end=os._exit: change["new"] and end(0), "exit_now")
    shell.events.register("pre_execute", lambda: show_results(shell))
    limit_printing(shell, limit)
    drop_nothing(shell.kernel.iopub_thread)
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].run, sys.modules[name].left = runner(shell.user_ns), counter()


def show_results(shell):
    """A student may have no result shown, but that of a test tells that it was run to its end."""
    if shell.ast_node_interactivity == "none":
        shell.ast_node_interactivity = "last_expr"


def runner(users):
    watched = [builtins, math, operator, random, numpy, numpy.linalg, numpy.random, numpy.testing]
    kept = [(module, {k: v for k, v in vars(module).items() if callable(v)}) for module in watched]
    loaded = {module.__name__: module for module in watched}
    plain = dict(vars(builtins))

    def run(source, label, proof):
        """Execute a test with what was there before any student's code."""
        sys.settrace(None)
        sys.modules.update(loaded)
        for module, was in kept:
            vars(module).update(was)
        names = {k: v for k, v in users.items() if k not in plain}
        linecache.cache[label] = (len(source), None, source.splitlines(True), label)
        code = compile(source, label, "exec", optimize=0)  # with PYTHONOPTIMIZE in the shell no assert would be left
        exec(code, {**names, "__builtins__": dict(plain), "__name__": "__main__"})
        return proof

    return run


def counter():
    own, getsid, pids, look = os.getpid(), os.getsid, psutil.pids, psutil.Process
    threads, timer = threading.enumerate, signal.getitimer
    all_tasks, running_loop = asyncio.all_tasks, asyncio.get_running_loop
    others = set(pids())
    home = os.environ.get("HOME") == os.getcwd() and os.getcwd()  # it is then this kernel's alone

    def left():
        """How much is under way that may yet do something: threads, processes, alarms, what a loop will call."""
        theirs = [thread for thread in threads() if not type(thread).__module__.startswith("zmq")]  # not the kernel's
        tasks = len(all_tasks()) + len(getattr(running_loop(), "_scheduled", ()))
        return len(theirs) + tasks + sum(map(started, set(pids()) - others)) + any(timer(signal.ITIMER_REAL))

    def started(process):
        try:
            known = getsid(process) == own or look(process).ppid() == own
            known = known or (home and look(process).environ().get("HOME") == home)
            return bool(known) and look(process).status() != "zombie"
        except (OSError, psutil.Error):
            return False

    return left


def drop_nothing(iopub):
    """Else what is shown is dropped from the thousandth message on that a busy grader has not fetched yet."""
    iopub.schedule(lambda: iopub.socket.setsockopt(zmq.SNDHWM, 0))


def limit_printing(shell, limit):
    printed = [0]
    shell.events.register("pre_execute", lambda: printed.__setitem__(0, 0))

    def limited(write):
        def limited_write(text):
            printed.append(printed.pop() + len(text))
            if printed[0] <= limit:
                return write(text)
            if threading.current_thread() is not threading.main_thread():  # from another program, or endless
                os.killpg(0, signal.SIGKILL)
            raise ValueError(f"{printed[0]} characters printed")

        return limited_write

    for stream in (sys.stdout, sys.stderr):
        stream.write = limited(stream.write)
