import numpy as np
import pytest

from utils import claims
from utils.claims import BROKEN, ClaimFailed, claim, found, measured, right_option, your_guess


@pytest.fixture
def shown(monkeypatch):
    """What is displayed and glued, recorded; as in a new kernel, where claims are findings and no errors."""
    record = {"glued": {}, "outputs": []}

    def display(data, raw, metadata=None):
        record["outputs"].append((data, metadata))

    monkeypatch.setattr(claims, "glue", lambda name, value, display: record["glued"].update({name: value}))
    monkeypatch.setattr(claims, "display", display)
    monkeypatch.setattr(claims, "_made", {})
    monkeypatch.setattr(claims, "_asked", {})
    monkeypatch.delenv("COURSE_CLAIMS", raising=False)
    return record


def test_a_claim_that_holds_is_shown_and_quotable(shown):
    claim("wide-wins", "Wide wins", [0.2, 0.3, 0.4], at_least=0.1, unit="points")
    glued = {"wide-wins": 0.3, "wide-wins-sd": 0.1, "wide-wins-points": 30, "wide-wins-sd-points": 10}
    assert shown["glued"] == pytest.approx(glued)
    assert all(type(value) is float for value in shown["glued"].values())  # numpy scalars cannot be formatted
    data, metadata = shown["outputs"][0]
    record = metadata["claim"]
    assert (record["value"], record["bound"], record["over"]) == (
        "30 points ± 10 points",
        "at least 10 points",
        "3 seeds",
    )
    assert record["holds"] is True and record["null"] == 0
    assert 'id="claim-wide-wins"' in data["text/html"] and BROKEN not in data["text/html"]


BROKEN_BOUNDS = pytest.mark.parametrize(
    ("values", "bound"),
    [(0.3, {"at_least": 0.4}), (0.3, {"at_most": 0.2}), (0.3, {"at_least": 0.1, "at_most": 0.2}), (3, {"exactly": 4})],
)


@BROKEN_BOUNDS
def test_a_broken_bound_is_shown_in_words_and_the_chapter_goes_on(shown, values, bound):
    claim("some-claim", "Something holds.", values, **bound)
    data, metadata = shown["outputs"][0]
    assert metadata["claim"]["holds"] is False
    assert BROKEN in data["text/html"] and BROKEN.upper() in data["text/plain"] and "claim broken" in data["text/html"]
    assert shown["glued"]["some-claim"] == values


@BROKEN_BOUNDS
def test_where_claims_are_strict_a_broken_bound_raises_and_says_both_numbers(shown, monkeypatch, values, bound):
    monkeypatch.setenv("COURSE_CLAIMS", "strict")
    with pytest.raises(ClaimFailed, match=r"'some-claim'.*Measured .*3.*bound"):
        claim("some-claim", "Something holds.", values, **bound)
    assert len(shown["outputs"]) == 1, "it is shown all the same"


def test_the_mean_over_seeds_is_held_to_the_bound(shown, monkeypatch):
    monkeypatch.setenv("COURSE_CLAIMS", "strict")
    claim("mean-counts", "x", [0.0, 1.0], at_least=0.5)
    with pytest.raises(ClaimFailed):
        claim("mean-counts", "x", [0.0, 0.9], at_least=0.5)


def test_what_depends_on_the_machine_has_no_bound_and_names_the_processor(shown):
    measured("some-time", "Seconds to answer", [1.0, 3.0], unit="s")
    data, metadata = shown["outputs"][0]
    record = metadata["claim"]
    assert "bound" not in record and "holds" not in record
    assert record["processor"] and record["processor"] in data["text/plain"]
    assert shown["glued"]["some-time"] == 2
    with pytest.raises(TypeError):
        measured("some-time", "Seconds to answer", 1.0, at_most=2)


# ------------------------------------------------------------------ paragraphs that quote


def text_of(shown):
    return shown["outputs"][-1][0]["text/markdown"]


def test_a_paragraph_shows_the_numbers(shown):
    claim("wide-wins", "Wide wins", [0.2, 0.3, 0.4], at_least=0.1)
    measured("some-time", "Seconds", 2.0)
    found(
        """
        Width brought {wide-wins:.1%} (spread {wide-wins-sd:.2f}),
        in {some-time:.0f} s, ${x}_{2}$.

        {term}`Wide networks<width>` are {term}`wide`.
        """
    )
    assert text_of(shown) == ("Width brought 30.0% (spread 0.10),\nin 2 s, ${x}_{2}$.\n\nWide networks are wide.")


def test_one_seed_is_no_seeds(shown):
    claim("one-start", "x", [1], at_least=0)
    assert shown["outputs"][-1][0]["text/plain"] == "x 1 (bound: at least 0, 1 seed)"


@pytest.mark.parametrize(
    ("values", "over", "said"),
    [
        ([1, 1], None, ", 2 seeds"),
        ([1, 1, 1], "photographs", ", 3 photographs"),
        ([1], "splits", ", 1 split"),
        (1, None, ""),
        (1, "means of seeds", ", means of seeds"),
    ],
)
def test_a_claim_says_what_its_values_are_one_for(shown, values, over, said):
    claim("a-share", "x", values, at_least=0, over=over)
    data, metadata = shown["outputs"][-1]
    assert data["text/plain"].endswith(f"(bound: at least 0{said})")
    assert metadata["claim"]["over"] == said.removeprefix(", ")


