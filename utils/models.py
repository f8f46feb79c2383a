"""The networks that more than one chapter uses.

Each network takes images (n, 28, 28, 1) of 10 classes, unless `shape` and `classes` say otherwise (a table of
8 columns is `shape=(8,)`), and ends in a layer named `logits` and a softmax.
`lib=tf_keras` builds the same network for TensorFlow Model Optimization, which takes nothing newer.
"""

import keras

from utils import arguments, checks

SHAPE = (28, 28, 1)
LAST = {"data_format": "channels_last"}  # whatever somebody's keras.json says
CLASSES = 10


def _head(lib, classes):
    return [lib.layers.Dense(classes, name="logits"), lib.layers.Activation("softmax", name="probabilities")]


def mlp(widths, dropout=0.0, lib=keras, shape=SHAPE, classes=CLASSES):
    """Fully connected ReLU network, `widths` units in its hidden layers; () is a linear classifier.

    `dropout` in [0, 1) follows every hidden layer. ValueError for a width below 1 or another dropout.
    """
    widths, shape = arguments.counts("widths", widths), arguments.counts("shape", shape)
    dropout = arguments.fraction("dropout", dropout)
    classes = arguments.count("classes", classes)
    model = lib.Sequential([lib.layers.Input(shape), lib.layers.Flatten(**LAST)])
    for width in widths:
        model.add(lib.layers.Dense(width, activation="relu"))
        if dropout:
            model.add(lib.layers.Dropout(dropout))
    for layer in _head(lib, classes):
        model.add(layer)
    return model


def cnn(filters=(32, 64, 64), lib=keras, shape=SHAPE, classes=CLASSES):
    """3x3 ReLU convolutions with `filters` channels, 2x2 max-pooling between them, a dense head.

    ValueError for no convolution, or for more than see 3x3 pixels: 28x28 images leave room for 3, 16x16 for 2.
    """
    filters, shape = arguments.counts("filters", filters), arguments.counts("shape", shape, 3)
    classes = arguments.count("classes", classes)
    room, side = 0, min(shape[:2])
    while side >= 3:
        room, side = room + 1, (side - 2) // 2
    if not 1 <= len(filters) <= room:
        raise ValueError(f"filters is {filters}; {shape[0]}x{shape[1]} images leave room for 1 to {room} convolutions")
    model = lib.Sequential([lib.layers.Input(shape)])
    for i, channels in enumerate(filters):
        if i:
            model.add(lib.layers.MaxPooling2D(**LAST))
        model.add(lib.layers.Conv2D(channels, 3, activation="relu", **LAST))
    model.add(lib.layers.Flatten(**LAST))
    for layer in _head(lib, classes):
        model.add(layer)
    return model


def deep_mlp(depth, width=32, residual=False, shape=SHAPE, classes=CLASSES):
    """`depth` ReLU layers of `width` units; with `residual`, each but the first is added to its input.

    A residual branch ends in a zero-initialised layer, so that the network starts as a shallow one
    (Zhang et al. 2019, Fixup; He et al. 2016 for the skip itself). ValueError for a depth or width below 1.
    """
    depth, width = arguments.count("depth", depth), arguments.count("width", width)
    classes = arguments.count("classes", classes)
    shape = arguments.counts("shape", shape)
    residual = arguments.flag("residual", residual)
    inputs = keras.Input(shape)
    x = keras.layers.Dense(width, activation="relu")(keras.layers.Flatten(**LAST)(inputs))
    for _ in range(depth - 1):
        if residual:
            branch = keras.layers.Dense(width, kernel_initializer="zeros")(keras.layers.ReLU()(x))
            x = keras.layers.Add()([x, branch])
        else:
            x = keras.layers.Dense(width, activation="relu")(x)
    for layer in _head(keras, classes):
        x = layer(x)
    return keras.Model(inputs, x)


def logits(model):
    """The same network without its softmax: (n, classes) numbers. ValueError without a `logits` layer."""
    checks.network(model)
    names = [layer.name for layer in model.layers]
    if "logits" not in names:
        raise ValueError(f"model has no layer named 'logits' (it has {', '.join(names)}); name its last Dense so")
    return keras.Model(model.inputs[0], model.get_layer("logits").output)
