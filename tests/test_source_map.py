"""Every section of the source has its place in the course; its questions have their answers, and their code runs."""

import re

import keras
import numpy as np
import pytest
from conftest import ROOT

BOOK = ROOT / "book"
# the headings of the source; of a question, the words
HEADINGS = (ROOT / "tests" / "source_headings.txt").read_text()
SOURCE = dict(line.split(" ", 1) for line in HEADINGS.strip().splitlines())
QUESTIONS = [section for section in SOURCE if section.startswith("8.")]
FAQ = (BOOK / "faq.md").read_text()
MAP = (BOOK / "source_map.md").read_text()
CODE = re.findall(r"```python\n(.*?)```", FAQ, re.S)


def test_every_section_of_the_source_is_mapped():
    rows = [line.strip("| ").split(" | ") for line in MAP.splitlines() if line.startswith("| `")]
    assert {row[0].strip("`"): row[1] for row in rows} == SOURCE and len(rows) == len(SOURCE)
    assert [row[0].strip("`") for row in rows] == list(SOURCE)
    assert all(len(row) == 4 and len(row[3]) > 5 and re.fullmatch(r"[ -~]+", row[2]) for row in rows)


def test_nothing_is_still_to_come():
    for page in [*BOOK.glob("*.md"), ROOT / "README.md"]:
        assert not re.search(r", to come\b|\byet to be written|not in the course yet", page.read_text()), page.name


@pytest.mark.parametrize("page", ["faq.md", "source_map.md", "errata.md"])
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (BOOK / page).read_text()):
        assert (BOOK / target).is_file(), f"{page} links {target}"


def test_every_question_is_answered_once():
    asked = [number for title in re.findall(r"^## .*", FAQ, re.M) for number in re.findall(r"\b8\.\d+", title)]
    assert sorted(asked) == sorted(QUESTIONS) and len(QUESTIONS) == 13


def _other(code):
    """PyTorch is not installed by the course: its code is compiled here, and run where it is (-m other_libraries)."""
    return pytest.param(code, marks=pytest.mark.other_libraries) if "import torch" in code else code


@pytest.mark.parametrize("code", CODE, ids=lambda code: code.split()[1])
def test_code_of_an_answer_is_python(code):
    compile(code, "faq.md", "exec")


@pytest.mark.parametrize("code", [_other(code) for code in CODE], ids=lambda code: code.split()[1])
def test_code_of_an_answer_runs(code):
    compiled = compile(code, "faq.md", "exec")
    if "from_pretrained" in code:
        return  # would download
    x = np.random.default_rng(0).normal(size=(90, 4))  # float64, as NumPy has it
    x[75, 0] = -1
    y = (x[:, 0] > 0).astype(int)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, activation="softmax")])
    model.set_weights([np.eye(4)[:, :1] * [[-3, 3]], np.zeros(2)])  # it knows the rule; the first row is no class 1
    given = {"x_train": x[:60], "y_train": y[:60], "x_val": x[60:75], "y_val": y[60:75], "x_test": x[75:]}
    names = {**given, "model": model, "names": list("abcd"), "classes": ["no", "yes"]}
    exec(compiled, names)
    if "values" in names:
        assert names["values"].shape == (2, 4, 2)
    if "explanation" in names:
        assert names["explanation"].available_labels() == [0], "it explains the class that was predicted"
        assert len(names["explanation"].as_list(label=0)) == 3


def test_tensors_have_the_type_that_a_layer_takes():
    """PyTorch is not installed by the course, so this is read and not run."""
    tensors = re.findall(r"torch\.tensor\(.*", FAQ)
    assert len(tensors) == 2 and all("dtype=torch." in tensor for tensor in tensors)
