"""What a compiled predictor saves: lime and shap with `model.predict` as documented, and with utils.predictors.

    python tests/benchmarks/bench_explanations.py

Both answer the same question with the same seed, in turn, in one process, after one round that is not timed
(TensorFlow traces, numba compiles). The answers have to be equal: only the time may differ. No download.
Exit code 1: a target is missed (the figures are recorded all the same).
"""

import os
import sys
import time
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # for utils

import keras
import numpy as np
import shap
from lime import lime_image
from record import conditions, record, report

from utils import models, planted, predictors, shapley, surrogates

SEEDS = (0, 1, 2, 3, 4)  # one repetition each
ROWS, BACKGROUND, SAMPLES, EVALUATIONS = 3, 50, 200, 500  # of the table; SAMPLES of 2**8 coalitions, so that it samples
IMAGES = 1000  # samples of LIME, the library's default
CELL = 5
TARGETS = {"KernelExplainer": 20, "PermutationExplainer": 50, "LIME on an image": 20}
TOLERANCE = 1e-5  # of values around 0.1: float32 in batches of another size


def networks():
    """Two small networks trained on the course's planted data: of a table of 8 features, and of 15x15 images."""
    keras.utils.set_random_seed(0)
    table, images = planted.table(2000, seed=0), planted.images(1000, seed=0)
    tabular = models.mlp((32, 32), shape=(8,), classes=2)
    for model, part in ((tabular, table), (convolutional := planted.network(), images)):
        model.compile("adam", "sparse_categorical_crossentropy", jit_compile=False)
        model.fit(part.x, part.y, epochs=5, batch_size=32, verbose=0)
    return tabular, convolutional


def pairs():
    """{what: (documented, helper)}, two functions of a seed that give the same array."""
    tabular, convolutional = networks()
    background, x = np.split(planted.table(BACKGROUND + ROWS, seed=1).x, [BACKGROUND])
    image = planted.images(1, seed=2).x[0]
    segments = surrogates.grid_segments(15, 15, CELL)
    fast, fast_image = predictors.predictor(tabular), predictors.predictor(convolutional)

    def predict(rows):
        return tabular.predict(rows, verbose=0)

    def kernel(seed):
        np.random.seed(seed)  # noqa: NPY002 - where the library draws from
        explainer = shap.KernelExplainer(predict, background)
        return explainer.shap_values(x, nsamples=SAMPLES, l1_reg=False, silent=True)

    def permutation(function):
        def explain(seed):
            explainer = shap.PermutationExplainer(function, background, seed=seed)
            return explainer(x, max_evals=EVALUATIONS, silent=True).values

        return explain

    def lime(seed):
        explanation = lime_image.LimeImageExplainer(random_state=seed).explain_instance(
            image[..., 0], lambda rgb: convolutional.predict(rgb[..., :1], verbose=0), labels=(1,), top_labels=None,
            num_samples=IMAGES, segmentation_fn=lambda _: segments,
        )  # fmt: skip
        return np.array([weight for _, weight in sorted(explanation.local_exp[1])])[segments]

    return {
        "KernelExplainer": (kernel, lambda seed: shapley.kernel_shap(fast, background, x, SAMPLES, seed)),
        "PermutationExplainer": (permutation(predict), permutation(fast)),
        "LIME on an image": (
            lime,
            lambda seed: surrogates.lime_image(fast_image, image, 1, segments, samples=IMAGES, seed=seed)[0],
        ),
    }


def run(seeds=SEEDS):
    """Time both of each pair for each seed, after one round of warming up. Returns the record (see `summary`)."""
    started = time.perf_counter()
    seconds, difference = {}, {}
    for what, functions in pairs().items():
        seconds[what], difference[what] = [], 0.0
        for seed in (seeds[0], *seeds):
            answers, took = [], []
            for function in functions:
                before = time.perf_counter()
                answers.append(function(seed))
                took.append(time.perf_counter() - before)
            np.testing.assert_allclose(*answers, atol=TOLERANCE, rtol=0, err_msg=what)
            difference[what] = max(difference[what], float(np.abs(answers[0] - answers[1]).max()))
            seconds[what].append(took)
        del seconds[what][0]  # the round that warmed up
    return summary(seconds, difference, seeds, time.perf_counter() - started)


def summary(seconds, difference, seeds, total):
    """The record: medians over the repetitions, how many times faster, and whether each target is met.

    seconds: {what: [[documented, helper], ...]}; difference: {what: largest difference of the answers}.
    """
    medians = {what: np.median(took, axis=0).tolist() for what, took in seconds.items()}
    faster = {what: documented / helper for what, (documented, helper) in medians.items()}
    rows = [
        {
            "what": f"{what}: with model.predict, with a compiled predictor",
            "value": f"{medians[what][0]:.2f} s, {medians[what][1]:.3f} s: {faster[what]:.0f}x faster",
            "target": f"at least {target}x faster",
        }
        for what, target in TARGETS.items()
    ]
    rows.append({
        "what": "Largest difference of the answers",
        "value": f"{max(difference.values()):.0e}",
        "target": f"at most {TOLERANCE:.0e}",
    })  # fmt: skip
    packages = ("tensorflow", "keras", "numpy", "lime", "shap", "numba")
    return {
        "title": "Explanations of small networks, the libraries' documented usage against a compiled predictor",
        "rows": rows,
        "targets_met": {row["what"]: faster[what] >= target for row, (what, target) in zip(rows, TARGETS.items())},  # noqa: B905
        "per_seed": {what: [[round(t, 5) for t in took] for took in both] for what, both in seconds.items()},
        "median": medians,
        "faster": faster,
        "difference": difference,
        "recipe": {
            "rows": ROWS, "background": BACKGROUND, "coalitions": SAMPLES, "max_evals": EVALUATIONS,
            "lime_samples": IMAGES, "cell": CELL,
        },
        **conditions(total, seeds, packages),
    }  # fmt: skip


def main():
    result = run()
    record("explanations", result)
    return report(result)


if __name__ == "__main__":
    sys.exit(main())
