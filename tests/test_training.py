import keras
import numpy as np
import pytest
import tf_keras
from conftest import ROOT, defined_in
from networks import POLICIES, precision

from utils import models, training

RNG = np.random.default_rng(0)
X, Y = RNG.random((40, 28, 28, 1), np.float32), RNG.integers(0, 10, 40)


def small():
    return models.mlp((8,))


def by_keras(build, x, y, epochs, seed, batch_size):
    """What `training.fit` is held to: the model that Keras itself trains."""
    keras.utils.set_random_seed(seed)
    model = build()
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(x, y, batch_size=batch_size, epochs=epochs, verbose=0)
    return model


def test_the_seed_decides_everything():
    one, two, other = (training.fit(small, X, Y, epochs=2, seed=seed) for seed in (0, 0, 1))
    assert all(np.allclose(a, b, atol=1e-6) for a, b in zip(one.get_weights(), two.get_weights(), strict=True))
    assert not np.allclose(one.get_weights()[0], other.get_weights()[0], atol=1e-3)


def test_training_lowers_the_loss():
    model = training.fit(lambda: models.mlp((64,)), X, Y, epochs=30, seed=0, batch_size=8)
    losses = model.history.history["loss"]
    assert len(losses) == 30 and losses[-1] < 0.7 * losses[0]


def test_training_many_seeds_is_training_each():
    one_by_one = [training.fit(small, X, Y, epochs=3, seed=seed, batch_size=16) for seed in (4, 5)]
    together = training.fit_seeds(small, X, Y, epochs=3, seeds=(4, 5), batch_size=16)
    for a, b in zip(one_by_one, together, strict=True):
        assert all(np.allclose(v, w, atol=1e-5) for v, w in zip(a.get_weights(), b.get_weights(), strict=True))
    assert not np.allclose(together[0].get_weights()[0], together[1].get_weights()[0], atol=1e-3)
    with pytest.raises(TypeError, match="build is a Sequential"):
        training.fit_seeds(small(), X, Y, epochs=1, seeds=(0,))


def test_dropout_draws_from_the_seed_wherever_it_stands_in_the_list():
    def with_dropout():
        return models.mlp((32,), dropout=0.5)

    train = training.trainer(with_dropout)
    given = [by_keras(with_dropout, X, Y, epochs=3, seed=1, batch_size=16)]
    given.append(training.fit(with_dropout, X, Y, epochs=3, seed=1, batch_size=16))
    for seeds in ([1], [0, 1], [2, 0, 1]):
        given.append(training.fit_seeds(with_dropout, X, Y, epochs=3, seeds=seeds, batch_size=16)[-1])
        given.append([train(X, Y, epochs=3, seed=seed, batch_size=16) for seed in seeds][-1])
    first = given[0].get_weights()
    for other in given[1:]:
        assert all(np.allclose(v, w, atol=1e-5) for v, w in zip(first, other.get_weights(), strict=True))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("n", [1, 9, 16, 40])
def test_the_batches_are_those_of_keras(n):
    train = training.trainer(small)
    train(X, Y, epochs=1, seed=0)
    one = train(X[:n], Y[:n], epochs=4, seed=1, batch_size=8)
    other = by_keras(small, X[:n], Y[:n], epochs=4, seed=1, batch_size=8)
    assert one.history.history["loss"] == pytest.approx(other.history.history["loss"], abs=1e-5)
    assert all(np.allclose(v, w, atol=1e-5) for v, w in zip(one.get_weights(), other.get_weights(), strict=True))


def test_the_order_is_that_of_the_seed():
    orders = []
    for seed in (0, 0, 1):
        keras.utils.set_random_seed(seed)
        orders.append(list(training._order(40, batch_size=16)))
    assert orders[0] == orders[1] != orders[2]
    assert all(sorted(order) == list(range(40)) for order in orders)


class Shaken(keras.layers.Layer):
    """Adds noise by Keras's generator for all, which no layer owns."""

    def call(self, x):
        return x + keras.random.normal((4, 1))[:1]


def shaken():
    return keras.Sequential([keras.Input(X.shape[1:]), keras.layers.Flatten(), Shaken(), *small().layers[1:]])


