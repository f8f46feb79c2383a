"""A pruned network as a small file: shared weights, gaps between them, Huffman coding (Han et al. 2016).

Layout of the bytes: MAGIC, the CRC-32 of all that follows, then each array in turn:

    1 byte        number of axes, followed by the shape as uint32
    fewer than 2 axes (biases): the values as float32
    2 or more     uint16 and float32: how many shared values there are, and the values (the codebook);
                  the gap stream and the index stream, each as a uint32 length and its Huffman-coded bytes

Gap stream, one byte for each non-zero weight in row-major order: how many zeros come before it, 0 to 254;
255 stands for 255 zeros with no weight behind them. Index stream: each weight's place in the codebook.
All numbers are little-endian. Deflate without its search for repetitions is plain Huffman coding.
"""

import struct
import zlib

import numpy as np

MAGIC = b"GAP1"
SKIP = 255


def share_weights(weights, bits):
    """The same arrays with at most 2**bits different non-zero values in each; zeros stay zeros.

    weights: a list of float arrays of any shape, such as `model.get_weights()`. 1-D k-means (Lloyd 1982)
    from evenly spaced centres, the start that Han et al. (2016) prefer since it keeps large weights.
    Arrays with fewer than 2 axes (biases) are kept. Returns float32 arrays; sharing twice changes nothing.
    ValueError for bits other than 1 to 8, an empty list, an empty array, integers, NaN or infinity.
    """
    if isinstance(bits, bool) or not isinstance(bits, (int, np.integer)) or not 1 <= bits <= 8:
        raise ValueError(f"bits is {bits!r}; give a whole number from 1 to 8, such as 5 for 32 shared values")
    if len(weights) == 0:
        raise ValueError("weights is empty; give at least one array, such as model.get_weights()")
    return [_share(_check(w, f"weights[{i}]"), 2**bits) for i, w in enumerate(weights)]


def _check(array, name):
    array = np.asarray(array)
    if array.size == 0 or not np.issubdtype(array.dtype, np.floating):
        raise ValueError(f"{name} has dtype {array.dtype} and shape {array.shape}; give floats, at least one")
    with np.errstate(over="ignore"):
        array = array.astype(np.float32)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds {np.sum(~np.isfinite(array))} values that are NaN or infinite; remove them")
    return array


def _share(array, k):
    used = array != 0
    if array.ndim < 2 or np.unique(array[used]).size <= k:
        return np.where(used, array, np.float32(0))
    values = array[used].astype(float)
    centres, nearest = np.linspace(values.min(), values.max(), k), None
    for _ in range(1000):
        before, nearest = nearest, np.searchsorted((centres[1:] + centres[:-1]) / 2, values)
        if np.array_equal(before, nearest):
            break
        counts = np.bincount(nearest, minlength=k)
        means = np.bincount(nearest, values, minlength=k) / np.maximum(counts, 1)
        centres = np.where(counts > 0, means, centres)  # a centre that nothing is near stays where it is
    shared = np.zeros_like(array)
    shared[used] = centres[nearest]
    return shared


def encode(weights, bits):
    """The arrays as bytes, their weights shared first. Arguments and errors as `share_weights`.

    `decode(encode(weights, bits))` equals `share_weights(weights, bits)` bit for bit.
    """
    body = b""
    for array in share_weights(weights, bits):
        body += struct.pack(f"<B{array.ndim}I", array.ndim, *array.shape)
        if array.ndim < 2:
            body += array.astype("<f4").tobytes()
            continue
        places = np.flatnonzero(array)
        codebook, indices = np.unique(array.ravel()[places], return_inverse=True)
        zeros = np.diff(places, prepend=-1) - 1
        gaps = b"".join(bytes([SKIP]) * (n // SKIP) + bytes([n % SKIP]) for n in zeros.tolist())
        body += struct.pack("<H", codebook.size) + codebook.astype("<f4").tobytes()
        for stream in (gaps, indices.astype(np.uint8).tobytes()):
            coder = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_HUFFMAN_ONLY)
            coded = coder.compress(stream) + coder.flush()
            body += struct.pack("<I", len(coded)) + coded
    return MAGIC + struct.pack("<I", zlib.crc32(body)) + body


def decode(data):
    """The list of float32 arrays that `encode` was given, with shared weights.

    ValueError for data that do not come from `encode`, are cut short or have been changed.
    """
    if data[:4] != MAGIC or len(data) < 8 or zlib.crc32(data[8:]) != struct.unpack_from("<I", data, 4)[0]:
        raise ValueError(f"data ({len(data)} bytes) was not made by encode, or is damaged; encode the weights again")
    at, weights = 8, []

    def take(dtype, n):
        nonlocal at
        at += n * np.dtype(dtype).itemsize
        return np.frombuffer(data, dtype, n, at - n * np.dtype(dtype).itemsize)

    def stream():
        return np.frombuffer(zlib.decompress(take("u1", take("<u4", 1)[0]), -15), np.uint8)

    while at < len(data):
        shape = take("<u4", take("u1", 1)[0])
        if shape.size < 2:
            weights.append(take("<f4", shape.prod(dtype=int)).astype(np.float32).reshape(shape))
            continue
        codebook, gaps, indices = take("<f4", take("<u2", 1)[0]), stream(), stream()
        array = np.zeros(shape.prod(dtype=int), np.float32)
        ends = np.cumsum(gaps + (gaps < SKIP).astype(int)) - 1  # a skip ends on a zero, all else on a weight
        array[ends[gaps < SKIP]] = codebook[indices]
        weights.append(array.reshape(shape))
    return weights
