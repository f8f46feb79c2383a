"""The page "Draw a digit": what its scripts compute is what Keras, `utils` and lime compute, and it can be used."""

import base64
import json
import re
import shutil
import subprocess

import browsing
import keras
import numpy as np
import pytest
import tensorflow as tf
from browsing import SITE
from conftest import ROOT, cannot_run
from lime.lime_base import LimeBase
from sklearn.metrics import pairwise_distances

from utils import attributions, data

address, browser, fresh_page = browsing.address, browsing.browser, browsing.fresh_page
PAGE = "notebooks/playground.html"
FIXTURES = 200
CLOSE = {"atol": 1e-4, "rtol": 1e-4}


@pytest.mark.skipif(not shutil.which("npm"), reason="npm is not installed")
def test_scripts_are_formatted_and_linted():
    web = ROOT / "tests" / "web"
    if not (web / "node_modules").is_dir():
        ended = subprocess.run(["npm", "ci", "--silent", "--prefix", web], capture_output=True, text=True)
        if ended.returncode:
            cannot_run(f"npm could not fetch what checks the scripts: {ended.stderr.strip()}")
    ended = subprocess.run(["npm", "run", "check", "--prefix", web], capture_output=True, text=True, cwd=ROOT)
    assert not ended.returncode, ended.stdout + ended.stderr


def built(networks, dtype="float32"):
    """Keras's form of what was handed out: logits without a softmax."""

    def numbers(text):
        return np.frombuffer(base64.b64decode(text), "<f2").astype("f4")

    models = []
    for network in networks:
        model = keras.Sequential([keras.layers.Input((28, 28, 1), dtype=dtype)])
        for layer in network["layers"]:
            relu = "relu" if layer.get("relu") else None
            if layer["kind"] == "pool":
                model.add(keras.layers.MaxPooling2D(dtype=dtype))
                continue
            shape = layer["shape"]
            if layer["kind"] == "convolution":
                model.add(keras.layers.Conv2D(shape[-1], shape[:2], activation=relu, dtype=dtype))
            else:
                model.add(keras.layers.Flatten(dtype=dtype))
                model.add(keras.layers.Dense(shape[-1], activation=relu, dtype=dtype))
            model.layers[-1].set_weights([numbers(layer["kernel"]).reshape(shape), numbers(layer["bias"])])
        models.append(model)
    return models


@pytest.fixture(scope="module")
def handed():
    file = SITE / "_static" / "playground" / "networks.js"
    if not file.is_file():
        cannot_run("there is no site in _build/html: run `make book` first")
    return json.loads(re.fullmatch(r"const HANDED_OUT = (.*);\n", file.read_text())[1])


@pytest.fixture(scope="module", params=["http", "file"])
def page(request, browser, address):
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{address if request.param == 'http' else SITE.as_uri()}/{PAGE}")
    page.wait_for_function("window.playground")
    yield page
    context.close()


# what it computes is the same however it came; that it came, the accuracy tells
from_a_folder = pytest.mark.parametrize("page", ["file"], indirect=True)


@pytest.fixture(scope="module")
def fixtures(handed):
    """For each network its share of 200 images, as the page has them."""
    pixels = np.frombuffer(base64.b64decode(handed["digits"]["pixels"]), np.uint8)
    x = (pixels.reshape(-1, 28, 28, 1) / 255)[:FIXTURES].astype("f4")
    models = built(handed["networks"])
    return [(k, model, np.arange(k, FIXTURES, len(models)), x) for k, model in enumerate(models)]


def ask(page, k, rows, expression):
    """A list of arrays: `expression` of (layers, image) in the page, for each of these images."""
    script = f"""([k, rows]) => {{ const {{ TRAINED, DIGITS }} = window.playground; const layers = TRAINED[k].layers;
        return rows.map((i) => {{ const image = DIGITS[i].image; return Array.from({expression}); }}); }}"""
    return np.array(page.evaluate(script, [k, rows.tolist()]))


