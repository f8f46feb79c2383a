"""Figures that move: what they compute is what Python computes, they are used by keyboard, and leave the still form."""

import json
import re

import browsing
import numpy as np
import pytest
from browsing import SITE
from bs4 import BeautifulSoup
from conftest import CHAPTERS, ROOT, cells, defined_in

from utils import moving as module
from utils import shapley
from utils.moving import moving

address, browser, opened = browsing.address, browsing.browser, browsing.opened
SCRIPTS = ROOT / "book" / "_static" / "moving"
CHAPTER = {path.stem[:2]: path for path in CHAPTERS}
ON_PAGES = {
    path.stem: re.findall(r'^moving\(\s*"(\w+)"', "\n".join(cell.source for cell in cells(path, "code")), re.M)
    for path in CHAPTERS
}
ON_PAGES = {stem: names for stem, names in ON_PAGES.items() if names}
MOST = 150_000  # bytes that a page may grow by


# ------------------------------------------------------------------ what a cell hands over


def handed(monkeypatch, *figure, **values):
    """The element that `moving` shows."""
    shown = []
    monkeypatch.setattr(module, "display", lambda data, raw: shown.append(data))
    moving(*figure, **values)
    assert shown[0]["text/plain"] == module.NOTE
    return shown[0]["text/html"]


def test_values_arrive_rounded_and_whole(monkeypatch):
    values = {"a": np.array([[1 / 3, 2]]), "b": {"x<y": (True, "say \"&'", 7)}, "c": np.float32(123456.7), "d": 300e9}
    place = BeautifulSoup(handed(monkeypatch, "cost", 3, **values), "html.parser").div
    assert place["data-figure"] == "cost" and place.text == module.NOTE
    assert json.loads(place["data-values"]) == {
        "a": [[0.333, 2]], "b": {"x<y": [True, "say \"&'", 7]}, "c": 123000, "d": 300_000_000_000
    }  # fmt: skip


@pytest.mark.parametrize(
    "value, error", [(np.array([1, np.nan]), ValueError), (float("inf"), ValueError), ({1, 2}, TypeError)]
)
def test_what_a_page_cannot_draw_is_refused(monkeypatch, value, error):
    with pytest.raises(error, match="worths"):
        handed(monkeypatch, "shapley", worths=value)


# ------------------------------------------------------------------ in Chromium, from a folder

VALUES = {
    "cost": {"networks": {"small": [1000, 0], "large": [175e9, 300e9]}},
    "shapley": {"names": ["Ann", "Ben", "Cleo"], "worth": [0, 6, 12, 12, 42, 42, 42, 42]},
}


@pytest.fixture
def figure(browser, tmp_path, monkeypatch):
    """figure(name): a page with this figure alone, opened from a folder; its complaints fail the test."""
    contexts, complaints = [], []

    def open_figure(name, width=800, **context):
        scripts = "".join(f'<script src="{SCRIPTS.as_uri()}/{each}.js"></script>' for each in ("moving", name))
        text = (
            '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f'<title>{name}</title><link rel="stylesheet" href="{SCRIPTS.as_uri()}/moving.css">{scripts}'
            f"<body>{handed(monkeypatch, name, 6, **VALUES[name])}</body></html>"
        )
        (tmp_path / "page.html").write_text(text)
        contexts.append(browser.new_context(viewport={"width": width, "height": 900}, **context))
        page = contexts[-1].new_page()
        page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto((tmp_path / "page.html").as_uri())
        return page

    yield open_figure
    for context in contexts:
        context.close()
    assert not complaints, complaints


def said(page):
    return page.locator(".said").text_content()


