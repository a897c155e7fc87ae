"""Fixtures of the dashboard's tests."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from dashboard_site import Site, serving


@pytest.fixture
def site(dsn: str) -> Iterator[Site]:
    """A dashboard on an empty database."""
    with serving(dsn) as site:
        yield site


@pytest.fixture
def server_folder() -> Iterator[Path]:
    """A folder with a short path: an embedded server has the same address there after a restart."""
    with tempfile.TemporaryDirectory(dir="/tmp", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)  # root's server runs as another user
        yield Path(folder, "pg")
