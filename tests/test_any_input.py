"""Whatever is handed to a public function of `utils`, it answers or raises a ValueError or TypeError that names the
argument. FUZZ_EXAMPLES sets how many inputs each argument is tried with."""

import os
import re
import signal
import warnings

import numpy as np
import pytest
import tf_keras
from hypothesis import HealthCheck, given, settings
from networks import BACKGROUND, LOGITS, MODEL, PREDICT, ROWS, X, network
from things import ANYTHING

from utils import (
    attributions,
    compression,
    counting,
    data,
    evaluation,
    gpt,
    models,
    planted,
    plots,
    predictors,
    seeds,
    shapley,
    surrogates,
    text,
    training,
)  # fmt: skip
from utils.counterfactuals import counterfactuals

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", 4))
SECONDS = 60  # that one call may take
RNG = np.random.default_rng(0)
IMAGES = RNG.random((3, 16, 16, 1))
GRID = surrogates.grid_segments(16, 16, 8)
SIGNS = planted.images(6, 0)
MAP, MASK = RNG.random((3, 16, 16)), RNG.random((3, 16, 16)) > 0.5
Y = np.arange(40) % 3
TWIN = tf_keras.Sequential([tf_keras.layers.Input((8,)), tf_keras.layers.Dense(3, "softmax")])
BUFFER = compression.to_tflite(MODEL)
NAMES = {"feature_names": list("abcdefgh"), "class_names": list("xyz")}


def answers(x):
    return np.full((len(x), 3), 1 / 3)


def game(masks):
    return masks.sum(axis=1)


def fresh():
    return models.mlp((4,), shape=(8,), classes=3)


# each public function with arguments that are right
CALLS = {
    attributions.integrated_gradients: {
        "model": MODEL, "x": ROWS, "baseline": X[5], "target": 0, "steps": 3, "rule": "left",
    },
    attributions.occlusion: {"predict": answers, "x": IMAGES, "target": 0, "size": 8, "fill": 0.5},
    compression.kernel_layers: {"model": MODEL},
    compression.magnitude_masks: {"model": MODEL, "sparsity": 0.5},
    compression.random_masks: {"model": MODEL, "sparsity": 0.5, "seed": 0},
    compression.hold_masks: {"model": network(), "masks": compression.magnitude_masks(MODEL, 0.5)},
    compression.sparsity: {"model": MODEL},
    compression.prune_gradually: {
        "model": TWIN, "x": X, "y": Y, "final_sparsity": 0.5, "epochs": 1, "seed": 0, "batch_size": 40,
    },
    compression.weight_bytes: {"model": MODEL},
    compression.to_tflite: {"model": MODEL, "calibration": X},
    compression.tflite_probabilities: {"buffer": BUFFER, "x": X},
    compression.latencies: {"buffers": [BUFFER], "x": X, "rounds": 1},
    counterfactuals: {
        "model": MODEL, "x": X[0], "target": (PREDICT(X[:1]).argmax() + 1) % 3, "low": X.min(0), "high": X.max(0),
        "immutable": (0,),
        "scale": np.ones(8), "count": 1, "seed": 0,
    },
    counting.dense_parameters: {"n_in": 2, "n_out": 3},
    counting.conv_parameters: {"kernel": 3, "c_in": 2, "c_out": 3},
    counting.transformer_parameters: {"layers": 1, "width": 4, "vocabulary": 9, "context": 5},
    data.load_images: {"train": 9, "val": 5, "test": 5, "seed": 0, "jitter": True},
    data.shift: {"images": IMAGES, "dy": 1, "dx": 0},
    data.shift_randomly: {"images": IMAGES, "most": 1, "seed": 0},
    evaluation.pointing: {"attribution": MAP, "mask": MASK},
    evaluation.top_k: {"attribution": MAP, "mask": MASK},
    evaluation.mass: {"attribution": MAP, "mask": MASK},
    evaluation.auc: {"attribution": MAP, "mask": MASK},
    evaluation.deletion: {"predict": answers, "x": X, "attribution": X, "target": 0, "fill": 0.0, "steps": 2},
    evaluation.stability: {"attributions": X, "k": 2},
    evaluation.similarity: {"a": X, "b": X},
    evaluation.randomised: {"model": MODEL, "seed": 0},
    evaluation.random_attribution: {"x": IMAGES, "seed": 0},
    evaluation.edge_attribution: {"x": IMAGES},
    gpt.new_weights: {"rng": RNG, "symbols": 9, "width": 4, "layers": 1, "context": 5},
    gpt.causal: {"context": 5},
    models.mlp: {"widths": (4,), "dropout": 0.1, "shape": (8,), "classes": 3},
    models.cnn: {"filters": (4,), "shape": (8, 8, 1), "classes": 3},
    models.deep_mlp: {"depth": 2, "width": 4, "residual": True, "shape": (8,), "classes": 3},
    models.logits: {"model": models.mlp((4,), shape=(8,))},
    planted.images: {"n": 4, "seed": 0, "cue": 0.5, "size": 15},
    planted.part: {"data": SIGNS, "rows": SIGNS.y < 2},
    planted.usable: {"data": SIGNS},
    planted.redrawn: {"x": SIGNS.x, "where": SIGNS.mask, "seed": 0},
    planted.exchanged: {"data": SIGNS, "y": SIGNS.y, "seed": 0},
    planted.controls: {"x": SIGNS.x, "seed": 0},
    planted.network: {"size": 15, "filters": 2},
    planted.table: {"n": 4, "seed": 0},
    planted.log_odds: {"x": X},
    planted.slopes: {"x": X},
    plots.lines: {"x": [1, 2], "series": {"a": [1, 2]}, "xlabel": "x", "ylabel": "y"},
    plots.dots: {"series": {"a": [1, 2]}, "xlabel": "x"},
    plots.images: {"rows": {"a": IMAGES}},
    predictors.predictor: {"model": MODEL, "chunk": 100, "probabilities": True},
    PREDICT: {"x": X},
    seeds.seeds: {"n": 3},
    shapley.kernel_shap: {"predict": answers, "background": BACKGROUND, "x": ROWS, "samples": 254, "seed": 0},
    shapley.deep_shap: {"model": LOGITS, "background": BACKGROUND, "x": ROWS},
    shapley.exact_shapley: {"value": game, "n": 4},
    shapley.masked_mean: {"predict": answers, "x": X[0], "background": BACKGROUND},
    surrogates.grid_segments: {"height": 16, "width": 16, "cell": 8},
    surrogates.lime_image: {
        "predict": answers, "image": IMAGES[0], "label": 0, "segments": GRID, "samples": 9, "fill": None, "seed": 0,
    },
    surrogates.lime_tabular: {"train": X, "predict": answers, **NAMES, "seed": 0},
    text.prose: {"docstring": "A line."},
    text.split: {"files": {str(i): ["A line."] for i in range(10)}, "seed": 0, "by": "file", "clean": True},
    text.runs: {"paragraph": "A line."},
    text.encode: {"text": "A line."},
    text.decode: {"codes": [1, 2, 95]},
    training.fit: {"build": fresh, "x": X, "y": Y, "epochs": 1, "seed": 0, "batch_size": 40, "optimizer": "sgd"},
    training.fit_seeds: {"build": fresh, "x": X, "y": Y, "epochs": 1, "seeds": [0], "batch_size": 40},
    training.trainer: {"build": fresh, "optimizer": "adam"},
    training.outputs: {"model": MODEL, "x": X, "chunk": 9},
    training.accuracy: {"model": MODEL, "x": X, "y": Y},
    training.distillation_loss: {"T": 2.0, "alpha": 0.5},
}  # fmt: skip
DEAR = {training.fit, training.fit_seeds, compression.prune_gradually, counterfactuals, shapley.deep_shap}
ARGUMENTS = [(call, name) for call, given in CALLS.items() for name in given]


