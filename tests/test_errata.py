"""The errata: what its rows say of code, run in the source's form and in the corrected one; and the page itself.

The rows on PyTorch and Transformers cite their documentation, since the course installs neither. Whoever has both
runs their tests with `pytest tests -m other_libraries`; `make test` leaves them out.
"""

import importlib
import importlib.metadata
import re
from itertools import pairwise

import keras
import numpy as np
import pandas as pd
import pytest
import shap
import tensorflow as tf
import tensorflow_model_optimization as tfmot
import tf_keras
from conftest import ROOT
from lime.lime_tabular import LimeTabularExplainer
from matplotlib import pyplot as plt
from sklearn.base import is_classifier, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Lasso, LinearRegression
from sklearn.svm import SVC, SVR

from utils import compression, models
from utils.counting import conv_parameters, dense_parameters, transformer_parameters

PAGE = ROOT / "book" / "errata.md"
ROWS = [line.strip("| ").split(" | ") for line in PAGE.read_text().splitlines() if line.startswith("| `")]
KINDS = re.findall(r"^- \*(.+?)\*: ", PAGE.read_text(), re.M)
BILLION = 1e9

pytestmark = pytest.mark.filterwarnings("ignore:Do not pass an `input_shape`:UserWarning")


# ------------------------------------------------------------------ the page


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_page_row_is_whole(row):
    where, said, right, shown = row
    assert re.fullmatch(r"`\d(\.\d+)*`(, `\d(\.\d+)*`)*", where)
    assert re.match(rf"\*({'|'.join(KINDS)})\.\* ", right), "says what kind of fault it is"
    assert re.search(r"[\u4e00-\u9fff]|`", said), "a reader of the source finds the place by its words or its code"
    tests = re.findall(r"`(test_\w+)`", shown)
    chapters = re.findall(r"\]\(\.\./notebooks/(\w+\.ipynb)\)", shown)
    assert tests or chapters or "{cite" in shown or "](" in shown, "nothing shows it"
    assert tests or "`" not in said, "it names code, so a test runs the code"
    for name in tests:
        assert callable(globals().get(name)), f"there is no {name}"
    for name in chapters:
        assert (ROOT / "notebooks" / name).is_file(), f"there is no {name}"


def test_page_uses_the_kinds_that_it_explains():
    used = {re.match(r"\*(.+?)\.\*", right)[1] for _, _, right, _ in ROWS}
    assert used == set(KINDS) and len(KINDS) == len(used)


def test_page_quotes_prose_in_chinese():
    in_words = [said for _, said, _, _ in ROWS if "`" not in said]
    assert len(in_words) > len(ROWS) / 2
    assert [said for said in in_words if not re.search(r"[「《][^」》]*[\u4e00-\u9fff][^」》]*[」》]", said)] == []


def test_page_is_in_reading_order():
    first = [tuple(map(int, re.match(r"`([\d.]+)`", row[0])[1].split("."))) for row in ROWS]
    assert len(ROWS) >= 24 and first == sorted(first)


def test_page_names_every_test_of_a_snippet():
    snippets = {name for name in globals() if name.startswith("test_") and not name.startswith("test_page_")}
    assert snippets == set(re.findall(r"`(test_\w+)`", PAGE.read_text()))


def test_page_cites_what_the_bibliography_has():
    known = re.findall(r"^@\w+\{([^,]+),", (ROOT / "book" / "references.bib").read_text(), re.M)
    cited = {key for keys in re.findall(r"\{cite(?::t)?\}`([^`]+)`", PAGE.read_text()) for key in keys.split(",")}
    assert cited <= set(known) and len(known) == len(set(known))


# ------------------------------------------------------------------ what the snippets need

IMPORTS = """
import tensorflow as tf
from tensorflow.keras.models import Sequential
from tensorflow.keras.layers import Dense, Dropout, Flatten
"""
LARGE = """model = Sequential([
    Dense(1024, activation='relu', input_shape=(28*28,)), Dropout(0.5),
    Dense(1024, activation='relu'), Dropout(0.5), Dense(10, activation='softmax')])"""
DEEP = """model = Sequential([
    Dense(512, activation='relu', input_shape=(28*28,)), Dense(512, activation='relu'),
    Dense(512, activation='relu'), Dense(10, activation='softmax')])"""
