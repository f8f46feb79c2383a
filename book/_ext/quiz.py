"""The questions of `your_guess` with their answers, and all of them as quizzes that Moodle and Canvas take in.

python quiz.py TO.zip     the questions of the chapters executed last

The zip is an IMS Common Cartridge 1.1: a manifest, and for each chapter that asks one assessment in QTI 1.2.1, in the
cartridge's profile of it. Canvas imports that, and plain QTI; Moodle restores it like a backup, and its question bank
knows no plain QTI. Moodle reads the profile from `cc_profile`, the format from the first 500 bytes of the manifest.
"""

import html
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree as ET

from chapters import ROOT, absent, all_chapters, asked, cache_path, get_cache, kept, records

from utils.claims import right_option

TITLE = "Big Models, Small Experiments: predict, then see"
QTI = "http://www.imsglobal.org/xsd/ims_qtiasiv1p2"
CARTRIDGE = "http://www.imsglobal.org/xsd/imsccv1p1/imscp_v1p1"
LOM = "http://ltsc.ieee.org/xsd/imsccv1p1/LOM/manifest"


def answered(notebook):
    """The questions of an executed notebook: [(question, the right option's place, the measured value)].

    Where weights are absent, a question whose claim needs them is left out. ValueError for one that no claim answers.
    """
    made, found = {record["id"]: record for record in records(notebook)}, []
    for question in asked(notebook):
        if record := made.get(question["claim"]):
            found.append((question, right_option(question["options"], record["mean"]), record["value"]))
        elif not absent(notebook):
            raise ValueError(f"no claim {question['claim']!r} answers the question {question['question']!r}")
    return found


# ------------------------------------------------------------------ the files of the zip


def grow(parent, tag, text=None, **attributes):
    child = ET.SubElement(parent, tag, attributes)
    child.text = text
    return child


def material(parent, text):
    # both programs take a text for HTML
    grow(grow(parent, "material"), "mattext", html.escape(text, quote=False), texttype="text/html")


def metadata(parent, **fields):
    fields_of = grow(parent, "qtimetadata")
    for label, entry in fields.items():
        field = grow(fields_of, "qtimetadatafield")
        grow(field, "fieldlabel", label)
        grow(field, "fieldentry", entry)


def assessment(ident, title, questions):
    """One chapter's questions, as `answered` gives them: a `questestinterop` element."""
    root = ET.Element("questestinterop", xmlns=QTI)
    test = grow(root, "assessment", ident=ident, title=title)
    metadata(test, cc_profile="cc.exam.v0p1", qmd_assessmenttype="Examination", qmd_scoretype="Percentage")
    section = grow(test, "section", ident="section")
    for question, right, value in questions:
        single_choice(section, question, right, value)
    return root


def single_choice(section, question, right, value):
    """An item: three or four options, why each is right or wrong, a hundred per cent for the right one."""
    item = grow(section, "item", ident=f"question-{question['claim']}", title=question["question"])
    metadata(grow(item, "itemmetadata"), cc_profile="cc.multiple_choice.v0p1")
    shown = grow(item, "presentation")
    material(shown, question["question"])
    # not "response": of one that is called so Canvas reads the first condition alone
    response = grow(shown, "response_lid", ident="response1", rcardinality="Single")
    choices = grow(response, "render_choice")
    scoring = grow(item, "resprocessing")
    grow(grow(scoring, "outcomes"), "decvar", varname="SCORE", vartype="Decimal", minvalue="0", maxvalue="100")
    for place, (label, _, why) in enumerate(question["options"]):
        # Canvas takes what is named "correct", "wrong" or "general" for a comment on the question
        option, because = f"option-{place + 1}", f"because-{place + 1}"
        material(grow(choices, "response_label", ident=option), label)
        # continue="Yes" would have Moodle show the reasons of all options together
        condition = grow(scoring, "respcondition", **{"continue": "No"})
        grow(grow(condition, "conditionvar"), "varequal", option, respident=response.get("ident"))
        if place == right:
            grow(condition, "setvar", "100", action="Set", varname="SCORE")
        grow(condition, "displayfeedback", feedbacktype="Response", linkrefid=because)
        material(grow(grow(item, "itemfeedback", ident=because), "flow_mat"), f"{why} Measured: {value}.")


def manifest(titles):
    """What the zip holds, given {identifier of an assessment: its title}."""
    root = ET.Element("manifest", {"xmlns": CARTRIDGE, "xmlns:lomimscc": LOM, "identifier": "predict-then-see"})
    about = grow(root, "metadata")
    grow(about, "schema", "IMS Common Cartridge")
    grow(about, "schemaversion", "1.1.0")
    title = grow(grow(grow(about, "lomimscc:lom"), "lomimscc:general"), "lomimscc:title")
    grow(title, "lomimscc:string", TITLE)
    order = grow(grow(root, "organizations"), "organization", identifier="order", structure="rooted-hierarchy")
    folder = grow(grow(order, "item", identifier="root"), "item", identifier="folder")  # in Moodle, one section
    grow(folder, "title", TITLE)
    resources = grow(root, "resources")
    for ident, title in titles.items():
        grow(grow(folder, "item", identifier=f"item-{ident}", identifierref=ident), "title", title)
        kind = "imsqti_xmlv1p2/imscc_xmlv1p1/assessment"
        grow(grow(resources, "resource", identifier=ident, type=kind), "file", href=f"{ident}.xml")
    return root


# ------------------------------------------------------------------ the zip


def title_of(notebook):
    """The heading of a chapter: its question."""
    return notebook.cells[0].source.splitlines()[0].removeprefix("# ")


def write(to, notebooks):
    """Write the zip, given {stem: executed notebook}. Returns how many questions it holds."""
    quizzes = {f"chapter-{stem}": (title_of(each), answered(each)) for stem, each in notebooks.items()}
    quizzes = {ident: quiz for ident, quiz in quizzes.items() if quiz[1]}
    files = {"imsmanifest.xml": manifest({ident: title for ident, (title, _) in quizzes.items()})}
    files |= {f"{ident}.xml": assessment(ident, *quiz) for ident, quiz in quizzes.items()}
    to.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, root in files.items():
            ET.indent(root)
            archive.writestr(name, ET.tostring(root, encoding="utf-8", xml_declaration=True))
    return sum(len(questions) for _, questions in quizzes.values())


def main(to):
    cache, paths = get_cache(cache_path(ROOT, ROOT / "_build")), all_chapters()
    found = {path.stem: kept(cache, path) for path in paths if path.stem[0].isdigit()}
    if missing := [stem for stem, record in found.items() if record is None]:
        sys.exit(f"Not executed as they stand now: {', '.join(missing)}. Run make book first.")
    count = write(to, {stem: cache.get_cache_bundle(record.pk).nb for stem, record in found.items()})
    print(f"{count} questions: {to}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
