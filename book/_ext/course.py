"""What this book needs beyond Jupyter Book, in one Sphinx extension.

- Before anything is read, the chapters that are not kept are executed, side by side (chapters.py). They run again when
  their cells, `utils`, the requirements, the data set or the seeds change.
- `found(...)` cells become the paragraphs that they hold, before the claims; each number that they quote leads to its
  claim. A paragraph that quotes a broken claim is marked, and one whose claim needs weights that are not installed is
  left out.
- Tables and times from the executed chapters, from benchmarks and from the assignments (book_tables.py); students' zips
  go to assignments/ of the site.
- Edit and launch buttons point at the clone's own `origin`, if it lies where the theme knows its way; else there are
  none.
- The questions of `your_guess(...)` get their answers from the claims.
- Figures have the colours of the page, light or dark, and those that move their scripts (figures.py).
- No page asks another host for anything.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import book_tables
import chapters
import figures
import nbformat
from docutils import nodes
from myst_nb.ext.glue.utils import PendingGlueReference
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

from utils.claims import claim_of, mark

LOG = logging.getLogger(__name__)
# What the theme can make for a host; for another it has warnings and errors
BUTTONS = {
    "github.com": ("repository", "edit_page", "issues", "colab"),
    "gitlab.com": ("repository", "edit_page", "issues"),
    "bitbucket.org": ("repository", "edit_page"),
}


# ------------------------------------------------------------------ before the build


def configure(app, config):
    """Set the kernels' path, the execution cache and the repository's address."""
    root = Path(app.srcdir)
    os.environ["PYTHONPATH"] = os.pathsep.join([str(root), *filter(None, [os.environ.get("PYTHONPATH")])])
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    path = chapters.cache_path(root, Path(app.outdir).parent)
    config.nb_execution_cache_path = str(path)
    config.course_inputs = path.name
    set_buttons(config.html_theme_options, repository_address(root))
    app.course_started = time.monotonic()


def execute(app):
    """Execute what is not kept, so that MyST-NB finds every chapter executed."""
    root = Path(app.srcdir)
    faults = chapters.execute_missing(chapters.all_chapters(root), app.config.nb_execution_cache_path, LOG.info)
    if faults:
        told = "\n\n".join(f"{path.name}: {fault}" for path, fault in faults.items())
        raise ExtensionError(f"{len(faults)} chapters ended with an error, so there is no book:\n{told}")


def set_buttons(options, address):
    """Switch on, in the theme's options, the buttons that it can make for a repository's address (None: nowhere)."""
    host, *path = (address or "").removeprefix("https://").split("/")
    known = BUTTONS.get(host, ()) if len(path) == 2 else ()
    options["repository_url"] = address if known else ""
    for button in ("repository", "edit_page", "issues"):
        options[f"use_{button}_button"] = button in known
    launch = options.get("launch_buttons", {})
    options["launch_buttons"] = {k: v for k, v in launch.items() if known and (k != "colab_url" or "colab" in known)}


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


# ------------------------------------------------------------------ findings


def findings_as_prose(app, docname, source):
    """A page of a notebook is read with its `found(...)` cells as prose, before the claims that they quote."""
    name = Path(app.env.doc2path(docname)).name
    if name.endswith(".ipynb"):
        notebook = findings_first(nbformat.reads(source[0], as_version=4))
        source[0] = nbformat.writes(chapters.site_form(notebook, name))


def findings_first(notebook):
    """The notebook with its `found(...)` cells right under "What we found"; the claims follow, under a heading too.

    To run it has to measure first, so there it is the other way round.
    """
    for i, cell in enumerate(notebook.cells):
        heading = cell.cell_type == "markdown" and re.search(r"^## What we found$", cell.source, re.M)
        rest = notebook.cells[i + 1 :]
        if heading and (prose := [each for each in rest if chapters.found_text(each) is not None]):
            intro = nbformat.v4.new_markdown_cell(
                f"### The claims{cell.source[heading.end() :]}", id=f"{cell.id}-claims"
            )
            cell.source = cell.source[: heading.end()]
            claims = [each for each in rest if chapters.found_text(each) is None]
            notebook.cells = [*notebook.cells[: i + 1], *prose, intro, *claims]
            break
    return notebook


class LeaveOut(SphinxPostTransform):
    """Take out what quotes a claim of a chapter that had to do without its weights: a row of a table, or a block."""

    default_priority = 2

    def run(self, **kwargs):
        for node in list(self.document.findall(PendingGlueReference)):
            made = book_tables.made_without(self.app, node.refdoc)
            if made is not None and claim_of(node.key) not in made:
                while not isinstance(node, nodes.row) and not isinstance(node.parent, (nodes.section, nodes.document)):
                    node = node.parent
                if node.parent is not None and node in node.parent:
                    body = node.parent
                    body.remove(node)
                    if isinstance(node, nodes.row) and not len(body):  # the head alone would be no table
                        table = body.parent.parent
                        table.parent.remove(table)


class MarkBroken(SphinxPostTransform):
    """Say so before each paragraph that quotes a claim that did not hold."""

    default_priority = 3

    def run(self, **kwargs):
        quoting = {}
        for node in self.document.findall(PendingGlueReference):
            if (id := claim_of(node.key)) in book_tables.broken_ids(self.app):
                quoting.setdefault(_block(node), []).append(id)
        for block, ids in quoting.items():
            block["classes"].append("broken")
            block.insert(0, [nodes.strong("", mark(ids)), nodes.Text(" ")])


class LinkToClaims(SphinxPostTransform):
    """Let each number that is quoted lead to its claim."""

    default_priority = 4  # before MyST-NB puts the values in place of its references

    def run(self, **kwargs):
        for node in list(self.document.findall(PendingGlueReference)):
            page = self.app.builder.get_relative_uri(self.env.docname, node.refdoc)
            to = f"{page}#claim-{claim_of(node.key)}"
            link = nodes.reference(refuri=to, internal=True, classes=["quoted"])
            node.replace_self(link)
            link += node


def _block(node):
    """The paragraph, or whatever block of text, that an inline node stands in."""
    while isinstance(node, (nodes.Inline, PendingGlueReference)):
        node = node.parent
    return node


ASKED = re.compile(r'(<div class="prediction" data-claim="([^"]+)")(.*?</ol></div>)', re.S)


def answer_guesses(app, pagename, templatename, context, doctree):
    """Give the questions of `your_guess` on a page their answers, from the claims of the same build.

    A question whose claim was left out for want of weights is taken off the page.
    """
    if ASKED.search(context.get("body", "")):
        known = {question["claim"]: rest for question, *rest in book_tables.answers(app, pagename)}

        def with_answer(asked):
            head, claim, rest = asked.groups()
            right = ' id="guess-{}" data-right="{}" data-value="{}"'
            return head + right.format(claim, *known[claim]) + rest if claim in known else ""

        context["body"] = ASKED.sub(with_answer, context["body"])


# ------------------------------------------------------------------ after the build


def pages_with_tables(app, env):
    """Write the pages made from other pages' outputs again in every build."""
    return [name for name in env.all_docs if env.metadata.get(name, {}).get("made_from_chapters")]


