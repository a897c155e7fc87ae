"""Random programs do what the language says, in hooks and in jobs, and type checkers agree.

So do their jobs when they crash behind each step.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from programs.program import random_programs
from programs.report import faults_of
from sizes import sized

PROGRAMS = sized(200)

pytestmark = pytest.mark.slow


def test_random_programs(
    new_database: Callable[[], AbstractContextManager[str]], tmp_path: Path
) -> None:
    faults = faults_of(random_programs("1", PROGRAMS), tmp_path, new_database)
    assert not faults, "\n\n".join(faults)


def test_random_programs_that_crash(
    new_database: Callable[[], AbstractContextManager[str]], tmp_path: Path
) -> None:
    programs = random_programs("2", PROGRAMS)
    faults = faults_of(programs, tmp_path, new_database, crashes=True)
    assert not faults, "\n\n".join(faults)
