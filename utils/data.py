"""Images for Part I: real handwritten digits that need no download, or MNIST on request.

`COURSE_DATASET` chooses the data for a whole run: `digits` (the default) or `mnist`.
`COURSE_DATA` may name a folder that holds `mnist.npz`; without it Keras downloads the file once.
"""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.ndimage import map_coordinates
from sklearn.datasets import load_digits

from utils import arguments, checks

DATASETS = ("digits", "mnist")
SIZE = 28  # pixels on a side
INK = 20  # pixels on a side of an upright digit before any jitter, as in MNIST


class Images(NamedTuple):
    """Three disjoint sets. x: (n, 28, 28, 1) float32 in [0, 1]; y: (n,) int64 in 0..9.

    original: (n,) int64, the number of the handwritten digit that each image is a drawing of.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_val: np.ndarray
    y_val: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    original_train: np.ndarray
    original_val: np.ndarray
    original_test: np.ndarray


def dataset_name():
    """The data set that `COURSE_DATASET` asks for; a ValueError if there is none of that name."""
    name = os.environ.get("COURSE_DATASET", "").strip() or "digits"
    if name not in DATASETS:
        raise ValueError(f"COURSE_DATASET is {name!r}; set it to one of {', '.join(DATASETS)}, or unset it")
    return name


def load_images(train=6000, val=1000, test=2000, seed=0, jitter=True):
    """Training, validation and test images of handwritten digits, the same ones for the same seed.

    The default set is `sklearn.datasets.load_digits`: 1,797 real digits of 8x8 pixels (Alpaydin
    and Kaynak 1998), which ship with scikit-learn. They are split into three groups first, and only
    then is each image drawn from its group, enlarged to 20 pixels and, with `jitter`, placed with a
    random shift (up to 4 pixels), rotation (15 degrees) and scale (0.85 to 1.15), so that no original
    is ever on two sides. With `COURSE_DATASET=mnist` the images are real MNIST (LeCun et al. 1998),
    as they are: `jitter` changes nothing there, and each image is its own original.

    Returns `Images`. ValueError for sizes that are not positive whole numbers or exceed MNIST's;
    FileNotFoundError when MNIST is asked for and can be neither found whole nor downloaded.
    """
    sizes = {"train": train, "val": val, "test": test}
    sizes = {argument: arguments.count(argument, n) for argument, n in sizes.items()}
    seed = arguments.seed(seed)
    jitter = arguments.flag("jitter", jitter)
    if dataset_name() == "mnist":
        return _mnist_split(**sizes, seed=seed)

    digits = load_digits()
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(digits.images))
    groups = np.split(order, [1197, 1437])  # originals for training, validation, test
    arrays, originals = [], []
    for group, n in zip(groups, sizes.values(), strict=True):
        # whole rounds through the group first, so that every original is used equally often
        picked = np.concatenate([rng.permutation(group) for _ in range(-(-n // len(group)))])[:n]
        arrays += [_place(digits.images[picked] / 16, rng, jitter), digits.target[picked].astype(np.int64)]
        originals.append(picked.astype(np.int64))
    return Images(*arrays, *originals)


def _place(small, rng, jitter):
    """Enlarge (n, 8, 8) images onto (n, 28, 28, 1) canvases, jittered or upright in the middle."""
    n = len(small)
    scale = rng.uniform(0.85, 1.15, n) if jitter else np.ones(n)
    angle = np.deg2rad(rng.uniform(-15, 15, n)) if jitter else np.zeros(n)
    dy, dx = rng.integers(-4, 5, (2, n)) if jitter else np.zeros((2, n))
    middle = (SIZE - 1) / 2
    rows, columns = np.mgrid[:SIZE, :SIZE] - middle
    canvases = np.zeros((n, SIZE, SIZE, 1), np.float32)
    for i in range(n):
        y, x = rows - dy[i], columns - dx[i]
        zoom = 8 / (INK * scale[i])
        cos, sin = np.cos(angle[i]) * zoom, np.sin(angle[i]) * zoom
        source = np.stack([cos * y - sin * x, sin * y + cos * x]) + 3.5
        canvases[i, ..., 0] = map_coordinates(small[i], source, order=1)
    return np.round(canvases * 255) / np.float32(255)  # 256 grey levels, as in an image file


def _mnist_split(train, val, test, seed):
    x, y, x_test, y_test = _mnist_arrays()
    if train + val > len(x) or test > len(x_test):
        raise ValueError(
            f"train={train}, val={val}, test={test}, but MNIST has {len(x):,} images for training and "
            f"validation together and {len(x_test):,} for testing; ask for fewer"
        )
    rng = np.random.default_rng(seed)
    order, order_test = rng.permutation(len(x)), rng.permutation(len(x_test))[:test]
    mine, held = np.split(order[: train + val], [train])

    def pixels(images):
        return (images / np.float32(255))[..., None]

    return Images(
        *(pixels(x[mine]), y[mine].astype(np.int64)),
        *(pixels(x[held]), y[held].astype(np.int64)),
        *(pixels(x_test[order_test]), y_test[order_test].astype(np.int64)),
        # those for testing are numbered on
        *(mine.astype(np.int64), held.astype(np.int64), len(x) + order_test.astype(np.int64)),
    )


def _mnist_arrays():
    folder = os.environ.get("COURSE_DATA", "").strip()
    path = Path(folder).expanduser() / "mnist.npz"
    try:
        if folder and path.exists():
            fault = f"{path} is no whole mnist.npz"
            return _read_mnist(path)
        fault = f"COURSE_DATA ({folder or 'not set'}) holds no mnist.npz and the download failed"
        from keras.datasets import mnist

        (x, y), (x_test, y_test) = mnist.load_data()
        return x, y, x_test, y_test
    except Exception as cause:  # whatever numpy, zipfile or zlib say of a broken file, Keras of a failed download
        raise FileNotFoundError(
            f"COURSE_DATASET is 'mnist', but {fault} ({cause or type(cause).__name__}). Either set COURSE_DATA to a "
            "folder with mnist.npz, or unset COURSE_DATASET to use the digits that need no download."
        ) from cause


def _read_mnist(path):
    with np.load(path, allow_pickle=False) as file:
        arrays = [file[name] for name in ("x_train", "y_train", "x_test", "y_test")]
    for x, y in (arrays[:2], arrays[2:]):
        if (
            x.dtype != np.uint8
            or x.shape[1:] != (SIZE, SIZE)
            or y.shape != (len(x),)
            or not np.isin(y, range(10)).all()
        ):
            raise ValueError(f"images {x.shape} {x.dtype}, labels {y.shape} {y.dtype}")
    return arrays


def shift(images, dy, dx):
    """Move every image down by `dy` and right by `dx` pixels; what comes in at the edges is 0.

    images: (n, height, width, channels). ValueError for another shape or a shift as large as the image.
    """
    images = checks.numbers("images", images, ("n", "height", "width", "channels"))
    height, width = images.shape[1:3]
    dy, dx = arguments.count("dy", dy, least=None), arguments.count("dx", dx, least=None)
    if not (abs(dy) < height and abs(dx) < width):
        raise ValueError(f"dy={dy}, dx={dx} moves images of {height}x{width} pixels out of sight; use less")
    moved = np.zeros_like(images)
    to_y, to_x = slice(max(dy, 0), height + min(dy, 0)), slice(max(dx, 0), width + min(dx, 0))
    from_y, from_x = slice(max(-dy, 0), height + min(-dy, 0)), slice(max(-dx, 0), width + min(-dx, 0))
    moved[:, to_y, to_x] = images[:, from_y, from_x]
    return moved


def shift_randomly(images, most, seed):
    """Shift each image on its own by up to `most` pixels each way (uniform). Shapes and errors as in `shift`."""
    images = checks.numbers("images", images, ("n", "height", "width", "channels"))
    most = arguments.count("most", most, least=0)  # a Python int: numpy's without a sign have no -most
    if most >= min(images.shape[1:3]):
        raise ValueError(f"most is {most}, images have {images.shape[1]}x{images.shape[2]} pixels; use less")
    rng = np.random.default_rng(arguments.seed(seed))
    offsets = rng.integers(-most, most + 1, (len(images), 2))
    return np.concatenate([shift(image[None], dy, dx) for image, (dy, dx) in zip(images, offsets, strict=True)])
