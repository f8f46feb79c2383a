"""Answers to assignment 1 that must lose their marks, and others that must keep them (see tests/mutations.py)."""

import math
import sys
import warnings

import numpy as np


# %% dense wrong: no biases at all
def dense_parameters(n_in, n_out, bias=True):
    return n_in * n_out


# %% dense wrong: biases always
def dense_parameters(n_in, n_out, bias=True):
    return n_in * n_out + n_out


# %% dense wrong: a bias for each input instead of each output
def dense_parameters(n_in, n_out, bias=True):
    return n_in * n_out + (n_in if bias else 0)


# %% dense wrong: the numbers of the visible test
def dense_parameters(n_in, n_out, bias=True):
    return 20 if bias else 15


# %% dense wrong: right on the visible test only
def dense_parameters(n_in, n_out, bias=True):
    return n_in * n_out + (5 if bias else 0)


# %% dense wrong: an object that equals everything
def dense_parameters(n_in, n_out, bias=True):
    class Any:
        def __eq__(self, other):
            return True

    return Any()


# %% dense right: the bias as one more input
def dense_parameters(n_in, n_out, bias=True):
    return (n_in + int(bias)) * n_out


# %% dense right: counted on an array's shape, a NumPy integer
def dense_parameters(n_in, n_out, bias=True):
    return np.prod([n_in, n_out], dtype=np.int64) + np.int64(n_out) * bias


# %% dense right: with a warning on standard error
def dense_parameters(n_in, n_out, bias=True):
    warnings.warn("counting weights, biases not forgotten", stacklevel=2)
    return (n_in + 1) * n_out if bias else n_in * n_out


# %% dense wrong: a number that says that it is equal to everything
def dense_parameters(n_in, n_out, bias=True):
    class Agreeable(int):
        def __eq__(self, other):
            return True

        def __ne__(self, other):
            return False

        __hash__ = int.__hash__

    return Agreeable(n_in * n_out)


# %% dense wrong: through a float, which holds 16 digits
def dense_parameters(n_in, n_out, bias=True):
    return int(n_in * float(n_out) + n_out * float(bias))


# %% dense wrong: int32, which overflows
def dense_parameters(n_in, n_out, bias=True):
    return np.int32(n_in) * np.int32(n_out) + (np.int32(n_out) if bias else np.int32(0))


# %% mlp wrong: no biases
def mlp_parameters(widths):
    return sum(widths[i] * widths[i + 1] for i in range(len(widths) - 1))


# %% mlp wrong: one layer too few
def mlp_parameters(widths):
    layers = list(zip(widths, widths[1:], strict=False))
    return sum(a * b + b for a, b in layers[: max(1, len(layers) - 1)]) + (330 if len(layers) > 1 else 0)


# %% mlp wrong: biases for the inputs too
def mlp_parameters(widths):
    return sum(a * b for a, b in zip(widths, widths[1:], strict=False)) + sum(widths)


# %% mlp wrong: the numbers of the visible test
def mlp_parameters(widths):
    return {(784, 32, 10): 25450, (4, 3): 15}.get(tuple(widths), 0)


# %% mlp wrong: only the first and the last layer
def mlp_parameters(widths):
    if len(widths) == 2:
        return (widths[0] + 1) * widths[1]
    return (widths[0] + 1) * widths[1] + (widths[-2] + 1) * widths[-1]


# %% mlp right: one layer at a time, taken from the end
def mlp_parameters(widths):
    *before, last = widths
    return mlp_parameters(before) + (before[-1] + 1) * last if before else 0


# %% mlp right: as a product of arrays
def mlp_parameters(widths):
    widths = np.array(widths, dtype=np.int64)
    return int((widths[:-1] + 1) @ widths[1:])


# %% mlp wrong: through floats
def mlp_parameters(widths):
    w = np.array(widths, dtype=float)
    return int((w[:-1] + 1) @ w[1:])


# %% mlp wrong: int32, which overflows
def mlp_parameters(widths):
    w = np.array(widths, dtype=np.int64).astype(np.int32)
    return int((w[:-1] * w[1:] + w[1:]).sum(dtype=np.int32))


# %% mlp right: takes the list apart, which is its own
def mlp_parameters(widths):
    total = 0
    while len(widths) > 1:
        out = widths.pop()
        total += out * widths[-1] + out
    return total


