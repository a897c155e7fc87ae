"""A replicated Postgres for the tests of this folder, where its servers are installed."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import replication
from postgres_cluster import PostgresCluster, postgres_cluster

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out the tests that start a cluster if servers are missing, unless this is CI."""
    ours = [item for item in items if item.path.parent == HERE and item.get_closest_marker("slow")]
    if ours and "CI" not in os.environ and (reason := replication.missing()):
        for item in ours:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="package")
def cluster() -> Iterator[PostgresCluster]:
    """The cluster that the tests of this folder share; each test leaves it healthy."""
    if reason := replication.missing():
        pytest.fail(reason, pytrace=False)
    # Not in pytest's folder: the servers' user may not read that.
    with (
        tempfile.TemporaryDirectory(prefix="conduit-failover-") as folder,
        postgres_cluster(Path(folder)) as cluster,
    ):
        yield cluster
