"""No measured number is typed by hand, anywhere in the book; and the check that says so can fail."""

import ast

import pytest
from conftest import CHAPTERS, ROOT, TEMPLATE, cells, claim_calls
from prose import settings, typed_numbers

PAGES = sorted((ROOT / "book").glob("*.md"))


@pytest.mark.parametrize(
    "planted",
    [
        "The network reached 0.93 on the test set.",
        "Accuracy rose to .93 with width.",
        "It misses 93 % of the threes.",
        "It misses 93% of the threes.",
        "It misses 38 of 1,010 threes.",
        "The file is 12 times smaller.",
        "The file is twelve times smaller.",
        "It loses ninety per cent of its weights.",
        "The gap is three percentage points.",
        "The error was $0.123$ in the mean.",
        "The error was `0.123` in the mean.",
        "Accuracy rose by 2e-3.",
        "```{admonition} Solution\n:class: dropdown\nYou get 97.5 % of them.\n```",
        "1. The first finding is 0.42.",
        "A table:\n\n| a | b |\n|---|---|\n| wide | 0.91 |",
        "It took 35 s to run.",
    ],
)
def test_a_planted_number_is_found(planted):
    assert typed_numbers(planted, known={0.5, 600.0})


@pytest.mark.parametrize(
    "innocent",
    [
        "It reached {glue:text}`../notebooks/01_size.ipynb::a-b:.1%` of them.",
        "With $n=600$ images and a rate of `0.5`, three seeds each.",
        "Section 4.1.4 of the source; chapters [3](03_parameter_sharing.ipynb) and Keras 3.",
        "**1.** Train LeNet-300-100 and GPT-2 {cite}`han2015learning`.",
        "```python\nx = 0.123\n```",
        "The GDPR, Articles 15 and 22, and Article 86 of another act.",
        "In 2015 it was new. See [the paper](https://example.org/1234.5678).",
        "$$s_t = s_f + (s_0 - s_f)(1 - t/n)^3$$",
    ],
)
def test_an_innocent_sentence_passes(innocent):
    assert typed_numbers(innocent, known={0.5, 600.0}) == []


@pytest.mark.parametrize("notebook", [*CHAPTERS, TEMPLATE], ids=lambda p: p.stem)
def test_chapter_prose(notebook):
    code = cells(notebook, "code")
    known = settings([cell.source for cell in code])
    texts = [cell.source for cell in cells(notebook, "markdown")]
    for cell in code:
        shown = cell.metadata.get("mystnb", {})
        texts += [shown.get("image", {}).get("alt", ""), shown.get("figure", {}).get("caption", "")]
    texts += [call.args[1].value for call in claim_calls(notebook) if isinstance(call.args[1], ast.Constant)]
    offences = [offence for text in texts for offence in typed_numbers(text, known)]
    assert not offences, f"typed by hand in {notebook.name}; take them from a claim: {offences}"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_page_prose(page):
    text = page.read_text()
    if text.startswith("---\n"):
        text = text.split("---\n", 2)[2]
    assert typed_numbers(text) == [], f"typed by hand in {page.name}"
