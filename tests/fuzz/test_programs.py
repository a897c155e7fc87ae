"""Random programs do what the language says, in hooks and in jobs, and type checkers agree."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from programs.program import random_programs
from programs.report import faults_of

PROGRAMS = 200

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("random_programs")]


def test_random_programs(
    new_database: Callable[[], AbstractContextManager[str]], tmp_path: Path
) -> None:
    faults = faults_of(random_programs("1", PROGRAMS), tmp_path, new_database)
    assert not faults, "\n\n".join(faults)
