import ast
import sys
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pandas as pd
import pytest
import tf_keras
from networks import (
    BACKGROUND,
    LOGITS,
    MODEL,
    POLICIES,
    PREDICT,
    ROWS,
    X,
    in_precision,
    network,
    several_outputs,
    unbuilt,
)
from sklearn.linear_model import LogisticRegression

from utils import (
    arguments,
    attributions,
    checks,
    compression,
    data,
    evaluation,
    predictors,
    shapley,
    surrogates,
    training,
)
from utils.counterfactuals import counterfactuals

Y = np.arange(40) % 3
LOW, HIGH = X.min(0), X.max(0)
L = keras.layers

# ------------------------------------------------------------------ models

# every function of the package that takes a model, on X
EXPLAIN = {
    "predictor": predictors.predictor,
    "integrated_gradients": lambda m: attributions.integrated_gradients(m, X, np.zeros(8), 0),
    "counterfactuals": lambda m: counterfactuals(m, X[0], 1, LOW, HIGH),
    "deep_shap": lambda m: shapley.deep_shap(m, BACKGROUND, ROWS),
}
TRAIN = {
    "fit": lambda m: training.fit(lambda: m, X, Y, epochs=1, seed=0),
    "fit_seeds": lambda m: training.fit_seeds(lambda: m, X, Y, epochs=1, seeds=(0,)),
    "accuracy": lambda m: training.accuracy(m, X, Y),
}
ANY = {
    "outputs": lambda m: training.outputs(m, X),
    "to_tflite": compression.to_tflite,
    "hold_masks": lambda m: compression.hold_masks(m, []),
    "randomised": lambda m: evaluation.randomised(m, 0),
}


@pytest.mark.parametrize("call", EXPLAIN | TRAIN | ANY)
@pytest.mark.parametrize("what", ["a list", "the same one twice", "three", "a dictionary", "in a Sequential"])
def test_several_outputs_are_named(call, what):
    with pytest.raises(ValueError, match=r"model has [23] outputs, of shapes \(n, 3\), \(n, .*\); choose one"):
        (EXPLAIN | TRAIN | ANY)[call](several_outputs()[what])


def test_the_way_out_of_several_outputs():
    for model in several_outputs().values():
        one = keras.Model(model.inputs, model.outputs[0])
        assert checks.network(one).output == (3,) and predictors.predictor(one)(X).shape == (40, 3)


@pytest.mark.parametrize("call", EXPLAIN | TRAIN | ANY)
def test_several_inputs_are_named(call):
    one, two, three = keras.Input((8,), name="left"), keras.Input((8,), name="right"), keras.Input((4,))
    for inputs in ([one, two], [one, two, three], {"left": one, "right": two}):
        model = keras.Model(inputs, L.Dense(3, "softmax")(L.Concatenate()(list(keras.tree.flatten(inputs)))))
        with pytest.raises(ValueError, match=r"model has [23] inputs, of shapes \(n, 8\), .*; give one that starts"):
            (EXPLAIN | TRAIN | ANY)[call](model)


@pytest.mark.parametrize("call", EXPLAIN | TRAIN | ANY)
@pytest.mark.parametrize("what", ["Sequential", "subclass", "called"])
def test_a_model_that_is_not_built_is_named(call, what):
    with pytest.raises(ValueError, match=r"model is not built.*keras.Model\(inputs, model\(inputs\)\)"):
        (EXPLAIN | TRAIN | ANY)[call](unbuilt()[what])


def test_the_way_out_of_a_model_that_is_not_built():
    for model in unbuilt().values():
        inputs = keras.Input((8,))
        wrapped = keras.Model(inputs, model(inputs))
        assert checks.network(wrapped).output == (3,) and predictors.predictor(wrapped)(X).shape == (40, 3)


def ends_in_one(*last):
    return keras.Sequential([keras.Input((8,)), L.Dense(4, "relu"), *last])


@pytest.mark.parametrize("call", ["fit", "fit_seeds", "accuracy", "predictor", "counterfactuals"])
@pytest.mark.parametrize("last", ["sigmoid", "layer", "no activation", "nested", "reshaped"])
def test_the_one_column_of_a_sigmoid_is_named(call, last):
    model = ends_in_one(
        *{
            "sigmoid": [L.Dense(1, "sigmoid")],
            "layer": [L.Dense(1), L.Activation("sigmoid")],
            "no activation": [L.Dense(1)],
            "nested": [keras.Sequential([keras.Input((4,)), L.Dense(1, "sigmoid")])],
            "reshaped": [L.Dense(1, "sigmoid"), L.Reshape((1,))],
        }[last]
    )
    with pytest.raises(ValueError, match="model's output is one column, as a sigmoid gives; use two columns"):
        (EXPLAIN | TRAIN)[call](model)
    assert training.outputs(model, X).shape == (40, 1)


