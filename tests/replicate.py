"""How far claims hold: every chapter with fresh seeds, on machines that this one can play, and Part I on MNIST.

`python tests/replicate.py [--sets 1 2 3] [CHAPTER...]` runs what has not been run yet, in the state that the files are
in, and writes what is known of it into book/replication.json. It can be stopped and started again: each chapter's
result is kept in .cache/replicate by the hash of the chapter's code and of the modules that it imports. The file holds
that hash too: further sets are added to those that it knows of the same state. What a claim says and the bounds that
it gives as figures are no part of the state, since they change nothing that is measured.
"""

import argparse
import ast
import functools
import hashlib
import json
import os
import re
import sys
from datetime import date
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "book" / "_ext"))

import chapters  # noqa: E402 - it lies beside the extension

from utils.claims import null_of, processor  # noqa: E402

KEPT = ROOT / ".cache" / "replicate"
WRITTEN = ROOT / "book" / "replication.json"
BOUNDS = ("at_least", "at_most", "exactly")
SAID = (*BOUNDS, "unit", "null", "beside", "over")  # what a claim's value is held to, and shown with
SHOWING = {"claims", "moving", "plots"}  # modules that show what others measure
TWO = dict.fromkeys(chapters.ONE_CORE, "2")
PROFILES = {  # what a processor without this or that would do; the first set of seeds
    "SSE4.1": {"ONEDNN_MAX_CPU_ISA": "SSE41"},
    "AVX2": {"ONEDNN_MAX_CPU_ISA": "AVX2"},
    "two threads": TWO,
    "without oneDNN": {"TF_ENABLE_ONEDNN_OPTS": "0"},
}
OTHER_DATA = {"MNIST": {"COURSE_DATASET": "mnist"}}  # Part I runs on both; COURSE_DATA names the folder
ON_BOTH = re.compile(r"0[1-5]_")


def runs(sets):
    """{name: variables}: the book's own seeds, the fresh sets, the profiles, the other data."""
    return {f"seeds {k}": {"COURSE_SEEDS": str(k)} for k in [0, *sets]} | PROFILES | OTHER_DATA


def lacks(run, path):
    """Whether a chapter, in the state that it is in, has not been run so and has to be."""
    asked = run not in OTHER_DATA or ON_BOTH.match(path.stem)
    return asked and run not in known(path)["runs"] and not result_file(run, path).exists()


