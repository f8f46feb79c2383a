"""A class to try `make grade` on: right, wrong and hostile submissions to assignment 1, and what each should get.

`python tests/sample_class.py FOLDER` hands them in; tests/test_assignments.py grades them.
"""

import json
import re
import sys
from pathlib import Path

import nbformat
from mutations import answers, fill, hand_in, questions, released, source
from nbformat.v4 import new_code_cell, new_markdown_cell

NAME = "1_counting"
WORTH = questions(NAME)
STUDENTS = []


def solved():
    """The notebook as handed out, with the model answers in it: what a good student hands in."""
    marked = [cell for cell in source(NAME).cells if cell.metadata.get("nbgrader", {}).get("solution")]
    return fill(released(NAME), {cell.metadata.nbgrader.grade_id: cell.source for cell in marked})


def at(notebook, id):
    """The place of a cell."""
    ids = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in notebook.cells]
    return ids.index(id)


def add(notebook, id, code):
    """Run code at the end of an answer."""
    notebook.cells[at(notebook, id)].source += f"\n\n{code}"


def instead(notebook, id, code):
    """Let the function that answers a question do something else."""
    cell = notebook.cells[at(notebook, id)]
    signature = re.search(r"^def .+:$", cell.source, re.M)[0]
    cell.source = "\n    ".join([signature, *code.strip().splitlines()])


# ------------------------------------------------------------------ what students do. Each returns the questions lost


def student(act):
    STUDENTS.append(act)
    return act


@student
def right(notebook):
    return []


@student
def another_way(notebook):
    kept = answers(NAME)
    fill(notebook, {id: next(code for kind, _, code in kept[id] if kind == "right") for id in kept})
    return []


@student
def nothing(notebook):
    fill(notebook, {cell.metadata.nbgrader.grade_id: "" for cell in notebook.cells if "nbgrader" in cell.metadata})
    return [*WORTH, "why"]


@student
def some_wrong(notebook):
    kept = answers(NAME)
    for id in ("dense", "budget"):
        fill(notebook, {id: next(code for kind, _, code in kept[id] if kind == "wrong")})
    return ["dense", "budget"]


@student
def syntax_error(notebook):
    instead(notebook, "conv", "return (((")
    return ["conv"]


@student
def endless_loop(notebook):
    instead(notebook, "mlp", "while True:\n    pass")
    return ["mlp"]


@student
def loop_that_ignores_interrupts(notebook):
    """The kernel has to be killed; what was right before and after it keeps its points."""
    add(
        notebook,
        "flops",
        "while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass",
    )
    return ["flops"]


@student
def deletes_cells(notebook):
    for id in ("test-dense", "mlp", "conv", "test-conv", "why"):
        del notebook.cells[at(notebook, id)]
    return ["mlp", "conv", "why"]


@student
def deletes_everything(notebook):
    notebook.cells.clear()
    return [*WORTH, "why"]


@student
def no_json(notebook):
    return "I could not find the notebook, sorry."


@student
def no_notebook(notebook):
    return json.dumps([{"cells": "none"}])


@student
def prints_a_gigabyte(notebook):
    """In one piece, in many, and from another program."""
    add(notebook, "dense", 'print("x" * 10**9)')
    instead(notebook, "decoder", 'while True:\n    print("x" * 10**6)')
    add(notebook, "memory", 'import os\n\nos.system("yes")')
    return ["decoder", "memory"]


@student
def shows_too_much(notebook):
    """Past everything that is printed."""
    instead(notebook, "decoder", 'display({"text/plain": "x" * 3 * 10**8}, raw=True)')
    return ["decoder"]


@student
def prints_much_and_ends(notebook):
    """What is printed again when a kernel starts anew does not add up."""
    for id in ("dense", "mlp"):
        add(notebook, id, 'print("x" * 700_000)')
    add(notebook, "conv", "import os\n\nos._exit(0)")
    return ["conv"]


@student
def overwrites_tests(notebook):
    """By every means that a notebook's metadata has."""
    for id, code in [("dense", "return 0"), ("mlp", "return 0"), ("conv", "return 0, 0"), ("budget", "return 0")]:
        instead(notebook, id, code)
    notebook.cells[at(notebook, "test-dense")].source = "pass"
    notebook.cells[at(notebook, "test-mlp")].metadata.tags = ["skip-execution"]
    notebook.cells[at(notebook, "test-conv")].metadata.nbgrader.points = 100
    budget = notebook.cells[at(notebook, "test-budget")]
    notebook.cells[at(notebook, "test-budget")] = new_markdown_cell(budget.source, metadata=budget.metadata)
    return ["dense", "mlp", "conv", "budget"]