CONVOLUTIONAL = """model = Sequential([
    Conv2D(32, (3, 3), activation='relu', input_shape=(28, 28, 1)), MaxPooling2D((2, 2)),
    Conv2D(64, (3, 3), activation='relu'), MaxPooling2D((2, 2)), Conv2D(64, (3, 3), activation='relu'),
    Flatten(), Dense(10, activation='softmax')])"""
PRUNED = """model = Sequential([
    Dense(1024, activation='relu', input_shape=(28*28,)), Dropout(0.5),
    Dense(1024, activation='relu'), Dropout(0.5), Dense(10, activation='softmax')])"""
COMPILE = {"optimizer": "adam", "loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"], "run_eagerly": True}

RNG = np.random.default_rng(0)
IMAGES, DIGITS = RNG.random((8, 28, 28, 1), np.float32), RNG.integers(0, 10, 8)
X = RNG.normal(size=(120, 4)).astype(np.float32)
Y = (X[:, 0] > 0).astype(int)  # only the first column counts
FRAME = pd.DataFrame(X, columns=["a", "b", "c", "d"])
NAMES = list(FRAME.columns)


@pytest.fixture(autouse=True)
def seed():
    keras.utils.set_random_seed(0)


def run(code, **names):
    exec(code, names)
    return names


def built(code):
    return run(IMPORTS + code)["model"]


def softmax(classes=2, inputs=4):
    """Section 4.2.1's network, compiled."""
    model = keras.Sequential([keras.Input((inputs,)), keras.layers.Dense(classes, activation="softmax")])
    model.compile(**COMPILE)
    return model


def same(before, model):
    return all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def explainer(**options):
    return LimeTabularExplainer(X, feature_names=NAMES, random_state=0, **options)


# ------------------------------------------------------------------ sections 2 and 3


def test_two_tasks():
    """One model family serves two tasks."""
    assert is_classifier(SVC()) and is_regressor(SVR())


def test_small_models():
    """Traditional models may be tiny or grow with the data."""
    line = LinearRegression().fit(*load_diabetes(return_X_y=True))
    assert line.coef_.size + 1 == 11
    noisy = RNG.integers(0, 2, 120)
    kept = [len(SVC().fit(X[:n], noisy[:n]).support_) for n in (30, 120)]
    assert kept[1] > 2 * kept[0], "a kernel SVM keeps rows, and more of them the more it is given"


def test_dropout():
    """Dropout removes nothing."""
    plain, dropped = models.mlp((16,)), models.mlp((16,), dropout=0.5)
    dropped.set_weights(plain.get_weights())
    assert plain.count_params() == dropped.count_params()
    assert np.allclose(plain(IMAGES), dropped(IMAGES, training=False)), "at prediction every unit works"
    assert not np.allclose(plain(IMAGES), dropped(IMAGES, training=True))


def test_l1():
    """L1 sets weights to zero and keeps their places."""
    line = Lasso(alpha=0.1).fit(X, 2 * X[:, 1])
    assert line.coef_[1] > 1.5 and not line.coef_[[0, 2, 3]].any()
    assert line.coef_.shape == LinearRegression().fit(X, X[:, 1]).coef_.shape


def test_structure():
    """Adjusting parameters leaves the structure."""
    model = softmax()
    structure, before = model.to_json(), model.get_weights()
    model.fit(X, Y, verbose=0)
    assert not same(before, model) and model.to_json() == structure


def test_sharing():
    """Sharing is across positions."""
    dense = keras.layers.Dense(3)
    both = dense(X[:2])
    assert np.allclose(both[1], dense(X[1:2])[0]), "any layer uses the same weights for different inputs"
    image = np.zeros((1, 6, 6, 1), np.float32)
    image[0, 2, 2] = 1
    conv, full = keras.layers.Conv2D(1, 3, padding="same"), keras.layers.Dense(36)
    moved = np.roll(image, 1, axis=2)
    assert np.allclose(np.roll(conv(image), 1, axis=2), conv(moved), atol=1e-6)
    before, after = (np.reshape(full(x.reshape(1, 36)), (1, 6, 6, 1)) for x in (image, moved))
    assert not np.allclose(np.roll(before, 1, axis=2), after, atol=1e-3), "a dense layer shares none across positions"


# ------------------------------------------------------------------ section 4


