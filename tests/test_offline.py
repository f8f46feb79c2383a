"""The guard under which `make test` runs the chapters does refuse connections, and lets the kernels' own through."""

import os
import re
import subprocess
import sys

import pytest
from conftest import ROOT

GUARD = ROOT / "tests" / "offline"


def run(code):
    ended = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(GUARD)}, capture_output=True, text=True
    )
    return ended.returncode, ended.stderr


@pytest.mark.parametrize(
    "code",
    [
        "import socket; socket.create_connection(('192.0.2.1', 80), timeout=1)",  # an address that nobody has
        "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))",
        "import urllib.request; urllib.request.urlopen('http://example.invalid/', timeout=1)",
        "import keras; keras.utils.get_file('weights', origin='https://example.invalid/weights')",
    ],
    ids=["connect", "datagram", "urllib", "a download by Keras"],
)
def test_outside_is_refused(code):
    code, errors = run(code)
    assert code == 1 and "is outside this machine" in errors


def test_inside_is_not():
    listen = "import socket; s = socket.create_server(('127.0.0.1', 0)); "
    code, errors = run(listen + "socket.create_connection(('localhost', s.getsockname()[1]))")
    assert code == 0, errors


def test_the_chapters_run_under_it():
    """Each line of the Makefile and of .ci/run that executes notebooks sets the guard."""
    for file in ("Makefile", ".ci/run"):
        lines = [line for line in (ROOT / file).read_text().splitlines() if "chapters.py test" in line]
        assert lines and all(re.search(r"PYTHONPATH=\S*tests/offline", line) for line in lines), file
