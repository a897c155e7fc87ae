"""A replicated Postgres for the tests of this folder, where its servers can be had."""

import os
from pathlib import Path

import pytest
import replication

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out the tests that start a cluster where its servers are missing, unless this is CI."""
    ours = [
        item for item in items if HERE in item.path.parents and item.get_closest_marker("property")
    ]
    if ours and "CI" not in os.environ and (reason := replication.missing()):
        for item in ours:
            item.add_marker(pytest.mark.skip(reason=reason))