def test_what_a_layer_draws_without_a_generator_is_drawn_from_the_seed_too():
    keras.utils.set_random_seed(7)
    expected = float(keras.random.uniform(()))
    keras.utils.set_random_seed(7)
    losses = [training.fit(shaken, X, Y, epochs=2, seed=seed).history.history["loss"] for seed in (3, 3, 4)]
    assert losses[0] == losses[1] != losses[2]
    assert float(keras.random.uniform(())) == expected, "the caller's generator has moved"


def test_all_is_drawn_before_any_is_trained():
    made = []

    def breaks_at_last():
        if len(made) == 3:  # the network that is traced, and those of two seeds
            raise RuntimeError("no second network")
        made.append(small())
        return made[-1]

    with pytest.raises(RuntimeError, match="no second network"):
        training.fit_seeds(breaks_at_last, X, Y, epochs=1, seeds=[0, 1, 2])
    keras.utils.set_random_seed(0)
    assert np.array_equal(made[1].get_weights()[0], small().get_weights()[0])


def test_one_trainer_trains_each_network_as_fit_does():
    train = training.trainer(small)
    for seed, x, epochs in ((3, X, 2), (4, X[:20], 3), (3, X, 2)):
        one = train(x, Y[: len(x)], epochs, seed)
        other = training.fit(small, x, Y[: len(x)], epochs, seed)
        assert one.history.history["loss"] == pytest.approx(other.history.history["loss"], abs=1e-5)
        assert all(np.allclose(v, w, atol=1e-5) for v, w in zip(one.get_weights(), other.get_weights(), strict=True))


def test_an_optimizer_can_be_made_for_each_run():
    still = training.fit(small, X, Y, epochs=1, seed=0, optimizer=lambda: keras.optimizers.SGD(0.0))
    keras.utils.set_random_seed(0)
    assert np.allclose(still.get_weights()[0], small().get_weights()[0])


def test_outputs_equal_predict_and_accuracy_counts():
    model = small()
    answer = training.outputs(model, X, chunk=7)
    assert np.allclose(answer, model.predict(X, verbose=0), atol=1e-6)
    best = answer.argmax(1)
    assert training.accuracy(model, X, best) == 1
    best[:10] = (best[:10] + 1) % 10
    assert training.accuracy(model, X, best) == 0.75


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (X[..., 0], Y, r"x has shape \(40, 28, 28\)"),
        (X.reshape(40, 784), Y, r"x has shape \(40, 784\)"),
        (X[:0], Y[:0], "x is empty"),
        (np.where(X > 0.99, np.nan, X), Y, "NaN"),
        (X, Y[:-1], r"y has shape \(39,\)"),
        (X, np.eye(10)[Y], r"y has shape \(40, 10\)"),
        (X, Y.astype(float), "dtype float64"),
        (X, Y + 1 - Y.min() + 9, "runs from"),
        (X, Y.astype(str), "y has dtype <U.*; give whole numbers 0 to 9"),
        (X, Y > 4, "y has dtype bool and runs from False to True"),
        (X.astype(str), Y, "x has dtype <U"),
    ],
)
def test_bad_data(x, y, message):
    with pytest.raises(ValueError, match=message):
        training.fit(small, x, y, epochs=1, seed=0)
    with pytest.raises(ValueError, match=message):
        training.accuracy(small(), x, y)


@pytest.mark.parametrize("shape", [(8,), (16, 16, 1), (12, 6)])
def test_data_need_the_shape_and_the_classes_of_the_model(shape):
    x, y = RNG.random((20, *shape), np.float32), np.arange(20) % 3

    def build():
        return models.mlp((4,), shape=shape, classes=3)

    model = training.fit(build, x, y, epochs=1, seed=0)
    assert 0 <= training.accuracy(model, x, y) <= 1 and training.outputs(model, x).shape == (20, 3)
    assert len(training.fit_seeds(build, x, y, epochs=1, seeds=(0, 1))) == 2
    given = ", ".join(map(str, shape))
    for wrong in (x[:, :-1], x[..., None]):
        with pytest.raises(ValueError, match=rf"x has shape .* give \(n, {given}\)"):
            training.outputs(model, wrong)
        with pytest.raises(ValueError, match="x has shape"):
            training.fit_seeds(build, wrong, y, epochs=1, seeds=(0,))
    with pytest.raises(ValueError, match="give whole numbers 0 to 2"):
        training.fit(build, x, y + 1, epochs=1, seed=0)


