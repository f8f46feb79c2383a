"""Figures that move: what they compute is what Python computes, they are used by keyboard, and leave the still form."""

import json
import re
from types import SimpleNamespace

import browsing
import numpy as np
import pytest
from browsing import SITE
from bs4 import BeautifulSoup
from conftest import CHAPTERS, ROOT, cells, defined_in
from sklearn.tree import DecisionTreeClassifier

from utils import evaluation, planted, shapley
from utils import moving as module
from utils.moving import moving

address, browser, opened = browsing.address, browsing.browser, browsing.opened
fresh_page = browsing.fresh_page
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


@pytest.mark.parametrize("figure", ["", "cost.js", None, 3])
def test_another_name_is_refused(monkeypatch, figure):
    with pytest.raises(ValueError, match=r"^figure is"):
        handed(monkeypatch, figure)


# ------------------------------------------------------------------ in Chromium, from a folder

VALUES = {
    "cost": {"networks": {"small": [1000, 0], "large": [175e9, 300e9]}},
    "shapley": {"names": ["Ann", "Ben", "Cleo"], "worth": [0, 6, 12, 12, 42, 42, 42, 42]},
    "lime": {"cloud": np.random.default_rng(0).normal(size=(60, 2)), "point": (-0.9, 0.4), "widths": (0.1, 0.8, 5.0),
             "steep": [3, -3]},
    "tree": {"tree": {"feature": [1, 0, -1, -1, -1], "threshold": [0.5, 20, -2, -2, -2], "left": [1, 2, -1, -1, -1],
                      "right": [4, 3, -1, -1, -1], "malignant": [0.4, 0.2, 0.1, 0.9, 1], "patients": [9, 5, 4, 1, 4]},
             "names": ["area", "texture"], "low": [5, 0], "high": [50, 1], "patients": {"one": [10, 0.25]}},
    "threshold": {"features": ["age", "income", "cards"], "units": [10, 8, 1], "judges": 3, "people": [
        {"before": [30, 40, 2], "answers": {name: {
            "rows": [[30, 40 + k, 2] for k in range(1, 5)], "asked": [0.3, 0.55, 0.7, 0.92], "rule": [0, 0, 1, 1],
            "same": [0, 1, 2, 3], "fresh": [0, 0, 1, 3]} for name in ("age and cards held", "age held")}}
        for _ in range(3)]},
    "baseline": {"side": 5, "levels": [0, 0.5, 1], "missed": [0.1, 0.2, 0.3],
                 "maps": np.random.default_rng(1).normal(size=(3, 25)), "image": np.linspace(0, 1, 25),
                 "slope": np.linspace(-1, 1, 25), "sign": [1] * 4 + [0] * 21, "distractor": [0] * 21 + [1] * 4},
    "descent": {"sizes": [50, 600, 2400], "images": 600, "validation": [0.5, 0.9, 0.4], "training": [0.3, 0, 0],
                "ends": [2, 9], "answers": np.random.default_rng(2).normal(size=(3, 5, 10))},
}  # fmt: skip


@pytest.fixture
def figure(fresh_page, tmp_path, monkeypatch):
    """figure(name): a page with this figure alone, opened from a folder."""

    def open_figure(name, width=800, **context):
        scripts = "".join(f'<script src="{SCRIPTS.as_uri()}/{each}.js"></script>' for each in ("moving", name))
        text = (
            '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f'<title>{name}</title><link rel="stylesheet" href="{SCRIPTS.as_uri()}/moving.css">{scripts}'
            f"<body>{handed(monkeypatch, name, 6, **VALUES[name])}</body></html>"
        )
        (tmp_path / "page.html").write_text(text)
        page = fresh_page(viewport={"width": width, "height": 900}, **context)
        page.goto((tmp_path / "page.html").as_uri())
        return page

    return open_figure


def said(page):
    return page.locator(".said").text_content()


