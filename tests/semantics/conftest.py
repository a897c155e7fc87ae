"""A database and a folder for each module of these tests."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def semantics_dsn(new_database: Callable[[], AbstractContextManager[str]]) -> Iterator[str]:
    """A database with the tables of the queue, for one module of tests."""
    with new_database() as dsn:
        yield dsn


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the packages of one module of tests."""
    return tmp_path_factory.mktemp("packages")
