"""The small GPT: its shapes, its start and its errors. That it is chapter 18's, test_next_word_chapter.py holds."""

import numpy as np
import pytest

from utils import gpt


def test_sizes_are_those_that_were_asked_for():
    w = gpt.new_weights(np.random.default_rng(0), symbols=7, width=8, layers=3, context=5)
    x = np.array([[1, 2, 6], [0, 0, 3]])
    assert gpt.forward(w, x, gpt.causal(3)).shape == (2, 3, 7)
    blocks = 3 * (12 * 8**2 + 2 * 8 + 4 * 5)
    assert sum(np.size(value) for value in w.values()) == 7 * 8 + blocks + 8


def test_the_mask_lets_look_at_oneself_and_back():
    assert gpt.causal(3).tolist() == [[True, False, False], [True, True, False], [True, True, True]]


@pytest.mark.parametrize(
    ("sizes", "named"),
    [({"width": 6}, "width"), ({"layers": 0}, "layers"), ({"symbols": 2.5}, "symbols"), ({"context": -1}, "context")],
)
def test_errors_name_the_argument(sizes, named):
    with pytest.raises(ValueError, match=rf"\b{named}\b"):
        gpt.new_weights(np.random.default_rng(0), **sizes)


def test_a_seed_is_no_generator():
    with pytest.raises(TypeError, match="rng"):
        gpt.new_weights(0)
