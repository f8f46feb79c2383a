"""Grades one class again and again beside busy processes. No mark may depend on timing, so all rounds must be equal.

python tests/benchmarks/marks_under_load.py --rounds 10 --busy 2
The class: tests/sample_class.py and tests/odd_submissions.py, and the kept answers to the assignments named.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import mutations
import odd_submissions
import sample_class


def graded(submissions, to, busy):
    """{(student, assignment): row of grades.csv} of a class that is graded from the start, and how long it took."""
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(busy)]
    started = time.monotonic()
    try:
        ended = mutations.grading("grade", submissions, "--to", to)
    finally:
        for process in others:
            process.kill()
            process.wait()
    if ended.returncode:
        print(ended.stdout, ended.stderr)
    rows = mutations.rows(to / "grades.csv")
    return {(row["student"], row["assignment"]): row for row in rows}, time.monotonic() - started


def differences(first, row):
    """What is not as it was: marks count, messages are only shown."""
    return [column for column in ("status", "questions", "message") if row[column] != first[column]]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--busy", type=int, default=2, help="processes that do nothing but work, beside the grader")
    parser.add_argument("--answers", nargs="*", default=["6_lime_shapley"], help="assignments with kept answers")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        submissions, marks, first = Path(folder) / "in", {}, {}
        expected = sample_class.make_class(submissions) | odd_submissions.make_class(submissions)
        for name in given.answers:
            mutations.make_class(name, submissions)
        for i in range(given.rounds):
            found, took = graded(submissions, Path(folder) / f"{i}", given.busy)
            print(f"round {i + 1}: {len(found)} submissions, {took:.0f} s", flush=True)
            first = first or found
            for who, row in found.items():
                marks.setdefault(who, set()).add((row["status"], row["questions"]))
                if changed := differences(first[who], row):
                    shown = "\n".join(f"    {c}: {first[who][c]}\n    now: {row[c]}" for c in changed)
                    print(f"  {' '.join(who)}\n{shown}", flush=True)
    wrong = [s for s, points in expected.items() if mutations.scores(first[s, sample_class.NAME]) != points]
    unequal = [" ".join(who) for who, seen in marks.items() if len(seen) > 1]
    print(f"{len(marks)} submissions, {given.rounds} rounds: {len(unequal)} with unequal marks {', '.join(unequal)}")
    print(f"{len(wrong)} with other marks than expected {', '.join(wrong)}")
    sys.exit(bool(unequal or wrong))


if __name__ == "__main__":
    main()
