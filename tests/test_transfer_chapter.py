"""The controls of chapter 5 are what its text says of them."""

import numpy as np
import pytest
from conftest import ROOT, defined_in
from keras import ops

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
