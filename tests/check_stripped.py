"""Exit 1 and say which, if a committed notebook holds outputs, execution counts or a language version."""

import subprocess
import sys
from pathlib import Path

notebooks = sorted(Path("notebooks").rglob("*.ipynb"))
if not notebooks:
    sys.exit("notebooks/ holds no notebook")
verify = [sys.executable, "-m", "nbstripout", "--verify", "--extra-keys", "metadata.language_info.version"]
ended = subprocess.run([*verify, *map(str, notebooks)], capture_output=True, text=True)
if ended.returncode:
    sys.exit(f"{ended.stdout}{ended.stderr}\nStrip them: .venv/bin/nbstripout notebooks/*.ipynb")
print(f"{len(notebooks)} notebooks, all without outputs")
