import keras
import numpy as np
import pytest
import shap
import tensorflow as tf
import tf_keras
from networks import (
    BACKGROUND,
    LOGIT,
    LOGITS,
    MODEL,
    POLICIES,
    PREDICT,
    RNG,
    ROWS,
    X,
    exact,
    image_network,
    in_precision,
    network,
    relative,
)

from utils import attributions, predictors, shapley, surrogates


@pytest.mark.parametrize("chunk", [1, 7, 13, 40, 256])
def test_predictor_is_predict(chunk):
    for model, x in ((MODEL, X), (image_network(), RNG.random((40, 8, 8, 1), np.float32))):
        predict, expected = predictors.predictor(model, chunk), model.predict(x, verbose=0)
        for given in (x, x.astype(np.float64), np.asfortranarray(x), x[:13], x[:1]):
            answer = predict(given)
            assert answer.dtype == np.float32 and np.abs(answer - expected[: len(given)]).max() < 1e-6


def test_predictor_follows_the_weights_and_not_the_training_mode():
    model = image_network()
    x = RNG.random((5, 8, 8, 1), np.float32)
    predict = predictors.predictor(model)
    before = predict(x)
    assert np.array_equal(before, predict(x)), "dropout is off"
    model.set_weights([w + 0.3 for w in model.get_weights()])
    assert np.abs(predict(x) - before).max() > 1e-3
    assert np.allclose(predict(x), model.predict(x, verbose=0), atol=1e-6)


def test_predictor_serves_lime_and_shap():
    explainer = surrogates.lime_tabular(X, PREDICT, list("abcdefgh"), list("xyz"))
    explanation = explainer.explain_instance(X[0], PREDICT, labels=(2,), num_samples=200)
    assert len(explanation.as_list(2)) == 8 and 0 <= explanation.score <= 1
    values = shap.PermutationExplainer(PREDICT, BACKGROUND, seed=0)(ROWS, max_evals=850, silent=True).values
    assert relative(values, exact()[0]) < 0.06
    assert np.allclose(values.sum(1), PREDICT(ROWS) - PREDICT(BACKGROUND).mean(0), atol=1e-5)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (X[0], r"x has shape \(8,\); give \(n, 8\), which the model takes; for a single one: x\[None\]"),
        (X[:, :7], r"x has shape \(40, 7\); give \(n, 8\)"),
        (X[:0], "x is empty"),
        (np.where(X > 2, np.nan, X), "x holds .* NaN"),
        (np.full((2, 8), 1e300), "x holds 16 values that are NaN or infinite"),
        (np.array([["red"] * 8]), "x has dtype <U3; give numbers"),
    ],
)
def test_predictor_refuses_rows(x, message):
    with pytest.raises(ValueError, match=message):
        PREDICT(x)


def test_predictor_refuses_models():
    with pytest.raises(TypeError, match=r"model is a builtins.function; give a Keras 3 model"):
        predictors.predictor(lambda x: x)
    with pytest.raises(TypeError, match=r"model is a tf_keras.*Sequential; give a Keras 3 model"):
        predictors.predictor(tf_keras.Sequential([tf_keras.layers.Input((8,)), tf_keras.layers.Dense(2)]))
    with pytest.raises(ValueError, match=r"one column.*np.hstack\(\[1 - p, p\]\)"):
        predictors.predictor(network(classes=1, end="sigmoid"))
    assert predictors.predictor(network(classes=1, end="sigmoid"), probabilities=False)(X).shape == (40, 1)
    with pytest.raises(ValueError, match=r"predict's output runs from .* logits or scores.*probabilities=False"):
        predictors.predictor(LOGITS)(X)
    assert np.allclose(LOGIT(X), LOGITS.predict(X, verbose=0), atol=1e-6)
    with pytest.raises(ValueError, match=r"output has shape \(n, 8, 2\); give a model that ends in \(n, classes\)"):
        predictors.predictor(keras.Sequential([keras.Input((8, 1)), keras.layers.Dense(2, "softmax")]))
    broken = network()
    broken.set_weights([w * np.nan for w in broken.get_weights()])
    with pytest.raises(ValueError, match=r"output holds .* NaN"):
        predictors.predictor(broken)(X)


def test_an_axis_of_any_length():
    keras.utils.set_random_seed(0)
    layers = [keras.layers.GlobalAveragePooling1D(), keras.layers.Dense(3, "softmax")]
    model = keras.Sequential([keras.Input((None, 4)), *layers])
    predict = predictors.predictor(model)
    for length in (1, 5):
        x = RNG.random((6, length, 4), np.float32)
        assert np.allclose(predict(x), model.predict(x, verbose=0), atol=1e-6)
    for wrong in (RNG.random((6, 5, 3)), RNG.random((6, 4))):
        with pytest.raises(ValueError, match=r"x has shape .*; give \(n, any, 4\)"):
            predict(wrong)


@pytest.mark.parametrize("policy", POLICIES)
def test_any_precision_answers_in_float32(policy):
    answer, expected = predictors.predictor(in_precision(policy))(X), PREDICT(X)
    assert answer.dtype == np.float32 and np.abs(answer - expected).max() < 0.1
    answer = predictors.predictor(in_precision(policy, end=None), probabilities=False)(X)
    assert answer.dtype == np.float32 and np.corrcoef(answer.ravel(), LOGIT(X).ravel())[0, 1] > 0.99
    with pytest.raises(ValueError, match="these are logits"):
        predictors.predictor(in_precision(policy, end=None))(X)


def test_one_output_in_a_list_or_a_dictionary():
    inputs = keras.Input((8,))
    output = MODEL(inputs)
    for outputs in ([output], {"class": output}):
        assert np.allclose(predictors.predictor(keras.Model(inputs, outputs))(X), PREDICT(X), atol=1e-6)
        assert predictors.answer(keras.Model(inputs, outputs), ROWS).shape == (4, 3)
    with pytest.raises(ValueError, match="model gives 2 outputs"):
        predictors.answer(lambda x: (x, x), ROWS)


def test_nothing_is_printed_for_many_models(caplog, recwarn, monkeypatch):
    monkeypatch.setattr(tf.get_logger(), "handlers", [caplog.handler])
    for _ in range(8):
        model = network(hidden=(4,), end=None)
        predictors.predictor(model, probabilities=False)(ROWS)
        attributions.integrated_gradients(model, ROWS, np.zeros(8), 0)
    shapley.deep_shap(model, BACKGROUND, ROWS)
    assert not caplog.messages and not recwarn.list
