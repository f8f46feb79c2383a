"""Global state of libraries is left as it was found, also after an exception, and does not decide results."""

import os
import random
import subprocess
import sys
import warnings

import keras
import matplotlib.pyplot as plt
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_model_optimization  # noqa: F401 - what its import changes is not what a function leaves
import tf_keras
from conftest import ROOT
from keras.src.backend.common import global_state
from lime import lime_image
from networks import BACKGROUND, MODEL, PREDICT, ROWS, X, network
from tensorflow.python.eager import context, execute
from tensorflow.python.framework import ops
from test_any_input import CALLS, GRID, IMAGES, TWIN, Y, answers

from utils import (
    checks,
    compression,
    data,
    evaluation,
    models,
    planted,
    plots,
    seeds,
    shapley,
    state,
    surrogates,
    training,
)
from utils.counterfactuals import counterfactuals

DRAWS = {models.mlp, models.cnn, models.deep_mlp, planted.network}  # a new network is to be another each time
CHANGES = {compression.hold_masks}  # the model that it is given
TIMES = {compression.latencies}


def found():
    """What functions might leave behind, as one dictionary."""
    _, keys, position, *_ = np.random.get_state()  # noqa: NPY002
    eager = context.context()
    return {
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "random": random.getstate(),
        "numpy": (keys.tobytes(), position),
        "numpy's errors": np.geterr(),
        "TensorFlow's seed": (eager._seed, eager._seed and eager._rng.getstate()),
        "Keras's seed": [id(global_state.get_global_attribute(name)) for name in state.KERAS_STATE],
        "tf_keras's seed": id(getattr(tf_keras.src.backend._SEED_GENERATOR, "generator", None)),
        "gradients": {
            name: id(entry["type"])
            for name, entry in ops.gradient_registry._registry.items()
            if not name.startswith("CustomGradient")  # TensorFlow's own, one for each use
        },
        "recording": execute.record_gradient,
        "precision": (keras.config.dtype_policy().name, keras.config.floatx(), keras.config.image_data_format()),
        "tf_keras's precision": tf_keras.mixed_precision.global_policy().name,
        "tf.keras": tf.keras.Model,
        "warnings": list(warnings.filters),
        "matplotlib": dict(plt.rcParams),
        "lime's bar": lime_image.tqdm,
        "standard output": sys.stdout,
    }


def differences(before, after):
    return [what for what in before if before[what] != after[what]]


def digest(result):
    """A result as something to compare; None for what has no value, such as a figure."""
    if isinstance(result, (keras.Model, tf_keras.Model)):
        return [weight.tobytes() for weight in result.get_weights()]
    if isinstance(result, (list, tuple)):
        return [digest(part) for part in result]
    if isinstance(result, dict):
        return {name: digest(part) for name, part in result.items()}
    return np.asarray(result).tobytes() if isinstance(result, (np.ndarray, int, float, bytes)) else None


def test_functions_in_any_order(monkeypatch):
    monkeypatch.setenv("COURSE_DATASET", "digits")
    results = {}
    for order in range(3):
        calls = sorted(set(CALLS) - CHANGES, key=lambda call: call.__qualname__)
        random.Random(order).shuffle(calls)
        random.seed(order), np.random.seed(order), keras.utils.set_random_seed(order)  # noqa: NPY002
        for call in calls:
            before = found()
            result = digest(call(**CALLS[call]))
            plt.close("all")
            changed = differences(before, found())
            assert not changed or call in DRAWS, f"{call.__qualname__} left {changed}"
            if call not in DRAWS | TIMES:
                assert results.setdefault(call, result) == result, (
                    f"{call.__qualname__} answers otherwise in another order"
                )


class Planned(Exception):
    """Raised on purpose in the middle of a function."""


def failing(calls):
    """A function of rows that fails at its call number `calls`."""
    left = iter(range(calls))

    def predict(x):
        if next(left, None) is None:
            raise Planned
        return answers(x)

    return predict


def build_that_fails():
    np.random.random(), random.random()  # noqa: NPY002
    raise Planned


def bad_optimizer():
    keras.random.normal((1,))
    raise Planned


class Own(tf_keras.layers.Layer):
    """A layer that TFMOT does not know."""

    def build(self, shape):
        self.kernel = self.add_weight(name="kernel", shape=(8, 3))

    def call(self, x):
        return tf.nn.softmax(x @ self.kernel)


