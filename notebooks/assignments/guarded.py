"""How a student's notebook is run: an nbgrader preprocessor that outlives its kernel and whose tests are hard to fool.

- A cell that never ends, prints without end or kills the kernel fails alone; the notebook goes on in a new kernel.
- A test runs with Python's own builtins and NumPy's own functions, in a namespace of its own, and counts only if it
  was seen to reach its end. What a student rebinds (`abs`, `numpy.allclose`, IPython's hooks) does not reach it.

A student's code and the tests share a process, so somebody who attacks this very module can still win. Read the code.
"""

import contextlib
import functools
import os
import secrets
import signal
import tempfile
import time
from queue import Empty

import nbformat
import zmq.asyncio
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbgrader.preprocessors import Execute
from traitlets import Integer, Unicode

NO_TEE = """
# since version 9 IPython keeps a copy of all that is printed, and puts `write` back after each cell
type(get_ipython())._tee = lambda self, channel: __import__("contextlib").nullcontext()
"""

GUARD = '''
def _install(name):
    import builtins, linecache, math, operator, random, sys, types
    import numpy, numpy.linalg, numpy.random, numpy.testing

    watched = [builtins, math, operator, random, numpy, numpy.linalg, numpy.random, numpy.testing]
    kept = [(module, {k: v for k, v in vars(module).items() if callable(v)}) for module in watched]
    loaded = {module.__name__: module for module in watched}
    plain, users = dict(vars(builtins)), get_ipython().user_ns

    def run(source, label, proof):
        """Execute a test with what was there before any student's code."""
        sys.settrace(None)
        sys.modules.update(loaded)
        for module, was in kept:
            vars(module).update(was)
        names = {k: v for k, v in users.items() if k not in plain}
        linecache.cache[label] = (len(source), None, source.splitlines(True), label)
        exec(compile(source, label, "exec"), {**names, "__builtins__": dict(plain), "__name__": "__main__"})
        return proof

    def limited(write):
        def limited_write(text):
            if len(text) > {limit}:
                raise ValueError(f"{len(text)} characters printed at once")
            return write(text)

        return limited_write

    for stream in (sys.stdout, sys.stderr):
        stream.write = limited(stream.write)
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].run = run

_install({name!r})
del _install
'''


