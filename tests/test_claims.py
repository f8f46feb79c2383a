import numpy as np
import pytest

from utils import claims
from utils.claims import ClaimFailed, claim


@pytest.fixture
def shown(monkeypatch):
    """What `claim` displays and glues, recorded."""
    record = {"glued": {}, "outputs": []}
    monkeypatch.setattr(claims, "glue", lambda name, value, display: record["glued"].update({name: value}))
    monkeypatch.setattr(claims, "display", lambda data, raw, metadata: record["outputs"].append((data, metadata)))
    return record


def test_a_claim_that_holds_is_shown_and_quotable(shown):
    claim("wide-wins", "Wide wins", [0.2, 0.3, 0.4], at_least=0.1, unit="points")
    assert shown["glued"] == {"wide-wins": pytest.approx(0.3), "wide-wins-sd": pytest.approx(0.1)}
    assert all(type(value) is float for value in shown["glued"].values())  # numpy scalars cannot be formatted
    data, metadata = shown["outputs"][0]
    record = metadata["claim"]
    assert (record["value"], record["bound"], record["seeds"]) == ("30 points ± 10 points", "at least 10 points", 3)
    assert 'id="claim-wide-wins"' in data["text/html"]


@pytest.mark.parametrize(
    ("values", "bound"),
    [(0.3, {"at_least": 0.4}), (0.3, {"at_most": 0.2}), (0.3, {"at_least": 0.1, "at_most": 0.2}), (3, {"exactly": 4})],
)
def test_a_broken_bound_raises_and_says_both_numbers(shown, values, bound):
    with pytest.raises(ClaimFailed, match=r"'some-claim'.*Measured .*3.*bound"):
        claim("some-claim", "Something holds.", values, **bound)
    assert not shown["outputs"] and not shown["glued"]


def test_the_mean_over_seeds_is_held_to_the_bound(shown):
    claim("mean-counts", "x", [0.0, 1.0], at_least=0.5)
    with pytest.raises(ClaimFailed):
        claim("mean-counts", "x", [0.0, 0.9], at_least=0.5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("Bad Id", "x", 1), "id is 'Bad Id'"),
        (("one", "x", 1), "hyphens"),
        (("a-b", " ", 1), "sentence"),
        (("a-b", "x", []), "finite number"),
        (("a-b", "x", [[1, 2]]), "flat array"),
        (("a-b", "x", [1, np.nan]), "finite number"),
    ],
)
def test_bad_input(shown, arguments, message):
    with pytest.raises(ValueError, match=message):
        claim(*arguments, at_least=0)


@pytest.mark.parametrize("bounds", [{}, {"exactly": 1, "at_most": 2}])
def test_a_claim_needs_one_kind_of_bound(shown, bounds):
    with pytest.raises(ValueError, match="needs a bound"):
        claim("a-b", "x", 1, **bounds)


def test_html_in_a_sentence_is_escaped(shown):
    claim("a-b", "loss < 1 & falling", 1, exactly=1)
    assert "loss &lt; 1 &amp; falling" in shown["outputs"][0][0]["text/html"]


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.934, "%", "93.4 %"),
        (0.021, "points", "2.1 points"),
        (1863690, "", "1,863,690"),
        (3.14159, "s", "3.14 s"),
        (0, "", "0"),
        (4.7e-7, "", "4.7e-07"),
        (12345.6, "bytes", "12,346 bytes"),
        (999.6, "", "1,000"),
    ],
)
def test_numbers_as_a_reader_writes_them(value, unit, text):
    assert claims.number(value, unit) == text
