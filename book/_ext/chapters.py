"""Executes chapters side by side, a core each, and keeps them where the book looks for them.

python chapters.py test [NOTEBOOK...]   execute them all; exit 1 if a cell raises or a claim is broken
python chapters.py broken               the claims of the chapters kept last that did not hold
"""

import ast
import concurrent.futures
import copy
import hashlib
import inspect
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

import nbformat
import psutil
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_client import KernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from utils import pretrained
from utils.claims import ABSENT_KEY, BROKEN, METADATA_KEY, QUOTE, ROLE, no_minus_at_zero

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT = 2 * 3600  # seconds for one cell: a slow or busy machine is no failure
MEMORY = 3 * 2**30  # bytes that a chapter may come to need
# Chapters with an environment of their own, which `make pytorch` makes; without it they do with the course's
OWN = {"22_pytorch": ROOT / ".venv-pytorch" / "bin" / "python"}
HEARTBEAT = 30  # seconds between two lines that say what is at work
# Two chapters with a core each are done sooner than one after the other with two: most of their work is not parallel
ONE_CORE = dict.fromkeys(
    ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"
)


class Done(NamedTuple):
    """An executed chapter: its notebook, the seconds it took, and the error that ended it, if any."""

    notebook: nbformat.NotebookNode
    seconds: float
    fault: str


# ------------------------------------------------------------------ executing


