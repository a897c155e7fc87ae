"""A database and a bench for the blocks of the table."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import psycopg
import pytest
from blocks import HERE
from disturbed import Bench


@pytest.fixture(scope="module")
def durable_dsn(new_database: Callable[[], AbstractContextManager[str]]) -> Iterator[str]:
    """A database for all blocks."""
    with new_database() as dsn, psycopg.connect(dsn) as conn:
        conn.execute((HERE / "order.sql").read_text("utf-8"))
        conn.commit()
        yield dsn


@pytest.fixture
def bench(durable_dsn: str, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(durable_dsn, monkeypatch)
