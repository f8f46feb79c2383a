"""What `make replicate` found, held to what the course promises of a claim: book/replication.json is read, not made."""

import ast
import json

import nbformat
import numpy as np
import pytest
import replicate
from chapters import replication
from conftest import CHAPTERS, ROOT, claim_calls

from utils.claims import within

FOUND = replication(ROOT)
PROFILES = {"SSE4.1", "AVX2", "two threads", "without oneDNN"}


def is_effect(claim):
    """Whether the bounds exclude what no effect would give."""
    return not within(claim["null"], claim["bounds"])


def margin(claim):
    """How far the bounds reach from what no effect would give."""
    return max(abs(limit - claim["null"]) for limit in claim["bounds"] if limit is not None)


def complaints(id, claims, runs):
    """What is wrong with one replicated claim of a chapter, whose runs have these names."""
    claim, found = claims[id], []
    means = dict(zip(runs, claim["means"], strict=True))
    # on the other data a chapter may leave a part out
    found += [f"no value in the run {run}" for run, m in means.items() if m is None and run not in replicate.OTHER_DATA]
    known = {run: mean for run, mean in means.items() if mean is not None}
    found += [f"broke in the run {run}: {m:g}" for run, m in known.items() if not within(m, claim["bounds"])]
    sets = [mean for run, mean in known.items() if run.startswith("seeds ")]
    if claim["bounds"][2] is None and len(sets) > 1:
        centre, spread = np.mean(sets), np.std(sets, ddof=1)
        if not all(within(centre + way * 2 * spread, claim["bounds"]) for way in (-1, 1)):
            found.append(f"{centre:.3g} is less than two deviations of {spread:.2g} inside its bounds")
    if claim["bounds"][2] is None and not is_effect(claim):
        rival = claims.get(claim["beside"])
        if rival is None or not is_effect(rival):
            found.append("its bounds admit that there is no effect, and it stands beside none")
        elif margin(claim) >= min(abs(b - rival["null"]) for b in rival["bounds"] if b is not None):
            found.append(f"its margin is not smaller than the effect {claim['beside']!r} beside it")
    return found


def test_every_claim_was_replicated():
    assert set(FOUND["chapters"]) == {path.stem for path in CHAPTERS}
    for path in CHAPTERS:
        facts = FOUND["chapters"][path.stem]
        made = {ast.literal_eval(call.args[0]) for call in claim_calls(path, ["claim"])}
        assert made == set(facts["claims"]), f"run make replicate: {path.stem}"
        fresh = [run for run in facts["runs"] if run.startswith("seeds ") and run != "seeds 0"]
        assert "seeds 0" in facts["runs"] and len(fresh) >= 3 and set(facts["runs"]) >= PROFILES
        assert ("MNIST" in facts["runs"]) == (path.stem < "06"), "Part I runs on both data sets"


@pytest.mark.parametrize("notebook", CHAPTERS, ids=lambda p: p.stem)
def test_claims_held_in_every_run(notebook):
    facts = FOUND["chapters"][notebook.stem]
    assert not facts["faults"]
    found = [f"{id}: {what}" for id in facts["claims"] for what in complaints(id, facts["claims"], facts["runs"])]
    found += [
        f"{id}: its {word} has changed since; run make replicate"
        for id, given in replicate.said(notebook).items()
        for word, was in zip(replicate.BOUNDS, facts["claims"][id]["bounds"], strict=True)
        if given.get(word, was) != was
    ]
    assert not found, "\n".join(found)


# ------------------------------------------------------------------ the check itself can fail

RUNS = ["seeds 0", "seeds 1", "seeds 2", "AVX2"]
EFFECT = {"bounds": [0.1, None, None], "null": 0, "beside": None, "means": [0.3, 0.31, 0.29, 0.3]}


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({}, None),
        ({"means": [0.3, 0.31, 0.29, 0.05]}, "broke in the run AVX2: 0.05"),
        ({"means": [0.3, None, 0.29, 0.3]}, "no value in the run seeds 1"),
        ({"means": [0.2, 0.35, 0.12, 0.3]}, "less than two deviations"),
        ({"bounds": [-0.1, None, None]}, "admit that there is no effect"),
        ({"bounds": [0.0, None, None]}, "admit that there is no effect"),
        ({"bounds": [None, 0.4, None]}, "admit that there is no effect"),
        ({"null": 0.25}, "admit that there is no effect"),
        ({"bounds": [-0.1, 0.4, None], "beside": "other"}, "margin is not smaller"),
        ({"bounds": [-0.1, 0.4, None], "beside": "nowhere"}, "stands beside none"),
        ({"bounds": [None, None, 3], "means": [3, 3, 3, 3]}, None),
        ({"bounds": [None, -0.1, None], "means": [-0.3, -0.31, -0.29, -0.3]}, None),
    ],
)
def test_complaints(changes, complaint):
    other = {**EFFECT, "bounds": [0.3, None, None]}
    found = complaints("one", {"one": {**EFFECT, **changes}, "other": other}, RUNS)
    assert any(complaint in what for what in found) if complaint else found == []


def test_a_small_margin_beside_a_large_effect_is_a_claim():
    none = {**EFFECT, "bounds": [-0.05, 0.05, None], "means": [0.01, 0.0, -0.01, 0.01], "beside": "effect"}
    assert complaints("none", {"none": none, "effect": EFFECT}, RUNS) == []


# ------------------------------------------------------------------ the runs themselves


def chapter_that_says(path, code):
    lines = "from utils.claims import claim, measured\nfrom utils.seeds import seeds\n"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(lines + code)])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, path)
    return path


