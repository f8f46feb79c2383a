"""The built site in a headless Chromium that cannot reach any other host."""

import ast
import html
import io
import json
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import unquote, urlsplit

import browsing
import pytest
from browsing import CONTENT, PAGES, SITE
from bs4 import BeautifulSoup
from conftest import CHAPTERS, ROOT, cannot_run, claim_calls
from PIL import Image

pytestmark = pytest.mark.site
address, browser = browsing.address, browsing.browser


def test_the_site_is_built():
    if not CONTENT:
        cannot_run("there is no site in _build/html: run `make book` first")
    for chapter in CHAPTERS:
        assert f"notebooks/{chapter.stem}.html" in CONTENT


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.asked, page.complaints = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    browsing.hear(page, page.complaints)
    page.on("response", lambda r: page.complaints.append(f"{r.status} {r.url}") if r.status >= 400 else None)
    yield page
    context.close()


@pytest.mark.parametrize("name", PAGES)
def test_page_opens_offline(page, address, name):
    page.goto(f"{address}/{name}", wait_until="networkidle")
    outside = [
        u for u in page.asked if urlsplit(u).hostname != "127.0.0.1" and urlsplit(u).scheme not in ("data", "blob")
    ]
    assert not outside, f"asks other hosts: {outside}"
    assert not page.complaints, page.complaints
    formulas = page.locator(".math")
    if formulas.count():
        page.evaluate("MathJax.startup.promise")
        typeset = page.locator(".math > mjx-container").count()
        assert typeset == formulas.count(), f"{formulas.count() - typeset} formulas are not typeset"
        assert page.locator("mjx-merror").count() == 0
    for image in page.locator("article img").all():
        assert image.get_attribute("alt"), f"no alt text: {image.get_attribute('src')}"
        assert image.evaluate("i => i.naturalWidth") > 0, f"not loaded: {image.get_attribute('src')}"


def test_the_release_works_from_a_folder(browser, tmp_path):
    """The zip, unpacked anywhere and opened without a server."""
    subprocess.run(["make", "release"], cwd=ROOT, check=True, capture_output=True)
    (archive,) = (ROOT / "_build" / "release").glob("*.zip")
    shutil.unpack_archive(archive, tmp_path)
    assert {p.relative_to(tmp_path / "html") for p in tmp_path.glob("html/**/*")} == {
        p.relative_to(SITE) for p in SITE.glob("**/*")
    }
    page = browser.new_page()
    asked, faults = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"{(tmp_path / 'html').as_uri()}/notebooks/09_integrated_gradients.html", wait_until="load")
    page.evaluate("MathJax.startup.promise")
    assert page.locator(".math > mjx-container").count() == page.locator(".math").count() > 0
    # the theme's hints to load icon fonts early are refused without a server; the fonts themselves are not
    page.wait_for_function("[...document.fonts].some(f => f.family.includes('Awesome') && f.status == 'loaded')")
    assert not faults, faults
    page.goto(f"{(tmp_path / 'html').as_uri()}/search.html?q=pruning", wait_until="load")
    page.wait_for_selector("#search-results li a", timeout=100_000)  # titles; excerpts would need a server
    assert {urlsplit(url).scheme for url in asked} <= {"file", "data"}
    page.close()


def test_search_finds_pruning(page, address):
    page.goto(f"{address}/search.html?q=pruning")
    page.wait_for_selector("#search-results li a", timeout=100_000)
    links = [a.get_attribute("href") for a in page.locator("#search-results li a").all()]
    assert any("04_pruning" in link for link in links)
    assert not page.complaints


def test_ledger_lists_every_claim_and_says_what_its_chapter_says(page, address):
    made = {ast.literal_eval(call.args[0]): chapter.stem for chapter in CHAPTERS for call in claim_calls(chapter)}
    assert len(made) >= 25
    page.goto(f"{address}/book/claims.html")
    rows = page.evaluate("""() => [...document.querySelectorAll("article tbody tr")].map(row =>
        [row.querySelector("a").href, ...[...row.querySelectorAll("td")].map(cell => cell.innerText.trim())])""")
    listed, texts = {}, {name: (SITE / name).read_text() for name in CONTENT}
    for link, sentence, measured, *rest in rows:
        file, anchor = link.split("#")
        listed[anchor.removeprefix("claim-")] = Path(urlsplit(file).path).stem
        shown = re.search(rf'id="{anchor}">(.*?)</div>', texts[urlsplit(file).path.lstrip("/")], re.S)[1]
        shown = html.unescape(shown)
        assert sentence in shown and measured in shown
        if len(rest) == 2:  # what depends on the processor
            assert f"measured on {rest[1]}" in shown
        else:
            bound, over, held, spread = rest
            over = "" if over == "nothing random" else f", {over}"
            assert f"{measured} (bound: {bound}{over})" in shown
            assert re.fullmatch(r"\d+ of \d+|not yet", held) and spread
    parts = {stem for stem in made.values() if "⚠ Left out." in (SITE / "notebooks" / f"{stem}.html").read_text()}
    assert set(listed.items()) <= set(made.items())
    assert {id for id in made if id not in listed} <= {id for id, stem in made.items() if stem in parts}


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_findings_stand_first_and_each_number_leads_to_its_claim(chapter):
    found = BeautifulSoup((SITE / "notebooks" / f"{chapter.stem}.html").read_text(), "html.parser").select_one(
        "#what-we-found"
    )
    quoted, claims = found.select("a.quoted"), found.select(".claim")
    if not claims:  # the appendix, without its libraries
        assert not quoted
        return
    shown = found.select("a.quoted, .claim")
    assert shown[: len(quoted)] == quoted and len(quoted) >= 5
    assert {link["href"] for link in quoted} <= {f"#{claim['id']}" for claim in claims}