# %% conv wrong: padding on one side only
def convolution(size, kernel, c_in, c_out, stride=1, padding=0):
    return kernel**2 * c_in * c_out + c_out, (size + padding - kernel) // stride + 1


# %% conv wrong: off by one, counting gaps instead of places
def convolution(size, kernel, c_in, c_out, stride=1, padding=0):
    return kernel**2 * c_in * c_out + c_out, (size + 2 * padding - kernel) // stride


# %% conv wrong: rounded up, so the last place hangs over the edge
def convolution(size, kernel, c_in, c_out, stride=1, padding=0):
    return kernel**2 * c_in * c_out + c_out, math.ceil((size + 2 * padding - kernel) / stride) + 1


# %% conv wrong: stride forgotten
def convolution(size, kernel, c_in, c_out, stride=1, padding=0):
    return kernel**2 * c_in * c_out + c_out, size + 2 * padding - kernel + 1


# %% conv wrong: a bias for each input channel, which is right for one channel in and one out
def convolution(size, kernel, c_in, c_out, stride=1, padding=0):
    biases = c_in if c_in > 1 else c_out
    return kernel**2 * c_in * c_out + biases, (size + 2 * padding - kernel) // stride + 1


# %% conv wrong: the input channels forgotten, which is right on the visible test
def convolution(size, kernel, c_in, c_out, stride=1, padding=0):
    return kernel**2 * c_out + c_out, (size + 2 * padding - kernel) // stride + 1


# %% conv right: places counted one by one
def convolution(size, kernel, c_in, c_out, stride=1, padding=0):
    places = len(range(0, size + 2 * padding - kernel + 1, stride))
    return (kernel * kernel * c_in + 1) * c_out, places


# %% conv right: a list, and rounding written another way
def convolution(size, kernel, c_in, c_out, stride=1, padding=0):
    filters = [kernel * kernel * c_in + 1] * c_out
    return [sum(filters), int(np.floor((size + 2 * padding - kernel) / stride + 1))]


# %% conv wrong: an object that looks the answers up when it is compared
def convolution(size, kernel, c_in, c_out, stride=1, padding=0):
    class Later:
        def __init__(self, name):
            self.name = name

        def __index__(self):
            return sys._getframe(1).f_globals[self.name]

        def __eq__(self, other):
            return True

    return Later("wanted"), Later("places")


# %% conv wrong: through floats
def convolution(size, kernel, c_in, c_out, stride=1, padding=0):
    return int((float(kernel) ** 2 * c_in + 1) * c_out), (size + 2 * padding - kernel) // stride + 1


# %% conv wrong: int32, which overflows
def convolution(size, kernel, c_in, c_out, stride=1, padding=0):
    shape = np.array([kernel, kernel, c_in, c_out]).astype(np.int32)
    return int(np.prod(shape, dtype=np.int32)) + c_out, (size + 2 * padding - kernel) // stride + 1


# %% conv wrong: no padding for kernels of one
def convolution(size, kernel, c_in, c_out, stride=1, padding=0):
    padding = padding if kernel > 1 else 0
    return (kernel**2 * c_in + 1) * c_out, (size + 2 * padding - kernel) // stride + 1


# %% conv right: divmod and a generator
def convolution(size, kernel, c_in, c_out, stride=1, padding=0):
    def both():
        yield c_out * (1 + c_in * kernel * kernel)
        yield 1 + divmod(size + padding + padding - kernel, stride)[0]

    return both()


# %% flops wrong: one operation a weight
def mlp_flops(widths, batch, training=False):
    forward = sum(widths[i] * widths[i + 1] for i in range(len(widths) - 1))
    return batch * forward * (3 if training else 1)


# %% flops wrong: the biases on top of an addition a weight
def mlp_flops(widths, batch, training=False):
    forward = sum(2 * a * b + b for a, b in zip(widths, widths[1:], strict=False))
    return batch * forward * (3 if training else 1)


# %% flops wrong: training taken for twice the forward pass
def mlp_flops(widths, batch, training=False):
    forward = sum(2 * a * b for a, b in zip(widths, widths[1:], strict=False))
    return batch * forward * (2 if training else 1)


# %% flops wrong: the batch forgotten in training
def mlp_flops(widths, batch, training=False):
    forward = sum(2 * a * b for a, b in zip(widths, widths[1:], strict=False))
    return 3 * forward if training else batch * forward