@pytest.mark.parametrize("call", EXPLAIN | TRAIN)
def test_an_output_that_is_no_row_of_columns_is_named(call):
    inputs = keras.Input((8,))
    for output in (L.Reshape((4, 2))(inputs), L.Reshape((2, 2, 2))(inputs), L.Reshape((8, 1))(inputs)):
        with pytest.raises(ValueError, match="model's output has shape"):
            (EXPLAIN | TRAIN)[call](keras.Model(inputs, output))


@pytest.mark.parametrize("thing", [None, "a network", lambda x: x, keras.Model, LogisticRegression()])
def test_what_is_no_model(thing):
    with pytest.raises(TypeError, match=r"model is a .*; give a Keras 3 model \(keras.Model\)"):
        checks.network(thing, legacy=True)
    assert not checks.is_model(thing)


def test_tf_keras_models_where_they_are_of_use(monkeypatch):
    twin = tf_keras.Sequential([tf_keras.layers.Input((8,)), tf_keras.layers.Dense(3, "softmax")])
    assert checks.is_model(twin)
    assert checks.network(twin, legacy=True) == checks.Network((8,), "float32", (3,), "float32")
    with pytest.raises(TypeError, match=r"model is a tf_keras.*; give a Keras 3 model.*prune_gradually"):
        checks.network(twin)
    monkeypatch.delitem(sys.modules, "tf_keras")
    assert checks.is_model(MODEL) and not checks.is_model(twin), "nobody has imported it"


@pytest.mark.parametrize(
    ("shape", "layers", "output"),
    [
        ((8,), [L.Dense(3)], (3,)),
        ((28, 28, 1), [L.Flatten(), L.Dense(10)], (10,)),
        ((None, 4), [L.GlobalAveragePooling1D(), L.Dense(2)], (2,)),
        ((None, None, 3), [L.Conv2D(5, 1)], (None, None, 5)),
    ],
)
def test_what_a_model_takes_and_gives(shape, layers, output):
    model = keras.Sequential([keras.Input(shape), *layers])
    assert checks.network(model) == checks.Network(shape, "float32", output, "float32")
    if len(output) == 1:
        assert checks.columns(checks.network(model)) == checks.classes(checks.network(model)) == output[0]
    else:
        with pytest.raises(ValueError, match="give a model that ends in"):
            checks.columns(checks.network(model))


@pytest.mark.parametrize("policy", POLICIES)
def test_the_precision_is_that_of_the_answer(policy):
    assert checks.network(in_precision(policy)).precision == policy.removeprefix("mixed_")
    inputs = keras.Input((8,), dtype="int32")
    last = L.Dense(3, "softmax", dtype="float32")
    model = keras.Model(inputs, last(L.Embedding(5, 4, dtype=policy)(inputs)[:, 0]))
    assert checks.network(model) == checks.Network((8,), "int32", (3,), "float32")


# ------------------------------------------------------------------ arrays

FRAME = pd.DataFrame(X).rename(columns=str)
MIXED = FRAME.assign(**{"7": FRAME["7"] > 0})
TEXT = FRAME.assign(colour="red")