SHAP_FAILS = keras.Sequential([keras.Input((8,)), keras.layers.Lambda(tf.math.atan), keras.layers.Dense(3)])
TFMOT_FAILS = tf_keras.Sequential([tf_keras.layers.Input((8,)), Own()])
FAIL = {
    "fit, build": lambda: training.fit(build_that_fails, X, Y, 1, 0),
    "fit, optimizer": lambda: training.fit(network, X, Y, 1, 0, optimizer=bad_optimizer),
    "fit, labels": lambda: training.fit(network, X, Y + 1, 1, 0),
    "lime_image": lambda: surrogates.lime_image(failing(1), IMAGES[0], 0, GRID, samples=9),
    "kernel_shap": lambda: shapley.kernel_shap(failing(3), BACKGROUND, ROWS, samples=254),
    "kernel_shap, samples": lambda: shapley.kernel_shap(PREDICT, BACKGROUND, ROWS, samples=5),
    "deep_shap": lambda: shapley.deep_shap(SHAP_FAILS, BACKGROUND, ROWS),
    "prune_gradually": lambda: compression.prune_gradually(TFMOT_FAILS, X, Y, 0.5, 1, 0),
    "counterfactuals": lambda: counterfactuals(MODEL, X[0], 1, X[0], X[0]),
    "load_images": lambda: data.load_images(train=0),
    "seeds": lambda: seeds.seeds(0),
    "lines": lambda: plots.lines([1, 2], {"right": [1, 2], "wrong": [1, np.nan]}, "x", "y"),
    "dots": lambda: plots.dots({"right": [1, 2], "wrong": []}, "x"),
    "images": lambda: plots.images({"one": IMAGES, "two": IMAGES[:2]}),
    "randomised": lambda: evaluation.randomised(TWIN, 0),
}


@pytest.mark.parametrize("call", FAIL)
def test_after_an_exception(call):
    before, figures = found(), plt.get_fignums()
    with pytest.raises((Planned, ValueError, TypeError)):
        FAIL[call]()
    assert not differences(before, found())
    assert plt.get_fignums() == figures, "a figure is left open"


def test_the_check_sees_what_is_left(monkeypatch):
    before = found()
    monkeypatch.setenv("LEFT", "1")
    np.random.random()  # noqa: NPY002
    with np.errstate(all="raise"):
        assert differences(before, found()) == ["environment", "numpy", "numpy's errors"]


# ------------------------------------------------------------------ which Keras tf.keras is


def in_a_process(code, **env):
    """What a Python of its own says to the code, the last line of its errors included."""
    done = subprocess.run(
        [sys.executable, "-c", PREAMBLE + code],
        cwd=ROOT, env={k: v for k, v in os.environ.items() if k != checks.FLAG} | env, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout or done.stderr


PREAMBLE = """
import os
import numpy as np
x = np.random.default_rng(0).normal(size=(40, 8)).astype("float32")
"""
PRUNE = """
import tf_keras
from utils import compression
twin = tf_keras.Sequential([tf_keras.layers.Input((8,)), tf_keras.layers.Dense(3, "softmax")])
compression.prune_gradually(twin, x, np.arange(40) % 3, .5, 1, 0)
"""
EXPLAIN = """
import keras
from utils import compression, models, shapley
net = models.mlp((4,), shape=(8,), classes=3)
print(shapley.deep_shap(models.logits(net), x, x[:2]).shape, len(compression.to_tflite(net)) > 0)
print("flag", os.environ.get("TF_USE_LEGACY_KERAS"))
"""


@pytest.mark.parametrize("first", [PRUNE, "from utils import data\nimport tensorflow_model_optimization\n"])
def test_pruning_makes_no_model_a_stranger(first):
    said = in_a_process(first + EXPLAIN)
    assert said.startswith("(2, 8, 3) True\n")
    assert ("flag None" in said) == (first == PRUNE), "what a reader imports sets the flag; pruning leaves it alone"


@pytest.mark.parametrize(
    ("first", "env"),
    [("", {"TF_USE_LEGACY_KERAS": "1"}), ("import tensorflow_model_optimization\n", {})],
    ids=["the shell", "TFMOT before utils"],
)
def test_a_flag_that_was_there_before_is_named(first, env):
    said = in_a_process(first + EXPLAIN, **env)
    assert "ValueError: shap.DeepExplainer looks for models of tf.keras, which is tf_keras" in said
    assert "Unset TF_USE_LEGACY_KERAS" in said


def test_keras_on_another_library_is_refused():
    said = in_a_process("import keras\nkeras.backend.backend = lambda: 'jax'\nfrom utils import training")
    assert "ImportError: the course needs Keras with TensorFlow; KERAS_BACKEND, or keras.json, says 'jax'" in said


def test_keras_json_decides_no_result(tmp_path):
    code = """
import keras
from utils import models, training
keras.utils.set_random_seed(0)
nets = models.cnn((4, 4), shape=(12, 12, 2)), models.mlp((4,), shape=(5, 6, 2)), models.deep_mlp(2, shape=(5, 6, 2))
rng = np.random.default_rng(0)
for net in nets:
    for weight in net.weights:
        weight.assign(rng.normal(size=weight.shape))
print([training.outputs(net, rng.random((3, *net.input_shape[1:]))).round(5).tolist() for net in nets])
"""
    said = []
    for order in ("channels_last", "channels_first"):
        (tmp_path / "keras.json").write_text(f'{{"image_data_format": "{order}", "backend": "tensorflow"}}')
        said.append(in_a_process(code, KERAS_HOME=str(tmp_path)))
    assert said[0] == said[1] and said[0].startswith("[[[")
