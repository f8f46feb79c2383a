"""Whatever somebody may hand to a function: what hypothesis draws for the tests of the checks."""

import decimal
import fractions

import keras
import numpy as np
import pandas as pd
import scipy.sparse
import tensorflow as tf
import tf_keras
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from networks import X, network, several_outputs, unbuilt

SHAPES = arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=9)
FLOATS = st.floats(width=32) | st.floats(-3, 3, width=32)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-9, 60)
    | st.sampled_from([-(2**70), np.int8(3), np.uint64(7), np.float16(0.5), np.float64("nan"), np.bool_(True)])
    | FLOATS
    | st.sampled_from(["", "a", "0", "nan", "mean", "midpoint", b"1", 1j, ..., slice(3), NotImplemented])
    | st.fractions()
    | st.decimals()
)
ARRAYS = st.one_of(
    arrays.arrays(np.float32, SHAPES, elements=FLOATS),
    arrays.arrays(np.float64, SHAPES),
    arrays.arrays(np.float16, SHAPES),
    arrays.arrays(np.int64, SHAPES, elements=st.integers(-5, 12)),
    arrays.arrays(np.uint8, SHAPES, elements=st.integers(0, 9)),
    arrays.arrays(bool, SHAPES),
    arrays.arrays(np.complex64, SHAPES),
    arrays.arrays("<U2", SHAPES, elements=st.text("ab0", max_size=2)),
    arrays.arrays("datetime64[D]", SHAPES),
    arrays.arrays(object, SHAPES, elements=SCALARS),
    arrays.arrays(arrays.array_dtypes(max_size=2), arrays.array_shapes(max_dims=2, max_side=3)),
)
LISTS = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner), max_leaves=8)
# of a right shape, and wrong otherwise
NEAR = st.sampled_from(
    [
        X, X[0], X[:4], X[:0], X[:, :7], X.tolist(), X.astype(str), X.astype(object), X * np.nan, X * 1e30, X * 0,
        X > 0, X[..., None], X[None], X.T, X.astype("float64"), X.astype("float16"), np.round(X).astype(int), X[::-2],
        np.ma.masked_greater(X, 0), X.astype(">f4"), np.asfortranarray(X), X.astype(complex), np.matrix(X[:4]),
    ]
)  # fmt: skip
FRAMES = st.sampled_from(
    [
        pd.DataFrame(X), pd.DataFrame(X[:4]), pd.DataFrame(X).assign(a="b"), pd.DataFrame(X).assign(a=True),
        pd.DataFrame(X).astype("Float32"), pd.DataFrame(X).mask(pd.DataFrame(X) > 0), pd.DataFrame(), pd.Series(X[0]),
        pd.Series(list("abc")), pd.Series([1, None]), pd.DataFrame({"a": [1], "b": [[1, 2]]}), pd.Index([0, 1, 2]),
        pd.DataFrame(X).assign(a=pd.Categorical(["u", "v"] * 20)), pd.DataFrame(X).convert_dtypes(), pd.NA, pd.NaT,
        pd.DataFrame(X[:4], columns=pd.MultiIndex.from_product([["a", "b"], range(4)])), pd.Timestamp(0),
        pd.DataFrame(np.ones((4, 3)), columns=list("aab")),
    ]
)  # fmt: skip
TENSORS = st.sampled_from(
    [
        tf.constant(X), tf.constant(X[:4]), tf.Variable(X[0]), tf.constant("a"), tf.constant(1), tf.constant([1.5]),
        tf.cast(X, tf.bfloat16), tf.ragged.constant([[1.0], [2.0, 3.0]]), tf.sparse.from_dense(X), tf.constant([True]),
        keras.KerasTensor((None, 8)), keras.Variable(X[:4]), scipy.sparse.csr_matrix(X), scipy.sparse.csr_array(X[:4]),
        tf.TensorShape([1]), tf.data.Dataset.from_tensor_slices(X[:4]), tf.zeros((0, 8)),
    ]
)  # fmt: skip
MODELS = st.sampled_from(
    [
        network(), *several_outputs().values(), *unbuilt().values(), keras.Sequential(), keras.layers.Dense(3),
        keras.Model, tf_keras.Sequential(),
        tf_keras.Sequential([tf_keras.layers.Input((8,)), tf_keras.layers.Dense(3, "softmax")]),
        keras.Sequential([keras.Input((8,)), keras.layers.Dense(1, "sigmoid")]),
        keras.Sequential([keras.Input((8,)), keras.layers.Dense(3)]),
        keras.Sequential([keras.Input((8,)), keras.layers.Reshape((8, 1)), keras.layers.LSTM(3)]),
        keras.Sequential([keras.Input((None, None, 1)), keras.layers.GlobalMaxPooling2D()]),
        keras.Sequential([keras.Input((8,), dtype="int32"), keras.layers.Embedding(9, 2), keras.layers.Flatten()]),
        keras.Sequential([keras.Input((8,)), keras.layers.Dropout(0.5)]),
    ]
)  # fmt: skip


class Hostile:
    """Refuses to become an array, with an error of its own."""

    def __array__(self, *args, **options):
        raise RuntimeError("no array")


OTHER = st.sampled_from(
    [
        Hostile(), object(), int, len, (i for i in range(3)), range(4), {1, 2}, {"a": 1}, iter([]), print,
        fractions.Fraction(1, 3), decimal.Decimal("0.5"), memoryview(b"abc"), lambda: None, lambda x: x, lambda x: None,
        lambda x: x[:1], lambda x: x[:, :3], lambda x: np.full((len(x), 3), 1 / 3), lambda x: np.zeros((len(x), 2)),
    ]
)  # fmt: skip
ANYTHING = st.one_of(SCALARS, ARRAYS, LISTS, NEAR, FRAMES, TENSORS, MODELS, OTHER)
