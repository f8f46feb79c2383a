"""Submissions to assignment 1, most of them honest, of kinds that graders elsewhere stumbled over; and their points.

They belong to the class of tests/sample_class.py when tests/test_assignments.py grades it.
"""

import base64
import io
import json

import matplotlib.image
import nbformat
import numpy as np
from mutations import hand_in
from nbformat.v4 import new_code_cell, new_markdown_cell
from sample_class import NAME, WORTH, add, at, instead, solved

ODD = {}  # {act: what is lost; 'why', which a person marks, counts as lost if nobody is to read it}
WHY = "Mixed precision saves on activations. "


def odd(*lost):
    def keep(act):
        ODD[act] = lost
        return act

    return keep


def picture(kind="png"):
    file = io.BytesIO()
    matplotlib.image.imsave(file, np.eye(2), format=kind)
    return base64.b64encode(file.getvalue()).decode()


def blank(notebook):
    """The text answer as it was handed out. Returns its place."""
    place = at(notebook, "why")
    notebook.cells[place].source = "YOUR ANSWER HERE"
    return place


# ------------------------------------------------------------------ pictures


@odd()
def picture_in_a_cell_of_its_own(notebook):
    cell = new_markdown_cell("![a](attachment:a.png)", attachments={"a.png": {"image/png": picture()}})
    notebook.cells.insert(2, cell)


@odd()
def pictures_in_the_answer(notebook):
    """One in JPEG with a space in its name, as links write it, and one whose data are broken over lines."""
    cell = notebook.cells[at(notebook, "why")]
    cell.source = f"{WHY} ![a](attachment:my%20sketch.jpg) ![b](attachment:b.png)"
    lines = [picture()[:40] + "\n", picture()[40:]]
    cell["attachments"] = {"my sketch.jpg": {"image/jpeg": picture("jpeg")}, "b.png": {"image/png": lines}}


@odd()
def picture_that_is_gone(notebook):
    notebook.cells[at(notebook, "why")].source = f"{WHY} ![a](attachment:gone.png)"


@odd()
def picture_that_is_none(notebook):
    """A page of HTML that is said to be attached, and attachments of a strange form."""
    page = base64.b64encode(b"<script>alert(1)</script>").decode()
    cell = new_markdown_cell("![a](attachment:a.html)", attachments={"a.html": {"text/html": page}})
    notebook.cells.insert(2, cell)
    for attached in ([1], {"a.png": "text"}, {"a.png": {"image/png": 3}}, {"a.png": {"image/png": "no base64!"}}):
        notebook.cells.insert(2, new_markdown_cell("text") | {"attachments": attached})


# ------------------------------------------------------------------ text answers


@odd()
def carriage_returns(notebook):
    """Alone and before a line feed, in a text and in code."""
    notebook.cells[at(notebook, "why")].source = 'First line\rsecond line\r\nthird, "quoted"\x00\r'
    cell = notebook.cells[at(notebook, "dense")]
    cell.source = cell.source.replace("\n", "\r")


@odd()
def very_long_answer(notebook):
    notebook.cells[at(notebook, "why")].source = WHY * 4000


@odd()
def looks_like_a_formula(notebook):
    notebook.cells[at(notebook, "why")].source = '=1+1 is "two", and\n- that; is\tall'


@odd()
def split_answer(notebook):
    place = at(notebook, "why")
    cell = notebook.cells[place]
    cell.source = "the first half"
    notebook.cells.insert(place + 1, new_markdown_cell("the second half", metadata=cell.metadata))


@odd()
def split_in_three_with_a_cell_between(notebook):
    place = at(notebook, "why")
    cell = notebook.cells[place]
    cell.source = "YOUR ANSWER HERE"
    rest = [
        new_markdown_cell("the first half", metadata=cell.metadata),
        new_code_cell("2 + 2"),
        new_markdown_cell("the second half", metadata=cell.metadata),
    ]
    notebook.cells[place + 1 : place + 1] = rest


@odd()
def answer_below(notebook):
    notebook.cells.insert(blank(notebook) + 1, new_markdown_cell(WHY))


@odd()
def answer_above_in_a_code_cell(notebook):
    notebook.cells.insert(blank(notebook), new_code_cell(f"# {WHY}"))


@odd()
def answer_in_place_of_the_cell(notebook):
    notebook.cells[blank(notebook)] = new_markdown_cell(WHY)


