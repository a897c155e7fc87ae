"""A session on the application's database, and a connection that sees its commits."""

from collections.abc import Iterator
from typing import Any

import conduit_runtime.contrib.sqlalchemy.registration as registrations
import note_hooks
import psycopg
import pytest
from clean_databases import empty_tables
from conduit_runtime.contrib.sqlalchemy import register
from orm_classes import Note
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import create_engine
from sqlalchemy.orm import Session


@pytest.fixture
def database(app_dsn: str) -> Iterator[str]:
    """The application's database; hooks that the test registers are removed after it."""
    with psycopg.connect(app_dsn) as connection:
        empty_tables(connection)
    yield app_dsn
    registrations._registrations.clear()


@pytest.fixture
def session(database: str) -> Iterator[Session]:
    """A session of SQLAlchemy."""
    engine = create_engine("postgresql+psycopg://", connect_args=conninfo_to_dict(database))
    with Session(engine) as session:
        yield session
    engine.dispose()


@pytest.fixture
def noted(database: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection that sees what is committed; the hooks of notes are registered."""
    register(Note, note_hooks)
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection
