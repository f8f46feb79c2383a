"""Small networks and rows that the tests of the checks and of the explainers share."""

import contextlib
import functools

import keras
import numpy as np

from utils import predictors, shapley

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 8)).astype("float32")
POLICIES = ("mixed_bfloat16", "bfloat16", "float16", "float64")


def network(features=8, classes=3, hidden=(12, 12), activation="relu", end="softmax"):
    """A network with random weights, steep enough not to be almost linear."""
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Dense(units, activation) for units in hidden]
    model = keras.Sequential([keras.Input((features,)), *layers, keras.layers.Dense(classes, end)])
    for layer in model.layers:
        kernel, zeros = layer.get_weights()
        layer.set_weights([1.5 * kernel, 0.2 * RNG.normal(size=zeros.shape)])
    return model


def image_network():
    keras.utils.set_random_seed(1)
    layers = keras.layers
    body = [layers.Conv2D(4, 3, activation="relu"), layers.MaxPooling2D(), layers.Dropout(0.5), layers.Flatten()]
    return keras.Sequential([keras.Input((8, 8, 1)), *body, layers.Dense(3, "softmax")])


def linear(weights, bias=0.0):
    """Class 1 wins where weights @ x + bias > 0."""
    weights = np.asarray(weights, np.float32)
    model = keras.Sequential([keras.Input((len(weights),)), keras.layers.Dense(2, "softmax")])
    model.set_weights([np.stack([0 * weights, weights], axis=1), np.array([0, bias], np.float32)])
    return model


def several_outputs():
    """Models with more than one output tensor, as a list of {what: model}: among them two of one shape."""
    inputs = keras.Input((8,))
    hidden = keras.layers.Dense(4, "relu")(inputs)
    one, two = keras.layers.Dense(3, "softmax")(hidden), keras.layers.Dense(1)(hidden)
    return {
        "a list": keras.Model(inputs, [one, two]),
        "the same one twice": keras.Model(inputs, [one, one]),
        "three": keras.Model(inputs, [one, two, hidden]),
        "a dictionary": keras.Model(inputs, {"class": one, "number": two}),
        "in a Sequential": keras.Sequential([inputs, keras.Model(inputs, [one, two])]),
    }


def unbuilt():
    """Models that do not know their input yet."""

    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(3, "softmax")

        def call(self, x):
            return self.dense(x)

    called = Own()
    called(X)
    return {"Sequential": keras.Sequential([keras.layers.Dense(3, "softmax")]), "subclass": Own(), "called": called}


@contextlib.contextmanager
def precision(policy):
    """What is built inside computes in this precision."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def in_precision(policy, **options):
    """MODEL, or LOGITS for end=None, in another precision."""
    with precision(policy):
        model = network(**options)
    model.set_weights((LOGITS if "end" in options else MODEL).get_weights())
    return model


MODEL = network()
PREDICT = predictors.predictor(MODEL)
LOGITS = network(end=None)
LOGIT = predictors.predictor(LOGITS, probabilities=False)
BACKGROUND, ROWS = X[20:36], X[:4]


@functools.cache
def exact():
    """Exact Shapley values of the probabilities and of the logits of ROWS: two arrays (4, 8, 3)."""
    return [
        np.array([shapley.exact_shapley(shapley.masked_mean(predict, row, BACKGROUND), 8) for row in ROWS])
        for predict in (PREDICT, LOGIT)
    ]


def relative(values, truth):
    return np.linalg.norm(values - truth) / np.linalg.norm(truth)
