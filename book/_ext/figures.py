"""Figures in the colours of the page: each SVG holds both, and the page asks for the dark ones with `#dark`.

And the scripts of the figures that move (`utils.moving`), on the pages that have one.

Matplotlib writes colours into every element. A style sheet that is added to the file overrules those of paper and ink
when it is addressed as `figure.svg#dark`. A reader that knows nothing of this sees the light figure.
"""

import re
from pathlib import Path

# What is drawn in these (utils/plots.py) changes with the page; every other colour is read on both grounds
DARK = {
    "#fdfdfd": "#14181e",  # the paper: the theme's own
    "#000000": "#e8e8e8",  # the ink
    "#333333": "#d0d0d0",
    "#555555": "#b4b4b4",
    "#6e3b00": "#e6b800",  # brown, the one colour of the palette that is lost on a dark page
}
RULES = "".join(
    f'#dark:target [style*="{what}: {light}"]{{{what}:{dark}!important}}'
    for light, dark in DARK.items()
    for what in ("fill", "stroke")
)
MOVING = re.compile(r'<div class="moving" data-figure="(\w+)"')
IMAGE = re.compile(r'<img ((?:[^>]*? )?)src="([^"]*_images/[^"]+\.svg)"([^>]*?)/?>')


def with_both(svg):
    """An SVG as Matplotlib writes it, with a dark form at `#dark`. One that has it already is returned as it came."""
    if 'id="dark"' in svg:
        return svg
    # what has no colour of its own, text above all, is drawn in ink
    ink = f"#dark:target{{fill:{DARK['#000000']}}}"
    return re.sub(r"<svg\b([^>]*)>", rf'<svg id="dark"\1><style>{ink}{RULES}</style>', svg, count=1)


def for_both(html):
    """Each figure of a page's HTML becomes two, of which the theme shows the one that fits."""

    def two(image):
        before, source, after = image.groups()
        rest = f"{before}{after}".strip()
        own = re.search(r'class="([^"]*)"', rest)
        rest, classes = (rest.replace(own[0], ""), f"{own[1]} ") if own else (rest, "")
        light = f'<img class="{classes}only-light" src="{source}" {rest} />'
        return f'{light}<img class="{classes}only-dark" src="{source}#dark" loading="lazy" {rest} />'

    return IMAGE.sub(two, html)


def on_page(app, pagename, templatename, context, doctree):
    """Show the figures of a page in the colours of its theme."""
    if "body" in context:
        context["body"] = for_both(context["body"])


def scripts(app, pagename, templatename, context, doctree):
    """Give a page the scripts of the figures on it that move."""
    if names := dict.fromkeys(MOVING.findall(context.get("body", ""))):
        app.add_css_file("moving/moving.css")
        for name in ("moving", *names):
            app.add_js_file(f"moving/{name}.js")


def in_files(app, fault):
    """Give the figures of the built site their dark form."""
    if fault or app.builder.format != "html":
        return
    for path in (Path(app.outdir) / "_images").glob("*.svg"):
        svg = path.read_text(encoding="utf-8")
        if (both := with_both(svg)) != svg:
            path.write_text(both, encoding="utf-8")
