"""The arithmetic of sizes: parameters, operations and memory, of networks too large to build too.

Counts are whole numbers; an operation (FLOP) is one floating-point addition or multiplication.
"""


def dense_parameters(n_in, n_out):
    """Weights and biases of a dense layer. ValueError for a size below 1."""
    _at_least_one(n_in=n_in, n_out=n_out)
    return n_in * n_out + n_out


def conv_parameters(kernel, c_in, c_out):
    """Weights and biases of a convolution with kernel x kernel pixels. ValueError for a size below 1."""
    _at_least_one(kernel=kernel, c_in=c_in, c_out=c_out)
    return kernel * kernel * c_in * c_out + c_out


def dense_flops(n_in, n_out):
    """Operations of a dense layer for one input, biases left out. ValueError for a size below 1."""
    _at_least_one(n_in=n_in, n_out=n_out)
    return 2 * n_in * n_out


def transformer_parameters(layers, width, vocabulary, context):
    """Parameters of a GPT-2-style decoder whose output layer reuses the token embedding (Radford et al. 2019).

    ValueError for a size below 1.
    """
    _at_least_one(layers=layers, width=width, vocabulary=vocabulary, context=context)
    attention = 4 * dense_parameters(width, width)
    feed_forward = dense_parameters(width, 4 * width) + dense_parameters(4 * width, width)
    norm = 2 * width
    return layers * (attention + feed_forward + 2 * norm) + (vocabulary + context) * width + norm


def training_bytes(parameters):
    """Bytes that training with Adam in float32 holds for the parameters; activations come on top.

    Returns a dict by purpose (Kingma & Ba 2015 for the two averages). ValueError below 1 parameter.
    """
    _at_least_one(parameters=parameters)
    return {"weights": 4 * parameters, "gradients": 4 * parameters, "Adam's averages": 8 * parameters}


def training_flops(parameters, examples):
    """About 6 N D operations: 2 forward and 4 backward, for each parameter and example or token (Kaplan et al. 2020).

    ValueError for a number below 1.
    """
    _at_least_one(parameters=parameters, examples=examples)
    return 6 * parameters * examples


def _at_least_one(**sizes):
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f"{name} is {size}; give a number of at least 1")
