import numpy as np
import pytest
from sklearn.datasets import load_digits

from utils import data

pytestmark = pytest.mark.usefixtures("no_dataset")


def test_shapes_types_and_range():
    images = data.load_images(30, 20, 10)
    for x, y, n in ((images.x_train, images.y_train, 30), (images.x_val, images.y_val, 20), (images[4], images[5], 10)):
        assert x.shape == (n, 28, 28, 1) and x.dtype == np.float32
        assert y.shape == (n,) and y.dtype == np.int64
        assert x.min() == 0 and 0.5 < x.max() <= 1
        assert set(y) <= set(range(10))


def test_the_same_seed_gives_the_same_bits():
    one, two, other = (data.load_images(200, 50, 50, seed=seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
    assert not np.array_equal(one.x_train, other.x_train)


def test_no_original_is_on_two_sides():
    """Upright images show which original they come from: enlarging is one-to-one."""
    images = data.load_images(3000, 600, 900, jitter=False)
    groups = [{x.tobytes() for x in part} for part in (images.x_train, images.x_val, images.x_test)]
    originals = {image.tobytes() for image in load_digits().images}
    assert sum(map(len, groups)) == len(originals) == 1797, "every original is used, each on one side"
    assert not (groups[0] & groups[1] or groups[0] & groups[2] or groups[1] & groups[2])


def test_an_image_is_a_drawing_of_the_original_that_it_names():
    images = data.load_images(2500, 600, 400, jitter=False)
    parts = ("train", "val", "test")
    named = {part: getattr(images, f"original_{part}") for part in parts}
    assert [len(set(named[part])) for part in parts] == [1197, 240, 360]
    assert len(set().union(*named.values())) == 1797, "none is on two sides"
    for part in parts:
        x, y = getattr(images, f"x_{part}"), getattr(images, f"y_{part}")
        assert named[part].shape == y.shape and named[part].dtype == np.int64
        assert np.array_equal(load_digits().target[named[part]], y)
        seen = {}
        for original, image in zip(named[part], x, strict=True):
            assert np.array_equal(seen.setdefault(original, image), image), "one original, one upright image"


def test_upright_digits_are_in_the_middle_and_jittered_ones_are_not():
    upright = data.load_images(500, 1, 1, jitter=False).x_train
    jittered = data.load_images(500, 1, 1).x_train
    assert upright[:, :4].max() < 0.5 and upright[:, :3].max() == 0, "margins are empty"
    centres = [
        np.array([np.average(np.arange(28), weights=x.sum((1, 2))) for x in images]) for images in (upright, jittered)
    ]
    assert centres[1].std() > 2 * centres[0].std()


def test_a_learner_can_tell_the_classes_apart():
    """The labels belong to the images: nearest neighbours agree far above chance."""
    images = data.load_images(2000, 1, 200)
    distances = ((images.x_test[:, None] - images.x_train[None, :600]) ** 2).sum((2, 3, 4))
    assert np.mean(images.y_train[distances.argmin(1)] == images.y_test) > 0.3


@pytest.mark.parametrize("wrong", [0, -3, 2.5, "many", True, None])
@pytest.mark.parametrize("argument", ["train", "val", "test"])
def test_bad_sizes(argument, wrong):
    with pytest.raises(ValueError, match=f"{argument} is"):
        data.load_images(**{argument: wrong})


def test_unknown_data_set(monkeypatch):
    monkeypatch.setenv("COURSE_DATASET", "cifar")
    with pytest.raises(ValueError, match=r"COURSE_DATASET is 'cifar'.*digits, mnist"):
        data.load_images()


def test_mnist_without_file_or_network_names_both_ways_out(monkeypatch, tmp_path):
    import keras

    def refuse(*_):
        raise Exception("URL fetch failure")

    monkeypatch.setattr(keras.datasets.mnist, "load_data", refuse)
    monkeypatch.setenv("COURSE_DATASET", "mnist")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"(?s)set COURSE_DATA to a folder.*unset COURSE_DATASET"):
        data.load_images()


def test_mnist_from_a_folder(monkeypatch, tmp_path):
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (50, 28, 28), dtype=np.uint8), np.arange(50, dtype=np.uint8) % 10
    np.savez(tmp_path / "mnist.npz", x_train=x, y_train=y, x_test=x[:20], y_test=y[:20])
    monkeypatch.setenv("COURSE_DATASET", "mnist")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    images = data.load_images(30, 20, 20, seed=3)
    assert images.x_train.shape == (30, 28, 28, 1) and images.x_train.dtype == np.float32
    assert images.x_train.max() == 1
    pixels = np.concatenate([x, x[:20]]) / np.float32(255)  # of training, then of testing
    train, val = ({tuple(i.ravel()) for i in part} for part in (images.x_train, images.x_val))
    assert len(train | val) == 50, "training and validation are disjoint"
    assert np.array_equal(pixels[images.original_train], images.x_train[..., 0])
    assert np.array_equal(pixels[images.original_val], images.x_val[..., 0])
    assert np.array_equal(pixels[images.original_test], images.x_test[..., 0])
    with pytest.raises(ValueError, match="train=40, val=20"):
        data.load_images(40, 20, 20)


