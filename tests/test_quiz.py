"""The quizzes for Moodle and Canvas, made of a small executed notebook, and the answers that pages give."""

import re
import zipfile
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import book_tables
import chapters
import course
import nbformat
import pytest
import quiz

OPTIONS = [("it loses", 0, "Less room."), ("level", 0.1, "Half & half <b>."), ("it wins", None, "More room.")]
NS = {"q": quiz.QTI, "c": quiz.CARTRIDGE}
# What each element may hold, in this order, as far as the quizzes use it. Read in the schemas of the cartridge's
# profiles, ccv1p1_qtiasiv1p2p1_v1p0.xsd and ccv1p1_imscp_v1p2_v1p0.xsd, to which the zip was held when it was written.
ASSESSMENT = {
    "questestinterop": "assessment",
    "assessment": "qtimetadata section",
    "qtimetadata": "qtimetadatafield( qtimetadatafield)*",
    "qtimetadatafield": "fieldlabel fieldentry",
    "section": "item( item)*",
    "item": "itemmetadata presentation resprocessing( itemfeedback)+",
    "itemmetadata": "qtimetadata",
    "presentation": "material response_lid",
    "material": "mattext",
    "response_lid": "render_choice",
    "render_choice": "response_label( response_label){2,3}",
    "response_label": "material",
    "resprocessing": "outcomes( respcondition)+",
    "outcomes": "decvar",
    "respcondition": "conditionvar( setvar)? displayfeedback",
    "conditionvar": "varequal",
    "itemfeedback": "flow_mat",
    "flow_mat": "material",
}
MANIFEST = {
    "manifest": "metadata organizations resources",
    "metadata": "schema schemaversion lom",
    "lom": "general",
    "general": "title",
    "title": "(string)?",
    "organizations": "organization",
    "organization": "item",
    "item": "item|title( item)*",
    "resources": "resource( resource)*",
    "resource": "file",
}


def display(**metadata):
    return nbformat.v4.new_output("display_data", metadata=metadata)


def executed(*outputs, title="Is wide better?"):
    heading = nbformat.v4.new_markdown_cell(f"# {title}\n\nText.")
    return nbformat.v4.new_notebook(cells=[heading, nbformat.v4.new_code_cell("claim(...)", outputs=list(outputs))])


def question(claim):
    return display(prediction={"question": f"How is {claim}?", "claim": claim, "options": OPTIONS})


def made(claim, mean):
    return display(claim={"id": claim, "mean": mean, "value": f"{mean} points"})


WITHOUT = display(absent=["a-package"])


@pytest.fixture
def files(tmp_path):
    """{name: root} of the zip that two chapters make, one of which asks nothing."""
    asks = executed(question("wide-wins"), question("deep-wins"), made("wide-wins", 0.3), made("deep-wins", 0.05))
    to = tmp_path / "new" / "quiz.zip"
    assert quiz.write(to, {"01_size": asks, "02_depth": executed(made("a-b", 1))}) == 2
    with zipfile.ZipFile(to) as archive:
        # Moodle looks for this in the first 500 bytes, and for nothing else, to know what it was given
        assert f'xmlns="{quiz.CARTRIDGE}"' in archive.read("imsmanifest.xml")[:500].decode()
        return {name: ET.fromstring(archive.read(name)) for name in archive.namelist()}


def test_every_element_stands_where_the_format_has_it(files):
    for file, root in files.items():
        content = MANIFEST if file == "imsmanifest.xml" else ASSESSMENT
        for element in root.iter():
            name = element.tag.split("}")[1]
            children = " ".join(child.tag.split("}")[1] for child in element)
            assert re.fullmatch(content.get(name, ""), children), f"{name} holds {children}"


def test_the_manifest_lists_the_chapters_that_ask(files):
    assert set(files) == {"imsmanifest.xml", "chapter-01_size.xml"}
    manifest = files["imsmanifest.xml"]
    assert manifest.find("c:metadata/c:schemaversion", NS).text == "1.1.0"
    (resource,) = manifest.iter(f"{{{quiz.CARTRIDGE}}}resource")
    assert resource.get("type") == "imsqti_xmlv1p2/imscc_xmlv1p1/assessment"
    assert resource.find("c:file", NS).get("href") in files
    items = {item.get("identifierref"): item.find("c:title", NS) for item in manifest.iter(f"{{{quiz.CARTRIDGE}}}item")}
    assert items[resource.get("identifier")].text == "Is wide better?"
    named = [e.get("identifier") for e in manifest.iter() if e.get("identifier")]
    assert len(named) == len(set(named)) and all(re.match(r"[A-Za-z_][\w.-]*$", name) for name in named)


