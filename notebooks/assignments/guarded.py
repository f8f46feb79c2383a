"""How a student's notebook is run: an nbgrader preprocessor that outlives its kernel and whose tests are hard to fool.

- A cell that never ends, prints without end or kills the kernel fails alone; the notebook goes on in a new kernel.
  A cell that leaves something running has a few seconds in which that may kill the kernel, and is to blame if it does.
- What a cell may take is counted in the kernel's own seconds (see own_seconds.py): a busy machine costs no marks.
- A test runs with Python's own builtins and NumPy's own functions, in a namespace of its own (see inside.py), and
  counts only if it was seen to reach its end. What a student rebinds (`abs`, `numpy.allclose`, IPython's hooks) does
  not reach it.

A student's code and the tests share a process, so somebody who attacks this very module can still win. Read the code.
"""

import asyncio
import contextlib
import functools
import os
import secrets
import signal
import tempfile
import time
from pathlib import Path
from queue import Empty

import nbformat
import zmq.asyncio
from jupyter_core.utils import ensure_async
from kernels import Forked, ready, reply_to, size
from nbclient.exceptions import CellExecutionComplete, CellTimeoutError, DeadKernelError
from nbgrader.preprocessors import Execute
from own_seconds import seen, wait
from traitlets import Integer, Unicode

SETTLING = 50  # looks, a tenth of a second apart, that the grader has at what a cell left running
GRACE = 4  # seconds in which a cell that was stopped ends, and what was shown arrives
PAUSE = 3  # such looks after each cell, with nothing at work, when one of them may kill the kernel a moment later
FAULTS = (DeadKernelError, CellTimeoutError, Empty, RuntimeError)

NO_TEE = """
# since version 9 IPython keeps a copy of all that is printed, and puts `write` back after each cell: so first of all
type(get_ipython())._tee = lambda self, channel: __import__("contextlib").nullcontext()
"""
INSIDE = Path(__file__).with_name("inside.py").read_text(encoding="utf-8")


