"""The book's tables: made from the executed chapters, from benchmarks.json and from the assignments' sources.

`{claims-ledger}`, `{run-times}`, `{benchmarks}`, `{assignments}`, `{mutations}` and `{guesses}` are directives; the
role {chapter-time}`...` writes how long a chapter takes to read and to run.
"""

import functools
import json
import os
import re
from pathlib import Path

import chapters
import nbformat
import numpy as np
import quiz
import yaml
from docutils import nodes
from jupyter_cache import get_cache
from myst_nb.sphinx_ import NbMetadataCollector
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole

from utils.claims import BROKEN, number, within

LOG = logging.getLogger(__name__)
WORDS_A_MINUTE = 180  # with figures to look at and code to follow


# ------------------------------------------------------------------ what executed notebooks say


def executed_chapters(env):
    """Document names of all executed chapters, in reading order: those with a number."""
    data = NbMetadataCollector.get_doc_data(env)
    return sorted(name for name in data if data[name].get("exec_data") and Path(name).name[0].isdigit())


def executed(app, docname):
    """The notebook with its outputs, which MyST-NB stores of a chapter from its cache without."""
    path = Path(app.outdir).parent / "jupyter_execute" / f"{docname}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    if not any(cell.get("outputs") for cell in notebook.cells):
        _, notebook = get_cache(app.config.nb_execution_cache_path).merge_match_into_notebook(notebook)
    return notebook


def claims_of(app, docname):
    """The records that `utils.claims` left in the outputs of a chapter, in order."""
    notebook = executed(app, docname)
    found = chapters.records(notebook)
    if not found and not chapters.absent(notebook):
        LOG.warning("no claim in the outputs of this chapter", location=docname)
    return found


def answers(app, docname):
    """The questions of a chapter with their answers: [(question, right option's place, measured value)]."""
    return quiz.answered(executed(app, docname))


@functools.cache
def broken_ids(app):
    """The claims of the book that did not hold. Asked when pages are written, after every chapter was read."""
    return {
        record["id"] for docname in executed_chapters(app.env) for record in chapters.broken(executed(app, docname))
    }


@functools.cache
def made_without(app, docname):
    """The claims that a chapter made which had to do without its weights; None if it had them all."""
    notebook = executed(app, docname)
    return {record["id"] for record in chapters.records(notebook)} if chapters.absent(notebook) else None


def reading_minutes(app, docname):
    prose = " ".join(cell.source for cell in executed(app, docname).cells if cell.cell_type == "markdown")
    return max(1, round(len(re.findall(r"[A-Za-z][\w'-]+", prose)) / WORDS_A_MINUTE))


def run_times(env):
    """{document name: seconds that its chapter took to execute}."""
    return {name: NbMetadataCollector.get_exec_data(env, name)["runtime"] for name in executed_chapters(env)}


# ------------------------------------------------------------------ tables


LEDGER = ["Claim", "Measured", "Bound", "Mean over", "Held", "Spread over runs"]
LEDGER_WIDTHS = [42, 16, 16, 8, 8, 10]


def replicated(replication, docname, record):
    """In how many runs of `make replicate` a claim held, and the spread of its means: two cells of the ledger."""
    chapter = replication["chapters"].get(docname.split("/")[-1], {})
    found = chapter.get("claims", {}).get(record["id"], {"means": []})["means"]
    means = {run: mean for run, mean in zip(chapter.get("runs", []), found, strict=bool(found)) if mean is not None}
    if not means:
        return ["not yet", "–"]
    held = f"{sum(within(mean, record['bounds']) for mean in means.values())} of {len(means)}"
    means = [mean for run, mean in means.items() if run != "MNIST"]  # other data have another value
    differ = np.ptp(means) > 1e-6 * np.abs(means).max()  # not by rounding alone
    spread = float(np.std(means, ddof=1)) if differ else 0.0
    return [held, number(spread, record["unit"]) if len(means) > 1 else "–"]


class placeholder(nodes.General, nodes.Element):
    """Stands for a table until every notebook has been executed."""


class Table(SphinxDirective):
    def run(self):
        return [placeholder(kind=self.name)]


class ChapterTime(SphinxRole):
    def run(self):
        return [placeholder(kind="chapter-time")], []