@pytest.mark.site
@from_a_folder
def test_logits_are_those_of_keras(page, fixtures):
    for k, model, _, x in fixtures:
        everyone = np.arange(FIXTURES)
        ours = ask(page, k, everyone, "Network.logits(layers, image)")
        np.testing.assert_allclose(ours, model.predict(x, verbose=0), **CLOSE)
        broken = ask(page, k, everyone, "(() => { layers.at(-1).kernel[3] += 0.01; const out = "
                     "Network.logits(layers, image); layers.at(-1).kernel[3] -= 0.01; return out; })()")  # fmt: skip
        with pytest.raises(AssertionError):
            np.testing.assert_allclose(broken, model.predict(x, verbose=0), **CLOSE)


@pytest.mark.site
@pytest.mark.parametrize("share", [0.5, 0.9, 0.98])
@from_a_folder
def test_pruned_logits_are_those_of_keras(page, fixtures, share):
    for k, model, rows, x in fixtures:
        pruned = keras.models.clone_model(model)
        pruned.set_weights([
            w * (np.abs(w) >= np.sort(np.abs(w), axis=None)[round(share * w.size)]) if w.ndim > 1 else w
            for w in model.get_weights()
        ])  # fmt: skip
        ours = ask(page, k, rows, f"Network.logits(Compress.prune(layers, {share}), image)")
        np.testing.assert_allclose(ours, pruned.predict(x[rows], verbose=0), **CLOSE)


def in_double_precision(model, x, grey, target, steps=50):
    """Integrated Gradients as `utils` defines them."""
    total = np.zeros(x.shape)
    for k in range(steps):
        point = tf.constant(grey + (k + 0.5) / steps * (x - grey))
        with tf.GradientTape() as tape:
            tape.watch(point)
            answer = tf.reduce_sum(tf.gather(model(point), target, axis=1, batch_dims=1))
        total += tape.gradient(answer, point).numpy() / steps
    return (total * (x - grey)).reshape(len(x), -1)


@pytest.mark.site
@pytest.mark.parametrize("grey", [0.0, 0.5])
@from_a_folder
def test_integrated_gradients_are_those_of_keras_and_utils(page, handed, fixtures, grey):
    script = (
        f"(() => {{ const {{ map, gap }} = Explain.integratedGradients(layers, image, i % 10, {grey}); "
        "return [...map, gap]; })()"
    )
    for (k, model, rows, x), double in zip(fixtures, built(handed["networks"], "float64"), strict=True):
        exact = ask(page, k, rows, "image").reshape(-1, 28, 28, 1)
        ours = ask(page, k, rows, script)
        slopes = in_double_precision(double, exact, grey, rows % 10)
        # rounding decides which of the four of a pool has the slope on an even ground, and on which side of its ReLU's
        # edge a unit is: in which networks, on which pixels, is another thing on each machine
        assert np.isclose(ours[:, :-1], slopes, **CLOSE).mean() > 0.999
        np.testing.assert_allclose(ours[:, :-1], slopes, atol=1e-3)
        baseline = np.full((28, 28, 1), grey, np.float32)
        theirs, error = attributions.integrated_gradients(model, x[rows], baseline, rows % 10)
        near = np.isclose(ours[:, :-1], theirs.reshape(len(rows), -1), **CLOSE)
        # the rest: at one of the points single precision puts a unit on the other side of its ReLU's edge
        assert near.mean() > 0.99
        np.testing.assert_allclose(ours[:, -1], error, atol=0.02)