@student
def copies_and_moves_cells(notebook):
    """Honest: a test twice, an answer in two cells of the same id, a helper in a cell of its own."""
    copied = notebook.cells[at(notebook, "test-dense")]
    notebook.cells.append(new_code_cell(copied.source, metadata=copied.metadata))
    answer = notebook.cells[at(notebook, "mlp")]
    helper = new_code_cell("def size(a, b):\n    return (a + 1) * b", metadata=answer.metadata)
    notebook.cells.insert(at(notebook, "mlp"), helper)
    answer.source = "def mlp_parameters(widths):\n    return sum(size(*pair) for pair in zip(widths, widths[1:]))"
    notebook.cells.insert(at(notebook, "conv"), new_code_cell("def half(n):\n    return n // 2"))
    add(notebook, "conv", "assert half(4) == 2")
    return []


@student
def shadows_builtins(notebook):
    """Honest: names of their own that tests use too."""
    notebook.cells.insert(0, new_code_cell("abs = zip = index = Random = draw = got = print"))
    return []


@student
def rebinds_what_tests_use(notebook):
    code = """
import builtins, operator, random, sys
import numpy as np

operator.index = lambda value: 20
builtins.abs = builtins.len = lambda value: 0
random.Random = builtins.AssertionError = None
np.allclose = np.array_equal = np.testing.assert_allclose = lambda *given, **options: True
"""
    notebook.cells.insert(0, new_code_cell(code))
    instead(notebook, "dense", "return 20 if bias else 15")
    return ["dense"]


@student
def switches_asserts_off(notebook):
    code = """
import ast

class NoAsserts(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.Pass()

get_ipython().ast_transformers.append(NoAsserts())
"""
    notebook.cells.insert(0, new_code_cell(code))
    instead(notebook, "dense", "return 1")
    return ["dense"]


@student
def replaces_tests_on_the_way(notebook):
    """IPython is told to run nothing of what comes."""
    instead(notebook, "budget", "return 1")
    add(notebook, "budget", 'get_ipython().input_transformers_cleanup.append(lambda lines: ["pass\\n"])')
    return ["budget"]


@student
def shows_points(notebook):
    """nbgrader takes a number that a test cell shows for partial credit."""
    instead(notebook, "dense", "get_ipython().displayhook(2)\nreturn 0")
    return ["dense"]


@student
def ends_python(notebook):
    instead(notebook, "dense", "import os\n\nos._exit(0)")
    instead(notebook, "mlp", "raise SystemExit")
    instead(notebook, "conv", "exit()")
    add(notebook, "memory", "import os, signal\n\nos.kill(os.getpid(), signal.SIGKILL)")
    return ["dense", "mlp", "conv", "memory"]


@student
def fills_memory(notebook):
    instead(notebook, "dense", "held = []\nwhile True:\n    held.append(bytearray(10**8))")
    return ["dense"]


@student
def looks_around(notebook):
    """Neither tests nor grades nor model answers nor secrets lie about where the code runs: so this loses nothing."""
    code = """
import os
from pathlib import Path

import utils

around = [Path.cwd().parent, Path.home().parent, Path(utils.__file__).parents[2]]
found = [path for folder in around for kind in ("*.ipynb", "*.db") for path in folder.glob(f"*/{kind}")]
if found or "SECRET" in os.environ:
    raise SystemError(f"{found} {os.environ}")
return (n_in + bias) * n_out
"""
    instead(notebook, "dense", code)
    return []


@student
def leaves_a_process(notebook):
    add(notebook, "dense", 'import subprocess\n\nsubprocess.Popen(["sleep", "98765"], start_new_session=True)')
    return []


def make_class(folder):
    """Hand everything in. Returns {student: {question: points, None where a person has to mark}}."""
    expected = {}
    text = nbformat.writes(solved())
    for act in STUDENTS:
        notebook = nbformat.reads(text, as_version=4)
        done = act(notebook)
        name = act.__name__.replace("_", "-")
        lost = [*WORTH, "why"] if isinstance(done, str) else done
        hand_in(folder, name, NAME, done if isinstance(done, str) else notebook)
        expected[name] = {id: 0 if id in lost else points for id, points in {**WORTH, "why": None}.items()}
    return expected


if __name__ == "__main__":
    make_class(Path(sys.argv[1]))
