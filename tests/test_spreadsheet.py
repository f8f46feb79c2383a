"""manual.csv goes through a spreadsheet and comes back whole: LibreOffice in three locales, and one made of rules."""

import csv
import io
import re
import shutil
import subprocess

import mutations  # noqa: F401 (names the folder of the next ones)
import pytest
from conftest import cannot_run

# isort: split
from handing_out import about
from tables import MANUAL, check_names, field, number_or_formula, read_manual, table, unmarked, write_manual

NAME = "1_counting"
ANSWERS = {  # by students whose names and words a spreadsheet knows better
    "007": "First line\rsecond line\r\nthird",
    "7": '"Quoted", and "";"" more\n\n\nthe end"',
    "1e5": '=HYPERLINK("http://127.0.0.1/?"&A1)',
    "1.50": "'=1+1",
    "1,234": "-",
    "3-4": "+49 1",
    "5月3日": "@SUM(1;2)",
    "１２": "=1+1\n=2+2",
    "12345678901234567890": "0042",
    "José": "täglich; ein\tTab, ein | und 1,5",
    "张三": "第一行\r\n二",
    "Wahr": "=\u00a0nothing",
    'O\'Brien, "Bob"': "'quoted'",
    "ann": "10:30",
    "bob": "Mixed precision saves on activations.\n" * 1000,
    "c.d": "1.125",
}
COMMENTS = {"007": "0.5", "1,234": "=ja; nein", "José": '"sehr" gut,\nja', "ann": "'-1", "bob": "3e4"}
STUDENTS = sorted([*ANSWERS, "nobody"])
GRADES = [
    (student, NAME, {"points": {**about(NAME)["points"], "why": None}, "texts": {"why": text}})
    for student, text in ANSWERS.items()
]
POINTS = {"007": 0.125, "1,234": 1.5, "7": 0.0}  # what a person gave before; German has 125 and, in part, May


def written(path):
    """manual.csv as the grader writes it when some points and comments have been given. Returns its rows."""
    given = [[s, NAME, "why", "2", str(POINTS.get(s, "")), COMMENTS.get(s, ""), ""] for s in ANSWERS]
    path.write_text(table(MANUAL, given, number_or_formula), encoding="utf-8")
    assert write_manual(path, GRADES, STUDENTS) == len(ANSWERS) - len(POINTS)
    return read_manual(path, STUDENTS)


def give(path, points):
    """What a person types, for ann, who writes numbers as the locale has them."""
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("\nann,1_counting,why,2,,", f'\nann,1_counting,why,2,"{points}",'), encoding="utf-8")


def whole(path, before, capsys):
    """Every row is what it was, but for the points typed since; and the grader has nothing to say."""
    capsys.readouterr()
    rows = read_manual(path, STUDENTS)
    check_names(path, rows, STUDENTS, {(s, NAME, "why"): text for s, text in ANSWERS.items()})
    assert not capsys.readouterr().out
    for was, row in zip(before, rows, strict=True):
        expected = {**was, "points": 1.5} if was["student"] == "ann" else was
        assert {**row, "line": 0} == {**expected, "line": 0}
    once = [row["student"] for row in rows if row["points"] is None]
    assert write_manual(path, GRADES, STUDENTS) == len(once) == len(ANSWERS) - len(POINTS) - 1
    assert [{**row, "line": 0} for row in read_manual(path, STUDENTS)] == [{**row, "line": 0} for row in rows]


# ------------------------------------------------------------------ LibreOffice

