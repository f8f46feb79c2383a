"""Training with a seed, and scores."""

import keras
import numpy as np


def check_images(x, y=None, name="x", shape=(28, 28, 1), classes=10):
    """Raise a ValueError unless x is a non-empty finite (n, *shape) array and y holds n labels below `classes`."""
    x = np.asarray(x)
    if x.shape[1:] != tuple(shape):
        wanted = ", ".join(map(str, ("n", *shape)))
        raise ValueError(f"{name} has shape {x.shape}; give ({wanted}), the shape that the model takes")
    if len(x) == 0:
        raise ValueError(f"{name} is empty; give at least one input")
    if not np.isfinite(x).all():
        raise ValueError(f"{name} holds {np.sum(~np.isfinite(x))} values that are NaN or infinite; remove them")
    if y is None:
        return
    y = np.asarray(y)
    if y.shape != (len(x),):
        raise ValueError(f"y has shape {y.shape}, but {name} holds {len(x)} inputs; give one label for each")
    if not np.issubdtype(y.dtype, np.integer) or y.min() < 0 or y.max() >= classes:
        raise ValueError(
            f"y has dtype {y.dtype} and runs from {y.min()} to {y.max()}; give whole numbers 0 to {classes - 1}"
        )


def _check_fits(model, x, y=None):
    """`check_images` with the shape that the model takes and the classes that it tells apart."""
    check_images(x, y, shape=model.input_shape[1:], classes=model.output_shape[-1])


def fit(build, x, y, epochs, seed, batch_size=128, optimizer="adam"):
    """Build a network and train it on images or rows of a table, everything random drawn from `seed`.

    build: a function without arguments that returns an uncompiled Keras model. x: (n, ...), shaped as the
    model takes it, y: (n,) labels. optimizer: a Keras name, or a function that makes an optimizer. Returns
    the trained model; `model.history.history` holds the loss of each epoch. TypeError for a model where a
    function that builds one is needed; ValueError as `check_images`, held against the model.
    """
    _check_build(build)
    keras.utils.set_random_seed(seed)
    model = _compiled(build, optimizer)
    _check_fits(model, x, y)
    model.fit(x, y, batch_size=batch_size, epochs=epochs, verbose=0)
    return model


def fit_seeds(build, x, y, epochs, seeds, batch_size=128, optimizer="adam"):
    """A list with one trained Keras 3 model for each seed. Arguments and errors as `fit`.

    Tracing the graph of a deep network takes longer than training it: one network is traced, and the
    weights of all seeds pass through it.
    """
    _check_build(build)
    keras.utils.set_random_seed(0)
    worker = _compiled(build, optimizer)
    _check_fits(worker, x, y)
    start = [variable.numpy() for variable in worker.optimizer.variables]
    trained = []
    for seed in seeds:
        keras.utils.set_random_seed(seed)
        model = build()
        worker.set_weights(model.get_weights())
        for variable, value in zip(worker.optimizer.variables, start, strict=True):
            variable.assign(value)
        worker.fit(x, y, batch_size=batch_size, epochs=epochs, verbose=0)
        model.set_weights(worker.get_weights())
        trained.append(model)
    return trained


def _check_build(build):
    if not callable(build) or isinstance(build, keras.Model):
        raise TypeError(
            f"build is a {type(build).__name__}; give a function that makes a new model, such as "
            "`lambda: models.mlp((32,))`, so that the seed decides its first weights too"
        )


def _compiled(build, optimizer):
    model = build()
    model.compile(
        optimizer() if callable(optimizer) else optimizer,
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=False,  # XLA on a CPU costs more to compile than these runs gain from it
        steps_per_execution=8,  # updates in one call from Python: the same result, sooner
    )
    model.optimizer.build(model.trainable_variables)  # else Keras traces the first step twice
    return model


def outputs(model, x, chunk=500):
    """What the model answers to inputs: (n, ...) float32. Called directly, `predict` would trace each new model."""
    _check_fits(model, x)
    return np.concatenate([np.asarray(model(x[i : i + chunk], training=False)) for i in range(0, len(x), chunk)])


def accuracy(model, x, y):
    """Fraction of inputs whose largest output is the label. Shapes and errors as `fit`."""
    _check_fits(model, x, y)
    return float(np.mean(outputs(model, x).argmax(axis=1) == y))


def distillation_loss(T, alpha):
    """Keras loss of a student's logits (n, k) against targets (n, 2k): one-hot labels beside teacher logits.

    alpha T^2 KL(teacher at T || student at T) + (1 - alpha) cross-entropy with the labels (Hinton et al. 2015).
    ValueError for a T that is not positive or an alpha outside [0, 1].
    """
    if not T > 0 or not 0 <= alpha <= 1:
        raise ValueError(f"T is {T} and alpha {alpha}; give a temperature above 0 and a share from 0 to 1")

    def loss(targets, student):
        labels, teacher = keras.ops.split(targets, 2, axis=-1)
        log_ratio = keras.ops.log_softmax(teacher / T) - keras.ops.log_softmax(student / T)
        soft = keras.ops.sum(keras.ops.softmax(teacher / T) * log_ratio, axis=-1)
        hard = -keras.ops.sum(labels * keras.ops.log_softmax(student), axis=-1)
        return alpha * T**2 * soft + (1 - alpha) * hard

    return loss
