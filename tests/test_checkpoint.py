"""A file of weights is read without PyTorch, and what is hostile or broken in one is refused."""

import json
import pickle
import struct
from collections import OrderedDict

import numpy as np
import pytest

from utils import checkpoint

CALLED = []


class Storage:
    """Stands in a pickle for a storage, by the reference that torch.save writes."""

    def __init__(self, numbers, kind="FloatStorage", name="0", count=None, view=None):
        self.numbers, self.name = np.asarray(numbers, checkpoint.KINDS.get(kind, "<f4")), name
        self.key = ("storage", Global("torch", kind), name, "cpu", len(self.numbers) if count is None else count, view)


class Global:
    """Stands for a name, and pickles as one whether or not there is such a module here."""

    def __init__(self, module, name):
        self.module, self.name = module, name


class Call:
    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments


class Writer(pickle._Pickler):  # the one in Python, whose ways of writing can be added to
    def persistent_id(self, thing):
        return thing.key if isinstance(thing, Storage) else None

    def save(self, thing, save_persistent_id=True):
        if isinstance(thing, Global):
            self.write(pickle.GLOBAL + f"{thing.module}\n{thing.name}\n".encode())
        elif isinstance(thing, Call):
            self.save(thing.function)
            self.save(thing.arguments)
            self.write(pickle.REDUCE)
        else:
            super().save(thing, save_persistent_id)


def tensor(storage, shape, stride=None, offset=0):
    if stride is None:
        stride = tuple(int(np.prod(shape[axis + 1 :])) for axis in range(len(shape)))
    return Call(Global("torch._utils", "_rebuild_tensor_v2"), storage, offset, shape, stride, False, OrderedDict())


def write(path, weights, storages, magic=checkpoint.MAGIC, little=True, behind=b"", order=None):
    with path.open("wb") as file:
        names = [storage.name for storage in storages] if order is None else order
        for part in (magic, 1001, {"little_endian": little}, weights, names):
            Writer(file, 2).dump(part)
        for storage in storages:
            file.write(struct.pack("<q", len(storage.numbers)) + storage.numbers.tobytes())
        file.write(behind)
    return path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "weights.pth"


def test_tensors_come_back_in_their_shapes(path):
    one, two = Storage(np.arange(7), name="a"), Storage([3, 4], "LongStorage", "b")
    weights = OrderedDict(
        x=tensor(one, (2, 3)),
        turned=tensor(one, (2, 3), (1, 2)),
        tail=tensor(one, (1,), offset=6),
        n=tensor(two, (2,)),
        s=tensor(two, ()),
    )
    found = checkpoint.read(write(path, weights, [two, one]))
    assert list(found) == ["x", "turned", "tail", "n", "s"]
    np.testing.assert_array_equal(found["turned"], [[0, 2, 4], [1, 3, 5]])
    np.testing.assert_array_equal(found["x"], [[0, 1, 2], [3, 4, 5]])
    assert found["x"].dtype == np.float32 and found["n"].dtype == np.int64
    assert found["tail"] == [6] and found["n"].tolist() == [3, 4] and found["s"] == 3 and found["s"].shape == ()


@pytest.mark.parametrize(
    "name",
    ["os.system", "builtins.eval", "builtins.getattr", "posix.system", "subprocess.Popen", "numpy.load",
     "collections.defaultdict", "torch.load", "torch._utils._rebuild_tensor", "tests.test_checkpoint.CALLED"],
)  # fmt: skip
@pytest.mark.parametrize("place", range(5))
def test_a_hostile_pickle_calls_nothing(path, name, place):
    module, _, name = name.rpartition(".")
    hostile = Call(Global(module, name), f"open({str(path.parent / 'was_here')!r}, 'w')")
    parts = [checkpoint.MAGIC, 1001, {"little_endian": True}, OrderedDict(), []]
    parts[place] = [hostile]
    with path.open("wb") as file:
        for part in parts:
            Writer(file, 2).dump(part)
    with pytest.raises(ValueError, match=f"asks for {module}.{name}, which is refused"):
        checkpoint.read(path)
    assert not (path.parent / "was_here").exists()


def test_the_hostile_pickle_would_have_called(path):
    """The control: Python's own unpickler does what such a file says."""
    with path.open("wb") as file:
        Writer(file, 2).dump(Call(Global("builtins", "eval"), f"open({str(path.parent / 'was_here')!r}, 'w').close()"))
    pickle.loads(path.read_bytes())
    assert (path.parent / "was_here").exists()


