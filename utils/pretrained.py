"""Weights that others trained and published in a package: where their file lies, and whether it is that very file.

No package is imported and nothing is downloaded. `COURSE_WEIGHTS` may name a folder that holds the same files.
"""

import hashlib
import os
from importlib import metadata
from pathlib import Path


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


def _path(package, filename):
    folder = os.environ.get("COURSE_WEIGHTS", "").strip()
    if folder:
        folder = Path(folder).expanduser()
        if not folder.is_dir():
            raise ValueError(f"COURSE_WEIGHTS is {str(folder)!r}, which is no folder; name one, or unset it")
        if (folder / filename.name).is_file():
            return folder / filename.name
    try:
        files = metadata.files(package) or []
    except metadata.PackageNotFoundError:
        return None
    ends = len(filename.parts)
    paths = [Path(file.locate()) for file in files if file.parts[-ends:] == filename.parts]
    return next((path for path in paths if path.is_file()), None)