def test_a_model_where_a_builder_is_needed():
    for model in (small(), models.mlp((8,), lib=tf_keras)):
        with pytest.raises(TypeError, match="build is a Sequential; give a function"):
            training.fit(model, X, Y, epochs=1, seed=0)


def test_what_build_returns_is_a_model():
    with pytest.raises(TypeError, match=r"model is a builtins\.NoneType; give a Keras 3 model"):
        training.fit(lambda: None, X, Y, epochs=1, seed=0)


@pytest.mark.parametrize("given", [np.asarray, lambda x: x.tolist(), keras.ops.convert_to_tensor])
def test_arrays_lists_and_tensors_are_the_same(given):
    x, y = X[:20], Y[:20]
    expected, found = (training.fit(small, *each, epochs=1, seed=0) for each in ((x, y), (given(x), given(y))))
    assert np.allclose(training.outputs(expected, x), training.outputs(found, given(x)), atol=1e-5)
    assert training.accuracy(found, given(x), given(y)) == training.accuracy(found, x, y)


def test_a_tf_keras_model_is_trained_too():
    model = training.fit(lambda: models.mlp((8,), lib=tf_keras), X, Y, epochs=1, seed=0)
    assert np.allclose(training.outputs(model, X), model.predict(X, verbose=0), atol=1e-6)
    assert 0 <= training.accuracy(model, X, Y) <= 1


@pytest.mark.parametrize("policy", POLICIES)
def test_any_precision_answers_in_float32(policy):
    with precision(policy):
        model = small()
    twin = small()
    twin.set_weights(model.get_weights())
    answer = training.outputs(model, X)
    assert answer.dtype == np.float32 and np.abs(answer - training.outputs(twin, X)).max() < 0.05
    assert training.accuracy(model, X, answer.argmax(1)) == 1


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "float64"])
def test_any_precision_is_trained(policy):
    with precision(policy):
        one, *_ = training.fit_seeds(small, X, Y, epochs=1, seeds=(0, 1))
        other = training.fit(small, X, Y, epochs=1, seed=0)
    assert np.allclose(training.outputs(one, X), training.outputs(other, X), atol=0.05)


def test_outputs_of_any_rank():
    inputs = keras.Input((None, 4))
    model, x = keras.Model(inputs, keras.layers.Dense(3)(inputs)), RNG.random((6, 5, 4), np.float32)
    assert training.outputs(model, x).shape == (6, 5, 3)
    with pytest.raises(ValueError, match=r"output has shape \(n, any, 3\); give a model that ends in"):
        training.accuracy(model, x, Y[:6])


def test_the_chapters_distillation_is_the_packages():
    names = ("soften", "distillation_loss")
    soften, distillation_loss = defined_in(
        ROOT / "notebooks" / "05_knowledge_transfer.ipynb", *names, ops=keras.ops, np=np
    )
    teacher, student = RNG.normal(size=(2, 6, 10)).astype("float32")
    assert np.allclose(soften(teacher, 3), keras.ops.softmax(teacher / 3))
    targets = np.hstack([np.eye(10, dtype="float32")[Y[:6]], teacher])
    for T, alpha in ((1, 0), (5, 1), (3, 0.4)):
        ours = np.asarray(training.distillation_loss(T, alpha)(targets, student))
        assert ours.shape == (6,) and np.allclose(ours, distillation_loss(T, alpha)(targets, student), rtol=1e-5)


def test_distillation_is_cross_entropy_without_a_teacher_and_nothing_for_a_perfect_student():
    teacher, student = RNG.normal(size=(2, 6, 10)).astype("float32")
    labels = np.eye(10, dtype="float32")[Y[:6]]
    hard = training.distillation_loss(4, 0)(np.hstack([labels, teacher]), student)
    expected = keras.losses.categorical_crossentropy(labels, student, from_logits=True)
    assert np.allclose(hard, expected, atol=1e-5)
    soft = np.asarray(training.distillation_loss(4, 1)(np.hstack([labels, teacher]), teacher + 3))
    assert np.abs(soft).max() < 1e-4, "logits that differ by a constant are the same answer"


@pytest.mark.parametrize(("T", "alpha"), [(0, 1), (-2, 0.5), (1, 1.5), (float("nan"), 1)])
def test_an_unfit_distillation_is_refused(T, alpha):
    with pytest.raises(ValueError, match="temperature above 0"):
        training.distillation_loss(T, alpha)