class Fill(SphinxPostTransform):
    """Replace the placeholders. Runs when pages are written, so after every chapter was executed."""

    default_priority = 20

    def run(self, **kwargs):
        for node in list(self.document.findall(placeholder)):
            kind = node["kind"]
            new = {
                "claims-ledger": self.ledger,
                "run-times": self.times,
                "benchmarks": self.benchmarks,
                "assignments": self.assignments,
                "mutations": self.mutations,
                "guesses": self.guesses,
                "chapter-time": self.chapter_time,
            }[kind]()
            node.replace_self(new)

    def link(self, docname, text, anchor=""):
        uri = self.app.builder.get_relative_uri(self.env.docname, docname) + anchor
        return nodes.reference("", text, refuri=uri, internal=True)

    def title(self, docname):
        return self.env.titles[docname].astext()

    def ledger(self):
        seen, broken, timed, parts = {}, [], [], []
        replication = chapters.replication(Path(self.app.srcdir))
        for docname in executed_chapters(self.env):
            rows = []
            for record in claims_of(self.app, docname):
                id = record["id"]
                if id in seen:
                    LOG.warning("claim %r stands in %s and in %s; ids are unique in the course", id, seen[id], docname)
                seen[id] = docname
                sentence = self.link(docname, record["sentence"], f"#claim-{id}")
                if "holds" not in record:
                    timed.append([sentence, record["value"], str(record["count"] or "1"), record["processor"]])
                    continue
                row = [sentence, record["value"], record["bound"], record["over"] or "nothing random"]
                rows.append([*row, *replicated(replication, docname, record)])
                if not record["holds"]:
                    broken.append([self.link(docname, record["sentence"], f"#claim-{id}"), *rows[-1][1:]])
            if rows:
                parts += [self.headed(self.link(docname, self.title(docname))), table(LEDGER, rows, LEDGER_WIDTHS)]
        dataset = os.environ.get("COURSE_DATASET", "").strip() or "digits"
        claims = len(seen) - len(timed)
        count = f"{claims} claims, measured on the data set “{dataset}”; "
        count += f"{len(broken)} {BROKEN}, listed first." if broken else "all within their bounds."
        first = [self.headed(nodes.Text(f"Claims that {BROKEN}")), table(LEDGER, broken, LEDGER_WIDTHS)] * bool(broken)
        if timed:
            about = "Times and speeds depend on the processor. They are measured and have no bound."
            parts += [self.headed(nodes.Text("Measured on this machine, not claimed")), nodes.paragraph("", about)]
            parts += [table(["Measurement", "Measured", "Repetitions", "Processor"], timed, [46, 20, 12, 22])]
        return [nodes.paragraph("", count), *first, *parts]

    def headed(self, content):
        return nodes.paragraph("", "", nodes.strong("", "", content))

    def times(self):
        seconds = run_times(self.env)
        rows = [[self.link(docname, self.title(docname)), f"{s:.0f} s"] for docname, s in seconds.items()]
        rows.append([nodes.strong("", "all chapters"), nodes.strong("", f"{sum(seconds.values()):.0f} s")])
        return [table(["Chapter", "Run time"], rows, [80, 20])]

    def benchmarks(self):
        path = Path(self.app.srcdir) / "book" / "benchmarks.json"
        self.env.note_dependency(str(path))
        parts = []
        for result in json.loads(path.read_text()).values():
            rows = [[row["what"], row["value"], row["target"]] for row in result["rows"]]
            versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
            seeds = f"seeds {', '.join(map(str, result['seeds']))}; " if result["seeds"] else ""
            about = result["machine"]
            machine = f"{about['cores']} cores, {about.get('processor', about['platform'])}"
            # of what else the machine did, where a record knows it
            machine += f", load {about['load']} before the run" if "load" in about else ""
            parts += [
                nodes.paragraph("", "", nodes.strong("", result["title"])),
                table(["What", "Measured", "Target"], rows, [50, 25, 25]),
                nodes.paragraph("", f"Measured on {result['date']} ({machine}); {seeds}{versions}."),
            ]
        return parts

    def assignments(self):
        rows = []
        for path in assignment_sources(self.app.srcdir):
            about, points = about_assignment(path)
            number = path.stem.split("_")[0]
            linked = nodes.inline()
            for chapter in about["chapters"]:
                text = self.title(f"notebooks/{chapter}")
                linked += [*([nodes.Text("; ")] if len(linked) else []), self.link(f"notebooks/{chapter}", text)]
            download = nodes.reference("", "zip", refuri=f"../assignments/{path.stem}.zip", internal=False)
            title = f"Assignment {number}: {about['title']}"
            by_hand = "all" if not points[False] else points[True]
            marks = f"{sum(points.values())}" + (f", {by_hand} by a person" if points[True] else "")
            rows.append([title, linked, f"{about['minutes']} min", marks, download])
        return [table(["Assignment", "Chapters", "Time", "Points", "Download"], rows, [34, 28, 10, 14, 14])]

    def mutations(self):
        path = Path(self.app.srcdir) / "book" / "mutations.json"
        self.env.note_dependency(str(path))
        parts = []
        for name, questions in json.loads(path.read_text()).items():
            rows = [
                [f"{id} ({found['points']} points)", "; ".join(found["wrong"]), "; ".join(found["right"])]
                for id, found in questions.items()
            ]
            wrong, right = (sum(len(found[kind]) for found in questions.values()) for kind in ("wrong", "right"))
            summary = f"{name}: {wrong} wrong answers lost the points of their question, {right} right ones kept them"
            parts += [
                nodes.raw("", f"<details><summary>{summary}</summary>", format="html"),
                table(["Question", "Wrong answers", "Right ones"], rows, [20, 45, 35]),
                nodes.raw("", "</details>", format="html"),
            ]
        return parts

    def guesses(self):
        """Questions by part of the book; what the reader said is filled in by predictions.js."""
        parts, chapters_with_answers = [], set(executed_chapters(self.env))
        toc = yaml.safe_load((Path(self.app.srcdir) / "_toc.yml").read_text(encoding="utf-8"))
        for place, part in enumerate(toc["parts"]):
            rows = []
            for docname in [e["file"] for e in part["chapters"] if e["file"] in chapters_with_answers]:
                for question, right, _ in answers(self.app, docname):
                    id = question["claim"]
                    said = f'<span data-guess="{id}" data-right="{right}" data-part="{place}"></span>'
                    asked = self.link(docname, question["question"], f"#guess-{id}")
                    rows.append([asked, self.title(docname), nodes.raw("", said, format="html")])
            if rows:
                count = nodes.raw("", f'<p data-guesses-of="{place}"></p>', format="html")
                parts += [self.headed(nodes.Text(part["caption"])), count]
                parts += [table(["Question", "Chapter", "Your guess"], rows, [60, 25, 15])]
        return parts

    def chapter_time(self):
        docname = self.env.docname
        minutes, seconds = reading_minutes(self.app, docname), run_times(self.env)[docname]
        return [nodes.Text(f"{minutes} minute{'s'[: minutes > 1]} to read, {seconds:.0f} s to run")]


