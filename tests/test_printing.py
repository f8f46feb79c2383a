"""The PDFs of the release: their links, and what is said where they cannot be printed."""

import printing
import pytest
from conftest import cannot_run
from pypdf import PdfReader, PdfWriter
from pypdf.annotations import Link
from pypdf.generic import DictionaryObject, NameObject, TextStringObject


@pytest.fixture
def printed(tmp_path, monkeypatch):
    """A PDF of three sheets whose first links to two pages of the site, to a file elsewhere and to a web address."""
    monkeypatch.setattr(printing, "SITE", tmp_path / "html")
    writer = PdfWriter()
    for _ in range(3):
        writer.add_blank_page(200, 200)
    site = (tmp_path / "html").as_uri()
    for address in (f"{site}/notebooks/01_size.html", f"{site}/notebooks/02_depth.html#why", f"{site}/search.html",
                    "https://example.org/"):  # fmt: skip
        link = writer.add_annotation(0, Link(rect=(0, 0, 9, 9), url=address))
        link[NameObject("/A")] = DictionaryObject(
            {NameObject("/S"): NameObject("/URI"), NameObject("/URI"): TextStringObject(address)}
        )
    writer.write(tmp_path / "printed.pdf")
    return tmp_path / "printed.pdf"


def actions(path):
    return [annotation.get_object().get("/A") for annotation in PdfReader(path).pages[0]["/Annots"]]


def test_links_of_a_page_lead_to_the_pdfs_beside_it(printed):
    printing.relink(printed, printing.beside(["notebooks/01_size", "notebooks/02_depth"]))
    assert [action["/URI"] for action in actions(printed)] == ["01_size.pdf", "02_depth.pdf", "https://example.org/"]
    assert b"file:" not in printed.read_bytes()


def test_links_of_the_book_lead_to_its_own_sheets(printed):
    places = {("notebooks/01_size", ""): (1, 200), ("notebooks/02_depth", ""): (0, 200)}
    printing.relink(printed, printing.inside(places | {("notebooks/02_depth", "why"): (2, 90)}))
    first, second, web = actions(printed)
    sheets = [sheet.indirect_reference.idnum for sheet in PdfReader(printed).pages]
    assert [list.__getitem__(action["/D"], 0).idnum for action in (first, second)] == sheets[1:]
    assert (first["/D"][3], second["/D"][3]) == (200, 90)
    assert web["/URI"] == "https://example.org/"


def test_a_name_that_every_chapter_has_leads_to_the_chapters_own(tmp_path):
    book, places = PdfWriter(), {}
    for chapter in ("one", "two"):
        writer = PdfWriter()
        for _ in range(2):
            writer.add_blank_page(200, 200)
        writer.add_named_destination("/what-we-found", 1)
        link = writer.add_annotation(0, Link(rect=(0, 0, 9, 9), target_page_index=0))
        link[NameObject("/Dest")] = NameObject("/what-we-found")
        writer.write(tmp_path / f"{chapter}.pdf")
        printing.append(book, tmp_path / f"{chapter}.pdf", chapter, places)
    book.write(tmp_path / "book.pdf")
    sheets = PdfReader(tmp_path / "book.pdf").pages
    ids = [sheet.indirect_reference.idnum for sheet in sheets]
    leads_to = [ids.index(list.__getitem__(sheets[k]["/Annots"][0].get_object()["/Dest"], 0).idnum) for k in (0, 2)]
    assert leads_to == [1, 3]
    assert {key: sheet for key, (sheet, _) in places.items()} == {
        ("one", ""): 0, ("one", "what-we-found"): 1, ("two", ""): 2, ("two", "what-we-found"): 3,
    }  # fmt: skip


def test_the_release_follows_the_table_of_contents():
    pages = printing.pages()
    assert pages[0] == "book/index" and len(pages) == len(set(pages))
    assert all(
        (printing.ROOT / f"{page}.md").is_file() or (printing.ROOT / f"{page}.ipynb").is_file() for page in pages
    )


def test_what_is_missing_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(printing, "SITE", tmp_path)
    with pytest.raises(SystemExit, match=r"book/index.*Run make book first"):
        printing.main()
    monkeypatch.setattr(printing, "pages", lambda: [])
    monkeypatch.setattr(printing, "chromium", lambda: None)
    with pytest.raises(SystemExit, match="none is installed"):
        printing.main()


def test_a_font_for_chinese_is_asked_for(monkeypatch):
    if printing.chromium() is None:
        cannot_run("no Chromium is installed (Debian: apt-get install chromium)")
    monkeypatch.setattr(printing, "shows_chinese", lambda browser: False)
    with pytest.raises(SystemExit, match="no font for them"):
        list(printing.print_all([]))