def test_times_page_and_chapters_show_measured_times(page, address):
    page.goto(f"{address}/book/run_times.html")
    assert page.locator("article tbody tr").count() == len(CHAPTERS) + 1
    page.goto(f"{address}/notebooks/01_size.html")
    assert re.search(r"\d+ minutes to read, \d+ s to run", page.locator("article").inner_text())


def test_every_link_leads_somewhere():
    """Inside the site: the file is there, and the place in it. Outside: an https address with a host."""
    trees = {name: BeautifulSoup((SITE / name).read_text(), "html.parser") for name in PAGES}
    places = {name: {tag["id"] for tag in tree.select("[id]")} for name, tree in trees.items()}
    dead = []
    for name, tree in trees.items():
        for tag in tree.select("[href], [src]"):
            address = tag.get("href") or tag.get("src") or ""
            parts = urlsplit(address)
            if parts.scheme in ("data", "mailto", "javascript"):
                continue
            if parts.scheme or parts.netloc:
                if parts.scheme != "https" or not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", parts.hostname or ""):
                    dead.append(f"{name}: {address}")
                continue
            target = (SITE / name).parent / unquote(parts.path) if parts.path else SITE / name
            page = str(target.resolve().relative_to(SITE.resolve()))
            if not target.is_file() or (page in places and parts.fragment and parts.fragment not in places[page]):
                dead.append(f"{name}: {address}")
    assert not dead, "\n".join(sorted(set(dead)))


def test_nothing_in_a_page_names_this_machine():
    for name in CONTENT:
        text = (SITE / name).read_text()
        for path in (str(ROOT), str(Path.home()) + "/", "/tmp/", "site-packages"):
            assert text.find(path) == -1, f"{name} holds {path}"  # not `in`: pytest would compare a megabyte
        for rubbish in ("\x1b[", "WARNING:tensorflow", "it/s]"):
            assert text.find(rubbish) == -1, f"{name} holds {rubbish!r}"


def test_benchmark_page_shows_the_committed_results(page, address):
    results = json.loads((ROOT / "book" / "benchmarks.json").read_text())
    page.goto(f"{address}/book/benchmarks.html")
    text = page.locator("article").inner_text()
    for result in results.values():
        assert result["title"] in text and result["date"] in text
        assert all(row["value"] in text for row in result["rows"])


EMPTY = """() => [...document.querySelectorAll(".cell_output > .output")]
    .filter(e => e.offsetHeight && !e.innerText.trim() && !e.querySelector("img, svg, audio, canvas, input"))
    .map(e => e.outerHTML)"""


@pytest.mark.parametrize("name", CONTENT)
def test_figures_have_the_colours_of_their_page_and_paper_has_nothing_to_press(page, address, name):
    page.goto(f"{address}/{name}")
    captions = page.locator("article figcaption")
    page.emulate_media(media="print")  # before anything is unfolded
    assert captions.locator("visible=true").count() == captions.count(), "a figure without its caption on paper"
    assert page.locator("article :is(button, audio):not(#playground *)").locator("visible=true").count() == 0
    page.emulate_media(media="screen")
    browsing.unfold(page)
    for scheme in browsing.each_scheme(page):
        figures = page.locator('article img[src*="_images/"][src*=".svg"]')
        shown = figures.locator("visible=true")
        asked = [shown.nth(i).get_attribute("src").endswith("#dark") for i in range(shown.count())]
        assert 2 * len(asked) == figures.count() and set(asked) <= {scheme == "dark"}
        assert captions.locator("visible=true").count() == captions.count(), "a figure without its caption"
        assert not page.evaluate(EMPTY), "an output without anything in it, which is a stripe at night"
        if asked:
            corner = Image.open(io.BytesIO(shown.first.screenshot())).convert("RGB").getpixel((2, 2))
            ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
            assert max(abs(a - int(b)) for a, b in zip(corner, re.findall(r"\d+", ground), strict=False)) < 20
