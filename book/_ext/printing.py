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
from pypdf.generic import ArrayObject, DictionaryObject, FloatObject, NameObject, TextStringObject

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build" / "html"
PAPER = ROOT / "_build" / "pdf"
RELEASE = ROOT / "_build" / "release"
NAME = "big-models-small-experiments"
ON_SCREEN = {"book/guesses"}  # it tells what was answered in this browser: nothing, on paper
MARGINS = {"top": "16mm", "bottom": "18mm", "left": "16mm", "right": "16mm"}
STYLE = "font: 8px sans-serif; width: 100%; margin: 0 16mm; display: flex; justify-content: space-between"
PLACE = '<span class="pageNumber"></span> of <span class="totalPages"></span>'
FOOTER = f'<div style="{STYLE}"><span class="title"></span><span>{PLACE}</span></div>'


def pages():
    """The book's pages that are printed, such as notebooks/01_size, as the table of contents orders them."""
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text())
    listed = [contents["root"], *(entry["file"] for part in contents["parts"] for entry in part["chapters"])]
    return [name for name in listed if name not in ON_SCREEN]


def chromium():
    """Where an installed Chromium is, or None. The shell without windows, which Debian has, opens a page sooner."""
    found = map(shutil.which, ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"))
    return next(filter(None, found), None)


def shows_chinese(browser):
    """Whether an installed font has Chinese. Where none has, every sign is the same empty box."""
    tab = browser.new_page()
    boxes = tab.evaluate("""() => [..."中文"].map(sign => {
        const canvas = document.createElement("canvas"), pen = canvas.getContext("2d");
        pen.font = "40px sans-serif";
        pen.fillText(sign, 20, 60);
        return canvas.toDataURL();
    })""")
    tab.close()
    return boxes[0] != boxes[1]


def print_page(browser, name, to):
    """Print one page of the site. It opens its solutions itself; code that it folds away stays so."""
    tab = browser.new_context(color_scheme="light", reduced_motion="reduce").new_page()
    tab.goto((SITE / f"{name}.html").as_uri())
    tab.evaluate("window.MathJax && MathJax.startup.promise.then(() => null)")
    tab.evaluate("document.fonts.ready.then(() => null)")
    # the first page's title is the book's, twice
    tab.evaluate("document.title = [...new Set(document.title.split(' — '))].join(' — ')")
    # the playground is still counting what its networks read
    tab.wait_for_function(
        "![...document.querySelectorAll('#playground td')].some(cell => cell.innerText.includes('…'))"
    )
    tab.pdf(
        path=to, format="A4", scale=0.8, margin=MARGINS, print_background=True, tagged=True, outline=True,
        display_header_footer=True, header_template="<span></span>", footer_template=FOOTER,
    )  # fmt: skip
    tab.context.close()


def links(pdf):
    """The annotations of all sheets of a PDF, of which the links are most."""
    for sheet in pdf.pages:
        for reference in sheet.get("/Annots") or []:
            yield reference.get_object()


def relink(path, leads_to):
    """Rewrite the links of a PDF that lead to files of this machine.

    leads_to(writer, name of the site's page, id of a place on it or ""): a PDF action as a dictionary, or None to take
    the link away.
    """
    writer = PdfWriter(clone_from=path)
    for link in links(writer):
        address, _, place = str(link.get("/A", {}).get("/URI", "")).partition("#")
        if address.startswith("file:"):
            name = address.removeprefix(SITE.as_uri() + "/").removesuffix(".html")
            del link["/A"]
            if action := leads_to(writer, name, place):
                link[NameObject("/A")] = DictionaryObject(action)
    for sheet in writer.pages:  # what leads nowhere is no link, and readers of PDFs fail on one
        if "/Annots" in sheet:
            kept = [each for each in sheet["/Annots"] if {"/A", "/Dest"} & set(each.get_object())]
            sheet[NameObject("/Annots")] = ArrayObject(kept)
    writer.write(path)


def beside(known):
    """For `relink`: to the PDFs of these pages, which lie in the same folder."""

    def leads_to(writer, name, place):
        if name in known:
            file = TextStringObject(f"{Path(name).name}.pdf")
            return {NameObject("/S"): NameObject("/URI"), NameObject("/URI"): file}

    return leads_to


def inside(places):
    """For `relink`: into the same PDF; {(page's name, id or ""): (number of the sheet, from 0, height on it)}."""

    def leads_to(writer, name, place):
        if found := places.get((name, place), places.get((name, ""))):
            sheet, height = found
            where = [writer.pages[sheet].indirect_reference, NameObject("/XYZ"), *map(FloatObject, (0, height, 0))]
            return {NameObject("/S"): NameObject("/GoTo"), NameObject("/D"): ArrayObject(where)}

    return leads_to


def append(book, file, name, places):
    """Put the PDF of a page at the end of the book, and its places into `places`, as `inside` reads them.

    Its own links were to names, and every chapter has the name what-we-found. They now hold the place itself.
    """
    part, start = PdfReader(file), len(book.pages)
    places[name, ""] = (start, part.pages[0].mediabox.top)
    for id, place in part.named_destinations.items():
        places[name, id.removeprefix("/")] = (start + part.get_destination_page_number(place), place.top)
    for link in links(part):
        if place := part.named_destinations.get(link.get("/Dest")):
            link[NameObject("/Dest")] = place.dest_array
    book.append(part)


def print_all(names):
    """Print these pages of the site, each to a file of its own, and all to one; yields the files."""
    files = {name: PAPER / f"{Path(name).name}.pdf" for name in names}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
        if not shows_chinese(browser):
            sys.exit("The book has Chinese terms, and no font for them is installed (Debian: fonts-noto-cjk).")
        for k, (name, file) in enumerate(files.items(), 1):
            print(f"{k} of {len(files)}: {file.name}", flush=True)
            print_page(browser, name, file)
        browser.close()
    book, places = PdfWriter(), {}
    for name, file in files.items():
        append(book, file, name, places)
        relink(file, beside(names))
        yield file
    book.add_metadata({"/Title": PdfReader(files[names[0]]).metadata.title})
    book.write(PAPER / f"{NAME}.pdf")
    relink(PAPER / f"{NAME}.pdf", inside(places))
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