@pytest.mark.parametrize("name", VALUES)
def test_every_input_is_named_large_enough_and_changes_what_is_said(figure, name):
    page = figure(name, width=390, has_touch=True, is_mobile=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for picture in page.locator(".moving .picture > svg").all():
        assert picture.get_attribute("role") == "img" and picture.get_attribute("aria-label")
    fields = page.locator(".moving :is(input, button)")
    for field in fields.all():
        box = field.bounding_box()
        # a radio button is as large as its label
        if field.get_attribute("type") == "radio":
            box = field.locator("xpath=..").bounding_box()
        assert box["width"] >= 24 and box["height"] >= 24
        assert field.evaluate("e => e.labels?.length || e.ariaLabel || e.textContent"), "no name"
    heard = set()
    sliders = page.locator(".moving input[type=range]").all()
    for field in sliders:
        for key in ("Home", "ArrowRight", "End"):
            field.press(key)
            heard.add(said(page))
        assert field.get_attribute("aria-valuetext")
    assert not sliders or len(heard) > len(sliders)


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


def test_memory_has_a_unit_that_fits(figure):
    page = figure("cost")
    told = page.evaluate("[0, 12, 999, 1000, 407200, 1e9, 2.79e12, 3e18].map(Moving.bytes)")
    assert told == ["0 bytes", "12 bytes", "999 bytes", "1 KB", "407 KB", "1 GB", "2.79 TB", "3 million TB"]
    assert "Training holds 160 KB, which takes one device" in said(page)
    page.get_by_role("button", name="large").click()
    field = page.get_by_label("and holds, in GB")
    for typed, takes in [("80", "35 devices"), ("0.5", "5,600 devices"), ("", "devices that hold something")]:
        field.fill(typed)
        assert f"which takes {takes}, before" in said(page)


def test_numbers_have_a_minus(figure):
    told = figure("cost").evaluate("[-2.666, -0.0001, -1500, -3e6, 0].map(Moving.told)")
    assert told == ["−2.67", "−1.00 × 10⁻⁴", "−1,500", "−3 million", "0"]


@pytest.mark.parametrize("name", VALUES)
def test_on_the_way_back_a_figure_shows_what_its_inputs_say(figure, name, tmp_path):
    page = figure(name)
    first = said(page)
    for field in page.locator(".moving input[type=range]").all():
        field.press("End")
    for group in page.locator(".moving fieldset:has(input[type=radio])").all():
        group.locator("input").last.check()
    if name == "shapley":
        page.get_by_label("Ann + Ben + Cleo", exact=True).fill("48")
        page.get_by_label("Ben adds, in the order Cleo, Ben, Ann").fill("5")
    before = said(page), page.locator(".value").all_text_contents()
    assert before[0] != first
    (tmp_path / "other.html").write_text("<!doctype html><title>another page</title>")
    page.goto((tmp_path / "other.html").as_uri())
    page.go_back()
    page.wait_for_function("document.readyState === 'complete'")
    assert (said(page), page.locator(".value").all_text_contents()) == before


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


def test_limes_plane_is_the_chapters(figure):
    page, rng = figure("lime"), np.random.default_rng(3)
    names = "centred", "nearness", "r_squared", "surrogate"
    _, near, _, surrogate = defined_in(CHAPTER["07"], *names, np=np)
    for width, penalty in [(0.1, 1), (0.8, 1), (0.8, 0), (5.0, 0.5)]:
        z = rng.normal(size=(40, 2))
        rows = np.zeros((40, 8))
        rows[:, [0, 1, 2]] = z[:, [0, 0, 1]]
        answers = 1 / (1 + np.exp(-planted.log_odds(rows)))
        steep = planted.slopes(np.array([[-1.0] * 2 + [0] * 6, [1.0] * 2 + [0] * 6]))[:, 2]
        ours = page.evaluate("([steep, z]) => z.map((row) => Lime.rule(steep, row))", [steep.tolist(), z.tolist()])
        np.testing.assert_allclose(ours, answers, atol=1e-12)
        distance = np.linalg.norm(z - z[0], axis=1)
        weight = page.evaluate("([d, w]) => d.map((each) => Lime.nearness(each, w))", [distance.tolist(), width])
        np.testing.assert_allclose(weight, near(distance, width), atol=1e-12)
        slopes, fit = surrogate(z, answers, np.array(weight), penalty)
        given = [z.tolist(), answers.tolist(), weight, penalty]
        plane = page.evaluate(
            "(given) => { const { slopes, fit } = Lime.plane(...given); return [...slopes, fit]; }", given
        )
        np.testing.assert_allclose(plane, [*slopes, fit], atol=1e-9)


def test_the_star_is_moved_by_pointing(figure):
    page = figure("lime")
    box = page.locator("svg.pointed").bounding_box()
    before = said(page)
    page.mouse.click(box["x"] + 300, box["y"] + 100)
    assert said(page) != before and float(page.get_by_label("gate of the star").input_value()) > 0


def test_patients_go_as_in_scikit_learn(figure):
    page, rng = figure("tree"), np.random.default_rng(4)
    x = rng.normal(size=(200, 3))
    tree = DecisionTreeClassifier(max_depth=3, random_state=0).fit(x, x[:, 0] * x[:, 1] + x[:, 2] > 0)
    parts = tree.tree_
    arrays = {"feature": parts.feature, "threshold": parts.threshold}
    arrays |= {"left": parts.children_left, "right": parts.children_right}
    given = {name: values.tolist() for name, values in arrays.items()}
    leaves = page.evaluate("([tree, x]) => x.map((row) => Tree.path(tree, row).at(-1))", [given, x.tolist()])
    np.testing.assert_array_equal(leaves, tree.apply(x))
    assert said(page).startswith("texture, 0.25, is at most 0.5; area, 10, is at most 20: benign.")
    assert "turns to malignant with texture alone at 0.5, or area alone at 20" in said(page)
    page.get_by_label("texture").press("End")
    assert said(page).startswith("texture, 1, is above 0.5: malignant.")
    assert page.locator("[aria-current]").count() == 2


def test_the_answer_is_that_of_the_chapters_annealing(figure):
    page, rng = figure("threshold"), np.random.default_rng(5)
    (anneal,) = defined_in(CHAPTER["10"], "anneal", np=np)
    asked = rng.random((6, 30))  # of six weights, for thirty applicants
    rows = np.broadcast_to(np.arange(6)[:, None, None], (6, 30, 1))
    answers = iter(asked)
    bank = SimpleNamespace(ask=lambda rows: next(answers))
    taken, reached = anneal(bank, rows, 0.8)
    ours = page.evaluate("(all) => all.map((each) => Threshold.first(each, 0.8))", asked.T.tolist())
    np.testing.assert_array_equal(ours, np.where(reached, taken[:, 0], -1))
    assert "Asked for 0.50, the answer has 0.55, 0.25 MADs away: income 40 to 42." in said(page)
    page.get_by_label("probability asked for").press("End")
    assert said(page) == "Asked for 0.99: no weight of the search reaches it for this applicant."


def test_the_share_found_is_that_of_utils(figure):
    page, rng = figure("baseline"), np.random.default_rng(6)
    sign = np.zeros(25, bool)
    sign[3:9] = True
    for values in (*rng.normal(size=(5, 25)), np.zeros(25), rng.integers(0, 3, 25)):
        ours = page.evaluate("([map, sign]) => Baseline.found(map, sign)", [values.tolist(), (1 * sign).tolist()])
        assert ours == pytest.approx(evaluation.top_k(values[None].astype(float), sign[None])[0])
    page.get_by_label("way alone").check()
    assert "No network was asked." in said(page)


def test_each_size_of_the_descent_is_drawn(figure):
    page = figure("descent")
    page.get_by_role("button", name="as many as images").click()
    assert said(page).startswith("600 features for 600 images: training error 0.00, validation error 0.90.")
    low, high = VALUES["descent"]["answers"][1].min(), VALUES["descent"]["answers"][1].max()
    assert said(page).endswith(f"from −{-low:.1f} to {high:.1f}.")


# ------------------------------------------------------------------ in the chapters


LETTERS = """() => {
    const shade = (colour) => {
        const parts = colour.match(/[\\d.]+/g).slice(0, 3).map(v => v / 255);
        const [r, g, b] = parts.map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = shade(getComputedStyle(document.body).backgroundColor);
    return [...document.querySelectorAll(".moving svg text")].map(text => {
        const style = getComputedStyle(text);
        const tell = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        // what a letter may stand on is kept from it by a rim in the colour of the page
        const rim = text.classList.contains("halo") ? tell(shade(style.stroke), ground) : 1;
        return { words: text.textContent, contrast: tell(shade(style.fill), ground), rim };
    });
}"""


@pytest.mark.site
@pytest.mark.parametrize("stem", ON_PAGES)
def test_a_chapter_has_its_figures_of_the_same_run_and_their_letters_can_be_read(opened, stem):
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
        assert place.locator(".said").inner_text()
        assert all(picture.bounding_box()["height"] > 50 for picture in place.locator(".picture > svg").all())
        assert place.evaluate("e => e.scrollWidth <= e.clientWidth")
    for _ in browsing.each_scheme(page):
        letters = page.evaluate(LETTERS)
        assert letters or "tree" in ON_PAGES[stem]
        assert not [each for each in letters if each["contrast"] < 4.5 or each["rim"] > 1.05]


@pytest.mark.site
def test_a_guess_opens_the_figure_that_moves_with_the_still_one(opened):
    """Else it would tell the answer beforehand."""
    page = opened("notebooks/01_size.html")
    place = page.locator('.moving[data-figure="descent"]')
    assert not place.is_visible() and page.locator('.moving[data-figure="cost"]').is_visible()
    guess = page.locator('.prediction[data-claim="peak-is-norm"]')
    guess.locator("input").first.check()
    assert place.is_visible()
    assert place.locator("svg").first.bounding_box()["height"] > 50
