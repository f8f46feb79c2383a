"""What every chapter owes its reader, checked on the stored notebooks."""

import ast
import itertools
import math
import re
from collections import Counter

import chapters
import nbformat
import pytest
from conftest import CHAPTERS, ROOT, TEMPLATE, cells, claim_calls

from utils.claims import QUOTE, claim_of, written
from utils.pretrained import LIBRARY_MARK, MARK

chapter = pytest.mark.parametrize("notebook", [*CHAPTERS, TEMPLATE], ids=lambda p: p.stem)


CITED = r"\{cite(:\w+)?\}`"
# functions of utils with a seed by default, which chapters give all the same
DEFAULT_SEED = ("load_images", "lime_image", "lime_tabular", "kernel_shap", "counterfactuals")


def stored(notebook, kind):
    return [cell for cell in nbformat.read(notebook, as_version=4).cells if cell.cell_type == kind]


def prose_of(notebook):
    return "\n\n".join(cell.source for cell in cells(notebook, "markdown"))


def claim_ids(notebook):
    return [ast.literal_eval(call.args[0]) for call in claim_calls(notebook)]


def test_there_are_chapters():
    assert len(CHAPTERS) >= 5


@chapter
def test_opens_with_a_question_and_what_it_asks_and_gives(notebook):
    first = cells(notebook, "markdown")[0].source
    assert re.match(r"# [^\n]+\?\n", first), "the title is a question"
    for part in ("**You will**", "**Before:**", "**Time:** {chapter-time}`"):
        assert part in first


@chapter
def test_has_every_part(notebook):
    prose = prose_of(notebook)
    for part in ("## What we found", "## What this does not show", "## Exercises", "**Read on:**"):
        assert part in prose, f"no {part!r}"
    exercises = prose.split("## Exercises")[1]
    assert len(re.findall(r"^\*\*\d\.\*\*", exercises, re.M)) >= 2
    assert exercises.count(":class: dropdown") >= 2, "each exercise has a folded solution"
    assert "assignment" in exercises


@chapter
def test_is_short(notebook):
    prose = re.sub(r"(`{3,}).*?\1|\{[\w:-]+\}`[^`]*`", "", prose_of(notebook), flags=re.S)  # no code, no roles
    words = re.findall(r"[A-Za-z][A-Za-z'-]+", prose)
    assert len(words) <= 1800
    longest = max(cells(notebook, "code"), key=lambda cell: len(cell.source.splitlines()))
    assert len(longest.source.splitlines()) <= 20, f"belongs in utils/:\n{longest.source}"


@pytest.mark.parametrize("notebook", CHAPTERS, ids=lambda p: p.stem)
def test_claims_at_least_five_things(notebook):
    assert len(claim_ids(notebook)) >= 5


def test_claim_ids_are_unique_in_the_course():
    counted = Counter(id for notebook in [*CHAPTERS, TEMPLATE] for id in claim_ids(notebook))
    assert [id for id, n in counted.items() if n > 1] == []


@pytest.mark.parametrize("path", [*CHAPTERS, TEMPLATE, *sorted((ROOT / "book").glob("*.md"))], ids=lambda p: p.stem)
def test_every_quoted_number_is_a_claims(path):
    text = prose_of(path) if path.suffix == ".ipynb" else path.read_text()
    for quote in re.findall(r"\{glue:\w+\}`([^`]*)`", text):
        match = re.fullmatch(r"\.\./notebooks/(\w+\.ipynb)::([\w-]+):[^:]+", quote)
        assert match, f"write {quote!r} as ../notebooks/<file>::<claim>:<format>"
        known = claim_ids(ROOT / "notebooks" / match[1])
        assert claim_of(match[2]) in known, f"{match[1]} claims no {match[2]!r}"


@chapter
def test_every_claim_is_quoted_or_shown_and_has_a_plain_bound(notebook):
    for call in claim_calls(notebook, ["claim"]):
        bounds = {k.arg: k.value for k in call.keywords if k.arg in ("at_least", "at_most", "exactly")}
        assert bounds, f"{ast.unparse(call.args[0])} has no bound"
        for limit in bounds.values():  # a bound computed from the measurement could not fail
            names = {node.id for node in ast.walk(limit) if isinstance(node, ast.Name)}
            assert all(name.isupper() for name in names), f"the bound {ast.unparse(limit)} is computed"


@chapter
def test_a_question_has_one_answer_whatever_the_seeds(notebook):
    """A claim that holds leaves one option right: both ends of its bound lie within it."""
    calls = claim_calls(notebook, ["claim"])
    claims = {call.args[0].value: call for call in calls if isinstance(call.args[0], ast.Constant)}
    for call in claim_calls(notebook, ["your_guess"]):
        _, claim, options = map(ast.literal_eval, call.args)
        assert claim in claims, f"no claim {claim!r} answers it"
        bounds = {k.arg: ast.literal_eval(k.value) for k in claims[claim].keywords if k.arg in ("at_least", "at_most")}
        least, most = bounds.get("at_least", -math.inf), bounds.get("at_most", math.inf)
        limits = [-math.inf, *(limit for _, limit, _ in options[:-1]), math.inf]
        within = [low <= least and most <= high for low, high in itertools.pairwise(limits)]
        assert sum(within) == 1, f"{claim} is held to {bounds}, the options end at {limits[1:-1]}"