def test_real_mnist(mnist):
    images = data.load_images(500, 500, 500)
    assert images.x_train.shape == (500, 28, 28, 1)
    assert images.x_train.mean() == pytest.approx(0.13, abs=0.02)


def test_shift_moves_what_it_says():
    image = np.zeros((1, 5, 6, 1), np.float32)
    image[0, 2, 3] = 1
    assert data.shift(image, 1, -2)[0, 3, 1, 0] == 1
    assert data.shift(image, 1, -2).sum() == 1
    assert data.shift(image, -3, 0).sum() == 0, "what leaves the image is gone"
    assert np.array_equal(data.shift(image, 0, 0), image)


@pytest.mark.parametrize(("shape", "dy", "dx"), [((5, 6), 0, 0), ((1, 5, 6, 1), 5, 0), ((1, 5, 6, 1), 0, -6)])
def test_bad_shifts(shape, dy, dx):
    with pytest.raises(ValueError, match="images"):
        data.shift(np.zeros(shape), dy, dx)


def test_random_shifts_stay_within_their_range():
    image = np.zeros((300, 9, 9, 1), np.float32)
    image[:, 4, 4] = 1
    _, rows, columns, _ = np.nonzero(data.shift_randomly(image, 3, seed=0))
    assert {*rows} == {*columns} == set(range(1, 8))
    assert np.array_equal(data.shift_randomly(image, 3, 5), data.shift_randomly(image, 3, 5))


# ------------------------------------------------------------------ a broken mnist.npz


def whole():
    rng = np.random.default_rng(0)
    return {
        "x_train": rng.integers(0, 256, (60, 28, 28), dtype=np.uint8), "y_train": np.arange(60, dtype=np.uint8) % 10,
        "x_test": rng.integers(0, 256, (20, 28, 28), dtype=np.uint8), "y_test": np.arange(20, dtype=np.uint8) % 10,
    }  # fmt: skip


def cut_short(path):
    np.savez(path, **whole())
    path.write_bytes(path.read_bytes()[:5000])


def damaged_inside(path):
    np.savez_compressed(path, **whole())
    content = bytearray(path.read_bytes())
    content[2000:2400] = bytes(400)
    path.write_bytes(content)


BROKEN = {
    "cut short": cut_short,
    "damaged inside": damaged_inside,
    "empty": lambda path: path.write_bytes(b""),
    "a pointer": lambda path: path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 9\n"),
    "a page": lambda path: path.write_text("<!DOCTYPE html><title>404</title>"),
    "a folder": lambda path: path.mkdir(),
    "other keys": lambda path: np.savez(path, images=np.zeros(3)),
    "one key less": lambda path: np.savez(path, **{k: v for k, v in whole().items() if k != "y_test"}),
    "pickled": lambda path: np.savez(path, **whole() | {"x_train": np.array([{1: 2}], object)}),
    "floats": lambda path: np.savez(path, **whole() | {"x_train": whole()["x_train"] / 255}),
    "other sizes": lambda path: np.savez(path, **whole() | {"x_test": np.zeros((20, 32, 32), np.uint8)}),
    "labels missing": lambda path: np.savez(path, **whole() | {"y_train": np.zeros(59, np.uint8)}),
    "other labels": lambda path: np.savez(path, **whole() | {"y_train": np.full(60, 11, np.uint8)}),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_file_is_named_with_the_way_out(how, tmp_path, monkeypatch):
    BROKEN[how](tmp_path / "mnist.npz")
    monkeypatch.setenv("COURSE_DATASET", "mnist")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    with pytest.raises(
        FileNotFoundError, match=r"mnist.npz is no whole mnist.npz.*Either set COURSE_DATA.*unset"
    ) as said:
        data.load_images(train=10, val=10, test=10)
    assert "allow_pickle=True" not in str(said.value), "numpy's advice is not ours"


def test_a_whole_file_is_read(tmp_path, monkeypatch):
    np.savez(tmp_path / "mnist.npz", **whole())
    monkeypatch.setenv("COURSE_DATASET", "mnist")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    assert data.load_images(train=30, val=30, test=20).x_train.shape == (30, 28, 28, 1)
