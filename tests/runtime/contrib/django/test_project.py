"""The tests of a Django project, in `tests/runtime/django_project/checks`, under this Django."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conduit_runtime.postgres.tables import migrations

pytest.importorskip("django")
PROJECT = Path(__file__).parents[2] / "django_project"


def manage(dsn: str, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run `manage.py` of the project."""
    path = os.pathsep.join([str(PROJECT.parents[2] / "runtime"), str(PROJECT.parent / "example")])
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=PROJECT,
        env={**os.environ, "CONDUIT_DATABASE_URL": dsn, "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_each_migration_has_one_of_django() -> None:
    folder = Path(migrations.__file__).parents[2] / "contrib" / "django" / "migrations"
    found = sorted(int(path.name[:4]) for path in folder.glob("0*.py"))
    assert found == [number for number, _ in migrations.versions()]


@pytest.mark.parametrize("name", sorted(path.stem for path in PROJECT.glob("checks/check_*.py")))
def test_the_project(empty_dsn: str, name: str) -> None:
    done = manage(empty_dsn, "test", "--noinput", f"checks.{name}")
    assert done.returncode == 0, done.stderr
