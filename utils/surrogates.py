"""LIME: a simple model that stands in for a network near one input, with the checks that the library lacks."""

import inspect

import numpy as np
from lime import lime_image as lime_images
from lime import lime_tabular as lime_tables

from utils import arguments, checks

RESERVED = {"self", "training_data", "feature_names", "class_names", "mode", "random_state"}


def grid_segments(height, width, cell):
    """Squares of cell x cell pixels as (height, width) int labels from 0 on; the last ones may be narrower.

    lime numbers segments from 0: with skimage's slic, whose labels start at 1, the last is never perturbed.
    ValueError for sizes below 1.
    """
    height, width, cell = (
        arguments.count(name, size) for name, size in (("height", height), ("width", width), ("cell", cell))
    )
    rows, columns = np.arange(height) // cell, np.arange(width) // cell
    return rows[:, None] * (columns[-1] + 1) + columns


def lime_image(predict, image, label, segments, samples=1000, fill=None, seed=0):
    """LIME for one image (Ribeiro et al. 2016): each pixel's attribution to `label`, and the surrogate's fit.

    predict: (n, *image.shape) to (n, classes) probabilities. image: (h, w, 1) or (h, w, 3) floats. segments: (h, w)
    labels 0..k-1, see `grid_segments`. fill: what a hidden segment shows, a number or one for each channel; None is
    the segment's own mean colour, the library's default. Returns (attribution, score): the (h, w) coefficients of
    the pixels' segments, all of them, and the weighted R squared of the linear surrogate. TypeError for a model in
    place of a function; ValueError for other bad input.
    """
    image, segments = checks.as_array("image", image), checks.as_array("segments", segments)
    if image.ndim != 3 or image.shape[2] not in (1, 3) or not np.issubdtype(image.dtype, np.floating):
        raise ValueError(f"image is {image.shape} {image.dtype}; give (h, w, 1) or (h, w, 3) floats, as in training")
    checks.numbers("image", image)
    segments = checks.numbers("segments", segments)
    labels = np.unique(segments)
    if segments.shape != image.shape[:2] or len(labels) < 2 or not np.array_equal(labels, np.arange(len(labels))):
        raise ValueError(
            f"segments has shape {segments.shape} and {len(labels)} labels from {labels[0]} to {labels[-1]}; give "
            f"{image.shape[:2]} with at least two labels, 0 to k-1 (slic: start_label=0, or grid_segments)"
        )
    segments = segments.astype(int)  # True and False, or 0.0 and 1.0, are labels too, but no indices
    samples = arguments.count("samples", samples)
    seed = arguments.seed(seed)
    if fill is not None:
        fill = checks.filling("fill", fill, (1,), image.shape[2:])
    ask = checks.asking(predict, checks.probabilities)
    label = int(checks.targets("label", label, 1, ask(image[None]).shape[1])[0])
    grey = image.shape[2] == 1  # the library knows colour images only
    explainer = lime_images.LimeImageExplainer(random_state=seed, feature_selection="none")
    bar, lime_images.tqdm = lime_images.tqdm, iter  # lime 0.2.0.1 cannot be told to leave its progress bar out
    try:
        explanation = explainer.explain_instance(
            np.repeat(image, 3, axis=2) if grey else image,
            (lambda colour: ask(colour[..., :1])) if grey else ask,
            labels=(label,), top_labels=None, hide_color=fill, num_samples=samples, batch_size=256,
            segmentation_fn=lambda _: segments,
        )  # fmt: skip
    finally:
        lime_images.tqdm = bar
    coefficients = dict(explanation.local_exp[label])
    return np.array([coefficients[i] for i in labels])[segments], float(explanation.score)


def lime_tabular(train, predict, feature_names, class_names, seed=0, **options):
    """lime's LimeTabularExplainer for `train` (rows, features), after the checks that it lacks.

    options: the library's own, such as discretize_continuous=False. For classifiers only. Its random state moves on
    with each call: make a new explainer for each row that should not depend on the rows before. TypeError for a
    DataFrame or a model in place of a function, and for options that the library does not have or that are arguments
    here; ValueError for names that do not match the columns of train or of predict's output, for a mode other than
    classification, and as `checks.probabilities`.
    """
    if options.pop("mode", "classification") != "classification":
        raise ValueError(
            "mode is not 'classification': lime_tabular explains classifiers; for regression use lime itself"
        )
    known = set(inspect.signature(lime_tables.LimeTabularExplainer.__init__).parameters) - RESERVED
    if not known >= set(options):
        raise TypeError(f"options has {', '.join(sorted(set(options) - known))}; give {', '.join(sorted(known))}")
    seed = arguments.seed(seed)
    if hasattr(train, "to_numpy"):
        raise TypeError(f"train is a {type(train).__name__}, which lime fails on later; give train.to_numpy()")
    train = checks.numbers("train", train, ("rows", "features"))
    classes = checks.asking(predict, checks.probabilities)(train[:2]).shape[1]
    feature_names, class_names = (
        arguments.sequence(name, values)
        for name, values in (("feature_names", feature_names), ("class_names", class_names))
    )
    if len(feature_names) != train.shape[1]:
        raise ValueError(f"feature_names has {len(feature_names)} names, but train has {train.shape[1]} columns")
    if len(class_names) != classes:
        raise ValueError(f"class_names has {len(class_names)} names, but predict's output has {classes} columns")
    return lime_tables.LimeTabularExplainer(
        train, feature_names=feature_names, class_names=class_names, random_state=seed, **options
    )
