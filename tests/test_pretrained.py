"""Where published weights are looked for, and that no other file is taken for them."""

import hashlib
from importlib import metadata

import pytest

from utils import pretrained

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
    with pytest.raises(ValueError, match="another file.*SHA-256"):
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
    with pytest.raises(ValueError, match="COURSE_WEIGHTS.*no folder"):
        pretrained.find("jupyterlab", NAME, "0" * 64)


@pytest.mark.parametrize("digest", ["", "57934424", "g" * 64])
def test_a_part_of_a_hash_is_none(digest):
    with pytest.raises(ValueError, match="sha256 is"):
        pretrained.find("jupyterlab", NAME, digest)