class GuardedExecute(Execute):
    working_folder = Unicode("", help="where the kernel starts; an empty folder if not given").tag(config=True)
    output_limit = Integer(1_000_000, help="bytes that a cell may print or show").tag(config=True)
    broken = None
    total_factor = Integer(5, help="a notebook gets this many times a cell's time").tag(config=True)

    def preprocess(self, nb, resources, km=None):
        self.spent, self.limit = 0, self.total_factor * self.timeout
        self.error_on_timeout = {"ename": "Grader", "evalue": f"no end within {self.timeout} s", "traceback": [""]}
        self.group, self.lost, self.patience = None, "", 4 * SETTLING
        folder = functools.partial(tempfile.TemporaryDirectory, ignore_cleanup_errors=True)
        with folder() as empty, folder() as self.sockets:
            path = self.working_folder or empty  # not the folder with the tests in it
            self.resources = {**resources, "metadata": {**resources.get("metadata", {}), "path": path}}
            try:
                return super().preprocess(nb, None, km)[0], resources
            except Exception as error:
                GuardedExecute.broken = error  # nbgrader would keep it to itself
                raise

    # ---- the kernel

    def create_kernel_manager(self):
        km = super().create_kernel_manager()
        # not by TCP: a free port is looked up, and may be another kernel's by the time it is opened
        km.transport, km.ip = "ipc", f"{self.sockets}/kernel"
        if Forked.nursery:
            km.provisioner = Forked(kernel_id=secrets.token_hex(8), kernel_spec=km.kernel_spec, parent=km)
        return km

    def start_new_kernel_client(self, **kwargs):
        context = zmq.asyncio.Context()  # a limit set on a socket that is connected already does nothing
        context.setsockopt(zmq.MAXMSGSIZE, 4 * self.output_limit)
        context.setsockopt(zmq.RCVHWM, 0)  # no message is dropped when the machine is busy
        made = self.km.client(context=context)
        made.wait_for_ready = functools.partial(self.until_ready, made)
        self.km.client = lambda: made
        client = super().start_new_kernel_client(**kwargs)
        self.group = self.km.provisioner.pgid
        self.guard = f"_{secrets.token_hex(8)}"
        # among names of its own: a student may well call something `len` or `dict`
        names = "{'shell': get_ipython(), '__builtins__': dict(vars(__import__('builtins')))}"
        call = f"install(shell, {self.guard!r}, {self.output_limit})"
        for code in (NO_TEE, f"exec({INSIDE + call!r}, {names})"):
            if failed(done := self.quietly(code)):
                raise RuntimeError(f"the kernel cannot be used for grading: {done.outputs[-1].evalue}")
        self.left = 0
        self.left = self.count_left()
        return client

    async def until_ready(self, client, timeout):
        answered = asyncio.ensure_future(ready(client))
        try:
            await wait(answered, self.km.provisioner.pid, timeout)
            if not answered.done():
                raise RuntimeError("the kernel does not answer")
            await answered
        finally:
            answered.cancel()

    async def _async_poll_for_reply(self, msg_id, cell, timeout, outputs, alive):
        """What nbclient does by the clock."""
        reply = asyncio.ensure_future(reply_to(msg_id, self.kc))
        try:
            self.spent += await wait(reply, self.km.provisioner.pid, timeout)
            if late := not reply.done():
                await ensure_async(self.km.interrupt_kernel())
            while not outputs.done():
                before = self.printed
                self.spent += await wait(outputs, self.km.provisioner.pid, GRACE)
                if not outputs.done() and (late or self.printed == before):  # else the grader is not through with them
                    raise CellTimeoutError("its outputs do not end")
            await outputs
            return {"content": {**self.error_on_timeout, "status": "error"}} if late else await reply
        finally:
            reply.cancel()
            alive.cancel()

    async def _async_poll_kernel_alive(self):
        while await self.km.is_alive():
            await asyncio.sleep(0.1)  # nbclient looks once a second
        self.task_poll_for_reply.cancel()

    def kill(self):
        """End the kernel with all that it started. Asking first would give a hostile one time."""
        if self.group:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.group, signal.SIGKILL)

    def _cleanup_kernel(self):
        self.kill()
        if self.km is None:  # it did not even start
            return
        started = self.km.provisioner
        if started.process and started.pgid == self.group:
            started.process.wait()  # else nbclient looks every tenth of a second
        super()._cleanup_kernel()

    def new_kernel(self, done, pause=0):
        """Start again, and run again what ran before, but no tests, nor what the grader had to stop.

        With a pause after each cell, one that kills the kernel only then is found out, and is not run again. Returns
        whether there was one.
        """
        self._cleanup_kernel()
        self.km = self.create_kernel_manager()
        self.start_new_kernel()
        self.start_new_kernel_client()
        ran = None
        try:
            for cell in done:
                if cell.cell_type == "code" and not is_test(cell) and not stopped(cell):
                    if self.spent >= self.limit:
                        raise CellTimeoutError("used up")
                    ran = cell
                    self.quietly(cell.source)
                    if pause:
                        self.rest(pause)
                        self.count_left()
            self.left = self.count_left()
        except DeadKernelError as error:
            if ran is None:
                raise
            if pause:
                fail(ran, self.why(error))
            return self.new_kernel(done, PAUSE) or bool(pause)
        return False

    def quietly(self, code):
        """Run code that is no cell of the notebook; nbclient wants it to be one."""
        self.printed, self.flooded = 0, False
        self.nb.cells.append(nbformat.v4.new_code_cell(code))
        try:
            self.execute_cell(self.nb.cells[-1], len(self.nb.cells) - 1, store_history=False)
            return self.nb.cells[-1]
        finally:
            self.nb.cells.pop()

    def count_left(self):
        """How much the notebook has left running so far."""
        shown = self.quietly(f"__import__({self.guard!r}).left()").outputs
        text = shown[0].get("data", {}).get("text/plain", "") if shown else ""
        return int(text) if text.isdecimal() else self.left

    def rest(self, looks):
        """What kills the kernel a moment later has that moment, however long it waits for a processor."""
        for _ in range(SETTLING):
            time.sleep(0.1)
            looks -= seen(self.km.provisioner.pid)[1]
            if looks == 0:
                break

    def settle(self):
        """What a cell left running does its damage now or never: marks must not depend on which test it would hit."""
        before, self.left = self.left, self.count_left()
        for _ in range(min(SETTLING, self.patience)):
            if self.left <= before:
                break
            self.settling, self.patience = True, self.patience - 1
            time.sleep(0.1)
            self.left = self.count_left()

    # ---- a cell

    def preprocess_cell(self, cell, resources, index):
        if cell.cell_type != "code" or not cell.source.strip():
            return cell, resources
        if self.spent >= self.limit:
            self.lost = f"not run: the notebook had used up its {self.limit} s"
        if self.lost:
            fail(cell, self.lost)
            return cell, resources
        tries, done = 0, self.nb.cells[:index]
        while True:
            self.printed, self.flooded, self.settling = 0, False, False
            try:
                self.run_test(cell, index) if is_test(cell) else self.execute_cell(cell, index)
                if self.flooded:
                    raise DeadKernelError
                self.settle()
                return cell, resources
            except FAULTS as error:
                tries, why = tries + 1, self.why(error)
                # what an earlier cell did may have killed the kernel
                other = isinstance(error, DeadKernelError) and not self.flooded and not self.settling
            try:
                if other and tries == 1:
                    self.new_kernel(done)
                elif not other or not self.new_kernel(done, PAUSE):
                    fail(cell, why)
                    if not other:
                        self.new_kernel(done)
                    return cell, resources
            except FAULTS as dead:
                self.lost = f"not run: an earlier cell ends every kernel ({self.why(dead)})"
                fail(cell, self.lost)
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
            self.printed += size(msg["content"])
            if self.printed > self.output_limit:
                self.flooded = True
                self.kill()
                return None
        try:
            return super().process_message(msg, cell, cell_index)
        except CellExecutionComplete:
            raise
        except Exception:
            return None  # no notebook can hold what was shown


def is_test(cell):
    marks = cell.metadata.get("nbgrader", {})
    return cell.cell_type == "code" and marks.get("grade", False) and not marks.get("solution", False)


def stopped(cell):
    return any(output.output_type == "error" and output.ename == "Grader" for output in cell.get("outputs", []))


def failed(cell):
    return any(output.output_type == "error" for output in cell.get("outputs", []))


def fail(cell, message):
    cell.outputs = [*cell.get("outputs", []), nbformat.v4.new_output("error", ename="Grader", evalue=message)]
    cell.outputs[-1].traceback = [message]