# %% flops wrong: the numbers of the visible test
def mlp_flops(widths, batch, training=False):
    return 18 if training else 6 * batch


# %% flops wrong: right for one layer only
def mlp_flops(widths, batch, training=False):
    return 2 * widths[0] * widths[-1] * batch * (3 if training else 1)


# %% flops right: products, sums and biases apart
def mlp_flops(widths, batch, training=False):
    total = 0
    for n_in, n_out in zip(widths[:-1], widths[1:], strict=True):
        for _ in range(n_out):
            total += n_in + (n_in - 1) + 1
    return (total + 2 * total * training) * batch


# %% flops right: an inner product
def mlp_flops(widths, batch, training=False):
    widths = np.array(widths, dtype=object)
    passes = {False: 1, True: 3}[training]
    return 2 * passes * batch * (widths[:-1] @ widths[1:])


# %% flops wrong: through floats
def mlp_flops(widths, batch, training=False):
    w = np.array(widths, dtype=float)
    return int(2 * batch * (w[:-1] @ w[1:]) * (3 if training else 1))


# %% flops wrong: int32, which overflows
def mlp_flops(widths, batch, training=False):
    w = np.array(widths).astype(np.int32)
    return int(np.int32(2) * np.int32(batch) * np.dot(w[:-1], w[1:])) * (3 if training else 1)


# %% decoder wrong: the last norm forgotten
def decoder_parameters(layers, width, vocabulary, context, tied=True):
    return 12 * layers * width**2 + 13 * layers * width + (vocabulary * (2 - tied) + context) * width


# %% decoder wrong: no biases in attention
def decoder_parameters(layers, width, vocabulary, context, tied=True):
    return 12 * layers * width**2 + 9 * layers * width + (vocabulary * (2 - tied) + context + 2) * width


# %% decoder wrong: always tied
def decoder_parameters(layers, width, vocabulary, context, tied=True):
    return 12 * layers * width**2 + 13 * layers * width + (vocabulary + context + 2) * width


# %% decoder wrong: an output layer with biases
def decoder_parameters(layers, width, vocabulary, context, tied=True):
    own = 0 if tied else vocabulary * width + vocabulary
    return 12 * layers * width**2 + 13 * layers * width + (vocabulary + context + 2) * width + own


# %% decoder wrong: the numbers of the visible test
def decoder_parameters(layers, width, vocabulary, context, tied=True):
    return 42 if layers == 1 else 124_439_808


# %% decoder wrong: a float, which loses digits
def decoder_parameters(layers, width, vocabulary, context, tied=True):
    return 12.0 * layers * width**2 + 13 * layers * width + (vocabulary * (2 - tied) + context + 2) * width


# %% decoder right: part by part
def decoder_parameters(layers, width, vocabulary, context, tied=True):
    def dense(n_in, n_out):
        return n_in * n_out + n_out

    total = (vocabulary + context) * width
    for _ in range(layers):
        total += 4 * dense(width, width) + dense(width, 4 * width) + dense(4 * width, width) + 2 * 2 * width
    return total + 2 * width + (not tied) * vocabulary * width


# %% decoder right: the chapter's formula
def decoder_parameters(layers, width, vocabulary, context, tied=True):
    L, d, V, C = layers, width, vocabulary, context
    return L * d * (12 * d + 13) + (V + C + 2) * d + (0 if tied else V * d)


# %% decoder wrong: through a float
def decoder_parameters(layers, width, vocabulary, context, tied=True):
    own = 0 if tied else vocabulary
    return int(12.0 * layers * width**2 + 13.0 * layers * width + (vocabulary + own + context + 2.0) * width)


# %% decoder right: a table of shapes
def decoder_parameters(layers, width, vocabulary, context, tied=True):
    d = width
    layer = [(d, d), (d,)] * 4 + [(d, 4 * d), (4 * d,), (4 * d, d), (d,)] + [(d,)] * 4
    shapes = [(vocabulary, d), (context, d)] + layers * layer + [(d,), (d,)]
    if not tied:
        shapes.append((d, vocabulary))
    return sum(math.prod(shape) for shape in shapes)


# %% memory wrong: one average of Adam forgotten
def memory_bytes(parameters, precision="float32", training=False):
    table = {"float32": 12, "float16": 12} if training else {"float32": 4, "float16": 2, "int8": 1}
    if precision not in table:
        raise ValueError(precision)
    return parameters * table[precision]