def test_an_item_has_its_options_the_right_one_and_a_reason_for_each(files):
    items = files["chapter-01_size.xml"].findall("q:assessment/q:section/q:item", NS)
    rights = []
    for item in items:
        assert item.find(".//q:fieldentry", NS).text == "cc.multiple_choice.v0p1", "or Moodle leaves it out"
        labels = item.findall(".//q:response_label", NS)
        texts = {label.get("ident"): label.find("q:material/q:mattext", NS).text for label in labels}
        assert list(texts.values()) == [label for label, *_ in OPTIONS]
        said = {f.get("ident"): f.find(".//q:mattext", NS).text for f in item.findall("q:itemfeedback", NS)}
        assert not any(re.search("correct|wrong|general|all|solution", ident) for ident in said), "Canvas reads names"
        response = item.find(".//q:response_lid", NS).get("ident")
        assert not re.match("response$|RESP_MC$|TF", response), "of these Canvas reads the first condition alone"
        reasons = {}
        for condition in item.findall(".//q:respcondition", NS):
            assert condition.get("continue") == "No"
            chosen = condition.find(".//q:varequal", NS)
            assert chosen.get("respident") == response
            reasons[texts[chosen.text]] = said[condition.find("q:displayfeedback", NS).get("linkrefid")]
            if (score := condition.find("q:setvar", NS)) is not None:
                assert score.text == "100" and score.get("varname") == "SCORE"
                rights.append(texts[chosen.text])
        assert list(reasons) == list(texts.values())
        assert "Half &amp; half &lt;b&gt;." in reasons["level"], "the text is taken for HTML"
    assert rights == ["it wins", "level"], "by the means of the claims"
    assert [item.find("q:presentation/q:material/q:mattext", NS).text for item in items] == [
        "How is wide-wins?",
        "How is deep-wins?",
    ]
    assert reasons["level"].endswith("Measured: 0.05 points.")


def test_a_question_has_an_answer_or_needs_weights_that_are_absent():
    asks = question("wide-wins"), question("deep-wins"), made("wide-wins", 0.3)
    found = quiz.answered(executed(WITHOUT, *asks))
    assert [(each["claim"], right, value) for each, right, value in found] == [("wide-wins", 2, "0.3 points")]
    with pytest.raises(ValueError, match="no claim 'deep-wins' answers the question 'How is deep-wins"):
        quiz.answered(executed(*asks))


def test_a_question_without_its_weights_is_taken_off_the_page(monkeypatch):
    """With the same page as `your_guess` writes it."""
    notebook = executed(WITHOUT, question("wide-wins"), question("deep-wins"), made("wide-wins", 0.3))
    monkeypatch.setattr(book_tables, "executed", lambda app, docname: notebook)

    def asked(claim, answer=""):
        options = '<ol><li data-why="because">it wins</li></ol>'
        return f'<div class="prediction" data-claim="{claim}"{answer}><p>How is {claim}?</p>\n{options}</div>'

    context = {"body": f"<p>one</p>{asked('wide-wins')}<p>two</p>{asked('deep-wins')}<p>three</p>"}
    course.answer_guesses(SimpleNamespace(), "notebooks/14_x", "page.html", context, None)
    answer = ' id="guess-wide-wins" data-right="2" data-value="0.3 points"'
    assert context["body"] == f"<p>one</p>{asked('wide-wins', answer)}<p>two</p><p>three</p>"


def test_the_command_takes_the_chapters_that_are_kept(tmp_path, monkeypatch, capsys):
    path, to = tmp_path / "01_size.ipynb", tmp_path / "quiz.zip"
    done = executed(question("wide-wins"), made("wide-wins", 0.3))
    nbformat.write(executed(), path)
    monkeypatch.setattr(quiz, "all_chapters", lambda: [path, tmp_path / "playground.ipynb"])
    monkeypatch.setattr(quiz, "cache_path", lambda *folders: tmp_path / "cache")
    monkeypatch.setattr(quiz, "kept", lambda cache, of: chapters.kept(cache, of) if of == path else None)
    with pytest.raises(SystemExit, match=r"Not executed as they stand now: 01_size\. Run make book first"):
        quiz.main(to)
    chapters.keep(chapters.get_cache(tmp_path / "cache"), path, chapters.Done(done, 1.0, ""))
    quiz.main(to)
    assert capsys.readouterr().out == f"1 questions: {to}\n" and to.is_file()
