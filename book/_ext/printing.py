"""What a release holds: the built site, a PDF of each page and one of the book, printed by an installed Chromium.

python printing.py   writes _build/pdf and _build/release/big-models-small-experiments.zip
"""

import shutil
import sys
import zipfile
from pathlib import Path

import yaml
from playwright.sync_api import sync_playwright
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, TextStringObject

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build" / "html"
PAPER = ROOT / "_build" / "pdf"
RELEASE = ROOT / "_build" / "release"
NAME = "big-models-small-experiments"
MARGINS = {"top": "16mm", "bottom": "18mm", "left": "16mm", "right": "16mm"}
STYLE = "font: 8px sans-serif; width: 100%; margin: 0 16mm; display: flex; justify-content: space-between"
PLACE = '<span class="pageNumber"></span> of <span class="totalPages"></span>'
FOOTER = f'<div style="{STYLE}"><span class="title"></span><span>{PLACE}</span></div>'


def pages():
    """The book's pages, such as notebooks/01_size, as the table of contents orders them."""
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text())
    return [contents["root"], *(entry["file"] for part in contents["parts"] for entry in part["chapters"])]


def chromium():
    """Where an installed Chromium is, or None."""
    found = map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))
    return next(filter(None, found), None)


def print_page(browser, name, to):
    """Print one page of the site. Solutions are opened; code that the page folds away stays so."""
    tab = browser.new_context(color_scheme="light", reduced_motion="reduce").new_page()
    tab.goto((SITE / f"{name}.html").as_uri())
    tab.evaluate("window.MathJax && MathJax.startup.promise.then(() => null)")
    tab.evaluate("document.fonts.ready.then(() => null)")
    tab.evaluate("document.querySelectorAll('details.sd-dropdown').forEach(solution => solution.open = true)")
    tab.pdf(
        path=to, format="A4", scale=0.8, margin=MARGINS, print_background=True, tagged=True, outline=True,
        display_header_footer=True, header_template="<span></span>", footer_template=FOOTER,
    )  # fmt: skip
    tab.context.close()


def relink(path, leads_to):
    """Rewrite the links of a PDF that lead to files of this machine.

    leads_to(writer, name of the site's page): a PDF action as a dictionary, or None to take the link away.
    """
    writer = PdfWriter(clone_from=path)
    for sheet in writer.pages:
        for reference in sheet.get("/Annots") or []:
            link = reference.get_object()
            address = str(link.get("/A", {}).get("/URI", ""))
            if address.startswith("file:"):
                name = address.split("#")[0].removeprefix(SITE.as_uri() + "/").removesuffix(".html")
                action = leads_to(writer, name)
                if action is None:
                    del link["/A"]
                else:
                    link[NameObject("/A")] = DictionaryObject(action)
    writer.write(path)


def beside(known):
    """For `relink`: to the PDFs of these pages, which lie in the same folder."""

    def leads_to(_, name):
        if name in known:
            file = TextStringObject(f"{Path(name).name}.pdf")
            return {NameObject("/S"): NameObject("/URI"), NameObject("/URI"): file}

    return leads_to


def inside(starts):
    """For `relink`: to the sheet of the same PDF on which a page starts; {page's name: number of the sheet, from 0}."""

    def leads_to(writer, name):
        if name in starts:
            place = ArrayObject([writer.pages[starts[name]].indirect_reference, NameObject("/Fit")])
            return {NameObject("/S"): NameObject("/GoTo"), NameObject("/D"): place}

    return leads_to


def print_all(names):
    """Print these pages of the site, each to a file of its own, and all to one; yields the files."""
    files = {name: PAPER / f"{Path(name).name}.pdf" for name in names}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
        for k, (name, file) in enumerate(files.items(), 1):
            print(f"{k} of {len(files)}: {file.name}", flush=True)
            print_page(browser, name, file)
        browser.close()
    book, starts = PdfWriter(), {}
    for name, file in files.items():
        starts[name] = len(book.pages)
        book.append(PdfReader(file))
        relink(file, beside(names))
        yield file
    book.write(PAPER / f"{NAME}.pdf")
    relink(PAPER / f"{NAME}.pdf", inside(starts))
    yield PAPER / f"{NAME}.pdf"


def main():
    names = pages()
    missing = [name for name in names if not (SITE / f"{name}.html").is_file()]
    if missing:
        sys.exit(f"The site has no page {', '.join(missing)}. Run make book first.")
    if chromium() is None:
        sys.exit("The release holds PDFs, which Chromium prints, and none is installed (Debian: apt install chromium).")
    for folder in (PAPER, RELEASE):
        folder.mkdir(parents=True, exist_ok=True)
    made = RELEASE / f"{NAME}.zip"
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in print_all(names):
            archive.write(file, f"pdf/{file.name}")
        for file in sorted(path for path in SITE.rglob("*") if path.is_file()):
            archive.write(file, Path("html", file.relative_to(SITE)))
    print(f"The site and its PDFs: {made}")


if __name__ == "__main__":
    main()