@pytest.mark.site
@pytest.mark.parametrize("cell", [4, 7])
@from_a_folder
def test_occlusion_is_that_of_keras(page, fixtures, cell):
    for k, model, rows, x in fixtures:
        whole = model.predict(x[rows], verbose=0)[np.arange(len(rows)), rows % 10]
        theirs = np.zeros((len(rows), 28, 28))
        for top, left in np.ndindex(28 // cell, 28 // cell):
            here = np.s_[:, top * cell : (top + 1) * cell, left * cell : (left + 1) * cell]
            covered = x[rows].copy()
            covered[here] = 0.25
            fall = whole - model.predict(covered, verbose=0)[np.arange(len(rows)), rows % 10]
            theirs[here] = fall[:, None, None]
        ours = ask(page, k, rows, f"Explain.occlusion(layers, image, i % 10, {cell}, 0.25)")
        np.testing.assert_allclose(ours, theirs.reshape(len(rows), -1), **CLOSE)


@pytest.mark.site
@from_a_folder
def test_lime_is_the_librarys_on_the_same_questions(page, fixtures):
    masks = np.array(page.evaluate("Explain.questions(49)"))
    base = LimeBase(lambda distances: np.sqrt(np.exp(-(distances**2) / 0.25**2)))
    distances = pairwise_distances(masks, masks[:1], metric="cosine").ravel()
    cells = np.arange(28) // 4
    segments = cells[:, None] * 7 + cells
    for k, model, rows, x in fixtures:
        for row in rows[:3]:
            seen = np.where(masks[:, segments, None], x[row], 0)
            answers = model.predict(seen, verbose=0)
            told = base.explain_instance_with_data(masks, answers, distances, row % 10, 49, feature_selection="none")
            theirs = np.array([weight for _, weight in sorted(told[1])])[segments]
            ours = ask(page, k, np.array([row]), "Explain.lime(layers, image, i % 10, 4, 0)")
            np.testing.assert_allclose(ours[0], theirs.ravel(), atol=1e-4)


@pytest.mark.site
@from_a_folder
def test_a_drawing_is_made_as_the_data_are(page):
    small = np.random.default_rng(0).random((8, 8))
    theirs = data._place(small[None], None, jitter=False)[0, ..., 0]
    script = "(small) => Array.from(Digit.place({ small, dy: 0, dx: 0 }))"
    ours = np.array(page.evaluate(script, small.ravel().tolist())).reshape(28, 28)
    assert np.abs(ours - theirs).max() <= 1 / 255 + 1e-6, "a grey level, where a half is rounded the other way"
    moved = np.array(page.evaluate("(x) => Array.from(Digit.shift(x, 2, -3))", ours.ravel().tolist()))
    np.testing.assert_array_equal(moved, data.shift(ours[None, ..., None], 2, -3).ravel())
    scan = "(side) => Digit.scan(Uint8Array.from({ length: 80 * 80 }, (_, i) => +(i % 80 > 30 && i % 80 < 50)), 80)"
    drawn = page.evaluate(scan, 80)
    column = np.array(list(drawn["small"])).reshape(8, 8)
    assert column[:, 3:5].min() > 0.9 and column[:, [0, 1, 6, 7]].max() == 0, "a bar is a bar"
    assert (drawn["dy"], drawn["dx"]) == (0, 0)


@pytest.mark.site
def test_accuracy_is_that_of_the_notebook(page, handed, fixtures):
    labels = handed["digits"]["labels"]
    for k, model, _, _ in fixtures:
        pixels = np.array(page.evaluate("window.playground.DIGITS.map(({ image }) => Array.from(image))"))
        right = np.mean(model.predict(pixels.reshape(-1, 28, 28, 1), verbose=0).argmax(1) == labels)
        counted = f"document.querySelector('[data-part=right-{k}]').textContent"
        page.wait_for_function(f"{counted} != '…'")
        assert page.evaluate(counted) == f"{100 * right:.0f} %"


@pytest.mark.site
def test_a_finger_draws_on_a_phone(browser, address):
    context = browser.new_context(viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(f"{address}/{PAGE}")
    page.wait_for_function("window.playground")
    canvas = page.locator('[data-part="draw"]')
    canvas.scroll_into_view_if_needed()
    box, top = canvas.bounding_box(), page.evaluate("window.scrollY")
    session = context.new_cdp_session(page)
    middle = box["x"] + box["width"] / 2

    def touch(kind, y=None):
        points = [{"x": middle, "y": y}] if y else []
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", box["y"] + 50)
    for y in range(60, 230, 10):
        touch("touchMove", box["y"] + y)
    touch("touchEnd")
    assert "your drawing" in page.locator('[data-part="seen"]').get_attribute("aria-label")
    said = page.locator('[data-part="said"]').text_content()
    assert re.search(r"convolutions: 1 \(", said), said
    assert page.evaluate("window.scrollY") == top, "drawing does not scroll"
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()


@pytest.mark.site
def test_all_of_it_works_from_the_keyboard(browser, address):
    page = browser.new_page()
    page.goto(f"{address}/{PAGE}")
    page.wait_for_function("window.playground")
    part = '[data-part="{}"]'.format
    image = "Array.from(document.querySelector('[data-part=seen]').getContext('2d').getImageData(0, 0, 28, 28).data)"
    before = np.array(page.evaluate(image)).reshape(28, 28, 4)
    page.locator(part("seen")).press("ArrowRight")
    after = np.array(page.evaluate(image)).reshape(28, 28, 4)
    np.testing.assert_array_equal(after[:, 1:], before[:, :-1])
    stored = page.locator(part("bytes-0")).text_content()
    page.locator(part("pruned")).press("End")
    page.wait_for_function(f"document.querySelector('{part('bytes-0')}').textContent != '{stored}'")
    assert page.locator(part("pruned-value")).text_content() == "98 %"
    page.locator(part("method")).select_option("path")
    page.wait_for_function(f"document.querySelector('{part('told-0')}').textContent.includes('add up')")
    for name in ("clear", "digit", "another", "pruned", "method", "class", "fill", "random", "row", "column"):
        page.locator(part(name)).focus()
        assert page.evaluate("document.activeElement.dataset.part") == name
    page.close()


# ------------------------------------------------------------------ what a reader stumbles over


def part(name):
    return f'[data-part="{name}"]'


@pytest.fixture
def fresh(fresh_page, address):
    """fresh(**context): the page as it opens, in a context of its own."""

    def open_page(**context):
        page = fresh_page(**context)
        page.goto(f"{address}/{PAGE}")
        page.wait_for_function("window.playground")
        return page

    return open_page


def seen(page):
    return page.evaluate("document.querySelector('[data-part=seen]').toDataURL()")


@pytest.mark.site
def test_a_press_without_a_move_is_a_dot(fresh):
    page = fresh()
    before = seen(page)
    page.locator(part("draw")).click()
    assert "your drawing" in page.locator(part("seen")).get_attribute("aria-label") and seen(page) != before


@pytest.mark.site
def test_another_is_another_and_an_image_keeps_its_name(fresh):
    page = fresh()
    before, name = seen(page), page.locator(part("seen")).get_attribute("aria-label")
    assert name == "What the networks see: a 5 from the test images".replace(
        "5", page.locator(part("digit")).input_value()
    )
    page.locator(part("another")).click()
    assert seen(page) != before
    page.locator(part("digit")).select_option("8")
    page.locator('input[name="bits"][value="4"]').check()
    assert page.locator(part("seen")).get_attribute("aria-label") == "What the networks see: an 8 from the test images"


@pytest.mark.site
def test_the_page_answers_before_it_has_counted(fresh):
    page = fresh()
    texts = page.evaluate("""() => {
        const text = (name) => document.querySelector(`[data-part="${name}"]`).textContent;
        const before = text("answer-0");
        document.querySelector('input[name="bits"][value="2"]').click();
        return [before, text("answer-0"), text("right-2")];
    }""")
    assert texts[0] != texts[1] and texts[2] == "…"
    page.wait_for_function("document.querySelector('[data-part=right-2]').textContent.endsWith('%')")


@pytest.mark.site
def test_on_the_way_back_the_inputs_say_what_is_shown(fresh, address):
    page = fresh()
    shown = ("pruned-value", "bytes-0", "right-0", "right-2", "told-0", "told-2", "sum", "patch", "said", "fill-value")
    ready = """() => ['right-0', 'told-0'].every((name) => {
        const text = document.querySelector(`[data-part="${name}"]`).textContent;
        return text && text !== '…' && (name !== 'told-0' || text.startsWith('random weights, for 3; the pixels'));
    })"""
    page.locator(part("pruned")).press("End")
    page.locator('input[name="bits"][value="4"]').check()
    page.locator(part("digit")).select_option("8")
    page.locator(part("method")).select_option("path")
    page.locator(part("class")).select_option("3")
    page.locator(part("random")).check()
    page.locator(part("row")).fill("5")
    page.wait_for_function("document.querySelector('[data-part=bytes-0]').textContent.startsWith('5')")
    page.wait_for_function(ready)
    before = {name: page.locator(part(name)).text_content() for name in shown}
    page.goto(f"{address}/book/faq.html")
    page.go_back()
    page.wait_for_function("window.playground")
    assert page.locator(part("pruned")).input_value() == "98", "the browser has filled in the inputs"
    page.wait_for_function(ready)
    assert {name: page.locator(part(name)).text_content() for name in shown} == before


@pytest.mark.site
def test_a_tap_points_at_a_pixel_beside_its_arithmetic(fresh):
    page = fresh(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    near, frame = page.locator(part("near")), page.locator(part("frame"))
    near.scroll_into_view_if_needed()
    box = near.bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] * 5.5 / 28, box["y"] + box["height"] * 20.5 / 28)
    assert (page.locator(part("row")).input_value(), page.locator(part("column")).input_value()) == ("19", "4")
    around = frame.bounding_box()
    assert abs(around["x"] - box["x"] - 4 / 28 * box["width"]) < 2 and abs(around["width"] - box["width"] * 3 / 28) < 2
    assert page.locator(part("sum")).bounding_box()["y"] - box["y"] < 844, "both can be seen at once"
    lines = page.locator(".patch tr")
    assert lines.count() == 3
    for line in lines.all():
        tops = {round(cell.bounding_box()["y"]) for cell in line.locator("td").all()}
        assert len(tops) == 1, "three pixels of a row stand in a row"
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator(part("seen")).tap(position={"x": 100, "y": 50})
    assert page.locator(part("row")).input_value() != "19"


@pytest.mark.site
def test_what_is_asked_of_whom_is_said(fresh):
    page = fresh()
    for method in ("occlusion", "lime", "gradient", "path"):
        page.locator(part("method")).select_option(method)
        page.wait_for_function(f"!document.querySelector('[data-about={method}]').hidden")
        assert page.locator("[data-about]:visible").count() == 1
    page.locator(part("random")).check()
    page.wait_for_function("document.querySelector('[data-part=told-1]').textContent.startsWith('random weights, ')")
    page.locator(part("fill")).press("End")
    page.wait_for_function("document.querySelector('[data-part=fill-value]').textContent === '1.00, black'")
    assert page.locator(part("fill")).get_attribute("aria-valuetext") == "1.00, black"
    assert page.locator(part("pruned")).get_attribute("aria-valuetext") == "0 %"
    assert not re.search(r"(?<!\d)-\d", page.locator("#playground").inner_text()), "a hyphen in place of a minus"


@pytest.mark.site
def test_the_benchmark_times_what_the_page_does_and_misses_nothing(fresh, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "tests" / "benchmarks")
    import bench_playground

    page = fresh()
    page.wait_for_function("document.querySelector('[data-part=right-2]').textContent.endsWith('%')")
    took = bench_playground.run(page, repeated=2, warm=0)
    assert set(took) == set(bench_playground.AIMS)
    assert all(len(times) == 2 and min(times) > 0 for times in took.values())
    slow = {what: [60_000.0] for what in took}
    result = bench_playground.summary(slow, 60, "1.2.3", 0.5)
    assert result["targets_met"] == {} and bench_playground.report(result) == 0
    assert [row["value"] for row in result["rows"]] == ["60000.0 ms"] * 4
    assert result["machine"]["processor"] and result["machine"]["load"] == 0.5
    json.dumps(result)