@pytest.mark.parametrize(
    "call",
    {
        "numbers": lambda x: checks.numbers("x", x),
        "predictor": PREDICT,
        "outputs": lambda x: training.outputs(MODEL, x),
        "fit": lambda x: training.fit(lambda: network(), x, Y, epochs=1, seed=0),
        "accuracy": lambda x: training.accuracy(MODEL, x, Y),
        "integrated_gradients": lambda x: attributions.integrated_gradients(MODEL, x, np.zeros(8), 0),
        "deep_shap": lambda x: shapley.deep_shap(LOGITS, BACKGROUND, x),
        "kernel_shap": lambda x: shapley.kernel_shap(PREDICT, BACKGROUND, x, samples=254),
        "deletion": lambda x: evaluation.deletion(PREDICT, x, X, 0, 0.0, steps=2),
    }.items(),
    ids=lambda item: item[0],
)
def test_tables_are_numbers_before_they_are_finite(call):
    _, function = call
    with pytest.raises(ValueError, match=r"x is a data frame of bool and float32.*dtype object; give x\.astype\('floa"):
        function(MIXED)
    with pytest.raises(ValueError, match=r"x is a data frame with no numbers in the columns colour; encode or drop"):
        function(TEXT)
    with pytest.raises(ValueError, match=r"x has dtype object; give numbers; if it holds nothing else: x\.astype"):
        function(X.astype(object))
    function(MIXED.astype("float32"))


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (FRAME.assign(when=pd.Timestamp(0)), "no numbers in the columns when"),
        (FRAME.assign(kind=pd.Categorical(["a", "b"] * 20)), "no numbers in the columns kind"),
        (pd.DataFrame({"a": [True, False], "b": [1, 2]}), "a data frame of bool and int64"),
        (pd.DataFrame({"a": [True, False], "b": [1.5, 2]}), "a data frame of bool and float64"),
        (np.array(["2020-01-01"], "datetime64[D]"), r"dtype datetime64\[D\]; give numbers"),
        (np.array([1 + 1j]), "dtype complex128; give numbers"),
        ([[1.0, 2.0], [3.0]], "x is a list of unequal parts"),
        (None, "x has dtype object"),
        ({"a": 1}, "x has dtype object"),
        ([[]], "x is empty"),
        (np.array([1.0, np.nan, np.inf]), "x holds 2 values that are NaN or infinite"),
    ],
)
def test_what_is_no_table(x, message):
    with pytest.raises(ValueError, match=message):
        checks.numbers("x", x)


def test_booleans_count():
    for given in ([[True, False]], pd.DataFrame({"a": [True], "b": [False]}), np.array([[True, False]])):
        found = checks.numbers("x", given, ("n", 2))
        assert found.dtype == np.float32 and found.tolist() == [[1, 0]]
    curve = evaluation.deletion(PREDICT, ROWS, ROWS > 0, 0, 0.0, steps=2)
    assert np.array_equal(curve, evaluation.deletion(PREDICT, ROWS, 1.0 * (ROWS > 0), 0, 0.0, steps=2))


@pytest.mark.parametrize(
    ("shape", "wanted", "message"),
    [
        ((4, 8), ("n", 8), None),
        ((4, 8), ("n", "features"), None),
        ((4, 7), ("n", 8), r"x has shape \(4, 7\); give \(n, 8\)$"),
        ((8,), ("n", 8), r"give \(n, 8\); for a single one: x\[None\]"),
        ((5, 4), ("n", None, 4), r"give \(n, any, 4\); for a single one: x\[None\]"),
        ((2, 5, 4), ("n", None, 4), None),
        ((2, 5, 3), ("n", None, 4), r"give \(n, any, 4\)$"),
        ((3, 2), (4, "outputs"), r"give \(4, outputs\)$"),
        ((2,), (4, "outputs"), r"give \(4, outputs\)$"),
        ((1, 3), (3,), r"give \(3,\)$"),
        ((1, 3), ("features",), r"give \(features,\)$"),
        ((4,), ("n", ...), r"x has shape \(4,\); give \(n, ...\)$"),
        ((4, 2), ("n", ...), None),
        ((4, 2, 3, 1), ("n", ...), None),
        ((), ("n",), r"x has shape \(\)"),
        ((2, 2), (), r"x has shape \(2, 2\); give \(\)"),
    ],
)
def test_shapes(shape, wanted, message):
    if message is None:
        assert checks.numbers("x", np.ones(shape), wanted).shape == shape
    else:
        with pytest.raises(ValueError, match=message):
            checks.numbers("x", np.ones(shape), wanted)


@pytest.mark.parametrize(
    ("given", "dtype", "fits"),
    [
        ("float64", "float32", True),
        ("float16", "float32", True),
        ("uint8", "float32", True),
        ("int64", float, True),
        ("bool", "float32", True),
        ("int64", "int32", True),
        ("float32", "int32", False),
        ("float64", "uint8", False),
        ("int64", "uint8", False),
    ],
)
def test_casts(given, dtype, fits):
    x = np.ones((2, 3), given)
    if fits:
        assert checks.numbers("x", x, dtype=dtype).dtype == dtype
    else:
        with pytest.raises(ValueError, match=rf"x has dtype {given}; give {dtype}, which the model takes"):
            checks.numbers("x", x, dtype=dtype)


