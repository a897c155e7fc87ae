"""Fixtures of the dashboard's tests."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from conduit_dashboard import attention
from conduit_dashboard.charts import past
from dashboard_site import Site, serving


@pytest.fixture(autouse=True)
def busy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pages wait longer on a busy machine; one test sets this limit itself."""
    monkeypatch.setattr(attention, "_PATIENCE", 30.0)
    monkeypatch.setattr(past, "PATIENCE", 30.0)


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
