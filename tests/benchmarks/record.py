"""One JSON file for the results of all benchmarks, from which a page of the book is made."""

import json
import os
import platform
import sys
from datetime import date
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).resolve().parents[2] / "book" / "benchmarks.json"


def record(name, result, path=RESULTS):
    """Put `result` (a dict) under the key `name`; what other benchmarks wrote there stays.

    ValueError if the file holds something other than a JSON object: mend or remove it.
    """
    results = json.loads(path.read_text()) if path.exists() else {}
    if not isinstance(results, dict):
        raise ValueError(f"{path.name} holds a {type(results).__name__}, not an object; mend or remove it")
    results[name] = result
    path.write_text(json.dumps(results, indent=2, sort_keys=True) + "\n")


def conditions(seconds, seeds, packages):
    """What every result says of its run: duration, seeds, versions of Python and of the packages, date, machine."""
    return {
        "seconds": round(seconds),
        "seeds": list(seeds),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in packages}},
        "date": date.today().isoformat(),
        "machine": {"cores": os.cpu_count(), "platform": platform.machine()},
    }


def report(result):
    """Print a result, row by row, and whether each target is met. Returns the exit code: 1 if one is missed."""
    seeds = f"seeds {', '.join(map(str, result['seeds']))}; " if result["seeds"] else ""
    print(f"\n{result['title']} ({seeds}{result['seconds']} s)\n")
    for row in result["rows"]:
        met = {True: "  met", False: "  MISSED"}.get(result["targets_met"].get(row["what"]), "")
        print(f"{row['what']:72}{row['value']:44}{row['target']}{met}")
    missed = [what for what, met in result["targets_met"].items() if not met]
    if missed:
        print(f"\nMissed: {'; '.join(missed)}. The figures stand in book/benchmarks.json.", file=sys.stderr)
    return 1 if missed else 0
