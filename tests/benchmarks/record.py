"""One JSON file for the results of all benchmarks, from which a page of the book is made."""

import json
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