def assignment_sources(srcdir):
    paths = (Path(srcdir) / "notebooks" / "assignments").glob("[0-9]*/*.ipynb")
    return sorted(paths, key=lambda path: int(path.stem.split("_")[0]))


def about_assignment(path):
    """What an assignment's source says of itself, and its points {marked by a person: sum}."""
    notebook = nbformat.read(path, as_version=4)
    points = {False: 0, True: 0}
    for cell in notebook.cells:
        marks = cell.metadata.get("nbgrader", {})
        if marks.get("grade"):
            points[bool(marks.solution)] += marks.points
    return notebook.metadata.course, points


def table(head, rows, widths):
    """A docutils table; cells are strings or inline nodes."""

    def row(cells):
        entries = nodes.row()
        for cell in cells:
            content = nodes.Text(cell) if isinstance(cell, str) else cell
            entries += nodes.entry("", nodes.paragraph("", "", content))
        return entries

    group = nodes.tgroup("", cols=len(head))
    group += [nodes.colspec(colwidth=width) for width in widths]
    group += [nodes.thead("", row(head)), nodes.tbody("", *map(row, rows))]
    wrapper = nodes.container("", nodes.table("", group, classes=["colwidths-given"]), classes=["wide-table"])
    return wrapper


def register(app):
    app.add_node(placeholder)
    for name in ("claims-ledger", "run-times", "benchmarks", "assignments", "mutations", "guesses"):
        app.add_directive(name, Table)
    app.add_role("chapter-time", ChapterTime())
    app.add_post_transform(Fill)