def test_compile():
    """Compiling trains nothing."""
    model = softmax()
    before = model.get_weights()
    model.compile(**COMPILE)
    assert same(before, model)
    model.fit(X, Y, verbose=0)
    assert not same(before, model)


def test_flat_images():
    """Dense networks need flat images."""
    model = built(LARGE)
    model.compile(**COMPILE)
    assert model.predict(IMAGES.reshape(8, -1), verbose=0).shape == (8, 10), "on rows it runs"
    with pytest.raises(ValueError, match="incompatible"):
        model.fit(IMAGES, DIGITS, verbose=0)
    mended = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Flatten(), *model.layers])
    mended.compile(**COMPILE)
    assert len(mended.fit(IMAGES, DIGITS, verbose=0).history["loss"]) == 1


def test_large_model():
    """The large model is a traditional one."""
    assert 1e3 < built(LARGE).count_params() < 10e6, "thousands to millions, as section 2.1 says of traditional models"
    assert transformer_parameters(layers=48, width=1600, vocabulary=50257, context=1024) > BILLION  # GPT-2 XL


def test_input_shape(recwarn):
    """`input_shape` is outdated."""
    with pytest.warns(UserWarning, match="Do not pass an `input_shape`"):
        run(IMPORTS + "Sequential([Dense(2, input_shape=(4,))])")
    recwarn.clear()
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    assert not [w for w in recwarn if "input_shape" in str(w.message)]


def test_deep_model():
    """The deep model differs in more than depth."""
    hidden = {}
    for name, code in (("large", LARGE), ("deep", DEEP)):
        layers = built(code).layers
        hidden[name] = [layer.units for layer in layers if hasattr(layer, "units")][:-1]
        assert any(isinstance(layer, keras.layers.Dropout) for layer in layers) == (name == "large")
    assert hidden == {"large": [1024, 1024], "deep": [512, 512, 512]}
    two, three = (models.deep_mlp(depth, width=32).count_params() for depth in (2, 3))
    assert three - two == dense_parameters(32, 32), "the course's networks differ by one layer and nothing else"


def test_conv2d():
    """`Conv2D` is not imported."""
    with pytest.raises(NameError, match="Conv2D"):
        built(CONVOLUTIONAL)
    mended = built("from tensorflow.keras.layers import Conv2D, MaxPooling2D\n" + CONVOLUTIONAL)
    assert mended(IMAGES).shape == (8, 10)


def test_pruned_model():
    """The pruned model is the large one."""
    large, pruned = built(LARGE), built(PRUNED)
    assert LARGE == PRUNED and large.count_params() == pruned.count_params()
    assert compression.sparsity(pruned)[0] < 1e-5, "but for a weight that was drawn as zero"
    compression.hold_masks(pruned, compression.magnitude_masks(pruned, 0.9))
    assert compression.sparsity(pruned)[0] == pytest.approx(0.9, abs=0.001)


def test_no_data():
    """A comment is no data."""
    with pytest.raises(SyntaxError):
        compile("X_train, y_train = # training data and labels", "section 4.2.1", "exec")
    given = "from sklearn.datasets import load_breast_cancer\nX_train, y_train = load_breast_cancer(return_X_y=True)"
    assert run(given)["X_train"].shape == (569, 30)


