"""The tests of a Django project run under each supported version of Django.

A version is skipped, and the report says so, if this machine has no Python for it or its packages
cannot be installed. The version of this environment is left to `tests/runtime/contrib/django`.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from functools import cache
from importlib.metadata import version as installed
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PROJECT = ROOT / "tests" / "runtime" / "django_project"
OLDEST = {"5.2": (3, 11), "6.0": (3, 12), "6.1": (3, 12)}
"""The oldest Python of each Django; the runtime requires 3.11."""
OTHERS = [each for each in OLDEST if not installed("django").startswith(f"{each}.")]

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("packaging")]


@cache
def interpreters() -> dict[tuple[int, int], str]:
    """The Pythons of this machine that can make environments, by version."""
    found: dict[tuple[int, int], str] = {}
    names = [f"python3.{minor}" for minor in range(11, 20)]
    paths = [sys.executable, *filter(None, map(shutil.which, names))]
    paths += [str(path) for name in names for path in Path("/usr/bin").glob(name)]
    paths += [str(path) for path in Path.home().glob(".pyenv/versions/3.*/bin/python")]
    code = "import ensurepip, json, sys, venv; print(json.dumps(sys.version_info[:2]))"
    for path in paths:
        done = subprocess.run([path, "-c", code], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            major, minor = json.loads(done.stdout)
            found.setdefault((major, minor), path)
    return found


def interpreter_for(version: str) -> str | None:
    """The oldest Python here that this Django and the runtime run on."""
    fit = [python for python in sorted(interpreters()) if python >= OLDEST[version]]
    return interpreters()[fit[0]] if fit else None


def test_some_version_can_be_run() -> None:
    assert any(map(interpreter_for, OTHERS))


@pytest.mark.parametrize("version", OTHERS)
def test_the_project(version: str, empty_dsn: str, tmp_path: Path) -> None:
    python = interpreter_for(version)
    if python is None:
        pytest.skip(f"Django {version} is left out: no Python {OLDEST[version]} or later is here")
    subprocess.run([python, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    inside = str(tmp_path / "venv" / "bin" / "python")
    given = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    packages = [f"django=={version}.*", *(["django-tasks"] if version == "5.2" else []), *given]
    pip = [sys.executable, "-m", "pip", "--python", inside, "install", "-q"]
    install = [*pip, "--no-compile", *packages]  # most modules are never imported
    installed = subprocess.run(install, capture_output=True, text=True, check=False)
    if installed.returncode != 0:
        pytest.skip(f"Django {version} is left out: {installed.stderr[-500:]}")
    path = os.pathsep.join([str(ROOT / "runtime"), str(PROJECT.parent / "example")])
    done = subprocess.run(
        [inside, "manage.py", "test", "--noinput", "--pattern", "check_*.py", "checks"],
        cwd=PROJECT,
        env={**os.environ, "CONDUIT_DATABASE_URL": empty_dsn, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"^Ran [4-9]\d tests", done.stderr, re.MULTILINE), done.stderr
    assert "skipped" not in done.stderr
