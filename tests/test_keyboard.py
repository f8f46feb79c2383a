"""Every page by keyboard, and code that is read without scrolling sideways."""

import io
import time

import browsing
import numpy as np
import PIL.Image
import pytest
from browsing import CONTENT, SHOWN, WIDTHS, unfold

pytestmark = pytest.mark.site
address, browser, opened = browsing.address, browsing.browser, browsing.opened
CHAPTERS = [p for p in CONTENT if p.startswith("notebooks/")]

# window.stops: whatever a mouse can use; window.here(): the stop that has the focus, and whether that can be seen
STOPS = """() => {
    const shown = e => e.checkVisibility({visibilityProperty: true}) && e.getClientRects().length > 0;
    const scrolls = e => e.scrollWidth > e.clientWidth && /auto|scroll/.test(getComputedStyle(e).overflowX);
    const usable = "a[href], button, input, select, textarea, summary, audio, video, [onclick], [tabindex='0']";
    window.stops = [...document.querySelectorAll(usable)].filter(e => shown(e) && !e.disabled);
    window.boxes = [...document.querySelectorAll("article *")].filter(e => shown(e) && scrolls(e));
    const ring = (e, part) => {
        const style = getComputedStyle(e, part);
        return style.outlineStyle != "none" && parseFloat(style.outlineWidth) >= 2;
    };
    window.here = () => {
        const e = document.activeElement;
        if (!e || e == document.body || e == document.documentElement) return null;
        const middle = (from, to, end) => (Math.max(from, 0) + Math.min(to, end)) / 2;
        const inSight = [...e.getClientRects()].some(r => {
            const x = middle(r.left, r.right, innerWidth), y = middle(r.top, r.bottom, innerHeight);
            const at = document.elementFromPoint(x, y);
            return at && (e.contains(at) || at.contains(e));
        });
        const b = e.getBoundingClientRect();
        return {
            stop: stops.indexOf(e), what: e.outerHTML.slice(0, 200), kind: e.tagName + "." + e.className, inSight,
            ring: [null, "::before", "::after"].some(part => ring(e, part)),
            place: [Math.max(b.left - 5, 0), Math.max(b.top - 5, 0), Math.min(b.right + 5, innerWidth),
                    Math.min(b.bottom + 5, innerHeight)],
        };
    };
    return stops.length;
}"""
SAME = 20  # a sound's controls are several stops within one element


def walk(page):
    """Tab through the page from its top, and yield each stop, as `here()` gives it; AssertionError in a trap."""
    count, first, last, same = page.evaluate(STOPS), None, None, 0
    for _ in range(3 * count + SAME):
        page.keyboard.press("Tab")
        here = page.evaluate("here()")
        if here is None or (last and here["stop"] == first != last["stop"]):
            return
        first = here["stop"] if last is None else first
        same = same + 1 if last and (here["stop"], here["what"]) == (last["stop"], last["what"]) else 0
        assert same < SAME, f"Tab does not leave {here['what']}"
        if not same:
            yield here
        last = here
    raise AssertionError(f"Tab comes to no end; last it was at {last['what']}")


@pytest.mark.parametrize("width, scheme", [("wide", "light"), ("phone", "dark")])
@pytest.mark.parametrize("name", SHOWN)
def test_all_is_reached_seen_opened_and_scrolled_by_keyboard(opened, name, width, scheme):
    page = opened(name, width, scheme)
    unfold(page)
    check_keyboard(page)
    scroll_boxes(page)
    if width == "wide" and name in CHAPTERS:
        close_and_open(page)


def check_keyboard(page):
    seen = list(walk(page))
    missed = sorted(set(range(page.evaluate("stops.length"))) - {here["stop"] for here in seen})
    # Tab comes to one radio button of a group, the arrow keys to the others
    reached = [here["stop"] for here in seen]
    missed = page.evaluate(
        """([missed, reached]) => missed.map(i => stops[i]).filter(e => e.type !== "radio" ||
            !reached.some(k => stops[k].type === "radio" && stops[k].name === e.name))
            .map(e => e.outerHTML.slice(0, 200))""",
        [missed, reached],
    )
    assert not missed, f"missed by Tab: {missed}"
    for sign in ("ring", "inSight"):
        without = [here["what"] for here in seen if not here[sign]]
        assert not without, f"focus without {sign}: {without}"