def test_untrained():
    """The explained model is never trained."""
    code = "model = Sequential([Dense(10, activation='softmax', input_shape=(X_train.shape[1],))])"
    model = run(IMPORTS + code, X_train=X)["model"]
    with pytest.raises(ValueError, match="compile"):
        model.fit(X, Y)
    trained = softmax()
    losses = trained.fit(X, Y, epochs=3, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


def test_columns():
    """`.columns` needs a DataFrame, and LIME an array."""
    code = "LimeTabularExplainer(X_train, feature_names=X_train.columns, class_names=['class0', 'class1'])"
    with pytest.raises(AttributeError, match="columns"):
        run(code, LimeTabularExplainer=LimeTabularExplainer, X_train=X)
    with pytest.raises((KeyError, pd.errors.InvalidIndexError)):
        run(code, LimeTabularExplainer=LimeTabularExplainer, X_train=FRAME)
    LimeTabularExplainer(FRAME.to_numpy(), feature_names=list(FRAME.columns), class_names=["class0", "class1"])


def test_row_zero():
    """A DataFrame has no row `0`, but perhaps a column."""
    with pytest.raises(KeyError):
        FRAME[0]
    assert np.array_equal(FRAME.iloc[0].to_numpy(), X[0])


def test_class_names():
    """Ten outputs need more than two names."""
    for classes, label in ((10, 9), (2, 1)):
        model = softmax(classes)
        found = explainer(class_names=["class0", "class1"]).explain_instance(
            X[0], lambda x, model=model: model.predict(x, verbose=0), labels=(label,), num_samples=50
        )
        if classes == 10:
            with pytest.raises(IndexError):
                found.as_pyplot_figure(label=label)
        else:
            found.as_pyplot_figure(label=label)
    plt.close("all")


def test_predict_classes():
    """`predict_classes` is gone."""
    model = softmax()
    with pytest.raises(AttributeError, match="predict_classes"):
        model.predict_classes(X)
    assert model.predict(X, verbose=0).argmax(axis=1).shape == (120,)


def test_batch():
    """`predict` needs a batch."""
    model = softmax()
    with pytest.raises(ValueError, match="shape"):
        model.predict(X[0], verbose=0)
    assert model.predict(X[:1], verbose=0).shape == (1, 2)


def test_lime_function():
    """LIME needs the function."""
    model = softmax()
    with pytest.raises(TypeError, match="not callable"):
        explainer().explain_instance(X[0], model.predict(X[:1], verbose=0))
    found = explainer().explain_instance(X[0], lambda x: model.predict(x, verbose=0), num_samples=50)
    assert len(found.as_list()) == 4


def test_reading():
    """LIME explains class 1 unless it is asked for another."""

    def surely_0(x):
        p = 0.1 / (1 + np.exp(-3 * x[:, 2]))
        return np.column_stack([1 - p, p])

    assert explainer().explain_instance(X[0], surely_0, num_samples=50).available_labels() == [1]
    found = explainer(discretize_continuous=False).explain_instance(X[0], surely_0, num_samples=500, top_labels=1)
    assert found.available_labels() == [0] and found.score > 0.5
    name, weight = found.as_list(label=0)[0]
    assert name == "c" and weight < 0


# ------------------------------------------------------------------ section 5


def test_bert_size():
    """BERT has fewer than a billion parameters."""
    base, large = (
        transformer_parameters(layers, width, vocabulary=30522, context=512)  # the same blocks, with an encoder's mask
        for layers, width in ((12, 768), (24, 1024))
    )
    assert base == pytest.approx(110e6, rel=0.03) and large == pytest.approx(340e6, rel=0.03), "as its paper says"
    assert large < BILLION < transformer_parameters(layers=96, width=12288, vocabulary=50257, context=2048)  # GPT-3


def test_vgg_size():
    """The largest VGG has fewer than a billion parameters."""
    channels = [3, 64, 64, 128, 128, *[256] * 4, *[512] * 8]  # VGG-19
    convolutions = sum(conv_parameters(3, *pair) for pair in pairwise(channels))
    dense = dense_parameters(7 * 7 * 512, 4096) + dense_parameters(4096, 4096) + dense_parameters(4096, 1000)
    assert convolutions + dense == pytest.approx(144e6, rel=0.005) and convolutions + dense < BILLION


# ------------------------------------------------------------------ section 8


def test_lime_any_model():
    """LIME explains any function."""

    def untrained(x):  # no model at all
        p = 1 / (1 + np.exp(-3 * x[:, 2]))
        return np.column_stack([1 - p, p])

    found = explainer(discretize_continuous=False).explain_instance(X[0], untrained, num_samples=500)
    assert found.as_list()[0][0] == "c"


def test_lime_regression():
    """LIME on a regression needs its mode."""
    line = LinearRegression().fit(X, 2 * X[:, 1])
    with pytest.raises(ValueError, match="1D array"):
        explainer().explain_instance(X[0], line.predict(X[0]))
    with pytest.raises(NotImplementedError, match="probability"):
        explainer().explain_instance(X[0], line.predict, num_samples=50)
    found = explainer(mode="regression", discretize_continuous=False).explain_instance(
        X[0], line.predict, num_samples=500
    )
    assert found.as_list()[0][0] == "b"


def test_lime_svm():
    """LIME on an SVM needs probabilities."""
    machine = SVC().fit(X, Y)
    with pytest.raises(NotImplementedError, match="probability"):
        explainer().explain_instance(X[0], machine.predict, num_samples=50)
    calibrated = CalibratedClassifierCV(SVC(), ensemble=False).fit(X, Y)
    found = explainer(discretize_continuous=False).explain_instance(X[0], calibrated.predict_proba, num_samples=500)
    assert found.as_list()[0][0] == "a"


def test_gpt2():
    """GPT-2 is not GPT-3."""
    gpt2 = transformer_parameters(layers=12, width=768, vocabulary=50257, context=1024)
    gpt3 = transformer_parameters(layers=96, width=12288, vocabulary=50257, context=2048)
    assert gpt2 == 124_439_808 and gpt3 > 1000 * gpt2


def test_keras_prune():
    """Keras has no `prune_low_magnitude`."""
    with pytest.raises(AttributeError, match="prune_low_magnitude"):
        tf.keras.Model.prune_low_magnitude()
    with pytest.raises(ValueError):
        tfmot.sparsity.keras.prune_low_magnitude(models.mlp((4,)))  # a Keras 3 model
    wrapped = tfmot.sparsity.keras.prune_low_magnitude(models.mlp((4,), lib=tf_keras))
    assert any("prune_low_magnitude" in layer.name for layer in wrapped.layers)


def test_zeros():
    """Zeros by themselves save no byte."""
    model = models.mlp((32,))
    raw, zipped = compression.weight_bytes(model)
    compression.hold_masks(model, compression.magnitude_masks(model, 0.9))
    sparse_raw, sparse_zipped = compression.weight_bytes(model)
    assert sparse_raw == raw and sparse_zipped < zipped / 3


def test_transfer():
    """Keras has no `transfer_learning`."""
    with pytest.raises(AttributeError, match="transfer_learning"):
        tf.keras.Model.transfer_learning()
    old = models.cnn((2, 2, 2))
    old.trainable = False
    new = keras.Sequential([*old.layers[:-2], keras.layers.Dense(5, activation="softmax")])
    new.compile(**COMPILE)
    before = old.get_weights()
    new.fit(IMAGES, DIGITS % 5, verbose=0)
    assert same(before, old) and len(new.trainable_weights) == 2, "the old layers stay; the new head learns"


def test_contrib():
    """TensorFlow has no `contrib`."""
    with pytest.raises(ModuleNotFoundError, match=r"tensorflow\.contrib"):
        importlib.import_module("tensorflow.contrib.lime.lime_tabular")
    assert importlib.import_module("lime.lime_tabular").LimeTabularExplainer is LimeTabularExplainer


def test_shap():
    """SHAP is a package of its own."""

    def predict(x):
        return x @ np.array([1.0, 2.0, 0.0, -1.0])

    assert not hasattr(LimeTabularExplainer, "shap_values")
    values = shap.KernelExplainer(predict, X[:20]).shap_values(X[:1], l1_reg=False, silent=True)
    assert values.sum() == pytest.approx(predict(X[:1])[0] - predict(X[:20]).mean(), abs=1e-6)


def test_explaining():
    """Explaining leaves the model as it was."""
    model = softmax()
    before = model.get_weights()
    explainer().explain_instance(X[0], lambda x: model.predict(x, verbose=0), num_samples=50)
    shap.KernelExplainer(lambda x: model.predict(x, verbose=0), X[:5]).shap_values(X[:1], silent=True)
    assert same(before, model)


def test_evaluate():
    """Evaluating changes nothing."""
    model = softmax()
    before = model.get_weights()
    model.evaluate(X, Y, verbose=0)
    assert same(before, model)


def test_fit():
    """`fit` watches only what it is given."""
    model = softmax()
    before = model.get_weights()
    assert set(model.fit(X, Y, verbose=0).history) == {"loss", "accuracy"}
    assert not same(before, model), "it trains"
    seen = []
    watch = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(logs["val_accuracy"]))
    model.fit(X[:80], Y[:80], validation_data=(X[80:], Y[80:]), callbacks=[watch], epochs=2, verbose=0)
    assert len(seen) == 2