def label(value):
    return value if isinstance(value, str) else getattr(value, "__qualname__", str(value))


@pytest.fixture
def deadline():
    """A call that hangs ends in an error of no allowed kind."""

    def over(*_):
        raise TimeoutError(f"no answer in {SECONDS} s")

    before = signal.signal(signal.SIGALRM, over)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize(("call", "name"), ARGUMENTS, ids=label)
@pytest.mark.usefixtures("deadline")
def test_an_answer_or_an_error_that_names_the_argument(call, name):
    @settings(
        max_examples=max(2, EXAMPLES // 3) if call in DEAR else EXAMPLES,
        deadline=None,
        database=None,
        derandomize=EXAMPLES < 10,
        suppress_health_check=list(HealthCheck),
    )
    @given(ANYTHING)
    def try_one(thing):
        signal.alarm(SECONDS)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                call(**CALLS[call] | {name: thing})
            except (ValueError, TypeError) as fault:
                assert re.search(rf"\b{name}\b", str(fault)), f"{type(fault).__name__} that does not name it: {fault}"
        signal.alarm(0)

    try:
        try_one()
    finally:
        plots.plt.close("all")


def test_right_arguments_are_answered():
    for call, given_arguments in CALLS.items():
        call(**given_arguments)
    plots.plt.close("all")


def test_every_public_function_is_tried():
    public = {
        function
        for module in (
            attributions, compression, counting, data, evaluation, gpt, models, planted, plots, shapley, surrogates,
            text, training, seeds,
        )
        for name, function in vars(module).items()
        if callable(function) and getattr(function, "__module__", "") == module.__name__ and name[0] not in "_"
        and not isinstance(function, type)
    }  # fmt: skip
    others = {
        data.dataset_name,
        text.docstrings,
        gpt.forward,
        gpt.norm,
    }  # no argument, names alone, inside of a network
    assert public - set(CALLS) == others
