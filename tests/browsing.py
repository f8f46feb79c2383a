"""What the tests of the built site share: its pages, a server for them, and a Chromium that reaches no other host."""

import functools
import http.server
import threading

import pytest
from conftest import ROOT, cannot_run
from printing import chromium

SITE = ROOT / "_build" / "html"
PAGES = sorted(str(p.relative_to(SITE)) for p in SITE.glob("**/*.html")) if SITE.is_dir() else []
PAGES = [p for p in PAGES if not p.startswith("_static/")]  # there: a theme's templates
CONTENT = [p for p in PAGES if p.startswith(("book/", "notebooks/"))]
# without the first page, which leads on to book/index.html; with a page of results
SHOWN = [p for p in PAGES if p != "index.html"] + ["search.html?q=pruning"] * bool(PAGES)
WIDTHS = {"wide": 1265, "phone": 390}  # 1265: a window of 1280 pixels with a scroll bar
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
]


@pytest.fixture(scope="module")
def address():
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Quiet, directory=str(SITE))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def browser():
    program = chromium()
    if not program:
        cannot_run("no Chromium is installed (Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


def hear(page, complaints):
    """Add to complaints what the page's console shows as an error or a warning, and what its scripts throw."""
    page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))


@pytest.fixture
def fresh_page(browser):
    """fresh_page(**context): an empty page in a context of its own; its complaints fail the test."""
    contexts, complaints = [], []

    def open_page(**context):
        contexts.append(browser.new_context(**context))
        page = contexts[-1].new_page()
        hear(page, complaints)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints, complaints


@pytest.fixture
def opened(browser, address):
    """opened(name, width, scheme, height): a page when it is typeset and the scripts have set what they set.

    Its code has one token of each kind.
    """
    contexts = []

    def open_page(name, width="wide", scheme="light", height=900):
        size = {"width": WIDTHS[width], "height": height}
        contexts.append(browser.new_context(viewport=size, color_scheme=scheme, reduced_motion="reduce"))
        page = contexts[-1].new_page()
        page.goto(f"{address}/{name}", wait_until="networkidle" if "?" in name else "load")
        page.add_style_tag(content="*, ::before, ::after { transition: none !important; animation: none !important }")
        page.evaluate("window.MathJax && MathJax.startup.promise.then(() => null)")
        page.evaluate("document.fonts.ready.then(() => null)")
        settle(page)
        one_of_a_kind(page)
        return page

    yield open_page
    for context in contexts:
        context.close()


def one_of_a_kind(page):
    """Leave of each kind of token in code one, the others as text: three in four of a chapter's elements are tokens.

    A kind: its classes and those of all around it, which is what style sheets tell it by. Nothing can be done with one.
    """
    page.evaluate("""() => {
        const seen = new Set();
        document.querySelectorAll(".highlight pre span").forEach(token => {
            let kind = "";
            for (let each = token; each; each = each.parentElement) kind += each.className + ">";
            if (seen.has(kind)) token.replaceWith(...token.childNodes);
            seen.add(kind);
        });
        document.querySelectorAll(".highlight pre").forEach(box => box.normalize());
    }""")


def settle(page):
    """The theme sets `tabindex` 300 ms after the last change; our script, when the picture is drawn."""
    page.evaluate(
        "new Promise(done => setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(done)), 400))"
    )


def each_scheme(page):
    """Show the page light, then dark, and say which."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function("scheme => document.documentElement.dataset.theme == scheme", arg=scheme)
        yield scheme


def waive_guesses(page):
    """Show what waits for a guess, which is out of reach until then."""
    page.evaluate("document.querySelectorAll('.open-all[aria-pressed=false]').forEach(b => b.click())")


def unfold(page):
    """Open all that is folded: axe and the measurements see only what is shown."""
    waive_guesses(page)
    page.evaluate("""() => {
        document.querySelectorAll("details").forEach(d => d.open = true);
        document.querySelectorAll(".toggle-button[aria-expanded=false]").forEach(b => b.click());
    }""")
    settle(page)