@chapter
def test_a_question_is_left_out_where_its_claim_is(notebook):
    """An editor without the weights, or without PyTorch, would ask what nothing answers."""
    left_out = {"claim": set(), "your_guess": set()}
    for cell in stored(notebook, "code"):
        if mark := next((mark for mark in (MARK, LIBRARY_MARK) if cell.source.startswith(mark)), None):
            for call in (node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Call)):
                name = getattr(call.func, "id", "")
                if name in left_out:
                    left_out[name].add((mark, ast.literal_eval(call.args[name == "your_guess"])))
    asked = {ast.literal_eval(call.args[1]) for call in claim_calls(notebook, ["your_guess"])}
    wrong = left_out["your_guess"] ^ {(mark, claim) for mark, claim in left_out["claim"] if claim in asked}
    assert not wrong, f"begin the question's cell as the claim's, if that begins with such a mark: {wrong}"


@chapter
def test_the_code_of_claims_is_folded(notebook):
    for cell in stored(notebook, "code"):
        source = cell.source.removeprefix(f"{MARK}\n").removeprefix(f"{LIBRARY_MARK}\n")
        if re.search(r"^(claim|measured|found)\(", source, re.M):
            assert "hide-input" in cell.metadata.get("tags", []), f"tag it hide-input:\n{cell.source}"
        if source.startswith("your_guess("):
            assert "remove-input" in cell.metadata.get("tags", []), f"its code holds the answer:\n{cell.source}"
        if source.startswith(("found(", "your_guess(")):
            assert cell.metadata.get("jupyter", {}).get("source_hidden"), f"fold it in JupyterLab:\n{cell.source}"


@chapter
def test_no_role_stands_where_an_editor_would_show_it_in_place_of_a_result(notebook):
    for cell in stored(notebook, "markdown"):
        assert "{glue:" not in cell.source, (
            f"a paragraph that quotes a claim is written with found(...):\n{cell.source}"
        )
    for cell in stored(notebook, "code"):
        if cell.source.startswith("found("):
            assert not re.search(CITED, cell.source), f"name the authors in words:\n{cell.source}"


@chapter
def test_what_stands_among_the_findings_names_authors_in_words(notebook):
    """An editor shows the key of a citation."""
    text = "\n\n".join(cell.source for cell in stored(notebook, "markdown"))
    results = text.split("## What we found")[1].split("## What this does not show")[0]
    assert not re.search(CITED, results), results


@chapter
def test_text_of_findings_begins_with_no_heading(notebook):
    """JupyterLab's MyST takes one for the title of what is shown, and shows it twice."""
    for cell in stored(notebook, "code"):
        text = chapters.found_text(cell)
        assert not (text or "").startswith("#"), f"put the heading into a Markdown cell above:\n{cell.source}"


@chapter
def test_numbers_of_findings_have_a_format(notebook):
    for text in filter(None, map(chapters.found_text, stored(notebook, "code"))):
        for id, form in QUOTE.findall(text):
            assert written(0.5, form), id


@chapter
def test_every_seed_comes_from_one_place(notebook):
    """A literal seed, or one left at its default, would stay where it is when `COURSE_SEEDS` moves the others."""
    code = "\n".join(re.sub(r"^%.*", "", cell.source, flags=re.M) for cell in cells(notebook, "code"))
    for call in (node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)):
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        given = {k.arg: k.value for k in call.keywords if k.arg in ("seed", "random_state", "rseed")}
        if name in ("default_rng", "set_random_seed", "RandomState", "seed"):
            given |= {"seed": call.args[0] if call.args else ast.Constant(None)}
        if name in DEFAULT_SEED and "seed" not in given and not any(k.arg is None for k in call.keywords):
            given["seed"] = ast.Constant(0)
        for value in given.values():
            assert not isinstance(value, ast.Constant), f"take it from utils.seeds: {ast.unparse(call)}"


@chapter
def test_code_fits_the_page(notebook):
    for cell in cells(notebook, "code"):
        for line in cell.source.splitlines():
            assert len(line) <= 88, f"wider than the page shows: {line}"


@chapter
def test_figures_say_what_they_show(notebook):
    for cell in cells(notebook, "code"):
        if re.search(r"\bplots\.(lines|dots|images)\(|\bplt\.(figure|subplots)\(", cell.source):
            shown = cell.metadata.get("mystnb", {})
            assert len(shown.get("image", {}).get("alt", "")) > 40, f"no alt text that says the finding:\n{cell.source}"
            assert shown.get("figure", {}).get("caption"), f"no caption:\n{cell.source}"


@chapter
def test_scores_on_the_test_set_in_one_cell(notebook):
    scoring = re.compile(r"(?:accurac|score|error)\w*\(.*[xy]_test")
    touching = [cell.source for cell in cells(notebook, "code") if scoring.search(cell.source)]
    assert len(touching) <= 1, "the test set is scored in one cell, at the end"


@chapter
def test_stands_alone(notebook):
    code = "\n".join(cell.source for cell in cells(notebook, "code")[1:])  # the first fetches the course on Colab
    for banned in ("sys.path", "os.chdir", "!pip", "%pip", "/home/", "/root/", "/work/", "urllib", "requests"):
        assert banned not in code
    assert not re.search(r"predict_classes|tf\.contrib\b(?!.*Error)", code) or "except AttributeError" in code
