"""nbgrader's own commands and its formgrader on these sources: start them in this folder, or name it to JupyterHub.

Grading in a formgrader runs each notebook as `make grade` does; only `make grade` also puts back what a student deleted
or rewrote, limits memory and isolates students from each other.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILT = HERE.parents[1] / "_build" / "assignments" / "nbgrader"
BUILT.mkdir(parents=True, exist_ok=True)
sys.path.insert(0, str(HERE))

c = get_config()  # noqa: F821 (given by nbgrader)
c.CourseDirectory.course_id = "big-models-small-experiments"
c.CourseDirectory.root = str(HERE.parents[1])
c.CourseDirectory.source_directory = "notebooks/assignments"
for step in ("release", "submitted", "autograded", "feedback"):
    c.CourseDirectory[f"{step}_directory"] = f"_build/assignments/nbgrader/{step}"
c.CourseDirectory.db_url = f"sqlite:///{BUILT}/gradebook.db"
c.Autograde.autograde_preprocessors = [
    "guarded.GuardedExecute",
    "nbgrader.preprocessors.IgnorePattern",
    "nbconvert.preprocessors.ClearMetadataPreprocessor",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.IgnorePattern.enabled = True
c.IgnorePattern.pattern = r"[\s\S]"
c.OverwriteCells.add_missing_cells = True