SETTINGS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Setup/L10N">
<prop oor:name="ooSetupSystemLocale" oor:op="fuse"><value>{}</value></prop>
</item>
</oor:items>
"""
LOCALES = {"de-DE": "1,5", "en-US": "1.5", "zh-CN": "1.5"}
# what each locale makes of a number, and of what it may take for a date
SIGNS = {"de-DE": ("125", "1/2"), "en-US": ("0.125", r"01/02/\d{4}"), "zh-CN": ("0.125", r"\d{4}/1/2")}
WAYS = {  # how a file is opened and saved: nothing chosen; separators as its dialogue has them; all that can be ticked
    "as it comes": (None, "csv"),
    "three separators": ("CSV:44/59/9,34,76,1,,0,false,false", "csv:Text - txt - csv (StarCalc):44,34,76"),
    "dates recognised": (
        "CSV:44/59/9,34,76,1,,0,false,true",
        "csv:Text - txt - csv (StarCalc):59,34,76,1,,0,true,true,false",
    ),
}


def opened_and_saved(files, profile, locale, way):
    """Let LibreOffice open files and save them as CSV, by somebody who has never used it before."""
    if not shutil.which("soffice"):
        cannot_run("no LibreOffice is installed (Debian: apt-get install libreoffice-calc-nogui)")
    (profile / "user").mkdir(parents=True)
    (profile / "user" / "registrymodifications.xcu").write_text(SETTINGS.format(locale))
    opening, saving = WAYS[way]
    options = [f"-env:UserInstallation={profile.as_uri()}", "--headless", *([f"--infilter={opening}"] * bool(opening))]
    command = ["soffice", *options, "--convert-to", saving, "--outdir", profile / "saved", *files]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300)
    for file in files:
        made = profile / "saved" / file.name
        assert made.is_file(), f"LibreOffice saved nothing: {ended.stdout} {ended.stderr}"
        file.write_bytes(made.read_bytes())


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("locale", LOCALES)
def test_libreoffice_opens_and_saves_and_nothing_changes(tmp_path, capsys, locale, way):
    path, probe = tmp_path / "manual.csv", tmp_path / "probe.csv"
    before = written(path)
    give(path, LOCALES[locale])
    probe.write_text('007,0.125,1/2,"=1+1"\n')
    opened_and_saved([path, probe], tmp_path / "profile", locale, way)
    number, date = SIGNS[locale]
    name, *found = re.split(r"[,;]", probe.read_text().replace('"', "").strip())
    assert (name, found[0], found[2]) == ("7", number, "2"), "LibreOffice leaves alone what would be changed elsewhere"
    assert re.fullmatch(date if way == "dates recognised" else "1/2", found[1]), "the locale makes no difference"
    whole(path, before, capsys)


# ------------------------------------------------------------------ without it


def changed(text):
    """What a spreadsheet makes of a field, by the worst of what they do."""
    plain = text.strip().translate(str.maketrans("１２", "12"))
    if re.fullmatch(r"\s*[=+@-].*", text, re.S):
        return "2"
    if re.fullmatch(r"[\d.,]+(e\d+)?", plain):
        return f"{float(plain.replace(',', '.')):g}".replace(".", ",")
    if re.fullmatch(r"\d+\D\d+\D?", plain):
        return "2026-05-03"
    return plain.upper() if plain.lower() in ("wahr", "true") else text


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("separator", ",;\t")
def test_a_spreadsheet_made_of_rules_changes_nothing(tmp_path, capsys, separator, end):
    path = tmp_path / "manual.csv"
    before = written(path)
    give(path, "1,5")
    cells = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))
    saved = io.StringIO()
    csv.writer(saved, delimiter=separator, lineterminator=end).writerows([map(changed, row) for row in cells])
    path.write_text(saved.getvalue(), encoding="utf-8", newline="")
    assert "007" not in saved.getvalue().replace("'007", "") and "WAHR" in saved.getvalue()
    whole(path, before, capsys)


@pytest.mark.parametrize("text", [*ANSWERS, *ANSWERS.values(), *COMMENTS.values(), "''7", "'", "5 €", "12:30", "٣.٥"])
def test_what_is_marked_is_unmarked_and_cannot_be_changed(text):
    (cell,) = next(csv.reader(io.StringIO(field(text, number_or_formula), newline="")))
    assert unmarked(cell) == re.sub(r"\r\n?", "\n", text) and changed(cell) in (cell, "WAHR")


def test_names_are_left_as_they_are_where_nothing_can_happen():
    names = ["ann", "student-01", "s1234567", "7", "123456", "José", "1_counting", "O'Brien"]
    assert not any(map(number_or_formula, names))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace("'007", "7"), r"line \d+: 7 1_counting why stands in line \d+, too"),
        (lambda text: text.replace('"\'=ja; nein"', "ja,nein"), r"line \d+: 8 columns where 7 are due"),
        (
            lambda text: re.sub("(?m)$", ",", text.replace('"\'=ja; nein"', "ja,nein")),
            r"\d+: 9 columns where 7 are due",
        ),
        (lambda text: text.replace("'0.125", "125"), "points is 125; this question has 0 to 2"),
    ],
)
def test_what_a_spreadsheet_has_changed_is_named(tmp_path, change, said):
    path = tmp_path / "manual.csv"
    written(path)
    text = path.read_text(encoding="utf-8")
    assert change(text) != text
    path.write_text(change(text), encoding="utf-8")
    with pytest.raises(SystemExit, match=said):
        read_manual(path, STUDENTS)


def test_names_in_capitals_are_the_same_student_unless_there_are_two(tmp_path):
    path = tmp_path / "manual.csv"
    written(path)
    path.write_text(path.read_text(encoding="utf-8").replace("Wahr", "WAHR"), encoding="utf-8")
    assert "Wahr" in {row["student"] for row in read_manual(path, STUDENTS)}
    assert "WAHR" in {row["student"] for row in read_manual(path, [*STUDENTS, "wahr"])}
