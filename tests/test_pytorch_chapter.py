"""The appendix on PyTorch: without the library it says so; with it, its functions carry a network over unchanged."""

import importlib
import os
import re
import subprocess
import sys
from importlib import metadata

import chapters
import keras
import numpy as np
import pytest
from conftest import ROOT, cannot_run, defined_in
from keras import layers

CHAPTER = ROOT / "notebooks" / "22_pytorch.ipynb"


def test_without_pytorch_the_chapter_says_so_and_has_no_results(monkeypatch):
    if importlib.util.find_spec("torch"):
        cannot_run("PyTorch is installed here")
    monkeypatch.setattr(chapters, "OWN", {})
    ((_, done),) = chapters.execute([CHAPTER], lambda line: None)
    assert not done.fault and chapters.records(done.notebook) == []
    assert {"torch", "transformers", "captum"} <= set(chapters.absent(done.notebook))
    said = [out.data["text/markdown"] for cell in done.notebook.cells for out in cell.get("outputs", [])
            if "text/markdown" in out.get("data", {})]  # fmt: skip
    assert len(said) == 1 and "make pytorch" in said[0]


# ------------------------------------------------------------------ in the environment of `make pytorch`


@pytest.fixture
def torch():
    return importlib.import_module("torch")


@pytest.fixture
def networks(torch):
    """The chapter's network in Keras and a function that makes its twin."""
    given = {"np": np, "keras": keras, "layers": layers, "torch": torch, "nn": torch.nn}
    names = ("in_keras", "in_torch", "channels_first", "turned", "twin")
    in_keras, _, channels_first, turned, twin = defined_in(CHAPTER, *names, **given)
    return in_keras(0), twin, channels_first, turned


@pytest.mark.other_libraries
def test_the_environment_holds_the_course_as_it_is_pinned():
    """What PyTorch brings must not lay another version over one of the course's."""
    pins = re.findall(r"^([\w-]+)==([\w.]+)", (ROOT / "requirements.txt").read_text(), re.M)
    assert len(pins) > 20 and {name: metadata.version(name) for name, _ in pins} == dict(pins)


@pytest.mark.other_libraries
def test_keras_on_pytorch_is_refused():
    env = {**os.environ, "KERAS_BACKEND": "torch"}
    done = subprocess.run(
        [sys.executable, "-c", "import utils.training"], cwd=ROOT, env=env, capture_output=True, text=True
    )
    assert done.returncode == 1 and "ImportError: the course needs Keras with TensorFlow; KERAS_BACKEND" in done.stderr


@pytest.mark.other_libraries
def test_a_twin_gives_the_same_answers_and_one_with_its_rows_in_the_other_order_does_not(torch, networks):
    model, twin, channels_first, _ = networks
    x = np.random.default_rng(0).random((7, 28, 28, 1)).astype("float32")
    ours = model(x).numpy()
    with torch.no_grad():
        assert twin(model)(channels_first(x)).numpy() == pytest.approx(ours, abs=1e-5)
        assert np.abs(twin(model, reorder=False)(channels_first(x)).numpy() - ours).max() > 0.01


@pytest.mark.other_libraries
def test_deleted_weights_stay_behind_the_mask(torch, networks):
    """The second exercise: no gradient reaches them, weight decay does."""
    model, twin, channels_first, _ = networks
    x = channels_first(np.random.default_rng(0).random((7, 28, 28, 1)).astype("float32"))
    for decay in (0, 0.1):
        network = twin(model)
        torch.nn.utils.prune.l1_unstructured(network[7], "weight", amount=0.5)
        gone, before = network[7].weight_mask == 0, network[7].weight_orig.detach().clone()
        optimizer = torch.optim.SGD(network.parameters(), 0.1, momentum=0.9, weight_decay=decay)
        for _ in range(3):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(network(x), torch.arange(7)).backward()
            optimizer.step()
        after = network[7].weight_orig.detach()
        assert not torch.equal(after[~gone], before[~gone])
        assert torch.equal(after[gone], before[gone]) == (decay == 0)
        assert decay == 0 or bool((after[gone].abs() <= before[gone].abs()).all())
