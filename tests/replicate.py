"""How far claims hold: every chapter with fresh seeds, and on machines that this one can play.

`python tests/replicate.py [--sets 1 2 3] [CHAPTER...]` runs what has not been run yet, in the state that the files are
in, and writes what is known of it into book/replication.json. It can be stopped and started again: each chapter's
result is kept in .cache/replicate by the hash of the chapter's code and of the modules that it imports.
"""

import argparse
import ast
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

from utils.claims import processor  # noqa: E402

KEPT = ROOT / ".cache" / "replicate"
WRITTEN = ROOT / "book" / "replication.json"
TWO = dict.fromkeys(chapters.ONE_CORE, "2")
PROFILES = {  # what a processor without this or that would do; the first set of seeds
    "SSE4.1": {"ONEDNN_MAX_CPU_ISA": "SSE41"},
    "AVX2": {"ONEDNN_MAX_CPU_ISA": "AVX2"},
    "two threads": TWO,
    "without oneDNN": {"TF_ENABLE_ONEDNN_OPTS": "0"},
}


def runs(sets):
    """{name: variables}: the book's own seeds, the fresh sets, the profiles."""
    return {f"seeds {k}": {"COURSE_SEEDS": str(k)} for k in [0, *sets]} | PROFILES


def code_of(path):
    return [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def modules(sources, found=frozenset()):
    """The modules of `utils` that these sources import, and those that they import in turn."""
    names = set()
    for source in sources:
        for node in ast.walk(ast.parse(re.sub(r"^\s*[%!].*", "", source, flags=re.M))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "utils":
                names |= {node.module.split(".")[1]} if "." in node.module else {alias.name for alias in node.names}
    new = names - found
    return modules([(ROOT / "utils" / f"{name}.py").read_text() for name in new], found | new) if new else found


def state(path):
    """The hash of a chapter's code and of what it depends on: the modules that it imports, and the pinned libraries."""
    sources = code_of(path)
    files = [ROOT / "utils" / f"{name}.py" for name in sorted(modules(sources))]
    files += [ROOT / "requirements.txt", ROOT / "constraints.txt"]
    given = ["\n".join(sources), os.environ.get("COURSE_DATASET", ""), *(file.read_text() for file in files)]
    return hashlib.sha256(json.dumps(given).encode()).hexdigest()[:16]


def result_file(run, path):
    return KEPT / run.replace(" ", "-") / f"{path.stem}-{state(path)}.json"


def replicate(paths, sets):
    planned = runs(sets)
    for i, (run, env) in enumerate(planned.items()):
        missing = [path for path in paths if not result_file(run, path).exists()]
        say(f"run {i + 1} of {len(planned)}, {run}: {len(missing)} of {len(paths)} chapters to execute")
        for path, done in chapters.execute(missing, say, env, chapters.last_seconds()) if missing else ():
            result = {"seconds": done.seconds, "fault": done.fault, "records": chapters.records(done.notebook)}
            file = result_file(run, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(result))
            for record in chapters.broken(done.notebook):
                say("  " + chapters.describe(path.stem, record))


def collect(paths, sets):
    """What book/replication.json holds of the chapters: for each claim its bounds and its mean in each run, or null."""
    found = {}
    for path in paths:
        results = [json.loads(result_file(run, path).read_text()) for run in runs(sets)]
        claims = {}
        for i, result in enumerate(results):
            for record in result["records"]:
                if "bounds" not in record:
                    continue
                facts = {key: record[key] for key in ("bounds", "null", "beside")}
                entry = claims.setdefault(record["id"], {**facts, "means": [None] * len(results)})
                entry["means"][i] = float(f"{record['mean']:.12g}")
        faults = {run: result["fault"] for run, result in zip(runs(sets), results, strict=True) if result["fault"]}
        found[path.stem] = {"seconds": round(results[0]["seconds"], 1), "claims": claims, "faults": faults}
    return found


def say(line):
    print(line, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("chapters", nargs="*", type=Path, help="notebooks; without any, all chapters")
    parser.add_argument("--sets", nargs="*", type=int, default=[1, 2, 3], help="the fresh sets of seeds")
    given = parser.parse_args()
    paths = [path.resolve() for path in given.chapters] or chapters.all_chapters()
    lacking = [path for path in paths if path.stem in chapters.OWN and not chapters.OWN[path.stem].exists()]
    for path in lacking:
        say(f"{path.stem} is left as it was: run make pytorch first")
    paths = [path for path in paths if path not in lacking]
    replicate(paths, given.sets)
    stems = {path.stem for path in lacking}
    known = chapters.replication(ROOT)["chapters"]
    known = {stem: facts for stem, facts in known.items() if given.chapters or stem in stems}
    found = {
        "date": str(date.today()),
        "processor": processor(),
        "cores": os.cpu_count(),
        "chapters": {
            stem: {"runs": list(runs(given.sets)), **facts} for stem, facts in collect(paths, given.sets).items()
        },
    }
    found["chapters"] = dict(sorted((known | found["chapters"]).items()))
    WRITTEN.write_text(json.dumps(found, indent=1) + "\n")
    claims = [claim for facts in found["chapters"].values() for claim in facts["claims"].values()]
    say(f"{len(claims)} claims in {WRITTEN.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
