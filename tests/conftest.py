"""What the tests share. With CI=true a test that cannot run fails; elsewhere it is skipped and says why."""

import ast
import os
import re
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import chapters

if "PYTEST_XDIST_WORKER" in os.environ:  # tests side by side: a core each
    os.environ.update(chapters.ONE_CORE)

import keras
import nbformat
import pytest
import tensorflow as tf

# TFMOT, when it comes first, turns tf.keras into tf_keras for good, and then shap knows no Keras 3 model
assert tf.keras.Model is keras.Model

MNIST = os.environ.get("COURSE_DATA")  # as the caller set it, before any test changes it
ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
TEMPLATE = ROOT / "notebooks" / "template.ipynb"  # of a chapter: held to what chapters are held to


def cannot_run(why):
    """Skip, or fail where skipping would hide that nothing was checked."""
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)


def cells(notebook, kind):
    """The cells of a notebook as the site has them: `found(...)` is prose."""
    read = chapters.site_form(nbformat.read(notebook, as_version=4), notebook.name)
    return [cell for cell in read.cells if cell.cell_type == kind]


def claim_calls(notebook, names=("claim", "measured")):
    """The `claim(...)` and `measured(...)` calls of a chapter, as syntax trees."""
    # a line magic is not Python; no chapter needs one in a cell with claims
    trees = [ast.parse(re.sub(r"^%.*", "", cell.source, flags=re.M)) for cell in cells(notebook, "code")]
    return [
        node
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names
    ]


def defined_in(notebook, *names, **given):
    """Functions and classes that a chapter defines, taken out of its cells; `given` are the names that they use."""
    namespace = dict(given)
    for cell in cells(notebook, "code"):
        for node in ast.parse(re.sub(r"^%.*", "", cell.source, flags=re.M)).body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name in names:
                exec(compile(ast.Module([node], []), str(notebook), "exec"), namespace)
    return [namespace[name] for name in names]


@pytest.fixture
def eagerly():
    """A function cut out of a cell has no source that TensorFlow could make a graph of."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture
def no_dataset(monkeypatch):
    """The default data, whatever the caller's environment asks for."""
    monkeypatch.delenv("COURSE_DATASET", raising=False)
    monkeypatch.delenv("COURSE_DATA", raising=False)


@pytest.fixture
def mnist(monkeypatch):
    """Real MNIST, which only COURSE_DATA can give: a test downloads nothing."""
    if MNIST is None:
        pytest.skip("COURSE_DATA names no folder with mnist.npz")
    if not Path(MNIST, "mnist.npz").is_file():
        cannot_run(f"COURSE_DATA is {MNIST}, which holds no mnist.npz")
    monkeypatch.setenv("COURSE_DATASET", "mnist")
    monkeypatch.setenv("COURSE_DATA", MNIST)