@pytest.mark.parametrize(
    ("shape", "stride", "offset"),
    [((9,), None, 0), ((4,), None, 3), ((2,), None, -1), ((2, 2), (100_000, 1), 0), ((3,), (-1,), 2),
     ((2, 3), (1, 3), 0), ((-1, -6), None, 0), ((10**9,), (0,), 0), ((0,), (1,), 0), ((10**30,), (1,), 0)],
)  # fmt: skip
def test_a_tensor_that_leaves_its_storage_is_refused(path, shape, stride, offset):
    one = Storage(np.arange(6))
    with pytest.raises(ValueError, match="does not lie in its storage"):
        checkpoint.read(write(path, OrderedDict(x=tensor(one, shape, stride, offset)), [one]))


@pytest.mark.parametrize(
    ("storage", "message"),
    [(Storage([1], count=10**15), "larger than the file"), (Storage([1], count=-1), "larger than the file"),
     (Storage([1], "ByteStorage"), "asks for torch.ByteStorage"), (Storage([1], view=("a", 0, 1)), "refused")],
)  # fmt: skip
def test_an_unfit_storage_is_refused(path, storage, message):
    with pytest.raises(ValueError, match=message):
        checkpoint.read(write(path, OrderedDict(x=tensor(storage, (1,))), [storage]))


def test_a_file_of_another_kind_is_named(path):
    one = Storage(np.arange(6))
    weights = OrderedDict(x=tensor(one, (6,)))
    for wrong, message in (
        ({"magic": 7}, "begins otherwise"),
        ({"little": False}, "high bytes first"),
        ({"behind": b"x"}, "behind its last storage"),
        ({"order": ["0", "1"]}, "other storages"),
    ):
        with pytest.raises(ValueError, match=message):
            checkpoint.read(write(path, weights, [one], **wrong))
    with pytest.raises(ValueError, match="more than tensors"):
        checkpoint.read(write(path, OrderedDict(x=3), []))
    whole = write(path, weights, [one]).read_bytes()
    for end in (*range(0, len(whole), 7), len(whole) - 1):
        path.write_bytes(whole[:end])
        with pytest.raises(ValueError, match="no file of weights"):
            checkpoint.read(path)
    path.write_bytes(b"PK\x03\x04 as newer versions write")
    with pytest.raises(ValueError, match=f"{path.name} is no file of weights"):
        checkpoint.read(path)


# ------------------------------------------------------------------ safetensors


def safetensors_file(path, entries, numbers):
    """entries: {name: what the header says of it}."""
    text = json.dumps(entries).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + numbers)
    return path


def entry(kind, shape, *offsets):
    return {"dtype": kind, "shape": shape, "data_offsets": offsets}


def test_a_safetensors_file_gives_its_float32_arrays(tmp_path):
    one, two = np.arange(6, dtype="<f4").reshape(2, 3), np.array([7.5], "<f4")
    header = {"__metadata__": {"format": "pt"}}
    header |= {"one": entry("F32", [2, 3], 0, 24), "two": entry("F32", [1], 24, 28), "ids": entry("I64", [1], 28, 36)}
    path = safetensors_file(tmp_path / "x", header, one.tobytes() + two.tobytes() + bytes(8))
    found = checkpoint.safetensors(path)
    assert set(found) == {"one", "two"}
    np.testing.assert_array_equal(found["one"], one)
    np.testing.assert_array_equal(found["two"], two)


@pytest.mark.parametrize(
    "whole",
    [b"", b"short", bytes(8) + b"{}", (99).to_bytes(8, "little") + b"{}", (2).to_bytes(8, "little") + b"[]"],
    ids=["empty", "no length", "no header", "a cut header", "another header"],
)
def test_another_file_is_no_safetensors_file(tmp_path, whole):
    (tmp_path / "x").write_bytes(whole)
    with pytest.raises(ValueError, match="no whole safetensors file"):
        checkpoint.safetensors(tmp_path / "x")


def test_a_safetensors_file_that_is_cut_short_is_refused(tmp_path):
    path = safetensors_file(tmp_path / "x", {"one": entry("F32", [2, 3], 0, 24)}, bytes(20))
    with pytest.raises(ValueError, match="no whole safetensors file"):
        checkpoint.safetensors(path)