@pytest.mark.parametrize("name", VALUES)
def test_every_input_is_named_large_enough_and_changes_what_is_said(figure, name):
    page = figure(name, width=390, has_touch=True, is_mobile=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator(".moving svg[aria-label]").count() == page.locator(".moving svg").count()
    fields = page.locator(".moving :is(input, button)")
    for field in fields.all():
        box = field.bounding_box()
        # a radio button is as large as its label
        if field.get_attribute("type") == "radio":
            box = field.locator("xpath=..").bounding_box()
        assert box["width"] >= 24 and box["height"] >= 24
        assert field.evaluate("e => e.labels?.length || e.ariaLabel || e.textContent"), "no name"
    heard = set()
    for field in page.locator(".moving input[type=range]").all():
        for key in ("Home", "ArrowRight", "End"):
            field.press(key)
            heard.add(said(page))
        assert field.get_attribute("aria-valuetext")
    assert len(heard) >= 2 * page.locator(".moving input[type=range]").count()


@pytest.mark.parametrize("name", VALUES)
def test_without_a_script_and_on_paper_the_chapters_own_figure_stands_alone(figure, name):
    page = figure(name, java_script_enabled=False)
    assert page.locator(".moving").inner_text() == module.NOTE
    page.emulate_media(media="print")
    assert not page.locator(".moving").is_visible()


def test_costs_are_those_of_the_chapter(figure):
    page = figure("cost")
    in_bytes, flops = defined_in(CHAPTER["01"], "training_bytes", "training_flops")
    for n, d in [(25_450, 12_000), (1_557_611_200, 1e10), (174_604_339_200, 300e9)]:
        cost = page.evaluate("([n, d]) => Cost.of(n, d, 1e12, 3)", [n, d])
        assert cost["operations"] == flops(n, d) and cost["bytes"] == sum(in_bytes(n).values())
        assert [cost["weights"], cost["gradients"], cost["averages"]] == list(in_bytes(n).values())
        np.testing.assert_allclose(cost["years"], flops(n, d) / 1e12 / (365 * 24 * 3600))
        np.testing.assert_allclose(cost["price"], flops(n, d) / 1e12 / 3600 * 3)
    page.get_by_role("button", name="large").click()
    assert "175 billion parameters and 300 billion examples take 3.15 × 10²³ operations" in said(page)
    assert page.locator("tr", has_text="operations to train").locator("td").last.text_content() == "3.15 × 10²³"


def test_shapley_values_are_the_exact_ones(figure):
    page = figure("shapley")
    rng = np.random.default_rng(0)
    for worth in rng.normal(size=(20, 8)):
        worth[0] = 0
        exact = shapley.exact_shapley(lambda masks, w=worth: w[masks @ [1, 2, 4]], 3)
        np.testing.assert_allclose(page.evaluate("w => Shapley.values(w)", worth.tolist()), exact, atol=1e-12)


def test_a_reader_fills_the_table_and_is_told_what_is_wrong(figure):
    page = figure("shapley")
    assert said(page) == "3 of 18 filled in, all of them right."
    field = page.get_by_label("Ben adds, in the order Cleo, Ben, Ann")
    field.fill("3")
    assert said(page) == "4 of 18 filled in, 1 of them wrong." and field.get_attribute("aria-invalid") == "true"
    field.fill("0")
    assert said(page) == "4 of 18 filled in, all of them right." and field.get_attribute("aria-invalid") == "false"
    page.get_by_role("button", name="Fill in the rest").click()
    assert said(page).startswith("The Shapley values are 2 for Ann, 5 for Ben, 35 for Cleo; they add up to 42")
    page.get_by_label("Ann + Ben + Cleo", exact=True).fill("48")
    assert "they add up to 48" in said(page)
    page.get_by_role("button", name="Ann changes nothing").click()
    page.get_by_role("button", name="Fill in the rest").click()
    assert "Ann changes nothing in any order, and gets nothing." in said(page)


# ------------------------------------------------------------------ in the chapters


@pytest.mark.site
@pytest.mark.parametrize("stem", ON_PAGES)
def test_a_chapter_has_its_figures_of_the_same_run(opened, stem):
    html = (SITE / "notebooks" / f"{stem}.html").read_text()
    places = BeautifulSoup(html, "html.parser").select(".moving[data-figure]")
    assert [place["data-figure"] for place in places] and {p["data-figure"] for p in places} == set(ON_PAGES[stem])
    grown = sum(len(str(place)) for place in places) + sum(
        (SCRIPTS / f"{name}.js").stat().st_size for name in ("moving", *ON_PAGES[stem])
    )
    assert grown <= MOST
    page = opened(f"notebooks/{stem}.html")
    browsing.unfold(page)
    for name in ON_PAGES[stem]:
        place = page.locator(f'.moving[data-figure="{name}"]')
        assert place.locator(".said").inner_text() and place.locator("svg").first.bounding_box()["height"] > 50
        assert place.evaluate("e => e.scrollWidth <= e.clientWidth")
