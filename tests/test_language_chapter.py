"""Chapter 13: the planted rule and its balance, and parameters by hand held equal to Keras and to the releases."""

import keras
import numpy as np
import pytest
from conftest import ROOT, cells, defined_in
from keras import layers, ops

from utils import counting

CHAPTER = ROOT / "notebooks" / "13_language.ipynb"


@pytest.fixture(scope="module")
def chapter():
    """The cells before the training, run."""
    space = {}
    for cell in cells(CHAPTER, "code"):
        if cell.source.startswith("SEEDS ="):
            return space
        exec(cell.source, space)
    raise AssertionError("no cell starts with SEEDS =")


def ids_of(chapter, line):
    return np.array([[chapter["NUMBER"][word] for word in line.split()]])


@pytest.mark.parametrize(
    ("line", "praise"),
    [
        ("the film was great the the not the", 1),
        ("the film was not great the the never", 0),
        ("never poor the film was not the the", 1),
        ("not the poor film was the never the", 0),
        ("not the film was not the the the", 0.5),
    ],
)
def test_a_negator_turns_the_next_word_only(chapter, line, praise):
    assert chapter["rule"](ids_of(chapter, line)) == praise


def test_words_alone_say_nothing(chapter):
    ids, labels = chapter["reviews"](4000, seed=1)
    assert (chapter["find"](ids, chapter["NEGATORS"]).sum(axis=1) == 2).all()
    assert (chapter["find"](ids, chapter["GOOD"] + chapter["BAD"]).sum(axis=1) == 1).all()
    np.testing.assert_array_equal(labels, chapter["rule"](ids))
    for word in range(len(chapter["WORDS"])):
        holds = (ids == word).any(axis=1)
        assert abs(labels[holds].mean() - 0.5) < 4 * 0.5 / np.sqrt(holds.sum())


def test_only_negated_reviews_where_asked_for(chapter):
    ids, labels = chapter["reviews"](200, seed=2, negated=(1,))
    praised = chapter["find"](ids, chapter["GOOD"]).any(axis=1)
    np.testing.assert_array_equal(labels, ~praised)


@pytest.mark.parametrize(("d", "heads"), [(32, 4), (48, 1), (768, 12)])
def test_attention_is_four_matrices_at_any_length_and_number_of_heads(chapter, d, heads):
    layer = layers.MultiHeadAttention(heads, d // heads)
    layer.build((None, 7, d), (None, 7, d))
    assert layer.count_params() == chapter["attention_parameters"](d)


@pytest.mark.parametrize("options", [{}, {"length": 20}, {"blocks": 3}, {"width": 48}])
def test_the_encoder_has_the_parameters_counted(chapter, options):
    by_hand = chapter["encoder_parameters"](
        options.get("length", 8), options.get("blocks", 1), options.get("width", 32)
    )
    assert chapter["encoder"](**options).count_params() == by_hand


def test_shared_blocks_have_the_parameters_of_one(chapter):
    one, shared = chapter["encoder"](), chapter["encoder"](blocks=3, shared=True)
    assert one.count_params() == shared.count_params()


def test_without_positions_every_order_is_alike(chapter):
    ids = ids_of(chapter, "the film was not great the a never")
    mixed = ids[:, [3, 1, 0, 7, 2, 6, 5, 4]]
    blind, seeing = chapter["encoder"](positions=False), chapter["encoder"]()
    np.testing.assert_allclose(blind(ids), blind(mixed), atol=1e-5)
    assert np.abs(np.asarray(seeing(ids)) - np.asarray(seeing(mixed))).max() > 1e-4


def bert(L, d, vocabulary, context):
    """BERT's encoder in Keras layers (Devlin et al. 2019)."""
    words, kinds = keras.Input((context,), dtype="int32"), keras.Input((context,), dtype="int32")
    places = layers.Lambda(lambda ids: ops.cumsum(ops.ones_like(ids), axis=1) - 1)(words)
    x = layers.Embedding(vocabulary, d)(words) + layers.Embedding(2, d)(kinds) + layers.Embedding(context, d)(places)
    x = layers.LayerNormalization()(x)
    for _ in range(L):
        x = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, d // 2)(x, x))
        hidden = layers.Dense(4 * d, activation="gelu")(x)
        x = layers.LayerNormalization()(x + layers.Dense(d)(hidden))
    return keras.Model([words, kinds], layers.Dense(d, activation="tanh")(x[:, 0]))


@pytest.mark.parametrize(("L", "d", "vocabulary", "context"), [(1, 8, 50, 6), (3, 24, 31, 10)])
def test_bert_is_counted_as_keras_builds_it(chapter, L, d, vocabulary, context):
    [count] = defined_in(CHAPTER, "bert_parameters", **{**chapter, "counting": counting})
    assert count(L, d, vocabulary=vocabulary, context=context) == bert(L, d, vocabulary, context).count_params()


def test_bert_has_the_parameters_of_the_released_checkpoints(chapter):
    [count] = defined_in(CHAPTER, "bert_parameters", **chapter)
    assert (count(12, 768), count(24, 1024)) == (109_482_240, 335_141_888)


def test_gpt2_has_the_parameters_of_the_released_checkpoints(chapter):
    [gpt] = defined_in(CHAPTER, "gpt", **chapter)
    assert (gpt(12, 768), gpt(48, 1600)) == (124_439_808, 1_557_611_200)


def test_a_pair_shows_in_second_differences(chapter):
    [second] = defined_in(CHAPTER, "second_differences", **chapter)
    found = second(lambda masks: 3.0 * masks[:, 2] * masks[:, 5] + masks[:, 1])
    assert found[2, 5] == pytest.approx(3)
    assert np.abs(found).sum() == pytest.approx(3)


def test_attention_by_hand_is_that_of_keras(chapter):
    rng = np.random.default_rng(1)
    q, k, v = rng.normal(size=(3, 1, 5, 1, 4)).astype("float32")  # one text of five positions, one head
    shares, received = chapter["attend"](q[0, :, 0], k[0, :, 0], v[0, :, 0])
    np.testing.assert_allclose(received, ops.dot_product_attention(q, k, v)[0, :, 0], atol=1e-6)
    np.testing.assert_allclose(shares.sum(axis=1), 1)


def test_rivals_have_hardly_more_parameters_than_one_block(chapter):
    given = {"keras": keras, "layers": layers, **chapter}
    _, _, convolution, recurrent = defined_in(CHAPTER, "ending", "words", "convolution", "recurrent", **given)
    block = chapter["encoder"]().count_params()
    for build in (convolution, recurrent):
        assert 0.5 * block < build().count_params() < 1.02 * block
