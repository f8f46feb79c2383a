"""Reads weights out of files without PyTorch: those of `torch.save` before its version 1.6, and safetensors files.

A file of the first kind is five pickles and then the numbers, storage after storage (torch/serialization.py,
`_legacy_save`). A pickle is a program that may call whatever it names, so this reader gives it four names and refuses
every other.
"""

import json
import math
import pickle
from collections import OrderedDict
from pathlib import Path

import numpy as np

MAGIC = 0x1950A86A20F9469CFC6C
KINDS = {"DoubleStorage": "<f8", "FloatStorage": "<f4", "HalfStorage": "<f2", "LongStorage": "<i8"}


def read(path):
    """The tensors of a legacy PyTorch file as arrays: {name: array of the shape that it was stored in}.

    path: of a file that holds a state dictionary. ValueError for a file that is cut short or of another format, and
    for one whose pickles name anything but dictionaries, tensors and the storages in KINDS: nothing of it is called.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            return _read(file, path.stat().st_size)
    except (pickle.UnpicklingError, EOFError, AttributeError, LookupError, TypeError) as fault:
        raise ValueError(
            f"{path} is no file of weights that torch.save wrote before its version 1.6: {fault}"
        ) from fault


def safetensors(path):
    """The float32 arrays of a safetensors file by name; arrays of other kinds, such as positions, stay in the file.

    Such a file is a length in eight bytes, a header in JSON and the numbers (huggingface.co/docs/safetensors). They are
    mapped into memory, and so read where they are used. ValueError for a file that is cut short or of another format.
    """
    try:
        raw = np.memmap(path, dtype=np.uint8, mode="r")
        start = 8 + int(raw[:8].view("<u8")[0])
        if start > len(raw):
            raise ValueError("its header is cut short")
        arrays = {}
        for name, entry in json.loads(raw[8:start].tobytes()).items():
            if entry.get("dtype") == "F32":
                low, high = entry["data_offsets"]
                arrays[name] = raw[start + low : start + high].view("<f4").reshape(entry["shape"])
    except (ValueError, LookupError, TypeError, AttributeError) as fault:
        raise ValueError(f"{path} is no whole safetensors file: {fault}") from fault
    return arrays


def _read(file, size):
    storages = {}
    if _Reader(file, storages, size).load() != MAGIC:
        raise TypeError("it begins otherwise")
    _version, system, weights, order = (_Reader(file, storages, size).load() for _ in range(4))
    if not system["little_endian"]:
        raise TypeError("its numbers are written with the high bytes first")
    if sorted(order) != sorted(storages):
        raise TypeError("it holds other storages than its tensors need")
    for name in order:
        storage = storages[name]
        count = int.from_bytes(file.read(8), "little")
        data = file.read(storage.nbytes)
        if count != storage.size or len(data) != storage.nbytes:
            raise EOFError(f"storage {name} is not whole")
        storage[:] = np.frombuffer(data, storage.dtype)
    if file.read(1):
        raise TypeError("something stands behind its last storage")
    if not all(isinstance(tensor, np.ndarray) for tensor in weights.values()):
        raise TypeError("it holds more than tensors")
    return dict(weights)


class _Reader(pickle.Unpickler):
    """An unpickler that knows four kinds of names. storages: {key: array}, filled as the pickle asks for them."""

    def __init__(self, file, storages, size):
        super().__init__(file)
        self.storages, self.size = storages, size

    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch" and name in KINDS:
            return KINDS[name]  # a text, which no pickle can call
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is refused")

    def persistent_load(self, key):
        what, kind, name, _device, count, view = key
        if what != "storage" or kind not in KINDS.values() or view is not None:
            raise pickle.UnpicklingError(f"it asks for {key!r}, which is refused")
        if not isinstance(count, int) or not 0 <= count * np.dtype(kind).itemsize <= self.size:
            raise pickle.UnpicklingError(f"storage {name} of {count} numbers would be larger than the file")
        return self.storages.setdefault(name, np.zeros(count, kind))


def _tensor(storage, offset, shape, stride, *_rest):
    """A tensor as a view of its storage, which gets its numbers later; only one that does not leave it."""
    ends = [(n - 1) * step for n, step in zip(shape, stride, strict=True)]
    inside = min((offset, *shape, *stride)) >= 0 and offset + sum(ends) < storage.size >= math.prod(shape)
    if not inside or 0 in shape:
        raise pickle.UnpicklingError(f"a tensor {shape} with the steps {stride} does not lie in its storage")
    steps = [step * storage.itemsize for step in stride]
    return np.lib.stride_tricks.as_strided(storage[offset:], shape, steps, writeable=False)