def test_what_fits_is_not_copied():
    assert checks.numbers("x", X, ("n", 8), np.float32) is X


def test_a_cast_that_overflows_is_not_finite():
    with pytest.raises(ValueError, match="x holds 1 values"):
        checks.numbers("x", [1e300, 1.0], dtype=np.float32)


@pytest.mark.parametrize("seconds", [np.array([[0.5, 0.25]]), np.array([[1, 2]])])
def test_bfloat16_is_cast(seconds):
    tensor = keras.ops.cast(seconds, "bfloat16")
    for given in (tensor, np.asarray(tensor)):
        found = checks.numbers("x", given)
        assert found.dtype == np.float32 and np.array_equal(found, seconds)


# ------------------------------------------------------------------ labels, targets, counts


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([0, 1], r"y has shape \(2,\), but x holds 3 inputs"),
        ([[0], [1], [2]], r"y has shape \(3, 1\)"),
        ([0.0, 1.0, 2.0], "y has dtype float64 and runs from 0.0 to 2.0; give whole numbers 0 to 2"),
        ([0, 1, 3], "y has dtype int64 and runs from 0 to 3"),
        ([-1, 1, 2], "runs from -1 to 2"),
        ([True, False, True], "y has dtype bool"),
        (["a", "b", "c"], "y has dtype <U1; give whole numbers 0 to 2"),
        (np.array([0, 1, None]), "y has dtype object; give whole numbers"),
    ],
)
def test_labels(y, message):
    with pytest.raises(ValueError, match=message):
        checks.labels(y, 3, 3)


def test_labels_of_any_kind_of_whole_number():
    for y in ([2, 0, 1], np.array([2, 0, 1], np.uint8), pd.Series([2, 0, 1], index=[7, 8, 9])):
        assert checks.labels(y, 3, 3).tolist() == [2, 0, 1]


def test_targets():
    assert checks.targets("target", 2, 3, 3).tolist() == [2, 2, 2]
    assert checks.targets("target", np.array([0, 1, 2], np.uint8), 3, 3).tolist() == [0, 1, 2]
    for wrong, message in (
        (3, "target is 3; model has outputs 0 to 2"),
        (-1, "target is -1;"),
        ([0, 1, 3], "target runs from 0 to 3;"),
        ([0, 1], r"target is int64 \(2,\); give a whole number, or one for each of 3 rows"),
        (1.0, "target is float64"),
        (True, "target is bool"),
        ("one", "target is <U3"),
        (None, "target is object"),
    ):
        with pytest.raises(ValueError, match=message):
            checks.targets("target", wrong, 3, 3)


@pytest.mark.parametrize("wrong", [0, -1, 1.0, True, "3", None, np.float64(2)])
def test_counts(wrong):
    with pytest.raises(ValueError, match=r"steps is .*; give a whole number of at least 1"):
        arguments.count("steps", wrong)
    assert arguments.count("steps", np.int64(4)) == 4 and arguments.count("n", 0, least=0) == 0


# ------------------------------------------------------------------ what predict returns

IMAGES = np.random.default_rng(0).random((3, 4, 4, 1))
GRID = surrogates.grid_segments(4, 4, 2)
NAMES = list("abcdefgh"), list("xyz")
ASK = {
    "lime_image": lambda p: surrogates.lime_image(p, IMAGES[0], 0, GRID, samples=20),
    "lime_tabular": lambda p: surrogates.lime_tabular(X, p, *NAMES),
    "kernel_shap": lambda p: shapley.kernel_shap(p, BACKGROUND, ROWS, samples=254),
    "occlusion": lambda p: attributions.occlusion(p, IMAGES, 0, 2, 0.0),
    "deletion": lambda p: evaluation.deletion(p, X, X, 0, 0.0, steps=2),
    "masked_mean": lambda p: shapley.masked_mean(p, X[0], BACKGROUND)(np.ones((2, 8), bool)),
}


def thirds(x):
    return np.full((len(x), 3), 1 / 3)


@pytest.mark.parametrize("call", ASK)
def test_a_model_in_place_of_a_function_is_named(call):
    twin = tf_keras.Sequential([tf_keras.layers.Input((8,)), tf_keras.layers.Dense(3)])
    for model in (MODEL, twin, LogisticRegression(), "predict", None):
        with pytest.raises(TypeError, match=r"predict is a .*; give a function of inputs: predictors.predictor\(model"):
            ASK[call](model)
    ASK[call](thirds)


