"""No transaction fails in a switchover while the pooler is paused."""

from collections.abc import Iterator

import psycopg
import pytest
from chaos_database import create_database
from patient import PatientApplication
from pgbouncer import pgbouncer
from postgres_cluster import HEALING, PostgresCluster
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("chaos")]


@pytest.fixture
def dsn(cluster: PostgresCluster) -> str:
    """A database at the leading node."""
    cluster.set_synchronous(True)
    leader = until(cluster.leader, HEALING)
    name = conninfo_to_dict(create_database(leader.dsn))["dbname"]
    return cluster.dsn("haproxy", str(name))


@pytest.fixture
def pooled(dsn: str) -> Iterator[str]:
    with pgbouncer(dsn, connections=5) as pooled:
        yield pooled


def ask(pooled: str, command: str) -> None:
    """Send a command to the pooler."""
    admin = make_conninfo(pooled, dbname="pgbouncer", user="postgres")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.pgconn.exec_(command.encode())


def test_no_transaction_fails_while_the_pooler_is_paused(
    cluster: PostgresCluster, dsn: str, pooled: str
) -> None:
    applications = [PatientApplication(pooled, seed, pause=0) for seed in range(4)]
    leader = until(cluster.leader, HEALING)
    for application in applications:
        application.start()
    until(lambda: all(len(each.confirmed) > 100 for each in applications))
    ask(pooled, "PAUSE")
    cluster.switch_over(leader)
    until(lambda: cluster.leader() not in (None, leader), HEALING)
    until(lambda: _leads(dsn), HEALING)
    ask(pooled, "RESUME")
    before = [len(each.confirmed) for each in applications]
    until(
        lambda: all(
            len(each.confirmed) > count + 100
            for each, count in zip(applications, before, strict=True)
        )
    )
    for application in applications:
        application.stop()
    with psycopg.connect(dsn) as connection:
        stored = {id_ for (id_,) in connection.execute("SELECT id FROM jobs")}
    assert set().union(*(each.confirmed for each in applications)) == stored
    assert [each.again for each in applications] == [0, 0, 0, 0], [*map(str, applications)]
    cluster.heal()


def _leads(dsn: str) -> bool:
    """Whether the way to the leader reaches a server that accepts writes."""
    try:
        with psycopg.connect(dsn, connect_timeout=2) as connection:
            [(in_recovery,)] = connection.execute("SELECT pg_is_in_recovery()")
    except psycopg.OperationalError:
        return False
    return not in_recovery
