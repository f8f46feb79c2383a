"""What publishes the course: the workflow's commands exist, and nothing in it names an owner."""

import re

import yaml
from conftest import ROOT

WORKFLOW = (ROOT / ".github" / "workflows" / "course.yml").read_text()
JOBS = yaml.safe_load(WORKFLOW)["jobs"]
STEPS = [step for job in JOBS.values() for step in job["steps"]]


def test_commands_of_the_workflow_exist():
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M)
    commands = " ".join(step.get("run", "") for step in STEPS)
    assert "bash .ci/run" in commands and (ROOT / ".ci" / "run").is_file()
    assert set(re.findall(r"\bmake ([a-z]+)", commands)) <= set(targets)


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
