import pytest

from utils.seeds import seeds


def test_the_books_own_seeds_count_from_zero(monkeypatch):
    monkeypatch.delenv("COURSE_SEEDS", raising=False)
    assert seeds(3) == [0, 1, 2]


def test_another_set_shares_none(monkeypatch):
    drawn = []
    for chosen in ("0", " 1", "2", "77"):
        monkeypatch.setenv("COURSE_SEEDS", chosen)
        drawn += seeds(1000)
    assert len(drawn) == len(set(drawn))


@pytest.mark.parametrize("n", [0, -1, 10_001, 2.0, True, "3", None])
def test_how_many(n):
    with pytest.raises(ValueError, match=r"n is .*; give the number of seeds"):
        seeds(n)


@pytest.mark.parametrize("chosen", ["one", "-1", "1.0", "1,2"])
def test_which_set(monkeypatch, chosen):
    monkeypatch.setenv("COURSE_SEEDS", chosen)
    with pytest.raises(ValueError, match=f"COURSE_SEEDS is '{chosen}'; set it to a whole number"):
        seeds(3)
