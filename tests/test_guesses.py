"""The questions of the built site: folded figures, answers from the claims, by keyboard and without a script."""

import ast

import browsing
import chapters
import pytest
from browsing import SITE
from bs4 import BeautifulSoup
from conftest import CHAPTERS, claim_calls

pytestmark = pytest.mark.site
address, browser = browsing.address, browsing.browser
ASKING = [path.stem for path in CHAPTERS if claim_calls(path, ["your_guess"])]


@pytest.fixture
def chapter(browser, address):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(f"{address}/notebooks/{ASKING[0]}.html")
    yield page
    context.close()


def answered(stem):
    """The claims of a chapter's questions, but for those that its page has not: of the appendix without PyTorch."""
    page = BeautifulSoup((SITE / "notebooks" / f"{stem}.html").read_text(), "html.parser")
    calls = claim_calls(next(path for path in CHAPTERS if path.stem == stem), ["your_guess"])
    asked = [ast.literal_eval(call.args[1]) for call in calls]
    has = [claim for claim in asked if page.select_one(f"#claim-{claim}")]
    assert has == asked or (stem in chapters.OWN and not has)
    return has


@pytest.mark.parametrize("stem", ASKING)
def test_every_question_has_the_answer_of_its_claim(stem):
    page = BeautifulSoup((SITE / "notebooks" / f"{stem}.html").read_text(), "html.parser")
    questions = page.select(".prediction")
    assert [question["data-claim"] for question in questions] == answered(stem)
    for question in questions:
        claim = page.select_one(f"#claim-{question['data-claim']}")
        assert (
            claim.select_one(".claim-value")
            .text.strip()
            .removeprefix("did not hold here ")
            .startswith(question["data-value"])
        )
        assert 0 <= int(question["data-right"]) < len(question.select("li"))
        assert all(option["data-why"] for option in question.select("li"))


def test_the_figure_opens_with_a_guess_which_is_remembered(chapter):
    place = chapter.locator(".prediction").first
    right = int(place.get_attribute("data-right"))
    assert chapter.locator(".waits").count() == chapter.locator(".prediction").count()
    wrong = place.locator(f'input[value="{(right + 1) % place.locator("input").count()}"]')
    wrong.focus()
    chapter.keyboard.press("Space")
    assert chapter.locator(".waits").count() == chapter.locator(".prediction").count() - 1
    told = place.locator(".told").text_content()
    assert told.startswith("No: ") and place.get_attribute("data-value") in told
    chapter.reload()
    assert chapter.locator(".waits").count() == chapter.locator(".prediction").count() - 1
    place.locator(f'input[value="{right}"]').check()
    assert place.locator(".told").text_content().startswith("Right. ")


def test_one_may_go_on_without_a_guess_and_a_switch_opens_all(chapter):
    count = chapter.locator(".waits").count()
    chapter.locator(".prediction button").last.click()
    assert chapter.locator(".waits").count() == count - 1
    switch = chapter.locator(".open-all")
    switch.focus()
    chapter.keyboard.press("Enter")
    assert chapter.locator(".waits").count() == 0 and switch.get_attribute("aria-pressed") == "true"
    chapter.keyboard.press("Enter")
    assert chapter.locator(".waits").count() == count - 1


def test_arrow_keys_go_through_the_options_without_a_guess(chapter):
    """They choose what they pass: else nobody could reach the third option from the keyboard."""
    place = chapter.locator(".prediction").first
    count, radios = chapter.locator(".waits").count(), place.locator("input")
    radios.first.focus()
    for _ in range(2):
        chapter.keyboard.press("ArrowDown")
    assert radios.nth(2).is_checked() and chapter.locator(".waits").count() == count
    assert place.locator(".told").text_content() == "Enter or the space bar makes this your guess."
    chapter.keyboard.press("Space")
    assert chapter.locator(".waits").count() == count - 1
    right = place.get_attribute("data-right") == radios.nth(2).input_value()
    assert place.locator(".told").text_content().startswith("Right. " if right else "No: ")
    other = chapter.locator(".prediction").nth(1).locator("input")
    other.first.focus()
    chapter.keyboard.press("ArrowDown")
    other.nth(1).click()
    assert chapter.locator(".waits").count() == count - 2, "a click on what is chosen is a guess"


def test_who_goes_on_without_a_guess_keeps_the_focus(chapter):
    place = chapter.locator(".prediction").first
    place.locator("button").focus()
    chapter.keyboard.press("Enter")
    assert place.locator(".told").evaluate("e => e === document.activeElement && e.textContent !== ''")


def test_the_switch_shows_that_it_is_on(chapter):
    switch = chapter.locator(".open-all")
    off = switch.bounding_box()["width"]
    switch.click()
    assert switch.bounding_box()["width"] > off + 5, "by more than its colour"


def test_guesses_can_be_forgotten_and_are_counted_again_on_the_way_back(chapter, address):
    place = chapter.locator(".prediction").first
    claim, right = place.get_attribute("data-claim"), place.get_attribute("data-right")
    place.locator(f'input[value="{right}"]').check()
    chapter.goto(f"{address}/book/guesses.html")
    said = chapter.locator(f'[data-guess="{claim}"]')
    chapter.evaluate("claim => localStorage.setItem(`course ${claim}`, 'waived')", claim)
    chapter.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    assert said.text_content() == "no guess"
    chapter.get_by_role("button", name="Forget all guesses").click()
    assert said.text_content() == "not yet"
    chapter.goto(f"{address}/notebooks/{ASKING[0]}.html")
    assert chapter.locator(".waits").count() == chapter.locator(".prediction").count()


def test_the_page_of_guesses_leads_to_each_question(chapter, address):
    chapter.goto(f"{address}/book/guesses.html")
    row = chapter.locator("tr:has([data-guess])").first
    claim = row.locator("[data-guess]").get_attribute("data-guess")
    row.locator("a").first.click()
    chapter.wait_for_url(f"**#guess-{claim}")
    # the page rolls there
    chapter.wait_for_function(
        "([id, height]) => { const { top } = document.getElementById(id).getBoundingClientRect();"
        " return 0 <= top && top < height; }",
        arg=[f"guess-{claim}", 900],
    )


def test_the_page_of_guesses_counts(chapter, address):
    place = chapter.locator(".prediction").first
    claim = place.get_attribute("data-claim")
    place.locator(f'input[value="{place.get_attribute("data-right")}"]').check()
    chapter.goto(f"{address}/book/guesses.html")
    assert chapter.locator(f'[data-guess="{claim}"]').text_content() == "right"
    assert chapter.get_by_text("1 right of 1 guess;").count() == 1
    assert chapter.locator("[data-guess]").count() == sum(len(answered(stem)) for stem in ASKING)


def test_without_a_script_everything_is_open(browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/notebooks/{ASKING[0]}.html")
    assert page.locator(".prediction li").count() >= 3 and page.locator(".waits").count() == 0
    context.close()