# ------------------------------------------------------------------ PyTorch and Transformers


@pytest.fixture
def torch():
    return importlib.import_module("torch")


@pytest.fixture
def transformers(torch):
    return importlib.import_module("transformers")


@pytest.mark.other_libraries
def test_transformers(transformers):
    """Transformers does not bring PyTorch."""
    needed = [need for need in importlib.metadata.requires("transformers") if "extra ==" not in need]
    assert not [need for need in needed if re.match(r"torch\b", need)]
    assert "torch" in importlib.metadata.metadata("transformers").get_all("Provides-Extra")


@pytest.mark.other_libraries
def test_bert_loss(torch, transformers):
    """`BertModel` has no loss."""
    size = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
    config = transformers.BertConfig(vocab_size=20, **size)
    tokens, labels = torch.tensor([[1, 2, 3]]), torch.tensor([1])
    try:
        assert not hasattr(transformers.BertModel(config)(input_ids=tokens, labels=labels), "loss")
    except TypeError as error:
        assert "labels" in str(error)
    assert transformers.BertForSequenceClassification(config)(input_ids=tokens, labels=labels).loss.requires_grad


def values(module):
    return {name: value.detach().clone() for name, value in module.state_dict().items()}


def unchanged(before, module):
    return all(bool((before[name] == value).all()) for name, value in module.state_dict().items())


