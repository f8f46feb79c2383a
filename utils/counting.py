"""Parameters counted by arithmetic, of networks too large to build too."""

from utils import arguments


def dense_parameters(n_in, n_out):
    """Weights and biases of a dense layer. ValueError for a size below 1."""
    n_in, n_out = _whole(n_in=n_in, n_out=n_out)
    return n_in * n_out + n_out


def conv_parameters(kernel, c_in, c_out):
    """Weights and biases of a convolution with kernel x kernel pixels. ValueError for a size below 1."""
    kernel, c_in, c_out = _whole(kernel=kernel, c_in=c_in, c_out=c_out)
    return kernel * kernel * c_in * c_out + c_out


def transformer_parameters(layers, width, vocabulary, context):
    """Parameters of a GPT-2-style decoder whose output layer reuses the token embedding (Radford et al. 2019).

    ValueError for a size below 1.
    """
    layers, width, vocabulary, context = _whole(layers=layers, width=width, vocabulary=vocabulary, context=context)
    attention = 4 * dense_parameters(width, width)
    feed_forward = dense_parameters(width, 4 * width) + dense_parameters(4 * width, width)
    norm = 2 * width
    return layers * (attention + feed_forward + 2 * norm) + (vocabulary + context) * width + norm


def _whole(**sizes):
    return [arguments.count(name, size) for name, size in sizes.items()]