@pytest.mark.parametrize("call", ASK)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: p[:-1], r"shape|empty|one column"),
        (lambda p: p.astype(str), "has dtype <U|labels"),
        (lambda p: p * np.nan, "NaN"),
        (lambda p: [p, p[:, :1]], "unequal parts"),
        (lambda p: None, "dtype object"),
        (lambda p: p.sum(), r"shape \(\)"),
    ],
)
def test_answers_that_are_none(call, change, message):
    with pytest.raises(ValueError, match=message):
        ASK[call](lambda x: change(thirds(x)))


@pytest.mark.parametrize("call", sorted(set(ASK) - {"masked_mean"}))
def test_answers_need_a_column_for_each_output(call):
    for change in (lambda p: p[:, 0], lambda p: p[:, 0].tolist(), lambda p: p[..., None], lambda p: [p, p]):
        with pytest.raises(ValueError, match=r"predict's output.* shape"):
            ASK[call](lambda x, change=change: change(thirds(x)))


def test_one_number_for_each_row_is_a_game():
    value = shapley.masked_mean(lambda x: thirds(x)[:, 0], X[0], BACKGROUND)
    assert np.allclose(value(np.ones((5, 8), bool)), 1 / 3)


@pytest.mark.parametrize("call", ASK)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_answers_of_any_precision(call, dtype):
    ASK[call](lambda x: keras.ops.cast(thirds(x), dtype))
    ASK[call](lambda x: np.asarray(keras.ops.cast(thirds(x), dtype)))


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (np.array([0, 1, 1]), "labels, shape .*predict_proba in place of predict"),
        (np.array([0.0, 1.0, 1.0]), "labels"),
        (np.array([False, True, True]), "labels"),
        (np.array(["no", "yes", "no"]), "labels"),
        (np.array([0.2, 0.7, 0.1]), r"one column.*two columns: np.hstack\(\[1 - p, p\]\)"),
        (np.array([[0.2], [0.7], [0.1]]), "one column"),
        (np.array([[2.0, -1.0]] * 3), "runs from -1 to 2, rows sum to 1 to 1; these are logits"),
        (np.array([[0.9, 0.9]] * 3), "rows sum to 1.8"),
        (np.array([[0.5, 0.5]] * 2), r"shape \(2, 2\); give \(3, classes\)"),
        (np.array([[0.5, np.nan]] * 3), "NaN"),
    ],
)
def test_what_is_no_probability(output, message):
    with pytest.raises(ValueError, match=message):
        checks.probabilities(output, 3)


def test_rows_that_were_rounded_sum_to_one_roughly():
    rows = np.array([[0.51, 0.51], [0.48, 0.49]])
    with pytest.raises(ValueError, match=r"rows sum to 0.97 to 1.02"):
        checks.probabilities(rows, 2)
    assert np.array_equal(checks.probabilities(rows, 2, "bfloat16"), rows)
    assert checks.probabilities(keras.ops.cast(rows, "bfloat16"), 2).dtype == np.float32
    with pytest.raises(ValueError, match=r"rows sum to 0\.87"):
        checks.probabilities(rows - [[0, 0], [0.1, 0]], 2, "bfloat16")


def test_an_object_with_dtypes_that_is_no_frame():
    with pytest.raises(ValueError, match="x has dtype object"):
        checks.numbers("x", SimpleNamespace(dtypes=["float32"]))


@pytest.mark.parametrize("module", sorted(Path(arguments.__file__).parent.glob("*.py")), ids=lambda path: path.stem)
def test_what_a_check_returns_is_used(module):
    """Else the argument stays what came: numpy's whole numbers without a sign, its fractions of 16 bits."""
    unused = []
    for node in ast.walk(ast.parse(module.read_text())):
        lost = [node.value] if isinstance(node, ast.Expr) else [node.left] if isinstance(node, ast.Compare) else []
        unused += [
            call for call in lost if isinstance(call, ast.Call) and ast.unparse(call.func).startswith("arguments.")
        ]
    assert not unused, [ast.unparse(call) for call in unused]


def test_whole_numbers_without_a_sign_are_counted_with():
    images = np.random.default_rng(0).random((5, 8, 8, 1), np.float32)
    assert np.array_equal(data.shift_randomly(images, np.uint64(3), 0), data.shift_randomly(images, 3, 0))