@pytest.mark.other_libraries
def test_torch_to(torch):
    """PyTorch's `to` moves the parameters."""
    module = torch.nn.Linear(4, 2)
    before = values(module)
    assert module.to("cpu") is module and unchanged(before, module)
    assert module.to(torch.float64).weight.dtype == torch.float64, "or casts them: no loss, no optimizer"


@pytest.mark.other_libraries
def test_torch_train(torch):
    """PyTorch's `train` switches a mode."""
    module = torch.nn.Sequential(torch.nn.Linear(4, 2), torch.nn.Dropout(0.5))
    before = values(module)
    assert module.train() is module and module.training and unchanged(before, module)
    assert not module.eval().training
    x, y = torch.tensor(X), torch.tensor(Y)
    optimizer = torch.optim.Adam(module.parameters())
    module.train()
    optimizer.zero_grad()
    torch.nn.functional.cross_entropy(module(x), y).backward()
    optimizer.step()
    assert not unchanged(before, module), "the loop trains"


@pytest.mark.other_libraries
def test_torch_evaluate(torch):
    """PyTorch modules have no `evaluate`."""
    module = torch.nn.Linear(4, 2)
    with pytest.raises(AttributeError, match="evaluate"):
        module.evaluate()
    module.eval()
    with torch.no_grad():
        correct = (module(torch.tensor(X)).argmax(dim=1) == torch.tensor(Y)).float().mean()
    assert 0 <= correct <= 1


@pytest.mark.other_libraries
def test_torch_prune(torch):
    """PyTorch pruning keeps weights and mask."""
    from torch.nn.utils import prune

    module = torch.nn.Linear(10, 10, bias=False)
    size = sum(value.numel() for value in module.state_dict().values())
    prune.l1_unstructured(module, "weight", amount=0.9)
    assert sum(value.numel() for value in module.state_dict().values()) == 2 * size
    prune.remove(module, "weight")
    assert sum(value.numel() for value in module.state_dict().values()) == size
    assert int((module.weight == 0).sum()) == 90


@pytest.mark.other_libraries
def test_data_parallel(torch):
    """`DataParallel` transfers nothing."""
    module = torch.nn.Linear(4, 2)
    before = values(module)
    parallel = torch.nn.DataParallel(module)
    assert parallel.module is module and unchanged(before, module)
    student = torch.nn.Linear(4, 2)
    student.load_state_dict(module.state_dict())
    assert unchanged(before, student), "this carries weights over"


@pytest.mark.other_libraries
def test_torch_lime(torch):
    """PyTorch has no LIME."""
    with pytest.raises(ModuleNotFoundError, match=r"torch\.utils\.lime"):
        importlib.import_module("torch.utils.lime.lime_tabular")
    module = torch.nn.Sequential(torch.nn.Linear(4, 2), torch.nn.Softmax(dim=1))

    def predict(x):
        with torch.no_grad():
            return module(torch.tensor(x, dtype=torch.float32)).numpy()

    assert len(explainer().explain_instance(X[0], predict, num_samples=50).as_list()) == 4
