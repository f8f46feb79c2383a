"""How long the page "Draw a digit" takes to answer, in Chromium, as its reader has it: from a folder.

    python tests/benchmarks/bench_playground.py

Each time is the median over repetitions with other digits, after rounds that are not timed (the browser compiles).
What a frame of an animation leaves room for, and the other aims beside the times, are no bounds: a slow or busy machine
misses them, and nothing fails. The load before the run is written down with them.
Exit code 2: no Chromium, or no built site.
"""

import os
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # for utils
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "book" / "_ext"))  # for the browser's place

from playwright.sync_api import sync_playwright
from printing import SITE, chromium
from record import conditions, record, report

from utils.claims import processor

PAGE = SITE / "notebooks" / "playground.html"
REPEATED, WARM = 15, 3
MAPS = """(k) => {
    const { TRAINED, DIGITS } = window.playground;
    const before = performance.now();
    for (const { layers } of TRAINED) Explain.METHOD(layers, DIGITS[k].image, DIGITS[k].label, 4, 0);
    return performance.now() - before;
}"""
AIMS = {  # what, milliseconds, and the script that does it once with the k-th digit and returns how many it took
    "An answer of the three networks, while a finger draws": (16, """(k) => {
        const canvas = document.querySelector('[data-part="draw"]');
        const { left, top, width, height } = canvas.getBoundingClientRect();
        const [x, y] = [0.2 + 0.6 * ((0.37 * k) % 1), 0.2 + 0.6 * ((0.61 * k) % 1)];
        const [clientX, clientY] = [left + x * width, top + y * height];
        const event = new PointerEvent("pointermove", { isPrimary: true, buttons: 1, clientX, clientY });
        const before = performance.now();
        canvas.dispatchEvent(event);
        return performance.now() - before;
    }"""),
    "Occlusion maps of the three networks, cells of 4 pixels": (100, MAPS.replace("METHOD", "occlusion")),
    "LIME's maps of the three networks, 200 questions each": (300, MAPS.replace("METHOD", "lime")),
    "Accuracy of the three networks over the page's digits, weights changed": (500, """(k) => {
        const bits = document.querySelectorAll('input[name="bits"]');
        const counted = () =>
            [0, 1, 2].every((n) => document.querySelector(`[data-part="right-${n}"]`).textContent.endsWith("%"));
        return new Promise((done) => {
            const before = performance.now();
            bits[k % 2].click();
            const look = new MutationObserver(() => {
                if (!counted()) return;
                look.disconnect();
                done(performance.now() - before);
            });
            look.observe(document.querySelector(".answers"), { childList: true, subtree: true, characterData: true });
        });
    }"""),
}  # fmt: skip


def run(page, repeated=REPEATED, warm=WARM):
    """Milliseconds of each repetition: {what: [...]}. The pauses let go by what the page does after an answer."""
    took = {what: [] for what in AIMS}
    for what, (_, script) in AIMS.items():
        for k in range(1, 1 + warm + repeated):
            took[what].append(page.evaluate(script, k))
            page.wait_for_timeout(300)
        del took[what][:warm]
    return took


def summary(took, seconds, browser, load):
    """The record: medians, what was aimed at, and no target that could be missed."""
    medians = {what: statistics.median(times) for what, times in took.items()}
    about = conditions(seconds, (), ("playwright",))
    about["versions"]["chromium"] = browser
    about["machine"] |= {"processor": processor(), "load": load}
    return {
        "title": "Draw a digit: how long the page takes to answer",
        "rows": [
            {"what": what, "value": f"{medians[what]:.1f} ms", "target": f"aimed at: {aim} ms, on two idle cores"}
            for what, (aim, _) in AIMS.items()
        ],
        "targets_met": {},
        "repetitions": {what: [round(t, 2) for t in times] for what, times in took.items()},
        "median": medians,
        **about,
    }


def main():
    program = chromium()
    if not program or not (SITE / "_static" / "playground" / "networks.js").is_file():
        lacking = "no site in _build/html: run make book first" if program else "no Chromium on the path: install one"
        print(f"There is {lacking}. This benchmark measures a page in a browser.", file=sys.stderr)
        return 2
    load, started = round(os.getloadavg()[0], 1), time.perf_counter()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.goto(PAGE.as_uri())
        page.wait_for_function("window.playground")
        page.wait_for_function("document.querySelector('[data-part=right-2]').textContent.endsWith('%')")
        took = run(page)
        result = summary(took, time.perf_counter() - started, browser.version, load)
        browser.close()
    record("playground", result)
    return report(result)


if __name__ == "__main__":
    sys.exit(main())
