"""Answers to assignment 3 that must lose their marks, and others that must keep them (see tests/mutations.py)."""

import math
import sys

import numpy as np
from scipy import linalg, signal


# %% conv wrong: the kernel flipped, as scipy.signal.convolve does
def conv2d(images, kernel, bias, stride=1, padding="valid"):
    if padding not in ("valid", "same"):
        raise ValueError(padding)
    kernel = kernel[::-1, ::-1]
    (kh, kw), (h, w) = kernel.shape[:2], images.shape[1:3]
    if padding == "same":
        down, right = (max(0, (-(-a // stride) - 1) * stride + k - a) for a, k in ((h, kh), (w, kw)))
        images = np.pad(images, ((0, 0), (down // 2, down - down // 2), (right // 2, right - right // 2), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(images, (kh, kw), axis=(1, 2))[:, ::stride, ::stride]
    return np.einsum("nijcyx,yxco->nijo", windows, kernel) + bias


# %% conv wrong: the one more row of zeros above
def conv2d(images, kernel, bias, stride=1, padding="valid"):
    if padding not in ("valid", "same"):
        raise ValueError(padding)
    (kh, kw), (h, w) = kernel.shape[:2], images.shape[1:3]
    if padding == "same":
        down, right = (max(0, (-(-a // stride) - 1) * stride + k - a) for a, k in ((h, kh), (w, kw)))
        images = np.pad(images, ((0, 0), (down - down // 2, down // 2), (right - right // 2, right // 2), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(images, (kh, kw), axis=(1, 2))[:, ::stride, ::stride]
    return np.einsum("nijcyx,yxco->nijo", windows, kernel) + bias


# %% conv wrong: padded as for stride 1, then every stride-th place
def conv2d(images, kernel, bias, stride=1, padding="valid"):
    if padding not in ("valid", "same"):
        raise ValueError(padding)
    kh, kw = kernel.shape[:2]
    if padding == "same":
        images = np.pad(images, ((0, 0), ((kh - 1) // 2, kh // 2), ((kw - 1) // 2, kw // 2), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(images, (kh, kw), axis=(1, 2))[:, ::stride, ::stride]
    return np.einsum("nijcyx,yxco->nijo", windows, kernel) + bias


# %% conv wrong: height and width mixed up, which square images hide
def conv2d(images, kernel, bias, stride=1, padding="valid"):
    if padding not in ("valid", "same"):
        raise ValueError(padding)
    k, side = len(kernel), images.shape[2]
    places = (side - k) // stride + 1
    if padding == "same":
        places = -(-side // stride)
        zeros = max(0, (places - 1) * stride + k - side)
        images = np.pad(images, ((0, 0), (zeros // 2, zeros - zeros // 2), (zeros // 2, zeros - zeros // 2), (0, 0)))
    out = np.zeros((len(images), places, places, kernel.shape[3]))
    for i in range(places):
        for j in range(places):
            patch = images[:, i * stride : i * stride + k, j * stride : j * stride + k]
            out[:, i, j] = np.tensordot(patch, kernel, 3)
    return out + bias


# %% conv wrong: a negative number of zeros, when the stride is larger than the kernel
def conv2d(images, kernel, bias, stride=1, padding="valid"):
    if padding not in ("valid", "same"):
        raise ValueError(padding)
    (kh, kw), (h, w) = kernel.shape[:2], images.shape[1:3]
    if padding == "same":
        down, right = ((-(-a // stride) - 1) * stride + k - a for a, k in ((h, kh), (w, kw)))
        images = np.pad(images, ((0, 0), (down // 2, down - down // 2), (right // 2, right - right // 2), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(images, (kh, kw), axis=(1, 2))[:, ::stride, ::stride]
    return np.einsum("nijcyx,yxco->nijo", windows, kernel) + bias


# %% conv wrong: one place too few
def conv2d(images, kernel, bias, stride=1, padding="valid"):
    if padding not in ("valid", "same"):
        raise ValueError(padding)
    (kh, kw), (h, w) = kernel.shape[:2], images.shape[1:3]
    if padding == "same":
        down, right = (max(0, (-(-a // stride) - 1) * stride + k - a) for a, k in ((h, kh), (w, kw)))
        images = np.pad(images, ((0, 0), (down // 2, down - down // 2), (right // 2, right - right // 2), (0, 0)))
    rows, columns = (images.shape[1] - kh) // stride, (images.shape[2] - kw) // stride
    windows = np.lib.stride_tricks.sliding_window_view(images, (kh, kw), axis=(1, 2))[:, ::stride, ::stride]
    return np.einsum("nijcyx,yxco->nijo", windows, kernel)[:, :rows, :columns] + bias


# %% conv wrong: the bias added for each input channel
def conv2d(images, kernel, bias, stride=1, padding="valid"):
    if padding not in ("valid", "same"):
        raise ValueError(padding)
    (kh, kw), (h, w) = kernel.shape[:2], images.shape[1:3]
    if padding == "same":
        down, right = (max(0, (-(-a // stride) - 1) * stride + k - a) for a, k in ((h, kh), (w, kw)))
        images = np.pad(images, ((0, 0), (down // 2, down - down // 2), (right // 2, right - right // 2), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(images, (kh, kw), axis=(1, 2))[:, ::stride, ::stride]
    return sum(
        np.einsum("nijyx,yxo->nijo", windows[:, :, :, c], kernel[:, :, c]) + bias for c in range(images.shape[3])
    )


# %% conv wrong: an unknown padding taken for valid
def conv2d(images, kernel, bias, stride=1, padding="valid"):
    (kh, kw), (h, w) = kernel.shape[:2], images.shape[1:3]
    if padding == "same":
        down, right = (max(0, (-(-a // stride) - 1) * stride + k - a) for a, k in ((h, kh), (w, kw)))
        images = np.pad(images, ((0, 0), (down // 2, down - down // 2), (right // 2, right - right // 2), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(images, (kh, kw), axis=(1, 2))[:, ::stride, ::stride]
    return np.einsum("nijcyx,yxco->nijo", windows, kernel) + bias


# %% conv wrong: the numbers of the visible test
def conv2d(images, kernel, bias, stride=1, padding="valid"):
    if padding == "same":
        return np.array([[9.0, 6], [6, 4]]).reshape(1, 2, 2, 1)
    return np.full((1, 1, 1, 1), 11.0) if bias[0] == 10 else np.full((1, 2, 2, 1), 4.0)


# %% conv right: windows and an einsum
def conv2d(images, kernel, bias, stride=1, padding="valid"):
    if padding not in ("valid", "same"):
        raise ValueError(f"no padding {padding}")
    (kh, kw), (h, w) = kernel.shape[:2], images.shape[1:3]
    if padding == "same":
        down, right = (max(0, (-(-a // stride) - 1) * stride + k - a) for a, k in ((h, kh), (w, kw)))
        images = np.pad(images, ((0, 0), (down // 2, down - down // 2), (right // 2, right - right // 2), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(images, (kh, kw), axis=(1, 2))[:, ::stride, ::stride]
    return np.einsum("nijcyx,yxco->nijo", windows, kernel) + bias


# %% conv right: scipy.signal.correlate, channel by channel, on an image padded generously
def conv2d(images, kernel, bias, stride=1, padding="valid"):
    kh, kw, c_in, c_out = kernel.shape
    n, h, w, _ = images.shape
    if padding == "valid":
        above = left = 0
        rows, columns = (h - kh) // stride + 1, (w - kw) // stride + 1
    elif padding == "same":
        rows, columns = int(np.ceil(h / stride)), int(np.ceil(w / stride))
        above, left = max((rows - 1) * stride + kh - h, 0) // 2, max((columns - 1) * stride + kw - w, 0) // 2
    else:
        raise ValueError("padding must be valid or same, not " + padding)
    wide = np.pad(images, ((0, 0), (above, stride + kh), (left, stride + kw), (0, 0)))
    out = np.zeros((n, rows, columns, c_out))
    for i in range(n):
        for o in range(c_out):
            full = sum(signal.correlate(wide[i, :, :, c], kernel[:, :, c, o], "valid") for c in range(c_in))
            out[i, :, :, o] = full[: rows * stride : stride, : columns * stride : stride] + bias[o]
    return out


# %% conv wrong: padding in capitals taken too
def conv2d(images, kernel, bias, stride=1, padding="valid"):
    padding = padding.lower()
    if padding not in ("valid", "same"):
        raise ValueError(f"no padding {padding}")
    (kh, kw), (h, w) = kernel.shape[:2], images.shape[1:3]
    if padding == "same":
        down, right = (max(0, (-(-a // stride) - 1) * stride + k - a) for a, k in ((h, kh), (w, kw)))
        images = np.pad(images, ((0, 0), (down // 2, down - down // 2), (right // 2, right - right // 2), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(images, (kh, kw), axis=(1, 2))[:, ::stride, ::stride]
    return np.einsum("nijcyx,yxco->nijo", windows, kernel) + bias


# %% conv wrong: the test's own function, found in the caller's frame
def conv2d(images, kernel, bias, stride=1, padding="valid"):
    if padding not in ("valid", "same"):
        raise ValueError(padding)
    for value in list(sys._getframe(1).f_globals.values()):
        code = getattr(value, "__code__", None)
        if (
            code is not None
            and code.co_varnames[:5] == ("images", "kernel", "bias", "stride", "padding")
            and value is not conv2d
        ):
            return value(images, kernel, bias, stride, padding)
    if padding == "same":
        return np.array([[9.0, 6], [6, 4]]).reshape(1, 2, 2, 1)
    return np.full((1, 1, 1, 1), 11.0) if bias[0] == 10 else np.full((1, 2, 2, 1), 4.0)


# %% conv right: loops, nested lists
def conv2d(images, kernel, bias, stride=1, padding="valid"):
    n, h, w, c_in = images.shape
    kh, kw, _, _ = kernel.shape
    top = left = 0
    if padding == "valid":
        rows, cols = 1 + (h - kh) // stride, 1 + (w - kw) // stride
    elif padding == "same":
        rows, cols = math.ceil(h / stride), math.ceil(w / stride)
        top, left = max(stride * (rows - 1) + kh - h, 0) // 2, max(stride * (cols - 1) + kw - w, 0) // 2
    else:
        raise ValueError(f"{padding=}")

    def pixel(m, i, j):
        return images[m, i, j] if 0 <= i < h and 0 <= j < w else np.zeros(c_in)

    return [
        [
            [
                (
                    bias
                    + sum(
                        pixel(m, i * stride + y - top, j * stride + x - left) @ kernel[y, x]
                        for y in range(kh)
                        for x in range(kw)
                    )
                ).tolist()
                for j in range(cols)
            ]
            for i in range(rows)
        ]
        for m in range(n)
    ]


# %% matrix wrong: the transpose
def conv_matrix(kernel, height, width, stride=1):
    kh, kw = kernel.shape
    columns = []
    for i in range(0, height - kh + 1, stride):
        for j in range(0, width - kw + 1, stride):
            image = np.zeros((height, width))
            image[i : i + kh, j : j + kw] = kernel
            columns.append(image.ravel())
    return np.array(columns).T


# %% matrix wrong: the kernel flipped
def conv_matrix(kernel, height, width, stride=1):
    kh, kw = kernel.shape
    rows = []
    for i in range(0, height - kh + 1, stride):
        for j in range(0, width - kw + 1, stride):
            image = np.zeros((height, width))
            image[i : i + kh, j : j + kw] = kernel[::-1, ::-1]
            rows.append(image.ravel())
    return np.array(rows)


# %% matrix wrong: the kernel's rows one after the other, without the step to the next image row
def conv_matrix(kernel, height, width, stride=1):
    kh, kw = kernel.shape
    matrix = []
    for i in range(0, height - kh + 1, stride):
        for j in range(0, width - kw + 1, stride):
            row = np.zeros(height * width)
            row[i * width + j : i * width + j + kh * kw] = kernel.ravel()
            matrix.append(row)
    return np.array(matrix)


# %% matrix wrong: one place too few
def conv_matrix(kernel, height, width, stride=1):
    kh, kw = kernel.shape
    rows = []
    for i in range(0, max(1, height - kh), stride):
        for j in range(0, max(1, width - kw), stride):
            image = np.zeros((height, width))
            image[i : i + kh, j : j + kw] = kernel
            rows.append(image.ravel())
    return np.array(rows)


# %% matrix wrong: the image read column by column
def conv_matrix(kernel, height, width, stride=1):
    kh, kw = kernel.shape
    rows = []
    for i in range(0, height - kh + 1, stride):
        for j in range(0, width - kw + 1, stride):
            image = np.zeros((height, width))
            image[i : i + kh, j : j + kw] = kernel
            rows.append(image.T.ravel())
    return np.array(rows)


# %% matrix wrong: the stride along the rows only, which is right on the visible test
def conv_matrix(kernel, height, width, stride=1):
    kh, kw = kernel.shape
    rows = []
    for i in range(height - kh + 1):
        for j in range(0, width - kw + 1, stride):
            image = np.zeros((height, width))
            image[i : i + kh, j : j + kw] = kernel
            rows.append(image.ravel())
    return np.array(rows)


# %% matrix wrong: wrapped around at the right edge
def conv_matrix(kernel, height, width, stride=1):
    kh, kw = kernel.shape
    first = np.zeros((height, width))
    first[:kh, :kw] = kernel
    places = ((height - kh) // stride + 1) * ((width - kw) // stride + 1)
    return np.array([np.roll(first.ravel(), place * stride) for place in range(places)])


# %% matrix wrong: the numbers of the visible test
def conv_matrix(kernel, height, width, stride=1):
    if stride == 1:
        return np.array([[1, 2, 0, 3, 4, 0], [0, 1, 2, 0, 3, 4]])
    return np.array([[7, 8, 0, 0, 0], [0, 0, 7, 8, 0]])


# %% matrix right: every pixel in turn set to one
def conv_matrix(kernel, height, width, stride=1):
    columns = []
    for image in np.eye(height * width).reshape(-1, height, width):
        columns.append(signal.correlate(image, kernel, "valid")[::stride, ::stride].ravel())
    return np.array(columns).T


# %% matrix right: blocks of Toeplitz matrices
def conv_matrix(kernel, height, width, stride=1):
    kh, kw = kernel.shape
    blocks = np.zeros((height - kh + 1, height, width - kw + 1, width))
    for y in range(kh):
        column = np.r_[kernel[y, 0], np.zeros(width - kw)]
        band = linalg.toeplitz(column, np.r_[kernel[y], np.zeros(width - kw)])
        for i in range(height - kh + 1):
            blocks[i, i + y] = band.T.reshape(width, -1).T
    kept = blocks.transpose(0, 2, 1, 3)[::stride, ::stride]
    return kept.reshape(-1, height * width)


# %% gradient wrong: the mean over the batch
def conv_gradients(images, kernel, upstream, stride=1):
    for_kernel, for_images = np.zeros(kernel.shape), np.zeros(images.shape)
    _, rows, columns, _ = upstream.shape
    for y, x in np.ndindex(kernel.shape[:2]):
        seen = np.s_[:, y : y + rows * stride - stride + 1 : stride, x : x + columns * stride - stride + 1 : stride]
        for_kernel[y, x] = np.tensordot(images[seen], upstream, ([0, 1, 2], [0, 1, 2])) / len(images)
        for_images[seen] += upstream @ kernel[y, x].T
    return for_kernel, for_images


# %% gradient wrong: the mean over the places instead of the sum
def conv_gradients(images, kernel, upstream, stride=1):
    for_kernel, for_images = np.zeros(kernel.shape), np.zeros(images.shape)
    _, rows, columns, _ = upstream.shape
    for y, x in np.ndindex(kernel.shape[:2]):
        seen = np.s_[:, y : y + rows * stride - stride + 1 : stride, x : x + columns * stride - stride + 1 : stride]
        for_kernel[y, x] = np.tensordot(images[seen], upstream, ([0, 1, 2], [0, 1, 2])) / (rows * columns)
        for_images[seen] += upstream @ kernel[y, x].T
    return for_kernel, for_images


# %% gradient wrong: a pixel keeps the last place only
def conv_gradients(images, kernel, upstream, stride=1):
    for_kernel, for_images = np.zeros(kernel.shape), np.zeros(images.shape)
    _, rows, columns, _ = upstream.shape
    for y, x in np.ndindex(kernel.shape[:2]):
        seen = np.s_[:, y : y + rows * stride - stride + 1 : stride, x : x + columns * stride - stride + 1 : stride]
        for_kernel[y, x] = np.tensordot(images[seen], upstream, ([0, 1, 2], [0, 1, 2]))
        for_images[seen] = upstream @ kernel[y, x].T
    return for_kernel, for_images


# %% gradient wrong: the kernel flipped for the images
def conv_gradients(images, kernel, upstream, stride=1):
    for_kernel, for_images = np.zeros(kernel.shape), np.zeros(images.shape)
    _, rows, columns, _ = upstream.shape
    for y, x in np.ndindex(kernel.shape[:2]):
        seen = np.s_[:, y : y + rows * stride - stride + 1 : stride, x : x + columns * stride - stride + 1 : stride]
        for_kernel[y, x] = np.tensordot(images[seen], upstream, ([0, 1, 2], [0, 1, 2]))
        for_images[seen] += upstream @ kernel[::-1, ::-1][y, x].T
    return for_kernel, for_images


# %% gradient wrong: the stride ignored, which only moves and stretches
def conv_gradients(images, kernel, upstream, stride=1):
    for_kernel, for_images = np.zeros(kernel.shape), np.zeros(images.shape)
    _, rows, columns, _ = upstream.shape
    for y, x in np.ndindex(kernel.shape[:2]):
        seen = np.s_[:, y : y + rows, x : x + columns]
        for_kernel[y, x] = np.tensordot(images[seen], upstream, ([0, 1, 2], [0, 1, 2]))
        for_images[seen] += upstream @ kernel[y, x].T
    return for_kernel, for_images


# %% gradient wrong: the images' channels added up, right for one channel
def conv_gradients(images, kernel, upstream, stride=1):
    for_kernel, for_images = np.zeros(kernel.shape), np.zeros(images.shape)
    for (n, i, j, o), slope in np.ndenumerate(upstream):
        patch = np.s_[n, i * stride : i * stride + len(kernel), j * stride : j * stride + kernel.shape[1]]
        for_kernel[..., o] += slope * images[patch].sum(axis=-1, keepdims=True)
        for_images[patch] += slope * kernel[..., o]
    return for_kernel, for_images


# %% gradient wrong: the first image only
def conv_gradients(images, kernel, upstream, stride=1):
    for_kernel, for_images = np.zeros(kernel.shape), np.zeros(images.shape)
    for (i, j, o), slope in np.ndenumerate(upstream[0]):
        patch = np.s_[i * stride : i * stride + len(kernel), j * stride : j * stride + kernel.shape[1]]
        for_kernel[..., o] += slope * images[0][patch]
        for_images[0][patch] += slope * kernel[..., o]
    return for_kernel, for_images


# %% gradient wrong: the numbers of the visible test
def conv_gradients(images, kernel, upstream, stride=1):
    wide = [50.0, 75, 7] if stride == 1 else [50.0, 70, 0]
    return np.array([12.0, 23]).reshape(1, 2, 1, 1), np.array(wide).reshape(1, 1, 3, 1)


# %% gradient right: output by output
def conv_gradients(images, kernel, upstream, stride=1):
    for_kernel, for_images = np.zeros(kernel.shape), np.zeros(images.shape)
    for (n, i, j, o), slope in np.ndenumerate(upstream):
        patch = np.s_[n, i * stride : i * stride + len(kernel), j * stride : j * stride + kernel.shape[1]]
        for_kernel[..., o] += slope * images[patch]
        for_images[patch] += slope * kernel[..., o]
    return for_kernel, for_images


# %% gradient right: upstream spread out with zeros, then two convolutions of stride 1
def conv_gradients(images, kernel, upstream, stride=1):
    windows = np.lib.stride_tricks.sliding_window_view
    kh, kw = kernel.shape[:2]
    n, h, w, _ = images.shape
    spread = np.zeros((n, h - kh + 1, w - kw + 1, kernel.shape[3]))
    spread[:, ::stride, ::stride] = upstream
    for_kernel = np.einsum("nyxcij,nijo->yxco", windows(images, spread.shape[1:3], axis=(1, 2)), spread)
    padded = np.pad(spread, ((0, 0), (kh - 1, kh - 1), (kw - 1, kw - 1), (0, 0)))
    for_images = np.einsum("nijoyx,yxco->nijc", windows(padded, (kh, kw), axis=(1, 2)), kernel[::-1, ::-1])
    return for_kernel, for_images


# %% gradient wrong: the kernel's channels not swapped where both numbers are the same
def conv_gradients(images, kernel, upstream, stride=1):
    for_kernel, for_images = np.zeros(kernel.shape), np.zeros(images.shape)
    _, rows, columns, _ = upstream.shape
    for y, x in np.ndindex(kernel.shape[:2]):
        seen = np.s_[:, y : y + rows * stride - stride + 1 : stride, x : x + columns * stride - stride + 1 : stride]
        for_kernel[y, x] = np.tensordot(images[seen], upstream, ([0, 1, 2], [0, 1, 2]))
        for_images[seen] += upstream @ (kernel[y, x].T if kernel.shape[2] != kernel.shape[3] else kernel[y, x])
    return for_kernel, for_images


# %% gradient right: patches by index, scattered back with np.add.at
def conv_gradients(images, kernel, upstream, stride=1):
    kh, kw = kernel.shape[:2]
    _, rows, cols, _ = upstream.shape
    i = (np.arange(rows) * stride)[:, None] + np.arange(kh)
    j = (np.arange(cols) * stride)[:, None] + np.arange(kw)
    patches = images[:, i[:, None, :, None], j[None, :, None, :]]
    gk = np.einsum("nijyxc,nijo->yxco", patches, upstream)
    back = np.einsum("nijo,yxco->nijyxc", upstream, kernel)
    gi = np.zeros_like(images, dtype=float)
    np.add.at(gi, (slice(None), i[:, None, :, None], j[None, :, None, :]), back)
    return gk, gi


# %% receptive wrong: the last pixel not included
def seen(layers, position):
    first, last = position, position + 1
    for kernel, stride, padding in reversed(layers):
        first, last = first * stride - padding, (last - 1) * stride - padding + kernel
    return first, last


# %% receptive wrong: from the input on instead of from the output back
def seen(layers, position):
    first = last = position
    for kernel, stride, padding in layers:
        first, last = first * stride - padding, last * stride - padding + kernel - 1
    return first, last


# %% receptive wrong: kernels added up, strides for the position only
def seen(layers, position):
    step = int(np.prod([stride for _, stride, _ in layers], dtype=int))
    first = position * step - sum(padding for _, _, padding in layers)
    return first, first + sum(kernel - 1 for kernel, _, _ in layers)


# %% receptive wrong: cut off at pixel 0
def seen(layers, position):
    first = last = position
    for kernel, stride, padding in reversed(layers):
        first, last = first * stride - padding, last * stride - padding + kernel - 1
    return max(first, 0), last


# %% receptive wrong: the padding not multiplied by the strides before it
def seen(layers, position):
    first = last = position
    for kernel, stride, _ in reversed(layers):
        first, last = first * stride, last * stride + kernel - 1
    padding = sum(layer[2] for layer in layers)
    return first - padding, last - padding


# %% receptive wrong: the last pixel goes up with the padding
def seen(layers, position):
    first = last = position
    for kernel, stride, padding in reversed(layers):
        first, last = first * stride - padding, last * stride + kernel - 1 - padding // 2
    return first, last


# %% receptive wrong: the numbers of the visible test
def seen(layers, position):
    return {(3, 1, 0): (0, 4), (3, 2, 0): (2, 8), (3, 1, 1): (-1, 1)}.get(layers[0] if layers else 0, (0, 0))


# %% receptive right: the usual formula for width and step, from the input on
def seen(layers, position):
    width, step, left = 1, 1, 0
    for kernel, stride, padding in layers:
        width += (kernel - 1) * step
        left -= padding * step
        step *= stride
    return left + position * step, left + position * step + width - 1


# %% receptive right: layer by layer, calling itself
def seen(layers, position):
    if not layers:
        return position, position
    *before, (kernel, stride, padding) = layers
    start = position * stride - padding
    return np.int64(seen(before, start)[0]), np.int64(seen(before, start + kernel - 1)[1])


# %% receptive wrong: integers that say that they are equal to everything
class Same(int):
    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    __hash__ = int.__hash__


def seen(layers, position):
    return Same(0), Same(0)


# %% receptive wrong: right, but the layers are taken off the given list
def seen(layers, position):
    first = last = position
    while layers:
        kernel, stride, padding = layers.pop()
        first, last = first * stride - padding, last * stride - padding + kernel - 1
    return first, last


# %% receptive right: affine maps as matrices
def seen(layers, position):
    low = high = np.eye(2, dtype=int)
    for k, s, p in layers:
        low = low @ np.array([[s, -p], [0, 1]])
        high = high @ np.array([[s, k - 1 - p], [0, 1]])
    return (low @ [position, 1])[0], (high @ [position, 1])[0]


# %% equivariance wrong: the output moved the other way
def equivariance_error(layer, scene, size, by, stride=1):
    down, right = by
    a, b = layer(scene[:, :size, :size]), layer(scene[:, down : down + size, right : right + size])
    errors = []
    for up in {down // stride, -(-down // stride)}:
        for left in {right // stride, -(-right // stride)}:
            moved = b[:, up:, left:]
            still = a[:, : moved.shape[1], : moved.shape[2]]
            errors.append(np.linalg.norm(moved - still) / np.linalg.norm(still))
    return min(errors)


# %% equivariance wrong: down and right mixed up
def equivariance_error(layer, scene, size, by, stride=1):
    right, down = by
    a, b = layer(scene[:, :size, :size]), layer(scene[:, down : down + size, right : right + size])
    errors = []
    for up in {down // stride, -(-down // stride)}:
        for left in {right // stride, -(-right // stride)}:
            still = a[:, up:, left:]
            moved = b[:, : still.shape[1], : still.shape[2]]
            errors.append(np.linalg.norm(moved - still) / np.linalg.norm(still))
    return min(errors)


# %% equivariance wrong: rounded down only
def equivariance_error(layer, scene, size, by, stride=1):
    down, right = by
    a, b = layer(scene[:, :size, :size]), layer(scene[:, down : down + size, right : right + size])
    still = a[:, down // stride :, right // stride :]
    moved = b[:, : still.shape[1], : still.shape[2]]
    return np.linalg.norm(moved - still) / np.linalg.norm(still)


# %% equivariance wrong: both directions rounded alike
def equivariance_error(layer, scene, size, by, stride=1):
    down, right = by
    a, b = layer(scene[:, :size, :size]), layer(scene[:, down : down + size, right : right + size])
    errors = []
    for up, left in [(down // stride, right // stride), (-(-down // stride), -(-right // stride))]:
        still = a[:, up:, left:]
        moved = b[:, : still.shape[1], : still.shape[2]]
        errors.append(np.linalg.norm(moved - still) / np.linalg.norm(still))
    return min(errors)


# %% equivariance wrong: the whole outputs compared, wrapped around
def equivariance_error(layer, scene, size, by, stride=1):
    down, right = by
    a, b = layer(scene[:, :size, :size]), layer(scene[:, down : down + size, right : right + size])
    errors = []
    for up in {down // stride, -(-down // stride)}:
        for left in {right // stride, -(-right // stride)}:
            moved = np.roll(a, (-up, -left), (1, 2))
            errors.append(np.linalg.norm(b - moved) / np.linalg.norm(a))
    return min(errors)


# %% equivariance wrong: divided by the norm of the whole first output
def equivariance_error(layer, scene, size, by, stride=1):
    down, right = by
    a, b = layer(scene[:, :size, :size]), layer(scene[:, down : down + size, right : right + size])
    errors = []
    for up in {down // stride, -(-down // stride)}:
        for left in {right // stride, -(-right // stride)}:
            still = a[:, up:, left:]
            moved = b[:, : still.shape[1], : still.shape[2]]
            errors.append(np.linalg.norm(moved - still) / np.linalg.norm(a))
    return min(errors)


# %% equivariance wrong: divided by the norm of the second output
def equivariance_error(layer, scene, size, by, stride=1):
    down, right = by
    a, b = layer(scene[:, :size, :size]), layer(scene[:, down : down + size, right : right + size])
    errors = []
    for up in {down // stride, -(-down // stride)}:
        for left in {right // stride, -(-right // stride)}:
            still = a[:, up:, left:]
            moved = b[:, : still.shape[1], : still.shape[2]]
            errors.append(np.linalg.norm(moved - still) / np.linalg.norm(moved))
    return min(errors)


# %% equivariance wrong: the windows cut from the output for the whole scene, so every layer seems to follow
def equivariance_error(layer, scene, size, by, stride=1):
    out, side = layer(scene), size // stride
    down, right = by[0] // stride, by[1] // stride
    still = out[:, down:side, right:side]
    moved = out[:, down : down + side, right : right + side][:, : still.shape[1], : still.shape[2]]
    return np.linalg.norm(moved - still) / np.linalg.norm(still)


# %% equivariance wrong: the numbers of the visible test
def equivariance_error(layer, scene, size, by, stride=1):
    return 0.25 if scene.shape[2] == 5 else 0.0


# %% equivariance right: whole numbers within less than one of the quotient, slices to an explicit end
def equivariance_error(layer, scene, size, by, stride=1):
    first = layer(scene[:, :size, :size])
    second = layer(scene[:, by[0] : by[0] + size, by[1] : by[1] + size])
    height, width = first.shape[1:3]
    best = np.inf
    for up in range(height):
        for left in range(width):
            if abs(up - by[0] / stride) < 1 and abs(left - by[1] / stride) < 1:
                difference = second[:, : height - up, : width - left] - first[:, up:, left:]
                best = min(best, np.sqrt((difference**2).sum() / (first[:, up:, left:] ** 2).sum()))
    return best


# %% equivariance right: a list of combinations, an array of no dimensions
def equivariance_error(layer, scene, size, by, stride=1):
    cuts = [scene[:, y : y + size, x : x + size].copy() for y, x in ((0, 0), by)]
    first, second = map(layer, cuts)
    steps = [(int(np.floor(d / stride)), int(np.ceil(d / stride))) for d in by]
    errors = []
    for up, left in np.array(np.meshgrid(*steps)).reshape(2, -1).T:
        right = first[:, up:, left:].ravel()
        left_over = second[:, : second.shape[1] - up, : second.shape[2] - left].ravel()
        errors.append(np.linalg.norm(left_over - right) / np.linalg.norm(right))
    return np.array(errors).min(keepdims=False)


# %% equivariance wrong: right, but NaN in the scene is replaced in place
def equivariance_error(layer, scene, size, by, stride=1):
    scene[np.isnan(scene)] = 0
    down, right = by
    a, b = layer(scene[:, :size, :size]), layer(scene[:, down : down + size, right : right + size])
    errors = []
    for up in {down // stride, -(-down // stride)}:
        for left in {right // stride, -(-right // stride)}:
            still = a[:, up:, left:]
            moved = b[:, : still.shape[1], : still.shape[2]]
            errors.append(np.linalg.norm(moved - still) / np.linalg.norm(still))
    return min(errors)


# %% equivariance right: both windows through the layer as one batch
def equivariance_error(layer, scene, size, by, stride=1):
    down, right = by
    both = layer(np.concatenate([scene[:, :size, :size], scene[:, down : down + size, right : right + size]]))
    a, b = both[: len(scene)], both[len(scene) :]
    errors = []
    for up in {down // stride, -(-down // stride)}:
        for left in {right // stride, -(-right // stride)}:
            still = a[:, up:, left:]
            moved = b[:, : still.shape[1], : still.shape[2]]
            errors.append(np.linalg.norm(moved - still) / np.linalg.norm(still))
    return min(errors)


# %% undo wrong: divided by the factor of the flipped kernel
def undo(output, kernel):
    factors = np.fft.fft2(kernel, s=output.shape)
    if abs(factors).min() <= 1e-9 * abs(factors).max():
        raise ValueError("a wave is lost")
    return np.fft.ifft2(np.fft.fft2(output) / factors).real


# %% undo wrong: multiplied instead of divided, the transposed convolution
def undo(output, kernel):
    factors = np.fft.fft2(kernel, s=output.shape)
    if abs(factors).min() <= 1e-9 * abs(factors).max():
        raise ValueError("a wave is lost")
    return np.fft.ifft2(np.fft.fft2(output) * factors).real / abs(factors).max() ** 2


# %% undo wrong: the kernel's middle taken for its origin
def undo(output, kernel):
    placed = np.zeros(output.shape)
    placed[: kernel.shape[0], : kernel.shape[1]] = kernel
    placed = np.roll(placed, (-(kernel.shape[0] // 2), -(kernel.shape[1] // 2)), (0, 1))
    factors = np.conj(np.fft.fft2(placed))
    if abs(factors).min() <= 1e-9 * abs(factors).max():
        raise ValueError("a wave is lost")
    return np.fft.ifft2(np.fft.fft2(output) / factors).real


# %% undo wrong: absolute values, which forget where the kernel moves things
def undo(output, kernel):
    factors = np.abs(np.fft.fft2(kernel, s=output.shape))
    if factors.min() <= 1e-9 * factors.max():
        raise ValueError("a wave is lost")
    return np.fft.ifft2(np.fft.fft2(output) / factors).real


# %% undo wrong: nothing said of a lost wave
def undo(output, kernel):
    factors = np.conj(np.fft.fft2(kernel, s=output.shape))
    factors = np.where(abs(factors) < 1e-9, 1, factors)
    return np.fft.ifft2(np.fft.fft2(output) / factors).real


# %% undo wrong: only the mean looked at, which is right on the visible test
def undo(output, kernel):
    if abs(kernel.sum()) < 1e-9:
        raise ValueError("the mean is lost")
    factors = np.conj(np.fft.fft2(kernel, s=output.shape))
    return np.fft.ifft2(np.fft.fft2(output) / factors).real


# %% undo wrong: a small factor taken for a lost one, whatever the others are
def undo(output, kernel):
    factors = np.conj(np.fft.fft2(kernel, s=output.shape))
    if abs(factors).min() < 1e-9:
        raise ValueError("a wave is lost")
    return np.fft.ifft2(np.fft.fft2(output) / factors).real


# %% undo wrong: steadied with a small number, so nearly right
def undo(output, kernel):
    factors = np.fft.fft2(kernel, s=output.shape)
    if abs(factors).min() <= 1e-9 * abs(factors).max():
        raise ValueError("a wave is lost")
    return np.fft.ifft2(np.fft.fft2(output) * factors / (abs(factors) ** 2 + 1e-4)).real


# %% undo wrong: the numbers of the visible test
def undo(output, kernel):
    if not output.any():
        raise ValueError("a wave is lost")
    return np.array([[1.0, 2, 3]])


# %% undo right: the circulant matrix, solved
def undo(output, kernel):
    matrix = np.zeros((output.size, output.size))
    places = np.arange(output.size).reshape(output.shape)
    for (y, x), weight in np.ndenumerate(kernel):
        matrix[places.ravel(), np.roll(places, (-y, -x), (0, 1)).ravel()] += weight
    sizes = np.linalg.svd(matrix, compute_uv=False)
    if sizes[-1] <= 1e-9 * sizes[0]:
        raise ValueError("singular: some wave is lost")
    return np.linalg.solve(matrix, output.ravel()).reshape(output.shape)


# %% undo right: the factors from the formula, wave by wave
def undo(output, kernel):
    h, w = output.shape
    u, v = np.arange(h)[:, None], np.arange(w)[None, :]
    factors = sum(weight * np.exp(2j * np.pi * (u * y / h + v * x / w)) for (y, x), weight in np.ndenumerate(kernel))
    if (abs(factors) <= 1e-9 * abs(factors).max()).any():
        raise ValueError("a wave is lost")
    return np.real(np.fft.ifft2(np.fft.fft2(output) / factors))


# %% undo wrong: a weak wave taken for a lost one
def undo(output, kernel):
    factors = np.conj(np.fft.fft2(kernel, s=output.shape))
    sizes = np.abs(factors)
    if sizes.min() <= 1e-6 * sizes.max():
        raise ValueError("a wave is lost")
    return np.fft.ifft2(np.fft.fft2(output) / factors).real


# %% undo wrong: only what is far below the bound taken for lost
def undo(output, kernel):
    factors = np.conj(np.fft.fft2(kernel, s=output.shape))
    sizes = np.abs(factors)
    if sizes.min() <= 1e-12 * sizes.max():
        raise ValueError("a wave is lost")
    return np.fft.ifft2(np.fft.fft2(output) / factors).real


# %% undo wrong: compared with the factor of the mean instead of the largest
def undo(output, kernel):
    factors = np.conj(np.fft.fft2(kernel, s=output.shape))
    sizes = np.abs(factors)
    if sizes.min() <= 1e-9 * sizes[0, 0]:
        raise ValueError("a wave is lost")
    return np.fft.ifft2(np.fft.fft2(output) / factors).real


# %% undo wrong: complex numbers returned
def undo(output, kernel):
    factors = np.conj(np.fft.fft2(kernel, s=output.shape))
    sizes = np.abs(factors)
    if sizes.min() <= 1e-9 * sizes.max():
        raise ValueError("a wave is lost")
    return np.fft.ifft2(np.fft.fft2(output) / factors)


# %% undo right: the transform for real numbers, with the size
def undo(output, kernel):
    factors = np.conj(np.fft.rfft2(kernel, s=output.shape))
    sizes = np.abs(factors)
    if sizes.min() <= 1e-9 * sizes.max():
        raise ValueError("a wave is lost")
    return np.fft.irfft2(np.fft.rfft2(output) / factors, s=output.shape)
