"""A database whose tables a test may damage."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest


@pytest.fixture
def fresh(new_database: Callable[[], AbstractContextManager[str]]) -> Iterator[str]:
    """A database whose tables a test may damage: no other test uses it."""
    with new_database() as dsn:
        yield dsn
