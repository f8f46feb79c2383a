"""Every page by axe-core and by keyboard: WCAG 2.0 to 2.2, levels A and AA, light and dark, wide and on a phone."""

import base64
import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

import browsing
import pytest
from browsing import SHOWN, WIDTHS, settle, unfold
from conftest import ROOT, cannot_run

pytestmark = pytest.mark.site
address, browser, opened = browsing.address, browsing.browser, browsing.opened

# MPL-2.0: fetched for these tests alone, never part of the site
AXE = "axe-core@4.14.1"
AXE_SHA512 = "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
TALL = 2400  # axe cannot tell what is scrolled away: with this the sidebar is shown whole
# what looks otherwise before it is opened; the rest of a folded page is there when it is unfolded
FOLDS = "summary, .toggle-button, .prediction, .waits-here, .open-all"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]


@pytest.fixture(scope="module")
def axe():
    """axe-core's script, fetched once through npm; its hash tells that it is the version that was pinned."""
    name = AXE.replace("@", "-") + ".tgz"
    file = ROOT / ".cache" / name
    if not file.is_file():
        if not shutil.which("npm"):
            cannot_run(f"npm is not installed, so {AXE} cannot be fetched (Debian: apt-get install npm)")
        file.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=file.parent) as folder:  # another worker may fetch it, too
            ended = subprocess.run(["npm", "pack", "--loglevel=error", AXE], cwd=folder, capture_output=True, text=True)
            if ended.returncode:
                cannot_run(f"npm could not fetch {AXE}: {ended.stderr.strip()}")
            os.replace(Path(folder, name), file)
    digest = base64.b64encode(hashlib.sha512(file.read_bytes()).digest()).decode()
    assert digest == AXE_SHA512, f"{file} is not the pinned {AXE}: remove it"
    with tarfile.open(file) as package:
        return package.extractfile("package/axe.min.js").read().decode()


def faults(page, axe, part="html"):
    """What axe finds wrong in a part of a page, or in several, or cannot tell, a line each."""
    if not page.evaluate("'axe' in window"):
        page.add_script_tag(content=axe)
    options = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations", "incomplete"]}
    found = page.evaluate("([part, options]) => axe.run(part, options)", [part, options])
    # axe runs this rule only when asked to; without it a part of WCAG 2.2 would be left out
    assert "target-size" in {rule["id"] for kind in ("passes", "violations", "incomplete") for rule in found[kind]}
    return [
        f"{rule['id']}: {' '.join(map(str, node['target']))}: {node.get('failureSummary')}"
        for kind in ("violations", "incomplete")
        for rule in found[kind]
        for node in rule["nodes"]
        # on what ground letters in a picture stand, axe cannot tell: tests/test_moving.py can
        if (kind, rule["id"], node["html"][:5]) != ("incomplete", "color-contrast", "<text")
    ]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", SHOWN)
def test_axe_finds_nothing(opened, axe, name, width):
    page = opened(name, width, height=TALL)
    # wide tables and code may scroll in their own boxes; the page may not
    assert page.evaluate("document.documentElement.scrollWidth") <= WIDTHS[width] + 1
    folds = page.locator(FOLDS).locator("visible=true").count()
    found = [f"folded: {fault}" for fault in faults(page, axe, FOLDS)] if folds and width == "wide" else []
    unfold(page)
    for scheme in browsing.each_scheme(page):
        found += [f"{scheme}: {fault}" for fault in faults(page, axe)]
    assert not found, "\n".join(found)


OPENERS = [  # the width, the button, and what it opens
    ("phone", ".bd-header-article .primary-toggle", ".bd-sidebar-primary"),
    ("phone", ".bd-header-article .secondary-toggle", ".bd-sidebar-secondary"),
    ("phone", ".bd-header-article .search-button", ".search-button__search-container"),
    ("wide", ".bd-sidebar-primary .search-button-field", ".search-button__search-container"),
    ("wide", ".dropdown-download-buttons button.dropdown-toggle", ".dropdown-download-buttons .dropdown-menu"),
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width, button, part", OPENERS)
def test_axe_finds_nothing_in_what_a_button_opens_and_escape_closes_it(opened, axe, width, button, part, scheme):
    page = opened("notebooks/01_size.html", width, scheme, height=TALL)
    assert not page.locator(part).is_visible()
    page.locator(button).focus()
    page.keyboard.press("Enter")
    page.locator(part).wait_for(state="visible")
    settle(page)
    assert not faults(page, axe, part)
    page.keyboard.press("Escape")
    page.locator(part).wait_for(state="hidden")


PLANTED = {
    "image-alt": "<img src='../_static/favicon.svg'>",
    "color-contrast": "<p style='color: #999; background: #fff'>grey on white</p>",
    "button-name": "<button></button>",
    "link-name": "<a href='index.html'></a>",
    "label": "<input>",
    "label-content-name-mismatch": "<button aria-label='Toggle hidden content'>Show the code</button>",
    "target-size": "<div>" + "<button style='all: unset; width: 9px; height: 9px'>a</button>" * 2 + "</div>",
    "scrollable-region-focusable": "<div style='width: 9em; overflow: auto; white-space: pre'>"
    + "wide " * 30
    + "</div>",
}


@pytest.mark.parametrize("rule", PLANTED)
def test_axe_finds_a_planted_fault(opened, axe, rule):
    page = opened("book/faq.html", height=TALL)
    page.evaluate("fault => document.querySelector('article').insertAdjacentHTML('beforeend', fault)", PLANTED[rule])
    assert rule in {fault.split(":")[0] for fault in faults(page, axe)}


def test_axe_finds_a_token_of_code_that_cannot_be_read(opened, axe):
    page = opened("book/faq.html", height=TALL)
    page.add_style_tag(content=".highlight .kn { color: #ccc !important }")
    assert "color-contrast" in {fault.split(":")[0] for fault in faults(page, axe)}


# What a book shows only when a claim did not hold
BROKEN = """
<div class="claim broken" id="claim-a"><span class="claim-sentence">It holds.</span>
<span class="claim-value"><strong class="claim-broken">did not hold here</strong> 3 % (bound: at least 5 %)</span></div>
<div class="claim measured"><span class="claim-sentence">It took long.</span> <span class="claim-value">3 s</span></div>
<p class="broken"><strong>What this paragraph says did not hold here.</strong> A <a href="#claim-a">link</a>.</p>
<table class="table"><tbody><tr><td>one</td></tr>
<tr><td><p class="broken"><strong>It did not hold here.</strong> A <a href="#claim-a">link</a>.</p></td></tr>
<tr><td class="broken"><strong>It did not hold here.</strong> A <a href="#claim-a">link</a>.</td></tr></tbody></table>
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_where_claims_are_broken(opened, axe, scheme):
    page = opened("book/faq.html", scheme=scheme, height=TALL)
    page.evaluate("html => document.querySelector('article').insertAdjacentHTML('beforeend', html)", BROKEN)
    assert not faults(page, axe)