class GuardedExecute(Execute):
    working_folder = Unicode("", help="where the kernel starts; an empty folder if not given").tag(config=True)
    output_limit = Integer(1_000_000, help="bytes that a cell may print or show").tag(config=True)
    total_factor = Integer(5, help="a notebook gets this many times a cell's time").tag(config=True)

    def preprocess(self, nb, resources, km=None):
        self.deadline = time.monotonic() + self.total_factor * self.timeout
        self.error_on_timeout = {"ename": "Grader", "evalue": f"no end within {self.timeout} s", "traceback": [""]}
        self.group, self.lost = None, ""
        folder = functools.partial(tempfile.TemporaryDirectory, ignore_cleanup_errors=True)
        with folder() as empty, folder() as self.sockets:
            path = self.working_folder or empty  # not the folder with the tests in it
            self.resources = {**resources, "metadata": {**resources.get("metadata", {}), "path": path}}
            return super().preprocess(nb, None, km)[0], resources

    # ---- the kernel

    def create_kernel_manager(self):
        km = super().create_kernel_manager()
        # not by TCP: a free port is looked up, and may be another kernel's by the time it is opened
        km.transport, km.ip = "ipc", f"{self.sockets}/kernel"
        return km

    def start_new_kernel_client(self, **kwargs):
        context = zmq.asyncio.Context()  # a limit set on a socket that is connected already does nothing
        context.setsockopt(zmq.MAXMSGSIZE, 4 * self.output_limit)
        self.km.client = functools.partial(type(self.km).client, self.km, context=context)
        client = super().start_new_kernel_client(**kwargs)
        self.group = self.km.provisioner.pgid
        self.guard = f"_{secrets.token_hex(8)}"
        guard = GUARD.replace("{name!r}", repr(self.guard)).replace("{limit}", str(self.output_limit))
        for code in (NO_TEE, guard):
            if failed(done := self.quietly(code)):
                raise RuntimeError(f"the kernel cannot be used for grading: {done.outputs[-1].evalue}")
        return client

    def kill(self):
        """End the kernel with all that it started. Asking first would give a hostile one time."""
        if self.group:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.group, signal.SIGKILL)

    def _cleanup_kernel(self):
        self.kill()
        super()._cleanup_kernel()

    def new_kernel(self, done):
        """Start again, and run again what went well so far, but no tests."""
        self._cleanup_kernel()
        self.km = self.create_kernel_manager()
        self.start_new_kernel()
        self.start_new_kernel_client()
        for cell in done:
            if cell.cell_type == "code" and not is_test(cell) and not failed(cell):
                if time.monotonic() > self.deadline:
                    raise CellTimeoutError("used up")
                self.quietly(cell.source)

    def quietly(self, code):
        """Run code that is no cell of the notebook; nbclient wants it to be one."""
        self.printed, self.flooded = 0, False
        self.nb.cells.append(nbformat.v4.new_code_cell(code))
        try:
            self.execute_cell(self.nb.cells[-1], len(self.nb.cells) - 1, store_history=False)
            return self.nb.cells[-1]
        finally:
            self.nb.cells.pop()

    # ---- a cell

    def preprocess_cell(self, cell, resources, index):
        if cell.cell_type != "code" or not cell.source.strip():
            return cell, resources
        if time.monotonic() > self.deadline:
            self.lost = f"not run: the notebook had used up its {self.total_factor * self.timeout} s"
        if self.lost:
            fail(cell, self.lost)
            return cell, resources
        for attempt in (1, 2):
            self.printed, self.flooded = 0, False
            try:
                self.run_test(cell, index) if is_test(cell) else self.execute_cell(cell, index)
                if self.flooded:
                    raise DeadKernelError
                break
            except (DeadKernelError, CellTimeoutError, Empty, RuntimeError) as error:
                # a kernel may die late, of what an earlier cell did: such a cell gets a second chance
                again = isinstance(error, DeadKernelError) and not self.flooded and attempt == 1
                if not again:
                    fail(cell, self.why(error))
                try:
                    self.new_kernel(self.nb.cells[:index])
                except (DeadKernelError, CellTimeoutError, Empty, RuntimeError) as dead:
                    self.lost = f"not run: an earlier cell ends every kernel ({self.why(dead)})"
                    fail(cell, self.lost)
                    break
                if not again:
                    break
        return cell, resources

    def why(self, error):
        if self.flooded:
            return f"it printed or showed more than {self.output_limit} characters, and was stopped"
        if isinstance(error, DeadKernelError):
            return "it ended Python itself (an exit, a crash, or too much memory)"
        return "it did not end in time and could not be interrupted, or sent more than can be read"

    def run_test(self, cell, index):
        source, proof = cell.source, secrets.token_hex(16)
        label = f"<{cell.metadata.nbgrader.grade_id}>"
        cell.source = f"__import__({self.guard!r}).run({source!r}, {label!r}, {proof!r})"
        try:
            self.execute_cell(cell, index)
        finally:
            cell.source = source
        shown = [output for output in cell.outputs if output.output_type == "execute_result"]
        proved = any(proof in output.data.get("text/plain", "") for output in shown)
        # nbgrader would take a shown number for partial credit
        cell.outputs = [output for output in cell.outputs if output.output_type in ("stream", "error")]
        if not proved and not failed(cell):
            fail(cell, "the test was kept from running to its end")

    def process_message(self, msg, cell, cell_index):
        if msg["msg_type"] in ("stream", "display_data", "execute_result", "update_display_data", "error"):
            self.printed += len(str(msg["content"]))
            if self.printed > self.output_limit:
                self.flooded = True
                self.kill()
                return None
        return super().process_message(msg, cell, cell_index)


def is_test(cell):
    marks = cell.metadata.get("nbgrader", {})
    return cell.cell_type == "code" and marks.get("grade", False) and not marks.get("solution", False)


def failed(cell):
    return any(output.output_type == "error" for output in cell.get("outputs", []))


def fail(cell, message):
    cell.outputs = [*cell.get("outputs", []), nbformat.v4.new_output("error", ename="Grader", evalue=message)]
    cell.outputs[-1].traceback = [message]
