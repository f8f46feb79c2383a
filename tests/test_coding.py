"""The coded file gives back exactly the shared weights, and refuses what it cannot hold."""

import numpy as np
import pytest
from benchmarks import coding


def sparse(shape, density, seed=0, dtype=np.float32):
    """Normal values, each kept with probability `density`, else 0."""
    rng = np.random.default_rng(seed)
    return (rng.normal(size=shape) * (rng.random(shape) < density)).astype(dtype)


def same(a, b):
    """Bit for bit the same lists of arrays."""
    return [(x.shape, x.dtype, x.tobytes()) for x in a] == [(x.shape, x.dtype, x.tobytes()) for x in b]


LENET = [sparse(s, d, i) for i, (s, d) in enumerate(zip([(784, 300), (300,), (300, 10)], (0.06, 1, 0.3), strict=True))]


@pytest.mark.parametrize("bits", range(1, 9))
@pytest.mark.parametrize(
    "weights",
    [
        [sparse((50, 40), 0.1)],
        [sparse((3, 3, 8, 16), 0.2), sparse((16,), 1)],  # a convolution's kernel and bias
        [np.zeros((20, 30), np.float32)],
        [np.array([[0.5]], np.float32)],
        [np.array([0.5], np.float32), np.array(0.5, np.float32)],
        [sparse((4, 5), 1)],  # no zeros at all
        [sparse((30, 30), 0.3, dtype=np.float64), sparse((9, 9), 0.5, dtype=np.float16)],
        [-sparse((30, 30), 0.3)],  # holds -0.0
    ],
)
def test_round_trip(weights, bits):
    assert same(coding.decode(coding.encode(weights, bits)), coding.share_weights(weights, bits))


@pytest.mark.parametrize("gap", [0, 1, 253, 254, 255, 256, 509, 510, 511, 765, 2000])
def test_gaps(gap):
    array = np.zeros((1, gap + 5), np.float32)
    array[0, [0, gap + 1]] = 1, -2
    assert same(coding.decode(coding.encode([array, np.roll(array, 3)], 4)), [array, np.roll(array, 3)])


@pytest.mark.parametrize("bits", [1, 4, 8])
def test_sharing(bits):
    shared = coding.share_weights(LENET, bits)
    for before, after in zip(LENET, shared, strict=True):
        assert after.dtype == np.float32
        if before.ndim == 1:
            assert np.array_equal(before, after)
            continue
        assert np.array_equal(before == 0, after == 0)
        assert np.unique(after[after != 0]).size <= 2**bits
    assert same(coding.share_weights(shared, bits), shared)


def test_sharing_is_k_means():
    from sklearn.cluster import KMeans

    array = sparse((80, 60), 0.5)
    values = array[array != 0].astype(float)[:, None]
    start = np.linspace(values.min(), values.max(), 16)[:, None]
    model = KMeans(16, init=start, n_init=1, max_iter=1000, tol=0).fit(values)
    shared = coding.share_weights([array], 4)[0]
    assert np.allclose(shared[array != 0], model.cluster_centers_[model.labels_, 0], atol=1e-6)


def test_few_values_are_kept():
    array = np.array([[0, 1e-30, 3e38], [-7, 0, 1]], np.float32)
    assert same(coding.decode(coding.encode([array], 2)), [array])


def test_size():
    raw = sum(w.nbytes for w in LENET)
    small = len(coding.encode(LENET, 5))
    entropy = 0
    for w in coding.share_weights(LENET, 5)[::2]:
        places = np.flatnonzero(w)
        for stream in (np.diff(places, prepend=-1), w.ravel()[places]):
            p = np.unique(stream, return_counts=True)[1] / stream.size
            entropy -= stream.size * (p * np.log2(p)).sum() / 8
    assert entropy < small < 1.05 * entropy + LENET[1].nbytes + 600  # codebooks and Huffman tables
    assert small < raw / 35
    assert len(coding.encode(LENET, 4)) < small < len(coding.encode(LENET, 6))


def test_input_is_left_alone():
    before = [w.copy() for w in LENET]
    coding.encode(LENET, 3)
    assert same(before, LENET)


@pytest.mark.parametrize("bits", [0, 9, -1, 5.0, "5", None, True])
def test_bad_bits(bits):
    with pytest.raises(ValueError, match="bits"):
        coding.encode(LENET, bits)


@pytest.mark.parametrize(
    "weights",
    [
        [],
        [np.ones((2, 2), int)],
        [np.ones((2, 2), np.float32), np.array([1, np.nan])],
        [np.array([[np.inf, 0]])],
        [np.array([[1e300, 0]])],  # infinite as float32
        [np.zeros((0, 3), np.float32)],
        [np.array([["a"]])],
    ],
)
def test_bad_weights(weights):
    with pytest.raises(ValueError, match="weights"):
        coding.encode(weights, 5)
    with pytest.raises(ValueError, match="weights"):
        coding.share_weights(weights, 5)


def test_damaged_data():
    data = coding.encode([sparse((30, 20), 0.2), sparse((20,), 1)], 4)
    for n in range(len(data)):
        with pytest.raises(ValueError, match="encode"):
            coding.decode(data[:n])
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] ^= 16
        with pytest.raises(ValueError, match="encode"):
            coding.decode(changed)
    for foreign in (b"\x93NUMPY", bytes(100), data + b"\0", "GAP1"):
        with pytest.raises(ValueError, match="encode"):
            coding.decode(foreign)