def hand_out(app, fault):
    """Put the student versions into the site, unless they are there already."""
    if fault or app.builder.format != "html" or not book_tables.assignment_sources(app.srcdir):
        return
    root, to = Path(app.srcdir), Path(app.outdir) / "assignments"
    digest = hashlib.sha256(chapters.inputs_hash(root).encode())
    for path in [*book_tables.assignment_sources(root), *sorted((root / "notebooks").glob("*.ipynb"))]:
        digest.update(path.name.encode() + path.read_bytes())
    made = to / ".inputs"
    if made.is_file() and made.read_text() == digest.hexdigest():
        return
    command = [sys.executable, root / "notebooks" / "assignments" / "grading.py", "release", "--to", to]
    ended = subprocess.run(command, capture_output=True, text=True)
    if ended.returncode:
        raise ExtensionError(f"the assignments could not be made:\n{ended.stderr}")
    made.write_text(digest.hexdigest())


def hand_out_networks(app, fault):
    """Write what the executed notebooks handed to a page's script into the site, as a script: folders know no fetch."""
    if fault or app.builder.format != "html":
        return
    # the pages with a folder of scripts of their own; no other notebook has to be read again
    for path in chapters.all_chapters(Path(app.srcdir)):
        folder = Path(app.outdir) / "_static" / path.stem
        if folder.is_dir() and (handed := chapters.handed_out(app.config.nb_execution_cache_path, path)):
            (folder / "networks.js").write_text(f"const HANDED_OUT = {json.dumps(handed)};\n")


def lead_on(app, fault):
    """Write the page that leads to the first one. The one that is written otherwise names no icon, and a browser that
    is slow to go on asks the server for one that is not there."""
    if fault or app.builder.format != "html" or not app.config.html_favicon:
        return
    icon, first = f"_static/{Path(app.config.html_favicon).name}", f"{app.config.root_doc}.html"
    Path(app.outdir, "index.html").write_text(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{app.config.html_title}</title>'
        f'<link rel="icon" href="{icon}"><meta http-equiv="refresh" content="0; url={first}">\n'
    )


def report(app, fault):
    if fault:
        return
    seconds = book_tables.run_times(app.env)
    for docname, s in seconds.items():
        LOG.info("  %-40s %6.1f s to execute", docname, s)
    took = time.monotonic() - app.course_started
    LOG.info("%d chapters, %.0f s to execute; this build took %.0f s.", len(seconds), sum(seconds.values()), took)


def setup(app: Sphinx):
    if app.srcdir is None:
        raise ExtensionError("the course extension needs a source folder")
    app.add_config_value("course_inputs", "", "env")
    app.connect("config-inited", configure)
    app.connect("builder-inited", execute)
    app.connect("source-read", findings_as_prose)
    app.connect("env-updated", pages_with_tables)
    app.connect("html-page-context", drop_outside_scripts, priority=900)
    app.connect("html-page-context", figures.on_page)
    app.connect("html-page-context", figures.scripts)
    app.connect("html-page-context", answer_guesses)
    app.connect("build-finished", figures.in_files)
    app.connect("build-finished", hand_out)
    app.connect("build-finished", hand_out_networks)
    app.connect("build-finished", lead_on)
    app.connect("build-finished", report)
    app.add_post_transform(LeaveOut)
    app.add_post_transform(MarkBroken)
    app.add_post_transform(LinkToClaims)
    book_tables.register(app)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
