"""Fixtures of the dashboard's tests."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from conduit_dashboard import attention
from dashboard_site import Site, serving


@pytest.fixture(autouse=True)
def busy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a page looks at is not given up on a busy machine; one test is about that."""
    monkeypatch.setattr(attention, "_PATIENCE", 30.0)


@pytest.fixture
def site(dsn: str) -> Iterator[Site]:
    """A dashboard on an empty database."""
    with serving(dsn) as site:
        yield site


@pytest.fixture
def server_folder() -> Iterator[Path]:
    """Where an embedded server has the same address after a restart: its path is short."""
    with tempfile.TemporaryDirectory(dir="/tmp", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)  # root's server runs as another user
        yield Path(folder, "pg")
