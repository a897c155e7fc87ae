"""The shop's tables in the databases of the tests."""

import psycopg
import pytest
from app import SCHEMA


@pytest.fixture(scope="session")
def conduit_template(conduit_template: str) -> str:
    """Each test gets a copy of this database."""
    with psycopg.connect(conduit_template) as conn:
        conn.execute(SCHEMA)
    return conduit_template
