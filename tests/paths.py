"""The folders of helpers, for programs outside of the tests; pytest adds them itself."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_PYTEST = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["pytest"]
HELPERS = [str(ROOT / folder) for folder in _PYTEST["ini_options"]["pythonpath"]]
