"""What this book needs beyond Jupyter Book, in one Sphinx extension.

- Notebooks run with `utils` on their path, and run again when `utils`, the requirements or the data set change.
  What `make test` has executed is not executed again: `python course.py FOLDER` keeps that folder's notebooks.
- `{claims-ledger}`, `{run-times}` and `{benchmarks}` make tables from the executed notebooks and from benchmarks.json;
  {chapter-time}`...` writes how long a chapter takes to read and to run.
- `{assignments}` and `{mutations}` list the assignments and how their tests were tested; students' zips go to
  assignments/ of the site.
- Edit and launch buttons point at the clone's own `origin`; without one there are none.
- No page asks another host for anything.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import nbformat
from docutils import nodes
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from myst_nb.sphinx_ import NbMetadataCollector
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole

LOG = logging.getLogger(__name__)
WORDS_A_MINUTE = 180  # with figures to look at and code to follow


# ------------------------------------------------------------------ before the build


def configure(app, config):
    """Set the kernels' path, the execution cache and the repository's address."""
    root = Path(app.srcdir)
    os.environ["PYTHONPATH"] = os.pathsep.join([str(root), *filter(None, [os.environ.get("PYTHONPATH")])])
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    path = cache_path(root, Path(app.outdir).parent)
    config.nb_execution_cache_path = str(path)
    config.course_inputs = path.name
    address = repository_address(root)
    options = config.html_theme_options
    options["repository_url"] = address or ""
    for button in ("use_edit_page_button", "use_issues_button", "use_repository_button"):
        options[button] = bool(address)
    if not address:
        options["launch_buttons"] = {}
    app.course_started = time.monotonic()


def cache_path(root, build):
    """Where executed chapters are kept, given the folder of what is built: one place for each state of the inputs."""
    return build / ".cache" / inputs_hash(root)


def inputs_hash(root):
    """Changes with anything but its own cells that a chapter's outputs depend on."""
    digest = hashlib.sha256(os.environ.get("COURSE_DATASET", "").encode())
    for path in [*sorted((root / "utils").glob("*.py")), root / "requirements.txt", root / "constraints.txt"]:
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def repository_address(root):
    """https://host/owner/name from the clone's `origin`, or None without one that a browser could open."""
    git = ["git", "-C", str(root), "config", "--get", "remote.origin.url"]
    try:
        url = subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()
    except FileNotFoundError:  # no git: a downloaded copy
        return None
    match = re.fullmatch(
        r"(?:https?://(?:[^/@]*@)?|ssh://(?:[^/@]*@)?|[^/@:]+@)([\w.-]+)(?::\d+/|[:/])(.+?)(?:\.git)?/?", url
    )
    return f"https://{match[1]}/{match[2]}" if match else None


def drop_outside_scripts(app, pagename, templatename, context, doctree):
    """Thebe is declared by Jupyter Book even when it is off, and comes from another host."""
    for key in ("script_files", "css_files"):
        files = context.get(key, [])
        context[key] = [f for f in files if not _is_foreign(f)]


def _is_foreign(file):
    inline = str(getattr(file, "attributes", {}).get("body", ""))
    return "thebe" in inline.lower() or re.match(r"https?:|//", str(getattr(file, "filename", None) or file))


def keep(folder, path):
    """Put the executed notebooks of a folder into the cache at `path`, with the seconds between first and last cell.

    ValueError for a notebook with a cell that was not executed.
    """
    cache = get_cache(path)
    for file in sorted(folder.glob("*.ipynb")):
        notebook = nbformat.read(file, as_version=4)
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        if not code or not all("iopub.status.idle" in cell.metadata.get("execution", {}) for cell in code):
            raise ValueError(f"{file} has cells that were not executed; give notebooks that nbmake --overwrite ran")
        times = [datetime.fromisoformat(stamp) for cell in code for stamp in cell.metadata.pop("execution").values()]
        seconds = (max(times) - min(times)).total_seconds()
        bundle = CacheBundleIn(notebook, file.name, data={"execution_seconds": seconds})
        cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)


# ------------------------------------------------------------------ what executed notebooks say


def chapters(env):
    """Document names of all executed notebooks, in reading order."""
    data = NbMetadataCollector.get_doc_data(env)
    return sorted(name for name in data if data[name].get("exec_data"))


def executed(app, docname):
    path = Path(app.outdir).parent / "jupyter_execute" / f"{docname}.ipynb"
    return nbformat.read(path, as_version=4)


def claims_of(app, docname):
    """The records that `utils.claims.claim` left in the outputs of a chapter, in order."""
    notebook = executed(app, docname)
    if not any(cell.get("outputs") for cell in notebook.cells):  # MyST-NB stores a chapter from its cache without
        _, notebook = get_cache(app.config.nb_execution_cache_path).merge_match_into_notebook(notebook)
    outputs = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    found = [out["metadata"]["claim"] for out in outputs if "claim" in out.get("metadata", {})]
    if not found:
        LOG.warning("no claim in the outputs of this chapter", location=docname)
    return found


def reading_minutes(app, docname):
    prose = " ".join(cell.source for cell in executed(app, docname).cells if cell.cell_type == "markdown")
    return max(1, round(len(re.findall(r"[A-Za-z][\w'-]+", prose)) / WORDS_A_MINUTE))


def run_seconds(env, docname):
    return NbMetadataCollector.get_exec_data(env, docname)["runtime"]