def test_a_quote_has_no_minus_at_zero(shown):
    claim("next-to-nothing", "x", -0.0004, at_most=1)
    found("{next-to-nothing:.2f}, {next-to-nothing:+.1%}, {next-to-nothing:,.0f}, {next-to-nothing:.1g}")
    assert text_of(shown) == "0.00, +0.0%, 0, -0.0004"


def test_a_difference_of_fractions_is_quoted_in_points(shown):
    claim("wide-wins", "Wide wins", [0.2, 0.3, 0.4], at_least=0.1, unit="points")
    claim("next-to-nothing", "x", -0.0004, at_most=1)
    found("{wide-wins:.1p} ± {wide-wins-sd:.0p}, {wide-wins:+.0p} more; {next-to-nothing:.1p}")
    assert text_of(shown) == "30.0 points ± 10 points, +30 points more; 0.0 points"


def test_only_the_paragraph_that_quotes_a_broken_claim_is_marked(shown):
    claim("one-holds", "x", 1, exactly=1)
    claim("other-breaks", "x", 1, exactly=2)
    found("It is {one-holds:.0f}.\n\nIt is {other-breaks-sd:.0f}, and {one-holds:.0f}.")
    first, second = text_of(shown).split("\n\n")
    assert BROKEN not in first and BROKEN in second and "other-breaks" in second and "one-holds" not in second


def test_where_weights_are_absent_what_quotes_their_claims_is_left_out(shown, monkeypatch):
    monkeypatch.setattr(claims, "absent", ["a-package"])
    claim("one-holds", "x", 1, exactly=1)
    table = "| a | b |\n|--|--|\n| c | {no-sd:.1f} |\n| d | {one-holds:.0f} |"
    found("It is {one-holds:.0f}.\n\nIt is {no-claim:.0f}.\n\n" + table)
    assert text_of(shown) == "It is 1.\n\n| a | b |\n|--|--|\n| d | 1 |"
    number = len(shown["outputs"])
    found("It is {no-claim:.1f}.")
    assert len(shown["outputs"]) == number, "nothing is shown of a text without a paragraph"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("It is {no-claim:.1f}.", "quotes 'no-claim', which no claim above it has; those above are one-holds"),
        ("It is {no-claim-sd:.1f}.", "quotes 'no-claim-sd'"),
        ("It is one.", "text quotes no claim"),
        ("It is {one-holds}.", "text quotes no claim"),
        ("## Limits\n\nIt is {one-holds:.0f}.", "begins with a heading"),
    ],
)
def test_a_text_that_quotes_what_is_not_there(shown, text, message):
    claim("one-holds", "x", 1, exactly=1)
    with pytest.raises(ValueError, match=message):
        found(text)


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


def test_a_margin_is_small_against_a_claim_that_was_made(shown):
    with pytest.raises(ValueError, match="stands beside 'an-effect', which no claim above it has"):
        claim("no-effect", "x", 0, at_least=-0.1, at_most=0.1, beside="an-effect")
    claim("an-effect", "x", 3, at_least=2, unit="times")
    claim("no-effect", "x", 0, at_least=-0.1, at_most=0.1, beside="an-effect")
    assert [metadata["claim"]["null"] for _, metadata in shown["outputs"]] == [1, 0]


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


def test_equal_values_have_no_spread(shown):
    claim("no-spread", "Three networks answer alike", [0.9850746268656716] * 3, at_least=0.5)
    assert np.std([0.9850746268656716] * 3, ddof=1) > 0, "rounding"
    assert shown["glued"]["no-spread-sd"] == 0


OPTIONS = [("it loses", 0, "It has less room."), ("about as good", 0.1, "Half."), ("it wins", None, "It sees more.")]


def test_a_guess_is_answered_by_the_claim(shown):
    your_guess("Is wide better?", "wide-wins", OPTIONS)
    data, metadata = shown["outputs"][0]
    assert metadata["prediction"] == {"question": "Is wide better?", "claim": "wide-wins", "options": OPTIONS}
    assert 'data-claim="wide-wins"' in data["text/html"] and "3. it wins" in data["text/plain"]
    claim("wide-wins", "Wide wins", [0.2, 0.3, 0.4], at_least=0.1, unit="points")
    assert shown["outputs"][-1][0]["text/plain"] == "You were asked to guess: it wins. It sees more."
    claim("other-one", "Nobody asked", 1, at_least=0)
    assert "guess" not in shown["outputs"][-1][0]["text/plain"]


@pytest.mark.parametrize(("mean", "place"), [(-1, 0), (0, 0), (0.01, 1), (0.1, 1), (0.11, 2), (9, 2)])
def test_the_right_option_is_the_one_that_the_mean_falls_into(mean, place):
    assert right_option(OPTIONS, mean) == place


@pytest.mark.parametrize("limits", [[0, None], [0, 1, 2, 3, None], [1, 0, None], [0, 0, None], [0, None, 1], [0, 1, 2]])
def test_options_rise_to_an_open_end(shown, limits):
    with pytest.raises(ValueError, match="options have the limits"):
        your_guess("Is it?", "wide-wins", [("a", limit, "because") for limit in limits])
