"""LIME as chapter 7 writes it, held equal to the library on the same variations."""

import lime.lime_image
import numpy as np
import pytest
from conftest import ROOT, defined_in
from lime.lime_tabular import LimeTabularExplainer
from lime.lime_text import LimeTextExplainer

CHAPTER = ROOT / "notebooks" / "07_lime.ipynb"
NAMES = ("surrogate", "same_quarter", "standardised", "tabular")
surrogate, same_quarter, standardised, tabular = defined_in(CHAPTER, *NAMES, np=np)


def two_columns(p):
    return np.stack([1 - p, p], axis=1)


def listening(predict):
    """predict, and the list of what it was asked and answered."""
    heard = []

    def listen(x):
        heard.append((x, predict(x)))
        return heard[-1][1]

    return listen, heard


@pytest.mark.parametrize(("whole", "describe"), [(False, same_quarter), (True, standardised)])
def test_a_table_is_explained_as_by_the_library(whole, describe):
    rng = np.random.default_rng(0)
    train = rng.normal(3, (1, 2, 4, 8), (200, 4))
    predict, heard = listening(lambda x: two_columns(1 / (1 + np.exp(x[:, 1] - x[:, 0] * x[:, 2] / 4))))
    explainer = LimeTabularExplainer(train, discretize_continuous=not whole, random_state=0)
    found = explainer.explain_instance(train[0], predict, num_features=4, num_samples=300)
    [(x, answers)] = heard
    coefficients, score = tabular(x, answers[:, 1], train, describe)
    np.testing.assert_allclose(coefficients, [w for _, w in sorted(found.as_map()[1])], atol=1e-9)
    assert score == pytest.approx(found.score, abs=1e-9)
    assert np.abs(coefficients).max() > 0.01


def test_an_image_is_explained_by_the_same_regression(monkeypatch):
    monkeypatch.setattr(lime.lime_image, "tqdm", iter)
    rng = np.random.default_rng(1)
    image = rng.random((6, 6, 3))
    segments = np.arange(36).reshape(6, 6) // 6
    predict, heard = listening(lambda x: two_columns(x[:, 1].mean((1, 2)) * (0.5 + x[:, 4, 0, 0])))
    explainer = lime.lime_image.LimeImageExplainer(random_state=0)
    options = {"num_samples": 200, "batch_size": 200, "hide_color": 0, "segmentation_fn": lambda _: segments}
    found = explainer.explain_instance(image, predict, labels=(1,), top_labels=None, **options)
    [(x, answers)] = heard
    z = (x[:, :, 0, 0] > 0).astype(float)  # a hidden row of the image is black
    coefficients, score = surrogate(z, answers[:, 1], 1 - np.sqrt(z.mean(axis=1)), 0.25)
    np.testing.assert_allclose(coefficients, [w for _, w in sorted(found.local_exp[1])], atol=1e-9)
    assert score == pytest.approx(found.score, abs=1e-9)


def test_a_text_is_explained_by_the_same_regression():
    words = "never a dull moment here".split()

    def present(texts):
        return np.array([[word in text.split() for word in words] for text in texts], float)

    predict, heard = listening(lambda texts: two_columns(present(texts) @ [0.4, 0, -0.1, 0.2, 0.1] + 0.1))
    explainer = LimeTextExplainer(random_state=0)
    found = explainer.explain_instance(" ".join(words), predict, num_samples=200)
    [(texts, answers)] = heard
    z = present(texts)
    coefficients, score = surrogate(z, answers[:, 1], 1 - np.sqrt(z.mean(axis=1)), 0.25)
    theirs = dict(found.as_list())
    np.testing.assert_allclose(coefficients, [theirs[word] for word in words], atol=1e-9)
    assert score == pytest.approx(found.score, abs=1e-9)


def test_a_plane_is_found_and_fits():
    rng = np.random.default_rng(2)
    z = rng.normal(size=(5000, 3))
    slopes = np.array([2, 0, -1])
    coefficients, score = surrogate(z, z @ slopes + 7, np.linalg.norm(z - z[0], axis=1), 2.0)
    np.testing.assert_allclose(coefficients, slopes, atol=0.02)  # the ridge penalty costs a little
    assert score > 0.999


def test_noise_does_not_fit():
    rng = np.random.default_rng(3)
    z = rng.normal(size=(5000, 3))
    assert surrogate(z, rng.normal(size=5000), np.linalg.norm(z - z[0], axis=1), 2.0)[1] < 0.05
