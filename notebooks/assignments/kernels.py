"""Kernels that start at once: forked from a process that has imported what each of them would import.

That process, `python kernels.py MODULE...`, holds imported modules and nothing of a course or a student. It hears
through a socket that only the grader has; what it forks has none of it, leads a session of its own, and ends with it.
A student's code can end it, as it can end whatever this user runs; it serves one submission at a time, so no other is
touched: a kernel is then started the usual way, and the next submission finds another such process. Linux alone has
what this takes, and alone forks safely.
"""

import contextlib
import ctypes
import gc
import json
import os
import queue
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import psutil
from jupyter_client.provisioning import LocalProvisioner

MEMORY, FILE = 3 * 2**30, 2 * 10**8  # bytes that a student's code may hold, and write into a file
USED = "ipykernel.debugger IPython.core.completerlib numpy.linalg numpy.random numpy.testing".split()  # by each kernel
PATIENCE = 30  # seconds until a process that does not answer is taken for dead


def limit_resources():
    """For this process and the kernels it starts; no disk or memory is filled by one student."""
    for limit, size in [(resource.RLIMIT_DATA, MEMORY), (resource.RLIMIT_FSIZE, FILE), (resource.RLIMIT_CORE, 0)]:
        with contextlib.suppress(ValueError, OSError):  # a lower limit is set, or the system has none
            resource.setrlimit(limit, (size, size))


def end_all(home):
    """End the processes whose home this is: what a student's code started, in whatever session, unless it hides."""
    for _ in range(20):  # what is ended may just have started more
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.environ().get("HOME") == str(home):
                    process.kill()
                    found.append(process)
        if not found:
            break


# ------------------------------------------------------------------ in the grader


class Nursery:
    """The process that kernels are forked from, as the grader sees it."""

    def __init__(self, modules, environment):
        self.home = tempfile.mkdtemp()  # what an import writes there, no later process reads
        self.orders, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, __file__, *modules],
                stdin=theirs,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**environment, "HOME": self.home},
                cwd=self.home,
                start_new_session=True,
            )

    def alive(self):
        return self.process.poll() is None

    def end(self):
        self.orders.close()
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.home, ignore_errors=True)


class Kernel:
    """A forked kernel, with what jupyter_client wants of a subprocess.Popen."""

    stdin = stdout = stderr = None

    def __init__(self, pid, handle, leash):
        self.pid, self.handle, self.leash = pid, handle, leash

    def poll(self):
        return 0 if select.select([self.handle], [], [], 0)[0] else None

    def wait(self):
        select.select([self.handle], [], [])
        return 0

    def send_signal(self, number):
        with contextlib.suppress(ProcessLookupError):  # it has just ended
            signal.pidfd_send_signal(self.handle, number)

    def kill(self):
        self.send_signal(signal.SIGKILL)

    def terminate(self):
        self.send_signal(signal.SIGTERM)


def fork(nursery, arguments, environment, folder):
    """Have a kernel forked; OSError if nobody is there to do it."""
    leash, theirs = socket.socketpair()
    order = {"arguments": arguments, "environment": environment, "folder": folder}
    with theirs:
        socket.send_fds(nursery.orders, [json.dumps(order).encode()], [theirs.fileno(), sys.stderr.fileno()])
    leash.settimeout(PATIENCE)
    try:
        pid, handles, *_ = socket.recv_fds(leash, 20, 1)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            os.kill(nursery.process.pid, signal.SIGKILL)  # stopped, it seems; Popen.kill is for its parent alone
        raise
    if not handles:
        raise ConnectionError("the process that forks kernels has ended")
    return Kernel(int(pid), handles[0], leash)


class Forked(LocalProvisioner):
    """Starts kernels by `fork`, and by itself where that fails."""

    nursery = None

    async def launch_kernel(self, cmd, **options):
        try:
            arguments = cmd[cmd.index("ipykernel_launcher") + 1 :]
            self.process = fork(self.nursery, arguments, options["env"], str(options["cwd"]))
        except (OSError, ValueError):
            return await super().launch_kernel(cmd, **options)
        self.pid = self.pgid = self.process.pid
        self.cwd = options["cwd"]
        return self.connection_info


