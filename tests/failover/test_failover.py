"""Leaders fail a few times; `make failover` makes more of them fail."""

import random
from pathlib import Path

import pytest
from failover_run import run_round
from faults import Faults
from postgres_cluster import PostgresCluster

SLOW = 30.0
"""Seconds for what `make failover` allows 5: other tests run beside this one."""

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("chaos")]


@pytest.mark.parametrize(
    ("mode", "way", "kind"),
    [("synchronous", "haproxy", "switched over"), ("asynchronous", "hosts", "killed")],
)
def test_nothing_is_lost_but_what_the_old_leader_kept_for_itself(
    cluster: PostgresCluster, tmp_path: Path, mode: str, way: str, kind: str
) -> None:
    seed = random.randrange(1_000_000)
    faults = Faults(cluster, random.Random(seed), kind)
    done = run_round(cluster, tmp_path / "round", faults, mode=mode, way=way, count=1, seed=seed)
    print(done)
    assert not done.violations, str(done)
    # A fault that did not happen proves nothing.
    assert done.jobs > 100
    assert done.ticks > 10
    assert done.unique > 0
    assert len(done.resumed) == 3
    assert max(each.seconds for each in done.resumed) < SLOW, done.resumed