@odd()
def answer_below_the_question(notebook):
    notebook.cells[blank(notebook) - 1].source += f"\n\n{WHY}"


@odd("why")
def no_answer_but_notes_elsewhere(notebook):
    """Nothing for a person to read: an empty cell at the end, and a cell of code that belongs to another question."""
    place = blank(notebook)
    notebook.cells.insert(place + 1, new_code_cell(" \n"))
    notebook.cells.insert(place - 1, new_code_cell("widest(784, 10, 1, 1000)"))


# ------------------------------------------------------------------ code that ends the kernel, now or later


def first(notebook, code):
    notebook.cells.insert(at(notebook, "dense"), new_code_cell(code))


@odd()
def quits_in_a_cell_of_its_own(notebook):
    first(notebook, "quit()")


@odd("dense", "budget")
def quits_in_answers(notebook):
    add(notebook, "dense", "exit()")
    instead(notebook, "budget", "get_ipython().kernel.do_shutdown(False)\nreturn 0")


@odd()
def timer_in_a_cell_of_its_own(notebook):
    first(notebook, "import os, threading\n\nthreading.Timer(0.05, os._exit, [0]).start()")


@odd("conv")
def alarm_in_an_answer(notebook):
    add(notebook, "conv", "import signal\n\nsignal.alarm(1)")


@odd("mlp")
def timer_in_a_function(notebook):
    """It is a test that starts it."""
    instead(notebook, "mlp", "import os, threading\nthreading.Timer(1, os._exit, [0]).start()\nreturn 0")


@odd()
def killed_by_another_process(notebook):
    """Which has left the kernel's session."""
    first(notebook, "import os\n\nos.system(f\"setsid sh -c 'sleep 0.5; kill -9 {os.getpid()}' &\")")


@odd()
def called_by_the_loop(notebook):
    first(notebook, "import asyncio, os\n\nasyncio.get_running_loop().call_later(0.2, os._exit, 0)")


@odd()
def ended_by_what_nobody_sees(notebook):
    """A thread that Python does not list."""
    first(notebook, "import faulthandler\n\nfaulthandler.dump_traceback_later(0.02, exit=True)")


@odd()
def names_of_builtins(notebook):
    first(notebook, "dict = vars = exec = compile = 5")


@odd()
def shows_no_results(notebook):
    """Nor all of them, and by both ways to say so."""
    first(notebook, 'get_ipython().ast_node_interactivity = "none"')
    call = "from IPython.core.interactiveshell import InteractiveShell\n\nInteractiveShell.ast_node_interactivity = "
    first(notebook, call + '"all"')
    notebook.cells.append(new_code_cell(call + '"none"'))
    notebook.cells.insert(at(notebook, "mlp"), new_code_cell(call + '"none"'))


@odd()
def shows_what_is_no_text(notebook):
    """Halves of signs, and data of the wrong type."""
    first(notebook, 'print("\\ud83d")')
    first(notebook, 'print("\\udc80 \\x00")')
    first(notebook, 'display({"text/plain": "\\udc80"}, raw=True)')
    first(notebook, 'raise ValueError("\\udc80 \\x00")')
    first(notebook, 'raise ValueError("\\ud83d")')
    first(notebook, 'display({"text/plain": "\\ud83d"}, raw=True)')
    first(notebook, 'display({"text/plain": 5, "image/png": [1], "text/html": {"a": None}}, raw=True)')
    first(notebook, 'display({"text/plain": "5"}, raw=True, metadata=5)')


@odd()
def leaves_a_copy_of_itself(notebook):
    """A process that is forked and no more, in a session of its own, whose parent has ended."""
    first(
        notebook,
        "import os, time\n\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        time.sleep(98765)\n"
        "    os._exit(0)",
    )


def make_class(folder):
    """Hand everything in. Returns {student: {question: points, None where a person has to mark}}."""
    expected, text = {}, nbformat.writes(solved())
    for act, lost in ODD.items():
        notebook = nbformat.reads(text, as_version=4)
        act(notebook)
        name = act.__name__.replace("_", "-")
        hand_in(folder, name, NAME, json.dumps(notebook))
        expected[name] = {id: 0 if id in lost else points for id, points in {**WORTH, "why": None}.items()}
    return expected
