import numpy as np
import pandas as pd
import pytest
from lime import lime_image, lime_tabular
from networks import LOGIT, PREDICT, RNG, X, image_network
from sklearn.linear_model import LogisticRegression

from utils import predictors, surrogates


@pytest.mark.parametrize(("height", "width", "cell"), [(16, 16, 4), (10, 7, 3), (5, 9, 1), (4, 4, 9)])
def test_grid_segments_cover_everything_from_0(height, width, cell):
    segments = surrogates.grid_segments(height, width, cell)
    labels, sizes = np.unique(segments, return_counts=True)
    assert segments.shape == (height, width) and np.issubdtype(segments.dtype, np.integer)
    assert np.array_equal(labels, np.arange(-(-height // cell) * -(-width // cell)))
    assert sizes.max() <= cell**2 and segments[0, 0] == 0 and segments[-1, -1] == labels[-1]
    for label in labels:
        rows, columns = np.nonzero(segments == label)
        assert np.ptp(rows) < cell and np.ptp(columns) < cell


def brightness(where):
    """Class 1 is the more probable the brighter the pixels are; also keeps the images that it was asked about."""
    seen = []

    def predict(images):
        seen.append(np.array(images))
        p = images[:, where].mean(axis=(1, 2))
        return np.stack([1 - p, p], axis=1)

    return predict, seen


@pytest.mark.parametrize("channels", [1, 3])
def test_lime_image_finds_the_segment_that_counts(channels):
    segments = surrogates.grid_segments(12, 10, 4)
    image = RNG.uniform(0.4, 0.9, (12, 10, channels))
    predict, seen = brightness(segments == 4)
    attribution, score = surrogates.lime_image(predict, image, 1, segments, samples=300, fill=0.0)
    assert attribution.shape == (12, 10) and 0.98 < score <= 1
    inside, outside = attribution[segments == 4], attribution[segments != 4]
    assert np.ptp(inside) == 0 and np.isclose(inside[0], image[segments == 4].mean(), rtol=0.05)
    assert np.abs(outside).max() < 0.1 * inside[0]
    asked = np.concatenate(seen)
    assert asked.shape[1:] == image.shape and max(map(len, seen)) == 256
    hidden = np.array([(asked[:, segments == label] == 0).all(axis=(1, 2)) for label in range(segments.max() + 1)])
    assert (0.3 < hidden.mean(1)).all() and (hidden.mean(1) < 0.7).all(), "every segment is hidden about half the time"
    minus, _ = surrogates.lime_image(predict, image, 0, segments, samples=300, fill=0.0)
    assert np.allclose(minus, -attribution)


def test_lime_image_is_the_library_and_the_seed_decides(capfd):
    model = image_network()
    image, segments = RNG.random((8, 8, 1), np.float32), surrogates.grid_segments(8, 8, 2)
    predict = predictors.predictor(model)
    attribution, score = surrogates.lime_image(predict, image, 2, segments, samples=100, seed=3)
    assert capfd.readouterr().err == "", "no progress bar"
    library = lime_image.LimeImageExplainer(random_state=3).explain_instance(
        image[..., 0], lambda rgb: predict(rgb[..., :1]), labels=(2,), top_labels=None, num_samples=100,
        segmentation_fn=lambda _: segments,
    )  # fmt: skip
    coefficients = dict(library.local_exp[2])
    assert len(coefficients) == 16 and np.isclose(score, library.score)
    assert np.allclose(attribution, np.array([coefficients[i] for i in range(16)])[segments], atol=1e-7)
    assert lime_image.tqdm is not iter, "the library's own progress bar is back"
    assert np.array_equal(attribution, surrogates.lime_image(predict, image, 2, segments, samples=100, seed=3)[0])
    assert not np.allclose(attribution, surrogates.lime_image(predict, image, 2, segments, samples=100, seed=4)[0])


IMAGE = RNG.random((8, 8, 1))
GRID = surrogates.grid_segments(8, 8, 4)
HALF = brightness(GRID == 0)[0]


@pytest.mark.parametrize(
    ("predict", "image", "label", "segments", "message"),
    [
        (HALF, IMAGE[..., 0], 1, GRID, r"image is \(8, 8\) float64; give \(h, w, 1\) or \(h, w, 3\)"),
        (HALF, (255 * IMAGE).astype(np.uint8), 1, GRID, "uint8"),
        (HALF, IMAGE * np.inf, 1, GRID, "image holds"),
        (HALF, IMAGE, 1, GRID + 1, r"4 labels from 1 to 4; give .*start_label=0"),
        (HALF, IMAGE, 1, GRID * 2, "0 to k-1"),
        (HALF, IMAGE, 1, GRID * 0, "at least two labels"),
        (HALF, IMAGE, 1, GRID[:4], r"segments has shape \(4, 8\)"),
        (HALF, IMAGE, 2, GRID, "label is 2; model has outputs 0 to 1"),
        (lambda x: HALF(x).argmax(1), IMAGE, 1, GRID, "labels"),
        (lambda x: 9 * HALF(x), IMAGE, 1, GRID, "logits"),
        (lambda x: HALF(x)[:, 1:], IMAGE, 1, GRID, "one column"),
    ],
)
def test_lime_image_refuses(predict, image, label, segments, message):
    with pytest.raises(ValueError, match=message):
        surrogates.lime_image(predict, image, label, segments, samples=20)


def test_lime_tabular_is_the_library():
    options = {"discretize_continuous": False, "kernel_width": 2.0}
    ours = surrogates.lime_tabular(X, PREDICT, list("abcdefgh"), list("xyz"), seed=5, **options)
    theirs = lime_tabular.LimeTabularExplainer(
        X, feature_names=list("abcdefgh"), class_names=list("xyz"), random_state=5, **options
    )
    a, b = (e.explain_instance(X[3], PREDICT, labels=(1,), num_samples=300).as_list(1) for e in (ours, theirs))
    assert a == b and {name for name, _ in a} == set("abcdefgh")


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"train": pd.DataFrame(X)}, TypeError, r"train is a DataFrame.*train.to_numpy\(\)"),
        ({"train": X[0]}, ValueError, r"train has shape \(8,\)"),
        ({"class_names": ["no", "yes"]}, ValueError, "class_names has 2 names, but predict's output has 3 columns"),
        ({"feature_names": list("abc")}, ValueError, "feature_names has 3 names, but train has 8 columns"),
        ({"predict": lambda x: PREDICT(x).argmax(1)}, ValueError, "labels"),
        ({"predict": lambda x: PREDICT(x)[:, :1]}, ValueError, "one column"),
        ({"predict": LOGIT}, ValueError, "logits"),
    ],
)
def test_lime_tabular_refuses(change, error, message):
    given = {"train": X, "predict": PREDICT, "feature_names": list("abcdefgh"), "class_names": list("xyz")} | change
    with pytest.raises(error, match=message):
        surrogates.lime_tabular(**given)


def test_scikit_learns_predict_in_place_of_predict_proba():
    model = LogisticRegression().fit(X, X[:, 0] > 0)
    surrogates.lime_tabular(X, model.predict_proba, list("abcdefgh"), ["no", "yes"])
    with pytest.raises(ValueError, match="predict_proba in place of predict"):
        surrogates.lime_tabular(X, model.predict, list("abcdefgh"), ["no", "yes"])


@pytest.mark.parametrize("mode", ["regression", "Regression", "ranking", None])
def test_lime_tabular_explains_classifiers(mode):
    with pytest.raises(ValueError, match="mode is not 'classification': lime_tabular explains classifiers"):
        surrogates.lime_tabular(X, PREDICT, list("abcdefgh"), list("xyz"), mode=mode)
    surrogates.lime_tabular(X, PREDICT, list("abcdefgh"), list("xyz"), mode="classification")


@pytest.mark.parametrize("name", ["random_state", "training_data", "discretise_continuous"])
def test_options_that_the_library_does_not_take_here(name):
    with pytest.raises(TypeError, match=rf"options has {name}; give .*discretize_continuous"):
        surrogates.lime_tabular(X, PREDICT, list("abcdefgh"), list("xyz"), **{name: 1})