def test_runs_move_the_seeds_are_kept_and_collected(tmp_path, monkeypatch):
    for name in ("COURSE_DATASET", "COURSE_SEEDS", "COURSE_CLAIMS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(replicate, "KEPT", tmp_path / "kept")
    monkeypatch.setattr(replicate, "PROFILES", {"two threads": {"OMP_NUM_THREADS": "2"}})
    monkeypatch.setattr(replicate, "OTHER_DATA", {})
    said = []
    monkeypatch.setattr(replicate, "say", said.append)
    code = "import os\nclaim('a-seed', 'It is small', seeds(1)[0], at_most=5000)\nmeasured('a-time', 'x', 1)\n"
    code += "claim('a-thread', 'One', int(os.environ['OMP_NUM_THREADS']), exactly=1)"
    paths = [chapter_that_says(tmp_path / "01_x.ipynb", code), chapter_that_says(tmp_path / "02_y.ipynb", "1 / 0")]
    replicate.replicate(paths, [1])
    found = {path.stem: replicate.collect(path, [1]) for path in paths}
    assert list(replicate.runs([1])) == ["seeds 0", "seeds 1", "two threads"]
    claims = found["01_x"]["claims"]
    assert set(claims) == {"a-seed", "a-thread"} and claims["a-seed"]["bounds"] == [None, 5000, None]
    assert claims["a-seed"]["means"] == [0, 10_000, 0] and claims["a-thread"]["means"] == [1, 1, 2]
    assert set(found["02_y"]["faults"]) == {"seeds 0", "seeds 1", "two threads"}
    assert any("claim 'a-seed' did not hold here" in line for line in said)
    said.clear()
    replicate.replicate(paths, [1])
    assert all("0 of 2 chapters" in line for line in said), "what was run is not run again"


def test_further_sets_join_those_that_the_file_knows(tmp_path, monkeypatch):
    monkeypatch.setattr(replicate, "KEPT", tmp_path / "kept")
    path = chapter_that_says(tmp_path / "01_x.ipynb", "claim('a-seed', 'Small', 3, at_most=5)")
    means = [3, 4, None]
    claims = {"a-seed": {"bounds": [None, 9, None], "null": 0, "beside": None, "means": means}}
    runs = ["seeds 0", "seeds 2", "AVX2"]
    before = {"state": replicate.state(path), "seconds": 1, "runs": runs, "claims": claims, "faults": {"AVX2": "broke"}}
    monkeypatch.setattr(replicate.chapters, "replication", lambda root: {"chapters": {"01_x": before}})
    fresh = replicate.result_file("seeds 1", path)
    fresh.parent.mkdir(parents=True)
    record = {"id": "a-seed", "mean": 7, "bounds": [None, 5, None], "null": 0, "beside": None}
    fresh.write_text(json.dumps({"seconds": 2, "fault": None, "records": [record]}))
    found = replicate.collect(path, [1])
    assert found["runs"] == ["seeds 0", "seeds 1", "seeds 2", "AVX2"] and found["faults"] == {"AVX2": "broke"}
    assert found["claims"]["a-seed"]["means"] == [3, 7, 4, None]
    assert found["claims"]["a-seed"]["bounds"] == [None, 5, None], "a bound is the chapter's, not that of the run"
    before["state"] = "another"
    assert replicate.collect(path, [1])["runs"] == ["seeds 1"], "of another state nothing is kept"


def test_part_one_lacks_mnist_until_it_was_run_so_in_its_state(tmp_path, monkeypatch):
    monkeypatch.setattr(replicate, "KEPT", tmp_path / "kept")
    one, other = (chapter_that_says(tmp_path / f"{name}.ipynb", "1") for name in ("01_x", "06_y"))
    assert replicate.lacks("MNIST", one) and not replicate.lacks("MNIST", other)
    known = {"chapters": {"01_x": {"state": replicate.state(one), "runs": ["MNIST"]}}}
    monkeypatch.setattr(replicate.chapters, "replication", lambda root: known)
    assert not replicate.lacks("MNIST", one)
    assert replicate.lacks("MNIST", chapter_that_says(one, "2")), "in another state it was not"


def test_a_chapter_is_run_again_when_what_it_depends_on_changes(tmp_path, monkeypatch):
    assert replicate.modules(["from utils import training\nfrom utils.claims import claim"]) >= {"training", "claims"}
    assert "checks" in replicate.modules(["from utils import training"]), "what a module imports counts too"
    assert "plots" not in replicate.modules(["from utils import training"])
    states = {replicate.state(chapter_that_says(tmp_path / "01_x.ipynb", code)) for code in ("1", "2", "1")}
    assert len(states) == 2
    reads = chapter_that_says(tmp_path / "02_y.ipynb", 'Path("01_x.ipynb")')
    before = replicate.state(reads)
    chapter_that_says(tmp_path / "01_x.ipynb", "2")
    assert replicate.state(reads) != before, "so does a notebook that a chapter reads"


@pytest.mark.parametrize(
    ("code", "same"),
    [
        ("claim('a-seed', 'Said otherwise', 3, at_most=6, null=1 / 3)  # a word on it", True),
        ("claim('a-seed', 'Small', 4, at_most=5)", False),
        ("claim('a-seed', 'Small', 3, at_most=limit())", False),
        ("claim('another-seed', 'Small', 3, at_most=5)", False),
        ("'A cell between'", False),
        ("claim('a-seed', 'Small', 3, at_most=5)\nfound('It is {a-seed:.1f}')", True),
    ],
)
def test_what_is_said_of_a_value_is_no_part_of_the_state(tmp_path, code, same):
    first = chapter_that_says(tmp_path / "01_x.ipynb", "claim('a-seed', 'Small', 3, at_most=5)")
    other = chapter_that_says(tmp_path / "02_y.ipynb", code)
    assert (replicate.state(first) == replicate.state(other)) == same
