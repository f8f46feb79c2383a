"""Training with a seed, and scores."""

import weakref

import keras
import numpy as np
import tensorflow as tf
from keras.src.trainers.data_adapters.array_data_adapter import ArrayDataAdapter

from utils import arguments, checks, predictors, state

_compiled_here = weakref.WeakSet()  # `fit` may be handed one model again, to train it on


def trainer(build, optimizer="adam"):
    """A function train(x, y, epochs, seed, batch_size=128) that builds a network and trains it, as often as called.

    Keras traces the graph of every compiled model anew, which takes longer than to train a small or a deep one. Here
    one network is traced, and the weights of all that are trained pass through it. Each is as `fit` describes.
    """
    train_each = _trainer(build, optimizer)

    def train(x, y, epochs, seed, batch_size=128):
        return train_each(x, y, epochs, [seed], batch_size)[0]

    return train


def _trainer(build, optimizer):
    """As `trainer`, but the function takes a list of seeds and returns a list of models."""
    if not callable(build) or checks.is_model(build):
        raise TypeError(
            f"build is a {type(build).__name__}; give a function that makes a new model, such as "
            "`lambda: models.mlp((32,))`, so that the seed decides its first weights too"
        )
    worker, start, again = None, None, False

    def train_each(x, y, epochs, seeds, batch_size):
        nonlocal worker, start, again
        epochs, batch_size = arguments.count("epochs", epochs), arguments.count("batch_size", batch_size)
        seeds, drawn = [arguments.seed(seed) for seed in seeds], []
        if not seeds:
            return []
        if worker is None:
            with state.seeded(seeds[0]):
                network = _built(build)
                _compile(network, optimizer)
            worker, start = network, [variable.numpy() for variable in network.optimizer.variables]
        x, y = checks.examples(worker, x, y)
        # all is drawn before any is trained: a seed that is set makes TensorFlow prepare its graphs anew
        for seed in seeds:
            with state.seeded(seed):
                drawn.append((_another(build(), worker, again), _order(len(x), batch_size)))
            again = True
        with state.seeded(seeds[0]):  # a layer may draw without a generator of its own
            for model, order in drawn:
                # all of the state: the weights, and where the random numbers of dropout begin
                for mine, its in zip(worker.variables, model.variables, strict=True):
                    mine.assign(its)
                for variable, value in zip(worker.optimizer.variables, start, strict=True):
                    variable.assign(value)
                batches = _batches(x[order], y[order], batch_size)
                with predictors.naming_x():
                    model.history = worker.fit(batches, epochs=epochs, shuffle=False, verbose=0)
                for mine, its in zip(worker.variables, model.variables, strict=True):
                    its.assign(mine)
        return [model for model, _ in drawn]

    return train_each


def fit(build, x, y, epochs, seed, batch_size=128, optimizer="adam"):
    """Build a network and train it on images or rows of a table, everything random drawn from `seed`.

    build: a function without arguments that returns an uncompiled Keras model, built, with one input and a column
    of output for each class: two and a softmax, not one and a sigmoid. x: (n, ...), shaped as the model takes it,
    y: (n,) labels; they are shuffled once, and every epoch has that order, as in Keras where a seed is set.
    optimizer: a Keras name, or a function that makes an optimizer. Returns the trained model;
    `model.history.history` holds the loss of each epoch. TypeError for a model where a function that builds one is
    needed; ValueError for a model that is no classifier, and for x and y that do not fit it.
    """
    return trainer(build, optimizer)(x, y, epochs, seed, batch_size)


def fit_seeds(build, x, y, epochs, seeds, batch_size=128, optimizer="adam"):
    """A list with one trained Keras 3 model for each seed. Arguments and errors as `fit`."""
    return _trainer(build, optimizer)(x, y, epochs, arguments.whole("seeds", seeds), batch_size)


def _built(build):
    try:
        network = build()
        checks.classes(checks.network(network, legacy=True))
    except (TypeError, ValueError) as fault:
        raise type(fault)(f"build gives no network to train: {fault}") from fault
    if getattr(network, "optimizer", None) is not None and network not in _compiled_here:
        raise ValueError("build gives a compiled model; leave compile out, and give its optimizer as `optimizer`")
    return network


