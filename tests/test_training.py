import keras
import numpy as np
import pytest
from conftest import ROOT, defined_in

from utils import models, training

RNG = np.random.default_rng(0)
X, Y = RNG.random((40, 28, 28, 1), np.float32), RNG.integers(0, 10, 40)


def small():
    return models.mlp((8,))


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
    with pytest.raises(TypeError, match="build is a Sequential; give a function"):
        training.fit(small(), X, Y, epochs=1, seed=0)


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
