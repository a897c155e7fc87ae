"""A database whose tables may be spoilt."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest


@pytest.fixture
def fresh(new_database: Callable[[], AbstractContextManager[str]]) -> Iterator[str]:
    """A database whose tables may be spoilt: it is used by this test alone."""
    with new_database() as dsn:
        yield dsn