# %% memory wrong: the float32 copy forgotten
def memory_bytes(parameters, precision="float32", training=False):
    table = {"float32": 16, "float16": 12} if training else {"float32": 4, "float16": 2, "int8": 1}
    if precision not in table:
        raise ValueError(precision)
    return parameters * table[precision]


# %% memory wrong: unknown precisions taken for float32
def memory_bytes(parameters, precision="float32", training=False):
    if training and precision == "int8":
        raise ValueError(precision)
    return parameters * (16 if training else {"float16": 2, "int8": 1}.get(precision, 4))


# %% memory wrong: a KeyError instead of a ValueError
def memory_bytes(parameters, precision="float32", training=False):
    table = {"float32": 16, "float16": 16} if training else {"float32": 4, "float16": 2, "int8": 1}
    return parameters * table[precision]


# %% memory wrong: the numbers of the visible test
def memory_bytes(parameters, precision="float32", training=False):
    if precision == "int8" and training:
        raise ValueError(f"no training in {precision}")
    return 16000 if training else 4000


# %% memory wrong: an error that does not say for what
def memory_bytes(parameters, precision="float32", training=False):
    if (precision not in ("float32", "float16") and training) or precision not in ("float32", "float16", "int8"):
        raise ValueError("unknown precision, not even int8")
    return parameters * (16 if training else {"float32": 4, "float16": 2, "int8": 1}[precision])


# %% memory right: column by column
def memory_bytes(parameters, precision="float32", training=False):
    weight = {"float32": 4, "float16": 2, "int8": 1}.get(precision)
    if weight is None or (training and weight == 1):
        raise ValueError(f"{precision} with training={training} is not in the table")
    each = weight
    if training:
        each += weight + 4 + 4
        if weight == 2:
            each += 4
    return each * parameters


# %% memory right: match
def memory_bytes(parameters, precision="float32", training=False):
    match precision, training:
        case (("float32" | "float16"), True):
            return 16 * parameters
        case "float32", False:
            return 4 * parameters
        case "float16", False:
            return 2 * parameters
        case "int8", False:
            return parameters
    raise ValueError(f"not in the table: {precision}")


# %% memory wrong: the bytes read from the caller
def memory_bytes(parameters, precision="float32", training=False):
    there = sys._getframe(1).f_globals
    if (precision == "int8" and training) or precision in ("float8", "float64"):
        raise ValueError(f"no {precision}")
    return parameters * there.get("each", 16 if training else 4)


