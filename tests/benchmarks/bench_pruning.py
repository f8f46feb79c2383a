"""LeNet-300-100 on real MNIST, pruned, with shared weights, coded into a file (Han et al. 2015, 2016).

    COURSE_DATA=folder-with-mnist.npz python tests/benchmarks/bench_pruning.py

Each seed trains a dense network and goes on from it twice for the same epochs with the same optimizer:
pruned with TFMOT, and dense (the control). The pruned one is written to a file, read back, and scored.
The recipe below was chosen on the validation images; the test images are scored once, after all training.
On those, Adam's constant default rate told for the pruned network. With a rate that decays to 0 in both,
pruned and dense came out level, and with dropout the dense one was ahead: a lead is not a law.
Exit code 1: a target is missed (the figures are recorded all the same); 2: no mnist.npz.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

os.environ["COURSE_DATASET"] = "mnist"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # for utils

import coding
import numpy as np
import tensorflow_model_optimization as tfmot
import tf_keras
from record import conditions, record, report
from tqdm import tqdm

from utils import data, models, training

SEEDS = (0, 1, 2)
SIZES = {"train": 55_000, "val": 5_000, "test": 10_000}
DENSE_EPOCHS = 12
EXTRA_EPOCHS = 12  # of pruning, and of the control
BATCH = 128
SPARSITY = (0.935, 0.88, 0.5)  # of the three kernels: few weights lead to the outputs, so more of them stay
RAMP = 1 / 2  # the part of the extra epochs in which the sparsity rises; the rest repairs
BITS = 5  # 32 shared values in each layer, as in Han et al. (2016)


def build():
    return models.mlp((300, 100), lib=tf_keras)


def wrapped(layer, final_sparsity, steps):
    """The layer with TFMOT's pruning around it: sparsity from 0 to final_sparsity on a cubic schedule."""
    schedule = tfmot.sparsity.keras.PolynomialDecay(
        0, final_sparsity, begin_step=0, end_step=max(1, round(RAMP * steps)), frequency=max(1, steps // 60)
    )
    return tfmot.sparsity.keras.prune_low_magnitude(layer, schedule)


def go_on(model, images, seed, epochs, prune):
    """Train a copy of the model further; with `prune`, down to SPARSITY. The model stays as it is."""
    tf_keras.utils.set_random_seed(seed)
    copy = build()
    copy.set_weights(model.get_weights())
    callbacks = []
    if prune:
        steps = -(-len(images.x_train) // BATCH) * epochs
        left = iter(SPARSITY)
        layers = [wrapped(layer, next(left), steps) if hasattr(layer, "kernel") else layer for layer in copy.layers]
        copy = tf_keras.Sequential([tf_keras.layers.Input(images.x_train.shape[1:]), *layers])
        callbacks = [tfmot.sparsity.keras.UpdatePruningStep()]
    copy.compile("adam", "sparse_categorical_crossentropy")
    copy.fit(images.x_train, images.y_train, batch_size=BATCH, epochs=epochs, verbose=0, callbacks=callbacks)
    return tfmot.sparsity.keras.strip_pruning(copy) if prune else copy


def through_file(model):
    """The network decoded from a file that the model was coded into, and the bytes of the file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lenet.gap"
        path.write_bytes(coding.encode(model.get_weights(), BITS))
        decoded = build()
        decoded.set_weights(coding.decode(path.read_bytes()))
        return decoded, path.stat().st_size


def run(seeds=SEEDS, sizes=SIZES, dense_epochs=DENSE_EPOCHS, extra_epochs=EXTRA_EPOCHS):
    """Train and score for each seed. Returns the record of the benchmark (see `summary`)."""
    started = time.perf_counter()
    images = data.load_images(**sizes, seed=0)
    trained = []
    for seed in tqdm(seeds, desc="seeds", unit="seed"):
        dense = training.fit(build, images.x_train, images.y_train, dense_epochs, seed, batch_size=BATCH)
        control = go_on(dense, images, seed, extra_epochs, prune=False)
        pruned = go_on(dense, images, seed, extra_epochs, prune=True)
        coded, size = through_file(pruned)
        trained.append(({"dense": dense, "control": control, "pruned": pruned, "coded": coded}, size))

    per_seed = {name: [] for name in ("parameters", "nonzero", "fewer", "raw_bytes", "file_bytes", "smaller")}
    for networks, size in trained:
        weights = networks["pruned"].get_weights()
        parameters, nonzero = sum(w.size for w in weights), sum(np.count_nonzero(w) for w in weights)
        raw = sum(w.size * 4 for w in networks["dense"].get_weights())  # float32
        found = [parameters, int(nonzero), parameters / nonzero, raw, size, raw / size]
        for name, value in zip(per_seed, found, strict=False):
            per_seed[name].append(value)
        for part, x, y in (("val", images.x_val, images.y_val), ("test", images.x_test, images.y_test)):
            for name, network in networks.items():
                error = 100 * (1 - training.accuracy(network, x, y))
                per_seed.setdefault(f"{part}_error_{name}", []).append(round(error, 4))
    return summary(per_seed, seeds, time.perf_counter() - started)


def summary(per_seed, seeds, seconds):
    """The record: values of each seed, means, standard deviations, the targets and whether each is met.

    per_seed: {quantity: one value for each seed}; errors are in per cent.
    """
    mean = {name: float(np.mean(values)) for name, values in per_seed.items()}
    sd = {name: float(np.std(values, ddof=1)) if len(seeds) > 1 else 0.0 for name, values in per_seed.items()}
    error = {name: mean[f"test_error_{name}"] for name in ("dense", "control", "pruned", "coded")}
    shown = {name: f"{error[name]:.2f} ± {sd[f'test_error_{name}']:.2f} %" for name in error}
    targets = [  # what, measured, target, met
        ("Non-zero parameters against all, biases counted", f"{mean['fewer']:.1f}x fewer",
         "at least 12x fewer", mean["fewer"] >= 12),
        ("Test error, pruned", shown["pruned"],
         "no higher than the dense network's, before or with the same extra training",
         round(error["pruned"], 6) <= round(min(error["control"], error["dense"]), 6)),
        ("Coded file against the float32 weights",
         f"{mean['smaller']:.1f}x smaller ({mean['file_bytes']:,.0f} of {mean['raw_bytes']:,.0f} bytes)",
         "at least 40x smaller", mean["smaller"] >= 40),
        ("Test error, decoded from the file", shown["coded"],
         "at most 0.2 points above the control's", round(error["coded"] - error["control"], 6) <= 0.2),
    ]  # fmt: skip
    rows = [
        {"what": "Test error, dense", "value": shown["dense"], "target": ""},
        {"what": "Test error, dense with the same extra training (control)", "value": shown["control"], "target": ""},
        *({"what": what, "value": value, "target": target} for what, value, target, _ in targets),
    ]
    packages = ("tensorflow", "tf_keras", "tensorflow-model-optimization", "numpy", "scikit-learn")
    return {
        "title": "LeNet-300-100 on MNIST, pruned and coded",
        "rows": rows,
        "targets_met": {what: bool(met) for what, _, _, met in targets},
        "per_seed": per_seed,
        "mean": mean,
        "sd": sd,
        "recipe": {
            "dense_epochs": DENSE_EPOCHS, "extra_epochs": EXTRA_EPOCHS, "batch_size": BATCH, "optimizer": "adam",
            "sparsity": list(SPARSITY), "ramp": RAMP, "bits": BITS,
        },
        **conditions(seconds, seeds, packages),
    }  # fmt: skip


def main():
    folder = os.environ.get("COURSE_DATA", "").strip()
    if not folder or not (Path(folder).expanduser() / "mnist.npz").is_file():
        print(f"COURSE_DATA is {folder or 'not set'}: there is no mnist.npz. This benchmark needs real MNIST; set "
              "COURSE_DATA to a folder that holds Keras's mnist.npz (keras.datasets.mnist.load_data() fetches it).",
              file=sys.stderr)  # fmt: skip
        return 2
    result = run()
    record("lenet_mnist", result)
    return report(result)


if __name__ == "__main__":
    sys.exit(main())