def execute(paths, say=print, env=None, seconds=None):
    """Execute notebooks, as many at a time as there are cores and memory; yields (path, Done), first ended first.

    env: variables for the kernels, over this process's own. seconds: {stem: how long it took last time}; the longest
    start first. say: called with lines that tell what is at work.
    """
    known, started = seconds or {}, time.monotonic()
    paths = sorted(paths, key=lambda path: -known.get(path.stem, float("inf")))
    workers = max(1, min(len(paths), os.cpu_count() or 1, psutil.virtual_memory().available // MEMORY))
    working, lock = {}, threading.Lock()
    say(f"{len(paths)} chapters to execute, {workers} at a time")
    pool = concurrent.futures.ThreadPoolExecutor(workers)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as sockets:
        jobs = {pool.submit(_execute_one, path, {**os.environ, **ONE_CORE, **(env or {})}, working, lock, sockets): path
                for path in paths}  # fmt: skip
        waiting = set(jobs)
        try:
            while waiting:
                ended, waiting = concurrent.futures.wait(waiting, HEARTBEAT, concurrent.futures.FIRST_COMPLETED)
                with lock:
                    now = ", ".join(f"{stem} ({place})" for stem, place in working.items())
                so_far = f"{len(paths) - len(waiting)} of {len(paths)} done in {duration(time.monotonic() - started)}"
                for job in ended:
                    done = job.result()
                    what = f"ended with {done.fault.strip().splitlines()[-1]}" if done.fault else "executed"
                    say(f"{jobs[job].stem} {what} in {done.seconds:.0f} s; {so_far}{now and f'; at work: {now}'}")
                    yield jobs[job], done
                if not ended:
                    say(f"at work: {now}; {so_far}")
        finally:  # when interrupted: nothing more is started, and no kernel stays
            pool.shutdown(wait=False, cancel_futures=True)
            if waiting:
                for process in psutil.Process().children(recursive=True):
                    process.kill()


def _execute_one(path, env, working, lock, sockets):
    notebook = nbformat.read(path, as_version=4)
    manager = KernelManager(kernel_name=notebook.metadata.get("kernelspec", {}).get("name", "python3"))
    if path.stem in OWN and OWN[path.stem].exists():
        manager.kernel_spec.argv[0] = str(OWN[path.stem])
    if os.name == "posix":  # files, not ports: a free port may be another kernel's by the time it is opened
        manager.transport, manager.ip = "ipc", str(Path(sockets, f"{path.stem}-kernel"))

    def tell(cell, cell_index):
        with lock:
            working[path.stem] = f"cell {cell_index + 1} of {len(notebook.cells)}"

    client = NotebookClient(
        notebook, manager, timeout=TIMEOUT, resources={"metadata": {"path": str(path.parent)}}, record_timing=False,
        startup_timeout=600, on_cell_start=tell,
    )  # fmt: skip
    start, fault = time.monotonic(), ""
    try:
        client.execute(env=env, cleanup_kc=True, stderr=subprocess.DEVNULL)  # TensorFlow's log; Python's goes to cells
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        fault = re.sub(r"\x1b\[[\d;]*m", "", str(error)) or type(error).__name__
    finally:
        with lock:
            working.pop(path.stem, None)
    return Done(notebook, time.monotonic() - start, fault)


def duration(seconds):
    return f"{seconds // 60:.0f} min {seconds % 60:02.0f} s"


# ------------------------------------------------------------------ what the site shows, and where it is kept


def site_form(notebook, name):
    """The notebook with each `found(...)` cell replaced by its paragraphs, quotes as {glue:text} roles.

    name: the file's name, which the roles must hold. So the site, its links and a translation see ordinary prose.
    """
    notebook = copy.deepcopy(notebook)
    for i, cell in enumerate(notebook.cells):
        if (text := found_text(cell)) is not None:
            prose = QUOTE.sub(lambda q: _role(name, q[1], q[2]), text)
            notebook.cells[i] = nbformat.v4.new_markdown_cell(prose, id=cell.get("id", f"found-{i}"))
    return notebook


def _role(name, key, form):
    if form.endswith("p"):
        return f"{_role(name, f'{key}-points', form[:-1] + 'f')} points"
    return f"{{glue:text}}`../notebooks/{name}::{key}:{no_minus_at_zero(form)}`"


def found_text(cell):
    """The text of a code cell that is one `found("...")` and nothing else, or None."""
    if cell.cell_type != "code" or not cell.source.lstrip().startswith("found("):
        return None
    statements = ast.parse(cell.source).body
    call = statements[0].value
    if len(statements) > 1 or len(call.args) != 1 or not isinstance(call.args[0], ast.Constant):
        raise ValueError(f"a cell with found(...) holds one literal text and nothing else; this one is:\n{cell.source}")
    return inspect.cleandoc(call.args[0].value)


def cache_path(root, build):
    """Where executed chapters are kept, given the folder of what is built: one place for each state of the inputs."""
    return build / ".cache" / inputs_hash(root)


def inputs_hash(root):
    """Changes with anything but its own cells that a chapter's outputs depend on."""
    given = [os.environ.get(name, "").strip() for name in ("COURSE_DATASET", "COURSE_SEEDS")]
    digest = hashlib.sha256(json.dumps([given, pretrained.present()]).encode())
    for path in [*sorted((root / "utils").glob("*.py")), root / "requirements.txt", root / "constraints.txt"]:
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def kept(cache, path):
    """The record of a chapter in the cache, or None if it has to be executed."""
    try:
        return cache.match_cache_notebook(site_form(nbformat.read(path, as_version=4), path.name))
    except KeyError:
        return None


def keep(cache, path, done):
    bundle = CacheBundleIn(site_form(done.notebook, path.name), str(path), data={"execution_seconds": done.seconds})
    cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)


def execute_missing(paths, cache_folder, say=print):
    """Execute the chapters that the cache lacks and keep them. Returns {path: fault} of those that a cell ended."""
    cache, faults = get_cache(cache_folder), {}
    missing = [path for path in paths if not kept(cache, path)]
    for path, done in execute(missing, say, seconds=last_seconds()) if missing else ():
        if done.fault:
            faults[path] = done.fault
        else:
            keep(cache, path, done)
    return faults


def last_seconds():
    """How long each chapter took when it was last replicated: {stem: seconds}."""
    return {stem: facts["seconds"] for stem, facts in replication(ROOT)["chapters"].items()}


def replication(root):
    """What `make replicate` has found, see tests/replicate.py."""
    path = root / "book" / "replication.json"
    return json.loads(path.read_text()) if path.is_file() else {"chapters": {}}


# ------------------------------------------------------------------ claims


def left(notebook, key):
    """What cells left in the metadata of their outputs under a key, in order."""
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", []))
    return [output["metadata"][key] for output in outputs if key in output.get("metadata", {})]


def records(notebook):
    """What `claim` and `measured` left in the outputs of a notebook, in order."""
    return left(notebook, METADATA_KEY)


def asked(notebook):
    """What `your_guess` left in the outputs of a notebook, in order."""
    return left(notebook, "prediction")


def absent(notebook):
    """The packages that this executed notebook says it had to do without."""
    return [name for names in left(notebook, ABSENT_KEY) for name in names]


def handed_out(cache_path, path):
    """What an executed notebook handed to the script of its page (`metadata={"handed_out": ...}`), or None."""
    cache = get_cache(cache_path)
    record = kept(cache, path)
    return next(iter(left(cache.get_cache_bundle(record.pk).nb, "handed_out")), None) if record else None


def broken(notebook):
    return [record for record in records(notebook) if not record.get("holds", True)]


def describe(stem, record):
    measured = f"Measured {record['value']}, bound {record['bound']}."
    return f"{stem}: claim {record['id']!r} {BROKEN}: {record['sentence']} {measured}"


WHAT_TO_DO = """
The site is whole: each of these is marked in its chapter and stands first in the ledger. What to do with one:
- Look at it in its chapter. Was something unusual, another library version, another data set?
- Move the seeds and build again: COURSE_SEEDS=1 make book. A claim that breaks again is a finding about the claim.
- Report it with the line above, your processor and `.venv/bin/pip freeze`: that makes the course better.
"""


def all_chapters(root=ROOT):
    return sorted(path for path in (root / "notebooks").glob("*.ipynb") if path.stem != "template")


def raw_roles(notebook):
    """Roles in the outputs of a notebook: an editor would show them as they stand."""
    texts = [out.data["text/markdown"] for cell in notebook.cells for out in cell.get("outputs", [])
             if "text/markdown" in out.get("data", {})]  # fmt: skip
    return [match[0] for text in texts for match in ROLE.finditer(text)]


def test(paths):
    """Execute every chapter, whether kept or not. Returns 1 if a cell raised or a claim broke, and names it.

    The executed notebooks lie in _build/.cache/executed then, to be looked at in an editor.
    """
    kept_in, failures = cache_path(ROOT, ROOT / "_build"), []
    cache, shown = get_cache(kept_in), kept_in.parent / "executed"
    shown.mkdir(parents=True, exist_ok=True)
    for path, done in execute(paths, lambda line: print(line, flush=True), seconds=last_seconds()):
        nbformat.write(done.notebook, shown / path.name)
        if done.fault:
            failures.append(f"{path.stem}: {done.fault}")
        else:
            keep(cache, path, done)
            failures += [describe(path.stem, record) for record in broken(done.notebook)]
            failures += [f"{path.stem}: an editor shows {role} as it stands" for role in raw_roles(done.notebook)]
    print(f"\n{len(paths)} chapters executed", "and every claim held." if not failures else "with failures:")
    print("\n".join(failures))
    return int(bool(failures))


def print_broken():
    """The last lines of a build."""
    cache = get_cache(cache_path(ROOT, ROOT / "_build"))
    found = []
    for path in all_chapters():
        if record := kept(cache, path):
            found += [describe(path.stem, claim) for claim in broken(cache.get_cache_bundle(record.pk).nb)]
    if found:
        print(f"\n{len(found)} claims {BROKEN}:", *found, sep="\n  ")
        print(WHAT_TO_DO)


if __name__ == "__main__":
    command, *given = sys.argv[1:] or [""]
    if command == "test":
        sys.exit(test([Path(name).resolve() for name in given] or all_chapters()))
    if command != "broken":
        sys.exit(__doc__)
    print_broken()
