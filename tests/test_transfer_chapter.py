"""Chapter 5: its controls are what its text says of them, and its loop trains as Keras does."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import ROOT, defined_in
from keras import ops

from utils import models, training

CHAPTER = ROOT / "notebooks" / "05_knowledge_transfer.ipynb"
LOGITS = np.random.default_rng(0).normal(size=(40, 10)).astype("float32") * 5


@pytest.fixture(scope="module")
def chapter():
    return defined_in(CHAPTER, "soften", "smoothed", "exchanged", np=np, ops=ops)


@pytest.mark.parametrize("T", [1, 4])
def test_smoothed_labels_have_the_doubt_of_the_teacher_and_no_likeness(chapter, T):
    soften, smoothed, _ = chapter
    teacher, even = (np.asarray(soften(logits, T)) for logits in (LOGITS, smoothed(LOGITS, T)))
    assert np.array_equal(teacher.argmax(1), even.argmax(1))
    assert even.max(1).mean() == pytest.approx(teacher.max(1).mean(), abs=1e-5)
    wrong = np.sort(even, axis=1)[:, :-1]
    assert np.ptp(wrong) < 1e-6 and np.allclose(even.sum(1), 1, atol=1e-5)


def test_exchanged_labels_hold_the_teachers_numbers_in_other_places(chapter):
    _, _, exchanged = chapter
    mixed = exchanged(LOGITS, 3)
    assert np.array_equal(np.sort(mixed, axis=1), np.sort(LOGITS, axis=1))
    assert np.array_equal(mixed.argmax(1), LOGITS.argmax(1))
    assert (mixed != LOGITS).mean() > 0.5 and np.array_equal(mixed, exchanged(LOGITS, 3))
    assert not np.array_equal(mixed, exchanged(LOGITS, 4))


def test_the_chapters_loop_trains_as_keras_does(eagerly):
    rng = np.random.default_rng(1)
    x, y = rng.random((40, 28, 28, 1)).astype("float32"), rng.integers(0, 10, (2, 40))
    teachers = np.stack([LOGITS, LOGITS[::-1]])
    given = {"np": np, "keras": keras, "tf": tf, "ops": ops, "models": models, "cache": functools.cache}
    given |= {"UPDATES": 6, "BATCH": 16, "WIDTH": 8, "SEEDS": [3, 4]}
    names = ("new_student", "distil", "lend", "soften", "distillation_loss")
    new_student, distil, *_ = defined_in(CHAPTER, *names, **given)
    distil(x, y, teachers, 1, 0)  # what other runs leave behind is to have no part in it
    for ours, seed, labels, logits in zip(distil(x, y, teachers, 4, 0.5), [3, 4], y, teachers, strict=True):
        model = new_student(8, seed)
        first = model.get_weights()
        rate = keras.optimizers.schedules.CosineDecay(8e-3, 6)
        model.compile(keras.optimizers.Adam(rate), training.distillation_loss(4, 0.5))
        targets = np.concatenate([np.eye(10, dtype="float32")[labels], logits], axis=1)
        for rows in np.random.default_rng(seed).permutation(np.arange(96) % 40).reshape(6, 16):
            model.train_on_batch(x[rows], targets[rows])
        for mine, its in zip(ours.get_weights(), model.get_weights(), strict=True):
            assert np.allclose(mine, its, atol=1e-5)
        assert not np.allclose(ours.get_weights()[0], first[0], atol=1e-2), "it has learned"


def test_a_cut_student_is_the_wide_one_without_the_other_units():
    new_student, narrowed, strongest = defined_in(
        CHAPTER, "new_student", "narrowed", "strongest", np=np, keras=keras, models=models, WIDTH=8
    )
    wide, x = new_student(8, 3), np.random.default_rng(2).random((5, 28, 28, 1))
    kernel, bias, out, last = wide.get_weights()
    kernel *= np.linspace(2, 1, 8, dtype="float32")
    kernel[:, 6] *= 9
    bias = np.linspace(1, 3, 8)  # every unit has something to say
    wide.set_weights([kernel, bias, out, last])
    whole = wide(x)
    kept = strongest(wide, 3)
    assert sorted(kept) == sorted(np.argsort(-np.abs(kernel).sum(axis=0))[:3]) and 6 in kept
    without = out.copy()
    without[[unit for unit in range(8) if unit not in kept]] = 0
    wide.set_weights([kernel, bias, without, last])
    assert np.allclose(narrowed(wide, kept)(x), wide(x), atol=1e-5)
    assert not np.allclose(wide(x), whole, atol=1e-2)
