import keras
import pytest
from conftest import ROOT, defined_in

from utils import counting

SIZE, SHARING = ROOT / "notebooks" / "01_size.ipynb", ROOT / "notebooks" / "03_parameter_sharing.ipynb"
NAMES = ("dense_parameters", "transformer_parameters")


@pytest.mark.parametrize("name", NAMES)
def test_the_chapters_arithmetic_is_the_packages(name):
    theirs = dict(zip(NAMES, defined_in(SIZE, *NAMES), strict=True))[name]
    arguments = (3, 8, 50, 20)[: theirs.__code__.co_argcount]
    assert theirs(*arguments) == getattr(counting, name)(*arguments)


def test_the_chapters_convolution_is_the_packages():
    (theirs,) = defined_in(SHARING, "conv_parameters")
    assert theirs(5, 3, 7) == counting.conv_parameters(5, 3, 7)


def test_keras_counts_the_same_layers():
    model = keras.Sequential([keras.Input((12, 12, 3)), keras.layers.Conv2D(7, 5), keras.layers.Flatten()])
    model.add(keras.layers.Dense(4))
    assert model.count_params() == counting.conv_parameters(5, 3, 7) + counting.dense_parameters(8 * 8 * 7, 4)


def test_keras_counts_the_same_transformer():
    """A decoder of keras layers with the shape of GPT-2, small: two layers, width 8, 30 tokens, 5 positions."""
    layers, width = keras.layers, 8
    tokens = keras.Input((5,), dtype="int32")
    embedding = layers.Embedding(30, width)
    x = embedding(tokens) + layers.Embedding(5, width)(keras.ops.arange(5))
    for _ in range(2):
        h = layers.LayerNormalization()(x)
        x = x + layers.MultiHeadAttention(2, width // 2)(h, h, use_causal_mask=True)
        h = layers.LayerNormalization()(x)
        x = x + layers.Dense(width)(layers.Dense(4 * width, activation="gelu")(h))
    model = keras.Model(tokens, layers.LayerNormalization()(x))
    lookup = 5 * width  # the position table is called on a constant, so Keras leaves it out of the model
    assert model.count_params() + lookup == counting.transformer_parameters(2, width, 30, 5)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: counting.dense_parameters(0, 3), "n_in"),
        (lambda: counting.conv_parameters(3, 1, -1), "c_out"),
        (lambda: counting.transformer_parameters(0, 8, 30, 5), "layers"),
    ],
)
def test_a_size_below_one_is_refused(call, name):
    with pytest.raises(ValueError, match=f"{name} is .*at least 1"):
        call()
