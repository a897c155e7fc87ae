"""A replicated Postgres for the tests of this folder, where its servers are installed."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import replication
from postgres_cluster import PostgresCluster, postgres_cluster


@pytest.fixture(scope="package")
def cluster() -> Iterator[PostgresCluster]:
    """The cluster that the tests of this folder share; each test leaves it healthy.

    Where its servers are missing, the tests are left out, unless this is CI.
    """
    if reason := replication.missing():
        if "CI" not in os.environ:
            pytest.skip(reason)
        pytest.fail(reason, pytrace=False)
    # Not in pytest's folder: the servers' user may not read that.
    with (
        tempfile.TemporaryDirectory(prefix="conduit-failover-") as folder,
        postgres_cluster(Path(folder)) as cluster,
    ):
        yield cluster
