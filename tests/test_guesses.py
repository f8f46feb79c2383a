"""The questions of the built site: folded figures, answers from the claims, by keyboard and without a script."""

import browsing
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


@pytest.mark.parametrize("stem", ASKING)
def test_every_question_has_the_answer_of_its_claim(stem):
    page = BeautifulSoup((SITE / "notebooks" / f"{stem}.html").read_text(), "html.parser")
    questions = page.select(".prediction")
    assert len(questions) == len(claim_calls(next(p for p in CHAPTERS if p.stem == stem), ["your_guess"]))
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


def test_the_page_of_guesses_counts(chapter, address):
    place = chapter.locator(".prediction").first
    claim = place.get_attribute("data-claim")
    place.locator(f'input[value="{place.get_attribute("data-right")}"]').check()
    chapter.goto(f"{address}/book/guesses.html")
    assert chapter.locator(f'[data-guess="{claim}"]').text_content() == "right"
    assert chapter.get_by_text("1 right of 1 guesses").count() == 1
    assert chapter.locator("[data-guess]").count() == sum(len(claim_calls(path, ["your_guess"])) for path in CHAPTERS)


def test_without_a_script_everything_is_open(browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/notebooks/{ASKING[0]}.html")
    assert page.locator(".prediction li").count() >= 3 and page.locator(".waits").count() == 0
    context.close()