async def ready(client):
    """Wait for a kernel's first answer, as jupyter_client does, but not a while longer for what nobody needs."""
    while True:
        client.kernel_info()
        with contextlib.suppress(queue.Empty):
            reply = await client.shell_channel.get_msg(timeout=1)
            await client.iopub_channel.get_msg(timeout=0.2)  # what it prints is heard, too
            return client._handle_kernel_info_reply(reply)
        if not await client.is_alive():
            raise RuntimeError("the kernel has ended before it answered")


async def reply_to(message_id, client):
    while True:
        message = await client.shell_channel.get_msg(timeout=None)
        if message["parent_header"].get("msg_id") == message_id:
            return message


def size(shown):
    """Signs in a message; of printed text those alone, since it comes in as many pieces as it happens to."""
    text = shown.get("text") if isinstance(shown, dict) else None
    return len(text if isinstance(text, str) else str(shown))


# ------------------------------------------------------------------ in the process that forks


def serve(orders):
    """Fork for each order. Returns in the kernels alone."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    as_started = handed_on()
    while True:
        order, handles, *_ = socket.recv_fds(orders, 1_000_000, 2)
        if not order or handed_on() != as_started:  # a student meddled: another process takes this one's place
            sys.exit()
        if os.fork() == 0:
            return json.loads(order), *handles
        for handle in handles:
            os.close(handle)


def handed_on():
    """What anybody of the same user can change in a process, and what it forks would have, too."""
    limits = [getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")]
    return [*map(resource.getrlimit, limits), os.getpriority(os.PRIO_PROCESS, 0), os.sched_getaffinity(0)]


def become_a_kernel(parent, order, leash, log):
    """All that a process started for this kernel would have, and nothing of the one that it was forked from."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # when the parent ends; else its place would be taken by process 1
    if os.getppid() != parent:
        sys.exit()
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    limit_resources()
    nothing = os.open(os.devnull, os.O_RDWR)
    for number, handle in enumerate([nothing, nothing, log]):  # 0 was the socket for orders
        os.dup2(handle, number)
    for handle in map(int, os.listdir("/proc/self/fd")):
        if handle > 2 and handle != leash:
            with contextlib.suppress(OSError):
                os.close(handle)
    os.set_inheritable(leash, False)
    os.environ.clear()
    os.environ.update(order["environment"])
    show_home(order["environment"]["HOME"])
    tempfile.tempdir = None
    sys.path[:0] = filter(None, order["environment"].get("PYTHONPATH", "").split(os.pathsep))
    sys.argv = ["ipykernel_launcher", *order["arguments"]]
    os.chdir(order["folder"])
    numpy.random.seed()  # noqa: NPY002 (else all students would draw the same)
    grader = socket.socket(fileno=leash)
    socket.send_fds(grader, [str(os.getpid()).encode()], [os.pidfd_open(os.getpid())])
    threading.Thread(target=lambda: grader.recv(1) or os._exit(1), daemon=True).start()  # ends with the grader


def show_home(home):
    """Let the system show this home: by it the grader finds a student's processes, and those that they fork."""
    start, end = map(int, Path("/proc/self/stat").read_text().rpartition(")")[2].split()[47:49])
    shown = f"HOME={home}\0".encode()
    if len(shown) > end - start:
        sys.exit("no room")  # what the grader then starts afresh shows its home by itself
    ctypes.memmove(start, shown.ljust(end - start, b"\0"), end - start)


if __name__ == "__main__":
    del sys.path[0]  # the assignments' folder
    import ipykernel.kernelapp
    import numpy

    for module in [*USED, *sys.argv[1:]]:
        __import__(module)
    if len(os.listdir("/proc/self/task")) > 1:
        sys.exit("a thread has been started: what is forked now could wait for ever")
    gc.freeze()
    become_a_kernel(os.getpid(), *serve(socket.socket(fileno=0)))
    ipykernel.kernelapp.launch_new_instance()
