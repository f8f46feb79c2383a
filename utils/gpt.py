"""The small GPT of chapter 18, for those who need it again: weights by name, functions that take them.

Radford et al. 2018, with what came later and makes it shorter: normalisation before each half of a block and by size
alone (Zhang and Sennrich 2019), no biases, distances in place of positions (a number for each, added to the scores, as
in Raffel et al. 2020), the table of symbols used for the answer too (Press and Wolf 2017).
"""

import numpy as np
import tensorflow as tf

from utils import arguments

HEADS = 4


def new_weights(rng, symbols=96, width=64, layers=2, context=64):
    """{name: tf.Variable}: a table (symbols, width); a block's four matrices, two norms and distances (heads, context).

    `out` and `down`, which write what a block adds, begin at zero: each block begins as doing nothing.
    TypeError for an rng that is none; ValueError for sizes that are no whole numbers, or a width no multiple of HEADS.
    """
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng is a {arguments.kind(rng)}; give np.random.default_rng(seed)")
    sizes = {"symbols": symbols, "width": width, "layers": layers, "context": context}
    sizes = {name: arguments.count(name, n) for name, n in sizes.items()}
    if sizes["width"] % HEADS:
        raise ValueError(f"width is {width}; give a multiple of {HEADS}, the number of heads")

    def normal(*shape, scale):
        return (scale * rng.normal(size=shape)).astype(np.float32)

    w = {"symbols": normal(symbols, width, scale=0.1)}
    for i in range(layers):
        w[f"qkv {i}"] = normal(width, 3 * width, scale=width**-0.5)
        w[f"up {i}"] = normal(width, 4 * width, scale=width**-0.5)
        w[f"out {i}"], w[f"down {i}"] = np.zeros((width, width)), np.zeros((4 * width, width))
        w[f"distance {i}"] = normal(HEADS, context, scale=0.2)
        w[f"norm {i}"], w[f"norm up {i}"] = np.ones(width), np.ones(width)
    w["norm"] = np.ones(width)
    return {name: tf.Variable(value, dtype="float32", name=name) for name, value in w.items()}


def causal(context):
    """Who may look (row) at whom (column): each position at itself and those before, (context, context) bool."""
    context = arguments.count("context", context)
    return np.tril(np.ones((context, context), bool))


def forward(w, x, mask):
    """Logits (n, T, symbols) of codes x (n, T). mask: (T, T), True where a row may look at a column."""
    T = x.shape[1]
    h = tf.gather(w["symbols"], x)
    back = np.maximum(np.arange(T)[:, None] - np.arange(T), 0)  # from the one who looks to the one looked at
    for i in range(sum(name.startswith("qkv") for name in w)):
        q, k, v = (_by_head(part) for part in tf.split(norm(h, w[f"norm {i}"]) @ w[f"qkv {i}"], 3, axis=-1))
        score = tf.matmul(q, k, transpose_b=True) * q.shape[-1] ** -0.5
        score += 16 * tf.gather(w[f"distance {i}"], back, axis=1)  # so large that a step of Adam tells
        seen = tf.nn.softmax(tf.where(mask, score, -1e9)) @ v
        h += tf.reshape(tf.transpose(seen, (0, 2, 1, 3)), tf.shape(h)) @ w[f"out {i}"]
        h += tf.nn.relu(norm(h, w[f"norm up {i}"]) @ w[f"up {i}"]) @ w[f"down {i}"]
    return tf.matmul(norm(h, w["norm"]), w["symbols"], transpose_b=True)


def norm(h, scale):
    """h (..., width) divided by its root mean square, times scale (width,)."""
    return h * tf.math.rsqrt(tf.reduce_mean(h * h, axis=-1, keepdims=True) + 1e-6) * scale


def _by_head(x):
    n, T, width = tf.shape(x)[0], x.shape[1], x.shape[2]
    return tf.transpose(tf.reshape(x, (n, T, HEADS, width // HEADS)), (0, 2, 1, 3))