def scroll_boxes(page):
    """By the arrow keys, each box that scrolls sideways; then leave it."""
    for i in range(page.evaluate("boxes.length")):
        inner = "boxes[i].querySelector('[tabindex], a')"  # a formula that is too wide, say
        page.evaluate(f"i => (boxes[i].matches('[tabindex]') ? boxes[i] : {inner}).focus()", i)
        ends = time.monotonic() + 100
        while not page.evaluate("i => boxes[i].scrollLeft > 0", i):
            what = page.evaluate("i => boxes[i].outerHTML.slice(0, 200)", i)
            assert time.monotonic() < ends, f"not scrolled by a key: {what}"
            page.keyboard.press("ArrowRight")
            page.wait_for_timeout(50)
        page.keyboard.press("Tab")
        assert not page.evaluate("i => boxes[i] == document.activeElement", i)


def close_and_open(page):
    """Each folded part, by a key, and leave it when it is open."""
    folded = page.locator("article :is(summary, .toggle-button)")
    is_open = "e => e.tagName == 'SUMMARY' ? e.parentElement.open : e.getAttribute('aria-expanded') == 'true'"
    for part in folded.all():
        part.focus()
        assert part.evaluate(is_open)
        page.keyboard.press("Enter")
        assert not part.evaluate(is_open)
        page.keyboard.press("Enter")
        assert part.evaluate(is_open)
        page.keyboard.press("Tab")
        assert not part.evaluate("e => e == document.activeElement")
        page.keyboard.press("Shift+Tab")
        assert part.evaluate("e => e == document.activeElement")
    assert folded.count() >= 3  # the exercises' solutions


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["book/index.html", "book/claims.html", "notebooks/15_speech.html", "search.html"])
def test_the_focus_changes_the_picture(opened, name, scheme):
    """Around one stop of each kind: as many points as a line around it has change by a contrast of 3."""
    page = opened(name, scheme=scheme)
    unfold(page)
    kinds = set()
    for here in walk(page):
        if here["kind"] in kinds:
            continue
        kinds.add(here["kind"])
        x, y, right, bottom = here["place"]
        clip = {"x": x, "y": y, "width": right - x, "height": bottom - y}
        focused = brightness(page.screenshot(clip=clip))
        page.evaluate("() => { window.left = document.activeElement; left.blur(); }")
        plain = brightness(page.screenshot(clip=clip))
        page.evaluate("left.focus()")
        contrast = (np.maximum(focused, plain) + 0.05) / (np.minimum(focused, plain) + 0.05)
        around = 2 * (clip["width"] - 10 + clip["height"] - 10)  # the clip reaches 5 further on each side
        assert (contrast >= 3).sum() >= around, here["what"]
    assert len(kinds) > 5


def brightness(png):
    """Relative luminance of each point, as WCAG defines it."""
    rgb = np.asarray(PIL.Image.open(io.BytesIO(png)).convert("RGB")) / 255
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]


KEYBOARD_FAULTS = {
    "Tab does not leave": "document.querySelector('article p a').addEventListener('keydown', e => e.preventDefault())",
    "missed by Tab": "document.querySelector('article p a').tabIndex = -1",
    "without ring": "document.querySelector('article p a').style.setProperty('outline', 'none', 'important')",
    "without inSight": "document.querySelector('article p a').style.setProperty('margin-left', '-5000px')",
}


@pytest.mark.parametrize("fault", KEYBOARD_FAULTS)
def test_a_planted_fault_of_the_keyboard_is_found(opened, fault):
    page = opened("book/faq.html")
    page.evaluate(KEYBOARD_FAULTS[fault])
    with pytest.raises(AssertionError, match=fault):
        check_keyboard(page)


# ------------------------------------------------------------------ code

COLUMNS, WIDEST = 88, 0.62  # of the theme's fonts for code the widest has signs of 0.62 em


@pytest.mark.parametrize("name", CONTENT)
def test_code_is_read_without_scrolling_sideways(browser, address, name):
    """In a window of 1280 pixels, beside both sidebars: what is there, and what a full line would take elsewhere."""
    size = {"width": WIDTHS["wide"], "height": 900}
    context = browser.new_context(viewport=size, java_script_enabled=False)  # nothing here depends on it
    page = context.new_page()
    page.goto(f"{address}/{name}", wait_until="load")
    boxes = page.evaluate("""() => {
        document.querySelectorAll("details").forEach(d => d.open = true);
        const px = (e, name) => parseFloat(getComputedStyle(e)[name]);
        const all = [...document.querySelectorAll("article div.highlight pre")];
        return all.filter(e => !e.closest(".cell_output")).map(e => ({
            code: e.innerText, scrolls: e.scrollWidth > e.clientWidth,
            columns: (e.clientWidth - px(e, "paddingLeft") - px(e, "paddingRight")) / px(e, "fontSize"),
        }));
    }""")
    context.close()
    wide = [max(box["code"].splitlines(), key=len) for box in boxes if box["scrolls"]]
    assert not wide, "code of more than 88 columns:\n" + "\n".join(wide)
    assert all(box["columns"] >= COLUMNS * WIDEST for box in boxes)