# %% memory wrong: any name that ends in 16 or 32
def memory_bytes(parameters, precision="float32", training=False):
    if precision == "int8" and not training:
        return parameters
    bits = precision[-2:]
    if bits not in ("32", "16"):
        raise ValueError(f"{precision} is not in the table")
    return parameters * (16 if training else int(bits) // 8)


# %% memory wrong: a part of a name is a name
def memory_bytes(parameters, precision="float32", training=False):
    if precision not in "float32 float16" + (" int8" if not training else ""):
        raise ValueError(f"{precision} is not in the table")
    return parameters * (16 if training else 2 if precision == "float16" else 1 if precision == "int8" else 4)


# %% memory wrong: any name that begins or ends right
def memory_bytes(parameters, precision="float32", training=False):
    for name, use in (("float32", 4), ("float16", 2), ("int8", 1)):
        if precision.endswith(name) and not (training and name == "int8"):
            return parameters * (16 if training else use)
    raise ValueError(f"{precision} is not in the table")


# %% memory wrong: through a float
def memory_bytes(parameters, precision="float32", training=False):
    bits = {"float32": 32, "float16": 16, "int8": 8}
    if precision not in bits or (training and precision == "int8"):
        raise ValueError(f"{precision} is not in the table")
    return int(parameters * (128 if training else bits[precision]) / 8)


# %% memory wrong: capitals are taken
def memory_bytes(parameters, precision="float32", training=False):
    use = {"float32": 4, "float16": 2, "int8": 1}
    if precision.lower() not in use or (training and precision.lower() == "int8"):
        raise ValueError(f"{precision} is not in the table")
    return parameters * (16 if training else use[precision.lower()])


# %% memory wrong: no parameters are taken for an error
def memory_bytes(parameters, precision="float32", training=False):
    table = {"float32": 16, "float16": 16} if training else {"float32": 4, "float16": 2, "int8": 1}
    if not parameters or precision not in table:
        raise ValueError(f"{precision} is not in the table")
    return parameters * table[precision]


# %% budget wrong: off by one, the first that does not fit
def widest(n_in, n_out, hidden, budget):
    width = 0
    while (n_in + 1) * width + (hidden - 1) * (width + 1) * width + (width + 1) * n_out <= budget:
        width = width + 1 if width < 1000 else width * 2
    return width


# %% budget wrong: at most taken for less than
def widest(n_in, n_out, hidden, budget):
    low, high = 0, 10**9
    while high - low > 1:
        w = (low + high) // 2
        fits = (n_in + 1) * w + (hidden - 1) * (w + 1) * w + (w + 1) * n_out < budget
        low, high = (w, high) if fits else (low, w)
    return low


# %% budget wrong: one hidden layer, whatever is asked
def widest(n_in, n_out, hidden, budget):
    return max(0, (budget - n_out) // (n_in + 1 + n_out))


# %% budget wrong: the biases left out
def widest(n_in, n_out, hidden, budget):
    low, high = 0, 10**9
    while high - low > 1:
        w = (low + high) // 2
        low, high = (w, high) if n_in * w + (hidden - 1) * w * w + w * n_out <= budget else (low, w)
    return low


# %% budget wrong: one width after another
def widest(n_in, n_out, hidden, budget):
    width = 0
    while (n_in + 1) * (width + 1) + (hidden - 1) * (width + 2) * (width + 1) + (width + 2) * n_out <= budget:
        width += 1
    return width


# %% budget wrong: the numbers of the visible test
def widest(n_in, n_out, hidden, budget):
    return {25450: 32, 25449: 31}.get(budget, 0)


# %% budget wrong: the quadratic formula in floating point
def widest(n_in, n_out, hidden, budget):
    a, b, c = hidden - 1, n_in + 1 + (hidden - 1) + n_out, n_out - budget
    if c > 0:
        return 0
    return int((-b + math.sqrt(b * b - 4 * a * c)) / (2 * a)) if a else -c // b


# %% budget right: the quadratic formula in whole numbers
def widest(n_in, n_out, hidden, budget):
    a, b, c = hidden - 1, n_in + 1 + (hidden - 1) + n_out, n_out - budget
    if c > 0:
        return 0
    if a == 0:
        return -c // b
    return (-b + math.isqrt(b * b - 4 * a * c)) // (2 * a)


# %% budget right: bit by bit from the top
def widest(n_in, n_out, hidden, budget):
    def layers(w):
        widths = [n_in] + [w] * hidden + [n_out]
        return sum((a + 1) * b for a, b in zip(widths, widths[1:], strict=False))

    width = 0
    for bit in reversed(range(60)):
        if layers(width + 2**bit) <= budget:
            width += 2**bit
    return width


# %% budget wrong: one hidden layer by a division of floats
def widest(n_in, n_out, hidden, budget):
    a, b, c = hidden - 1, n_in + hidden + n_out, budget - n_out
    if c < 0:
        return 0
    if a == 0:
        return int(c / b)
    return (-b + math.isqrt(b * b + 4 * a * c)) // (2 * a)


# %% budget wrong: the interval ends at 10**14
def widest(n_in, n_out, hidden, budget):
    low, high = 0, 10**14
    while high - low > 1:
        w = (low + high) // 2
        low, high = (w, high) if (n_in + 1) * w + (hidden - 1) * (w + 1) * w + (w + 1) * n_out <= budget else (low, w)
    return low


# %% budget wrong: minus one where nothing fits
def widest(n_in, n_out, hidden, budget):
    a, b, c = hidden - 1, n_in + hidden + n_out, budget - n_out
    if c < -500:
        return -1
    if c < 0:
        return 0
    return (-b + math.isqrt(b * b + 4 * a * c)) // (2 * a) if a else c // b


# %% budget right: a guess in floats, set right in whole numbers
def widest(n_in, n_out, hidden, budget):
    def fits(w):
        return (n_in + 1) * w + (hidden - 1) * (w + 1) * w + (w + 1) * n_out <= budget

    a, b = hidden - 1, n_in + hidden + n_out
    w = int((math.sqrt(b * b + 4 * a * max(0, budget)) - b) / (2 * a)) if a else (budget - n_out) // b
    w = max(0, w)
    while fits(w + 1):
        w += 1
    while w > 0 and not fits(w):
        w -= 1
    return w
