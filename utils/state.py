"""Global state of libraries: what the functions of this package need of it for a moment is put back as it was found."""

import contextlib
import os
import random

import keras
import numpy as np
import tensorflow as tf
from keras.src.backend.common import global_state
from tensorflow.python.eager import context

KERAS_STATE = "global_random_seed", "global_seed_generator"


@contextlib.contextmanager
def variable(name):
    """Leave a variable of the environment as it was, whatever happens inside."""
    kept = os.environ.get(name)
    try:
        yield
    finally:
        if kept is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = kept


@contextlib.contextmanager
def seeded(seed, lib=keras):
    """Everything random inside is drawn from `seed`; outside, all generators go on as if nothing had been drawn.

    lib: keras or tf_keras, whose random numbers are seeded beside those of Python, numpy and TensorFlow.
    """
    eager = context.context()
    # where TensorFlow's generator stands is private, and not there before the first seed
    kept = random.getstate(), np.random.get_state(), eager._seed, getattr(eager, "_rng", None)  # noqa: NPY002
    kept_keras = {name: global_state.get_global_attribute(name) for name in KERAS_STATE}
    legacy = None if lib is keras else lib.src.backend._SEED_GENERATOR
    kept_legacy = getattr(legacy, "generator", None)
    try:
        lib.utils.set_random_seed(int(seed))
        yield
    finally:
        random.setstate(kept[0])
        np.random.set_state(kept[1])  # noqa: NPY002
        tf.random.set_seed(kept[2])
        eager._rng = kept[3]
        for name, value in kept_keras.items():
            global_state.set_global_attribute(name, value)
        if legacy is not None:
            legacy.generator = kept_legacy
