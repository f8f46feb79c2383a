"""Where published weights are looked for, and that no other file is taken for them."""

import ast
import builtins
import hashlib
from importlib import metadata

import pytest
from conftest import CHAPTERS, cells

from utils import claims, pretrained

NAME = "entry_points.txt"  # a file that the wheel of pip's neighbour lays beside its metadata


@pytest.fixture(autouse=True)
def no_folder(monkeypatch):
    monkeypatch.delenv("COURSE_WEIGHTS", raising=False)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def installed():
    """A file of an installed package, as an example of any."""
    path = next(file for file in metadata.files("jupyterlab") if file.name == NAME).locate()
    return path, sha256(path.read_bytes())


def test_the_file_of_a_package_is_found():
    path, digest = installed()
    assert pretrained.find("jupyterlab", NAME, digest) == path
    assert pretrained.find("jupyterlab", f"{path.parent.name}/{NAME}", digest.upper()) == path


@pytest.mark.parametrize("package, name", [("no-such-package", NAME), ("jupyterlab", "no_such_file")])
def test_what_is_missing_is_none(package, name):
    assert pretrained.find(package, name, "0" * 64) is None


def test_another_file_is_refused():
    with pytest.raises(ValueError, match=r"another file.*SHA-256"):
        pretrained.find("jupyterlab", NAME, "0" * 64)


def test_a_folder_comes_first(tmp_path, monkeypatch):
    (tmp_path / NAME).write_bytes(b"mine")
    monkeypatch.setenv("COURSE_WEIGHTS", str(tmp_path))
    assert pretrained.find("no-such-package", f"models/{NAME}", sha256(b"mine")) == tmp_path / NAME
    with pytest.raises(ValueError, match="another file"):
        pretrained.find("jupyterlab", NAME, installed()[1])


def test_a_folder_without_the_file_leaves_the_package(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_WEIGHTS", str(tmp_path))
    path, digest = installed()
    assert pretrained.find("jupyterlab", NAME, digest) == path


def test_a_folder_that_is_none_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_WEIGHTS", str(tmp_path / "nowhere"))
    with pytest.raises(ValueError, match=r"COURSE_WEIGHTS.*no folder"):
        pretrained.find("jupyterlab", NAME, "0" * 64)


@pytest.mark.parametrize("digest", ["", "57934424", "g" * 64])
def test_a_part_of_a_hash_is_none(digest):
    with pytest.raises(ValueError, match="sha256 is"):
        pretrained.find("jupyterlab", NAME, digest)


# ------------------------------------------------------------------ chapters that do without


class Shell:
    def __init__(self):
        self.input_transformers_cleanup = [str.upper]


@pytest.fixture
def shell(monkeypatch):
    shell, shown = Shell(), []
    monkeypatch.setattr(claims, "absent", [])
    monkeypatch.setattr(pretrained, "get_ipython", lambda: shell)
    monkeypatch.setattr(pretrained, "display", lambda data, raw, metadata: shown.append((data, metadata)))
    return shell, shown


def test_what_is_there_changes_nothing(shell, tmp_path):
    pretrained.require({"a-package": tmp_path})
    assert not shell[1] and not claims.absent and shell[0].input_transformers_cleanup == [str.upper]


def test_what_is_missing_is_said_and_the_cells_that_need_it_are_left_out(shell, tmp_path):
    for _ in range(2):
        pretrained.require({"a-package": None, "b-package": tmp_path})
    assert claims.absent == ["a-package"]
    assert shell[0].input_transformers_cleanup == [str.upper, pretrained.leave_out]
    data, metadata = shell[1][-1]
    assert "a-package is not installed" in data["text/markdown"] and "b-package" not in data["text/markdown"]
    assert metadata == {"absent": ["a-package"]}
    pretrained.require({"a-package": tmp_path})
    assert not claims.absent and shell[0].input_transformers_cleanup == [str.upper]


def test_only_a_marked_cell_is_left_out():
    assert pretrained.leave_out(["# with weights\n", "1 / 0\n"]) == ["pass\n"]
    for lines in ([], ["x = 1\n", "# with weights\n"], ["# with weights and more\n"]):
        assert pretrained.leave_out(lines) == lines


def test_libraries_that_are_missing_are_said_once_and_take_the_weights_with_them(shell, tmp_path):
    pretrained.require({"a-package": None}, libraries=["json", "no_such_library"])
    assert claims.absent == ["no_such_library", "a-package"]
    ((data, metadata),) = shell[1]
    assert "no_such_library: not installed here" in data["text/markdown"] and "make pytorch" in data["text/markdown"]
    assert "json" not in data["text/markdown"] and metadata == {"absent": ["no_such_library", "a-package"]}
    assert shell[0].input_transformers_cleanup == [str.upper, pretrained.leave_out_libraries]
    for mark in ("# with weights", "# with PyTorch"):
        assert pretrained.leave_out_libraries([f"{mark}\n", "1 / 0\n"]) == ["pass\n"]
    pretrained.require({"a-package": None}, libraries=["json"])
    assert shell[0].input_transformers_cleanup == [str.upper, pretrained.leave_out]
    assert pretrained.leave_out(["# with PyTorch\n", "x = 1\n"]) == ["# with PyTorch\n", "x = 1\n"]


def test_weights_can_be_refused(monkeypatch):
    monkeypatch.setenv("COURSE_WEIGHTS", "none")
    assert pretrained.find("jupyterlab", NAME, "0" * 64) is None


def names(source):
    """What a cell binds, and what it reads when it is run: what its functions read they read when they are called."""
    statements = ast.parse(source).body
    nodes = [node for statement in statements for node in ast.walk(statement)]
    bound = {n.id for n in nodes if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    bound |= {n.name for n in nodes if isinstance(n, (ast.FunctionDef, ast.ClassDef))}
    bound |= {n.arg for n in nodes if isinstance(n, ast.arg)}
    imports = [n for n in nodes if isinstance(n, (ast.Import, ast.ImportFrom))]
    bound |= {(a.asname or a.name).split(".")[0] for n in imports for a in n.names}
    run = [s for s in statements if not isinstance(s, (ast.FunctionDef, ast.ClassDef))]
    read = {n.id for s in run for n in ast.walk(s) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    return bound, read


def code(notebook):
    return [cell.source for cell in cells(notebook, "code")]


@pytest.mark.parametrize(
    "notebook",
    [path for path in CHAPTERS if "pretrained.find(" in "\n".join(code(path))],
    ids=lambda path: path.stem,
)
def test_a_chapter_is_whole_without_its_weights(notebook):
    """No cell that stays reads what only a cell that is left out has made."""
    known = set(dir(builtins))
    for source in code(notebook):
        if not source.startswith((pretrained.MARK, pretrained.LIBRARY_MARK)):
            bound, read = names(source)
            known |= bound
            assert read <= known, f"{sorted(read - known)} is made by no cell that stays:\n{source}"
    assert "pretrained.require(" in "\n".join(code(notebook))
    assert any(source.startswith(pretrained.MARK) for source in code(notebook))
