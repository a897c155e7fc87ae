"""A claim of a fair queue reads as much as it takes, and not the flood behind it."""

from typing import Any

import psycopg
import pytest
from conduit_runtime import Queue
from conduit_runtime.postgres.connection import PLANS
from conduit_runtime.postgres.execute import run
from conduit_runtime.statements.claims import BY_WORKERS, claim
from conduit_runtime.statements.limits.turns import Turns
from plans import explain, most_rows, nodes, scans

FLOOD, SIZE = 20_000, 20
KEYS = {
    "one key": "'flood'",
    "a group": """concat('["flood",', n % 1000, ']')""",
    "many keys": "concat('k', n % 5000)",
}
INDEXES = {"jobs_claim", "jobs_turns", "jobs_pkey", "Tid Scan"}


@pytest.mark.parametrize("is_analyzed", [False, True], ids=["without statistics", "analyzed"])
@pytest.mark.parametrize("keys", KEYS.values(), ids=[*KEYS])
def test_a_claim_reads_no_flood(dsn: str, keys: str, is_analyzed: bool) -> None:
    with Queue(dsn) as queue:
        queue.share("default")
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("ALTER TABLE jobs SET (autovacuum_enabled = off)")
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            f"INSERT INTO jobs (type, key) SELECT 't', {keys} FROM generate_series(1, {FLOOD}) AS n"
        )
        connection.execute("INSERT INTO jobs (type, key) VALUES ('t', 'small')")
        connection.execute("INSERT INTO conduit_workers VALUES ('w', 0, 0, 'w', 0, '{}', '[]')")
        if is_analyzed:
            connection.execute("ANALYZE jobs")
        connection.execute(PLANS)
        turns = Turns({"default": SIZE})
        sizes = {"default": SIZE}
        claiming = claim(BY_WORKERS, "w", sizes, [("t", "")], SIZE, limited=["default"])
        steps = turns.find(claiming)
        finding = next(steps)
        plan = explain(connection, finding)
        check(plan)
        with pytest.raises(StopIteration):
            steps.send(run(connection, finding))
        taking = turns.of(claiming)
        check(explain(connection, taking))
        [(taken,)] = connection.execute("SELECT count(*) FROM jobs WHERE locked_by = 'w'")
    assert taken == SIZE


def check(plan: dict[str, Any]) -> None:
    assert scans(plan) <= INDEXES
    # The first hundred of a lane, and those of the keys whose turn it is.
    assert most_rows(plan) <= 4 * SIZE + 200
    assert all(node["Actual Rows"] * node["Actual Loops"] <= 1_000 for node in nodes(plan))
