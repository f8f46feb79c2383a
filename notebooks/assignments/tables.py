"""The two tables of a class: grades.csv, and manual.csv, which a person fills in with a spreadsheet.

Spreadsheets save in many ways. What can be read is; else the file, the line and the way out are named.
"""

import csv
import io
import math
import re
import sys
import unicodedata

from handing_out import NAMES, about, write

GRADES = ["student", "assignment", "score", "max_score", "status", "questions", "message"]
MANUAL = ["student", "assignment", "question", "max", "points", "comment", "answer"]
LONGEST = 30_000  # characters of an answer in manual.csv; a spreadsheet's cell holds not many more
FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|\t")  # what a spreadsheet takes for one
WHOLE = re.compile("0|[1-9][0-9]{0,5}")  # a number that every spreadsheet writes back as it was
BARE = re.compile(r'[^,;|\t\n"]*')  # what is one field without quotation marks, whichever sign separates fields
SAVE = "save it as CSV in UTF-8 (Excel: 'CSV UTF-8'; LibreOffice: 'Edit filter settings', then 'Unicode (UTF-8)')"

csv.field_size_limit(10**9)


def say(line):
    print(line, flush=True)


# ------------------------------------------------------------------ manual.csv, as it comes back


def read_manual(path, students):
    """The rows of manual.csv as dicts, with line, and points as a number or None."""
    rows, first = [], {}
    for row in rows_of(path):
        where, name, id = f"{path}, line {row['line']}", row["assignment"], row["question"]
        row["student"] = folder(row["student"], students)
        rows.append(row)
        before = first.setdefault((who := (row["student"], name, id)), row)
        if before is not row and (before["points"] is not None or row["points"]):  # whose are they?
            sys.exit(
                f"{where}: {' '.join(who)} stands in line {before['line']}, too, with points in one of them. Mend the "
                "name if a spreadsheet has changed it, 007 to 7 for instance; else keep one of the two"
            )
        if not row["points"] and not row["short"]:
            row["points"] = None
            continue
        if name not in NAMES:
            sys.exit(f"{where}: assignment is {name!r}; the assignments are {', '.join(NAMES)}")
        if id not in about(name)["manual"]:
            sys.exit(f"{where}: question is {id!r}; a person marks {', '.join(about(name)['manual'])} of {name}")
        most, given = about(name)["points"][id], row["points"]
        if row["short"] and number(row["max"]) != most:
            sys.exit(f"{where}: max is {row['max']!r} where {most:g} is due; put the columns back in their places")
        row["points"] = number(given) if given else None
        if given and not 0 <= row["points"] <= most:
            sys.exit(
                f"{where}: points is {given}; this question has 0 to {most:g}. Give a number or leave it empty (a "
                "spreadsheet may have made a date of it: let the column be text)"
            )
    return rows


def number(text):
    try:
        return float(unicodedata.normalize("NFKC", text).replace(",", "."))
    except ValueError:
        return math.nan


def folder(text, students):
    """A student's folder by what stands in the table; accents may be stored in two ways, and True become TRUE."""
    same = [name for name in students if alike(name) == alike(text)]
    return same[0] if len(same) == 1 and text not in students else text


def alike(name):
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name.strip()).casefold())


def check_names(path, rows, students, texts):
    """No points for somebody whose answer is another's. `texts` are the answers, {(student, assignment, question)}."""
    for row in rows:
        student, *question = (row[column] for column in MANUAL[:3])
        if row["points"] is None:
            continue
        where, alike = f"{path}, line {row['line']}", [s for s in students if s.lstrip("0") == student.lstrip("0")]
        if student not in students:
            guess = f"; is it {' or '.join(alike)}, changed by a spreadsheet?" if alike else ""
            say(f"{where}: there is no folder {student}; its points are kept until there is one{guess}")
            continue
        beside, now = letters(row["answer"]), texts.get((student, *question), "")
        if not beside or beside == letters(shown(now)):
            continue
        others = [who[0] for who, text in texts.items() if [*who[1:]] == question and letters(shown(text)) == beside]
        if others:
            sys.exit(
                f"{where}: the points are for {student}, but the answer beside them is by {' or '.join(others)}. Mend "
                "the name (a spreadsheet may have changed it, 007 to 7 for instance: let the column be text), or empty "
                "the field answer"
            )
        say(f"{where}: {student} has handed in another answer since; the points stay, so look at it again")


def letters(text):
    """What no spreadsheet changes in a text."""
    return "".join(re.findall("[a-z0-9]", text.lower()))