def _another(model, worker, again):
    """The model, if it is built as the worker is and, unless it is the first, no weight of it has been trained."""
    shapes = [[tuple(variable.shape) for variable in network.variables] for network in (worker, model)]
    if shapes[0] != shapes[1]:
        raise ValueError(f"build gives other networks from call to call, with arrays of {shapes[0]} and {shapes[1]}")
    frozen = {id(weight) for weight in worker.non_trainable_weights}
    trained = {id(variable) for variable in worker.variables} - frozen
    if again and trained & {id(variable) for variable in model.variables}:
        raise ValueError(
            "build gives the same model or layers twice, which would go on from what they have learned; make them "
            "inside of it, or copy them there: keras.models.clone_model, then set_weights"
        )
    return model


def _order(n, batch_size):
    """The numbers from 0 to n - 1 in the order that Keras draws from the seed for its batches, and keeps."""
    rows = ArrayDataAdapter(np.arange(n), batch_size=batch_size, shuffle=True).get_tf_dataset()
    return np.concatenate([np.ravel(batch) for batch in rows])


def _batches(x, y, batch_size):
    """All examples in batches, as they stand.

    Keras would shuffle them while it trains. To start that, for each epoch anew, takes longer on a single core
    than to train a small network.
    """
    options = tf.data.Options()
    options.autotune.enabled = False  # its thread is waited for when an epoch ends
    return tf.data.Dataset.from_tensor_slices((x, y)).batch(batch_size).with_options(options)


def _compile(model, optimizer):
    try:
        made = optimizer() if callable(optimizer) and not checks.is_model(optimizer) else optimizer
        if not isinstance(made, str) and not hasattr(made, "apply_gradients"):
            raise ValueError(type(made).__name__)
        model.compile(
            made,
            loss="sparse_categorical_crossentropy",
            jit_compile=False,  # XLA on a CPU costs more to compile than these runs gain from it
        )
    except (ValueError, TypeError) as fault:
        known = "give a Keras name such as 'adam', or a function that makes an optimizer"
        raise ValueError(f"optimizer is {arguments.brief(optimizer)}; {known}") from fault
    _compiled_here.add(model)
    model.optimizer.build(model.trainable_variables)  # else Keras traces the first step twice


def outputs(model, x, chunk=500):
    """What the model answers to inputs: (n, ...) float32. Called directly, `predict` would trace each new model.

    A built Keras model of any precision, with one input and one output; errors as `fit`.
    """
    x = checks.numbers("x", x, checks.network(model, legacy=True))
    tensors = keras.tree.flatten([getattr(layer, "output", []) for layer in model._flatten_layers(include_self=False)])
    step = min(arguments.count("chunk", chunk), predictors.rows_at_once(tensors, x[0].size))
    with predictors.naming_x():
        return np.concatenate([predictors.answer(model, x[i : i + step]).numpy() for i in range(0, len(x), step)])


def accuracy(model, x, y):
    """Fraction of inputs whose largest output is the label. Shapes and errors as `fit`, and for outputs of NaN."""
    x, y = checks.examples(model, x, y)
    answers = checks.numbers("the model's output", outputs(model, x))  # of what is NaN, numpy takes the first
    return float(np.mean(answers.argmax(axis=1) == y))


def distillation_loss(T, alpha):
    """Keras loss of a student's logits (n, k) against targets (n, 2k): one-hot labels beside teacher logits.

    alpha T^2 KL(teacher at T || student at T) + (1 - alpha) cross-entropy with the labels (Hinton et al. 2015).
    ValueError for a T that is not positive or an alpha outside [0, 1].
    """
    if not (arguments.is_number(T) and T > 0 and arguments.is_number(alpha) and 0 <= alpha <= 1):
        raise ValueError(
            f"T is {arguments.brief(T)} and alpha {arguments.brief(alpha)}; "
            "give a temperature above 0 and a share from 0 to 1"
        )

    def loss(targets, student):
        labels, teacher = keras.ops.split(targets, 2, axis=-1)
        log_ratio = keras.ops.log_softmax(teacher / T) - keras.ops.log_softmax(student / T)
        soft = keras.ops.sum(keras.ops.softmax(teacher / T) * log_ratio, axis=-1)
        hard = -keras.ops.sum(labels * keras.ops.log_softmax(student), axis=-1)
        return alpha * T**2 * soft + (1 - alpha) * hard

    return loss
