"""Fixtures of the dashboard's tests."""

from collections.abc import Iterator

import pytest
from dashboard_site import Site, serving


@pytest.fixture
def site(dsn: str) -> Iterator[Site]:
    """A dashboard on an empty database."""
    with serving(dsn) as site:
        yield site