def rows_of(path):
    """The rows as dicts of text, with the line where each begins and whether columns are missing."""
    text = decoded(path) if path.exists() else ""
    first = re.split(r"[\r\n]", text, maxsplit=1)[0]
    start = 1
    if first.lower().startswith("sep="):  # Excel's own way to say it
        text, start = text[len(first) :].lstrip("\r\n"), 2
        first = re.split(r"[\r\n]", text, maxsplit=1)[0]
    separator = max(",;\t", key=first.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    columns, found = None, []
    while True:
        line = lines.line_num + start
        try:
            cells = next(lines, None)
        except csv.Error as error:
            sys.exit(f'{path}, line {line}: {error}. In a text between two " each further " is written twice; {SAVE}')
        if cells is None:
            return found
        cells = [unmarked(cell).strip() for cell in cells]
        if columns is None and any(cells):
            while not cells[-1]:  # a column without a name is none
                cells.pop()
            columns = [cell.lower() for cell in cells]
            if missing := [column for column in MANUAL if column not in columns]:
                sys.exit(f"{path}, line {line}: no column {', '.join(missing)}, separated by commas; {SAVE}")
        elif any(cells):
            if any(cells[len(columns) :]):
                due = f"{len(cells)} columns where {len(columns)} are due"
                sys.exit(f'{path}, line {line}: {due}; a text with a comma, a semicolon or a tab stands between two "')
            row = dict(zip(columns, cells + [""] * len(columns), strict=False))
            found.append({**{c: row[c] for c in MANUAL}, "line": line, "short": len(cells) < len(columns)})


def decoded(path):
    """The text of a file in UTF-8, or in the UTF-16 that spreadsheets call Unicode."""
    content = path.read_bytes()
    utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content[:20]
    try:
        return content.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n")
        text = content.splitlines()[line][:60].decode("ascii", "replace")
        sys.exit(f"{path}, line {line + 1} is not UTF-8: {text}; {SAVE}")


# ------------------------------------------------------------------ both, as they are written


def write_grades(path, grades):
    """grades: [(student, assignment, result)]."""
    rows = []
    for student, name, result in grades:
        worth, points = about(name)["points"], result["points"]
        each = " ".join(f"{id}={'?' if points[id] is None else f'{points[id]:g}'}/{worth[id]:g}" for id in worth)
        rows.append([student, name, total(points), total(worth), result["status"], each, result["message"]])
    write(path, table(GRADES, rows, formula))  # programs read it, too: 007 stays 007


def write_manual(path, grades, students):
    """What waits for a person, and what one has filled in. Returns how many wait."""
    rows = read_manual(path, students)  # anew: a person may have gone on marking meanwhile
    typed = {tuple(row[column] for column in MANUAL[:3]): row for row in rows if row["points"] is not None}
    typed = {tuple(row[column] for column in MANUAL[:3]): row for row in rows if row["comment"]} | typed
    listed, waiting = [], 0
    for student, name, result in grades:
        for id, text in result["texts"].items():
            given = typed.pop((student, name, id), {"points": None, "comment": ""})
            if given["points"] is not None or result["points"][id] is None:
                points = exact(given["points"])
                waiting += not points
                worth = about(name)["points"][id]
                listed.append([student, name, id, f"{worth:g}", points, given["comment"], shown(text)])
    for row in typed.values():  # of somebody whose folder is away just now
        listed.append([*(row[column] for column in MANUAL[:4]), exact(row["points"]), row["comment"], row["answer"]])
    if listed:
        write(path, table(MANUAL, listed, number_or_formula))
    return waiting


def shown(text):
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ... (the rest is on the student's page)"


def exact(points):
    return "" if points is None else f"{points:.15g}"


def total(points):
    return f"{sum(filter(None, points.values())):g}"


def table(head, rows, takes):
    """The text of a table; `takes` says of which fields a spreadsheet would make something else."""
    return "".join(",".join(field(cell, takes) for cell in row) + "\n" for row in [head, *rows])


def field(text, takes):
    """Text that every reader of CSV takes for one field, and every spreadsheet for text."""
    text = line_ends(text.replace("\0", ""))
    text = "'" + text if takes(text) else text
    return text if BARE.fullmatch(text) else '"' + text.replace('"', '""') + '"'


def unmarked(text):
    text = line_ends(text)
    return text[1:] if text.startswith("'") and number_or_formula(text) else text


def line_ends(text):
    return re.sub(r"\r\n?", "\n", text)


def formula(text):
    return bool(FORMULA.match(text.lstrip("'")))  # after any number of marks against it


def number_or_formula(text):
    """Whether it has digits and no letters but an e or those of a date like 5月3日, and is no small whole number."""
    sign = text.lstrip("'").strip()
    letters = (c for c in sign if c not in "eE" and c.lower() != c.upper())
    number = re.search(r"\d", sign) and not WHOLE.fullmatch(sign) and not any(letters)
    return formula(text) or bool(number)