# ------------------------------------------------------------------ tables


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
                "chapter-time": self.chapter_time,
            }[kind]()
            node.replace_self(new)

    def link(self, docname, text, anchor=""):
        uri = self.app.builder.get_relative_uri(self.env.docname, docname) + anchor
        return nodes.reference("", text, refuri=uri, internal=True)

    def title(self, docname):
        return self.env.titles[docname].astext()

    def ledger(self):
        seen, parts = {}, []
        for docname in chapters(self.env):
            rows = []
            for record in claims_of(self.app, docname):
                id = record["id"]
                if id in seen:
                    LOG.warning("claim %r stands in %s and in %s; ids are unique in the course", id, seen[id], docname)
                seen[id] = docname
                sentence = self.link(docname, record["sentence"], f"#claim-{id}")
                seeds = str(record["seeds"] or "none needed")
                rows.append([sentence, record["value"], record["bound"], seeds])
            if rows:
                head = nodes.paragraph("", "", nodes.strong("", "", self.link(docname, self.title(docname))))
                parts += [head, table(["Claim", "Measured", "Bound", "Seeds"], rows, [52, 20, 20, 8])]
        dataset = os.environ.get("COURSE_DATASET", "").strip() or "digits"
        counted = f"{len(seen)} claims, all within their bounds, measured on the data set “{dataset}”."
        return [nodes.paragraph("", counted), *parts]

    def times(self):
        seconds = {docname: run_seconds(self.env, docname) for docname in chapters(self.env)}
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
            seeds = ", ".join(map(str, result["seeds"]))
            machine = f"{result['machine']['cores']} cores, {result['machine']['platform']}"
            parts += [
                nodes.paragraph("", "", nodes.strong("", result["title"])),
                table(["What", "Measured", "Target"], rows, [50, 25, 25]),
                nodes.paragraph("", f"Measured on {result['date']} ({machine}); seeds {seeds}; {versions}."),
            ]
        return parts

    def assignments(self):
        rows = []
        for path in assignment_sources(self.app.srcdir):
            about, points = about_assignment(path)
            number = path.stem.split("_")[0]
            chapters = nodes.inline()
            for chapter in about["chapters"]:
                text = self.title(f"notebooks/{chapter}")
                chapters += [*([nodes.Text("; ")] if len(chapters) else []), self.link(f"notebooks/{chapter}", text)]
            download = nodes.reference("", "zip", refuri=f"../assignments/{path.stem}.zip", internal=False)
            title = f"Assignment {number}: {about['title']}"
            by_hand = "all" if not points[False] else points[True]
            marks = f"{sum(points.values())}" + (f", {by_hand} by a person" if points[True] else "")
            rows.append([title, chapters, f"{about['minutes']} min", marks, download])
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

    def chapter_time(self):
        docname = self.env.docname
        minutes, seconds = reading_minutes(self.app, docname), run_seconds(self.env, docname)
        return [nodes.Text(f"{minutes} minute{'s'[: minutes > 1]} to read, {seconds:.0f} s to run")]


def assignment_sources(srcdir):
    return sorted((Path(srcdir) / "notebooks" / "assignments").glob("[0-9]*/*.ipynb"))


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


# ------------------------------------------------------------------ after the build


def pages_with_tables(app, env):
    """Write the pages made from other pages' outputs again in every build."""
    return [name for name in env.all_docs if env.metadata.get(name, {}).get("made_from_chapters")]


def hand_out(app, fault):
    """Put the student versions into the site, unless they are there already."""
    if fault or app.builder.format != "html" or not assignment_sources(app.srcdir):
        return
    root, to = Path(app.srcdir), Path(app.outdir) / "assignments"
    digest = hashlib.sha256(inputs_hash(root).encode())
    for path in [*assignment_sources(root), *sorted((root / "notebooks").glob("*.ipynb"))]:
        digest.update(path.name.encode() + path.read_bytes())
    made = to / ".inputs"
    if made.is_file() and made.read_text() == digest.hexdigest():
        return
    command = [sys.executable, root / "notebooks" / "assignments" / "grading.py", "release", "--to", to]
    ended = subprocess.run(command, capture_output=True, text=True)
    if ended.returncode:
        raise ExtensionError(f"the assignments could not be made:\n{ended.stderr}")
    made.write_text(digest.hexdigest())


def report(app, fault):
    if fault:
        return
    seconds = {docname: run_seconds(app.env, docname) for docname in chapters(app.env)}
    for docname, s in seconds.items():
        LOG.info("  %-40s %6.1f s to execute", docname, s)
    took = time.monotonic() - app.course_started
    LOG.info("%d chapters, %.0f s to execute; this build took %.0f s.", len(seconds), sum(seconds.values()), took)


def setup(app: Sphinx):
    if app.srcdir is None:
        raise ExtensionError("the course extension needs a source folder")
    app.add_config_value("course_inputs", "", "env")
    app.connect("config-inited", configure)
    app.connect("env-updated", pages_with_tables)
    app.connect("html-page-context", drop_outside_scripts, priority=900)
    app.connect("build-finished", hand_out)
    app.connect("build-finished", report)
    app.add_node(placeholder)
    for name in ("claims-ledger", "run-times", "benchmarks", "assignments", "mutations"):
        app.add_directive(name, Table)
    app.add_role("chapter-time", ChapterTime())
    app.add_post_transform(Fill)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


if __name__ == "__main__":
    ROOT = Path(__file__).resolve().parents[2]
    keep(Path(sys.argv[1]), cache_path(ROOT, ROOT / "_build"))