def code_of(path):
    return [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


@functools.cache  # the same texts are asked for in each run
def _imported(source):
    """The modules of `utils` that a source imports."""
    names = set()
    for node in ast.walk(_tree(source)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "utils":
            names |= {node.module.split(".")[1]} if "." in node.module else {alias.name for alias in node.names}
    return names


def modules(sources, found=frozenset()):
    """The modules of `utils` that these sources import, and those that they import in turn."""
    new = set().union(*map(_imported, sources)) - found
    return modules([(ROOT / "utils" / f"{name}.py").read_text() for name in new], found | new) if new else found


class _Measuring(ast.NodeTransformer):
    """Leaves of a cell what can change a measurement."""

    def visit_Expr(self, line):
        self.generic_visit(line)
        return None if _name(line.value) in ("found", "moving", "your_guess") else line

    def visit_ImportFrom(self, line):
        return None if line.module in {f"utils.{name}" for name in SHOWING} else line

    def visit_Call(self, call):
        self.generic_visit(call)
        if _name(call) in ("claim", "measured"):  # without the sentence
            call.args = call.args[:1] + call.args[2:]
            call.keywords = [word for word in call.keywords if not (word.arg in SAID and _is_literal(word.value))]
        return call


def _name(node):
    """The name of the function that a node calls, if it calls one by its name."""
    return getattr(getattr(node, "func", None), "id", None)


def _is_literal(node):
    """Whether an expression is made of numbers and text alone, such as 1 / 3."""
    return not any(isinstance(part, (ast.Name, ast.Call)) for part in ast.walk(node))


def _literal(node):
    return eval(compile(ast.Expression(node), "a claim", "eval"))


@functools.cache
def _measuring(source):
    """A cell or a module without comments, layout and what it only says."""
    return ast.unparse(_Measuring().visit(_tree(source)))


def _tree(source):
    return ast.parse(re.sub(r"^\s*[%!].*", "", source, flags=re.M))  # a magic is not Python


def _read(path, sources):
    """The code of the notebooks that a chapter reads."""
    names = {name for source in sources for name in re.findall(r'"(\w+\.ipynb)"', source)}
    return [source for name in sorted(names) for source in code_of(path.parent / name)]


def state(path):
    """The hash of a chapter's code and of what it depends on: the modules that it imports, the notebooks that it reads,
    and the pinned libraries."""
    sources = code_of(path)
    sources += _read(path, sources)
    files = [ROOT / "utils" / f"{name}.py" for name in sorted(modules(sources) - SHOWING)]
    sources = [_measuring(source) for source in [*sources, *(file.read_text() for file in files)]]
    sources = [source for source in sources if source]  # a cell that only says something leaves nothing
    direct, brought = ((ROOT / name).read_text() for name in ("requirements.txt", "constraints.txt"))
    pinned = [direct.split("\n# the book\n")[0], brought]  # what the book and the tests use measures nothing
    if path.stem in chapters.OWN:
        pinned.append((ROOT / "requirements-pytorch.txt").read_text())
    given = [sources, os.environ.get("COURSE_DATASET", ""), pinned]
    return hashlib.sha256(json.dumps(given).encode()).hexdigest()[:16]


def said(path):
    """{claim: {"at_least": 0.1, ...}} as far as a chapter gives it as literals, None where it does not give it."""
    given = {}
    for call in (node for source in code_of(path) for node in ast.walk(_tree(source))):
        if _name(call) == "claim":
            words = {word.arg: word.value for word in call.keywords if word.arg in SAID}
            literals = {arg: _literal(value) for arg, value in words.items() if _is_literal(value)}
            given[ast.literal_eval(call.args[0])] = {arg: None for arg in SAID if arg not in words} | literals
    return given


def result_file(run, path):
    return KEPT / run.replace(" ", "-") / f"{path.stem}-{state(path)}.json"


def known(path):
    """What book/replication.json holds of a chapter, if it holds it of the state that the chapter is in."""
    facts = chapters.replication(ROOT)["chapters"].get(path.stem, {})
    return facts if facts.get("state") == state(path) else {"runs": [], "claims": {}, "faults": {}}


def replicate(paths, sets):
    planned = runs(sets)
    for i, (run, env) in enumerate(planned.items()):
        if run in OTHER_DATA and "COURSE_DATA" not in os.environ:
            say(f"{run} is left out: set COURSE_DATA to the folder that holds mnist.npz")
            continue
        missing = [path for path in paths if lacks(run, path)]
        say(f"run {i + 1} of {len(planned)}, {run}: {len(missing)} of {len(paths)} chapters to execute")
        for path, done in chapters.execute(missing, say, env, chapters.last_seconds()) if missing else ():
            result = {"seconds": done.seconds, "fault": done.fault, "records": chapters.records(done.notebook)}
            file = result_file(run, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(result))
            for record in chapters.broken(done.notebook):
                say("  " + chapters.describe(path.stem, record))


def collect(path, sets):
    """What is known of a chapter: the hash of its state, its runs, and for each claim its bounds and its mean in each
    run, or null where a run had none."""
    before = known(path)
    here = {
        run: json.loads(result_file(run, path).read_text()) for run in runs(sets) if result_file(run, path).exists()
    }
    order = [*runs(sorted({int(run.split()[1]) for run in [*here, *before["runs"]] if run.startswith("seeds ")} - {0}))]
    order = [run for run in order if run in here or run in before["runs"]]
    claims, literals = {}, said(path)
    for run in order:
        if run in here:
            values = {record["id"]: record for record in here[run]["records"] if "bounds" in record}
        else:
            place = before["runs"].index(run)
            values = {id: {**facts, "mean": facts["means"][place]} for id, facts in before["claims"].items()}
        for id, record in values.items():
            facts = {key: record[key] for key in ("bounds", "null", "beside")}
            entry = claims.setdefault(id, {**facts, "means": dict.fromkeys(order)})
            entry["means"][run] = record["mean"] if record["mean"] is None else float(f"{record['mean']:.12g}")
    for id, entry in claims.items():
        entry["means"] = list(entry["means"].values())
        given = {**dict(zip(BOUNDS, entry["bounds"], strict=True)), "beside": entry["beside"], **literals[id]}
        entry |= {"bounds": [given[key] for key in BOUNDS], "beside": given["beside"]}
        if "null" in given and "unit" in given:
            entry["null"] = null_of(given["null"], given["unit"])
    faults = {run: here[run]["fault"] if run in here else before["faults"].get(run) for run in order}
    return {
        "state": state(path),
        "seconds": round(here["seeds 0"]["seconds"], 1) if "seeds 0" in here else before.get("seconds"),
        "runs": order,
        "claims": claims,
        "faults": {run: fault for run, fault in faults.items() if fault},
    }


def say(line):
    print(line, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("chapters", nargs="*", type=Path, help="notebooks; without any, all chapters")
    parser.add_argument("--sets", nargs="*", type=int, default=[1, 2, 3], help="the fresh sets of seeds")
    parser.add_argument("--lacking", choices=OTHER_DATA, help="run nothing; name the chapters that lack this run")
    given = parser.parse_args()
    paths = [path.resolve() for path in given.chapters] or chapters.all_chapters()
    if given.lacking:
        print(*(path for path in paths if lacks(given.lacking, path)), sep="\n")
        return
    lacking = [path for path in paths if path.stem in chapters.OWN and not chapters.OWN[path.stem].exists()]
    for path in lacking:
        say(f"{path.stem} is left as it was: run make pytorch first")
    paths = [path for path in paths if path not in lacking]
    replicate(paths, given.sets)
    others = chapters.replication(ROOT)["chapters"]
    stems = {path.stem for path in lacking}
    others = {stem: facts for stem, facts in others.items() if given.chapters or stem in stems}
    found = {
        "date": str(date.today()),
        "processor": processor(),
        "cores": os.cpu_count(),
        "chapters": dict(sorted((others | {path.stem: collect(path, given.sets) for path in paths}).items())),
    }
    WRITTEN.write_text(json.dumps(found, indent=1) + "\n")
    claims = [claim for facts in found["chapters"].values() for claim in facts["claims"].values()]
    say(f"{len(claims)} claims in {WRITTEN.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
