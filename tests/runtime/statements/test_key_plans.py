"""A claim with limits by key reads no jobs of other keys, whatever the statistics say."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from conduit_runtime.postgres.connection import PLANS
from conduit_runtime.postgres.execute import run
from conduit_runtime.postgres.statement import Statement
from conduit_runtime.postgres.steps import run_steps
from conduit_runtime.statements.claims import BY_WORKERS
from conduit_runtime.statements.limits.limited_claims import Wanted, claim_within
from plans import explain, most_rows, scans

SIZE, OTHERS = 20, 1_000
RULES = {
    "concurrency": "key_concurrency) VALUES ('t', 2",
    "rate": "key_starts, key_seconds) VALUES ('t', 2, 60",
    "order": "key_order) VALUES ('t', 'hold'",
}
INDEXES = {
    "claim/claim_by_key": {
        "jobs_claim",
        "jobs_running_key",
        "jobs_order",
        "jobs_parked",
        "jobs_pkey",
        "Tid Scan",
    },
    "limit/release_keys": {
        "jobs_running_key",
        "jobs_order",
        "jobs_parked",
        "jobs_pkey",
        "Tid Scan",
    },
}
FILL = f"""
INSERT INTO jobs (type, status, key, locked_by, token)
SELECT 't', status, concat(status, n), CASE WHEN status = 'running' THEN 'w' END,
       CASE WHEN status = 'running' THEN gen_random_uuid() END
FROM generate_series(1, {OTHERS}) AS n, unnest(%s::text[]) AS status
"""
HERE = """
INSERT INTO jobs (type, key, fingerprint)
SELECT 't', concat('here', n % 10), CASE WHEN n % 2 = 0 THEN '~' ELSE '' END
FROM generate_series(1, 100) AS n
"""


@pytest.mark.parametrize("statistics", ["none", "of idle workers", "fresh"])
@pytest.mark.parametrize("rule", RULES.values(), ids=[*RULES])
def test_a_claim_reads_no_other_keys(dsn: str, rule: str, statistics: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("ALTER TABLE jobs SET (autovacuum_enabled = off)")
        connection.execute("SET session_replication_role = replica")
        connection.execute(HERE)
        connection.execute(FILL, (["completed"],))
        if statistics == "of idle workers":
            connection.execute("VACUUM (ANALYZE) jobs")
        connection.execute(FILL, (["running", "failed"],))
        if statistics == "fresh":
            connection.execute("VACUUM (ANALYZE) jobs")
        connection.execute(f"INSERT INTO conduit_type_limits (type, {rule})")
        connection.execute("INSERT INTO conduit_workers VALUES ('w', 0, 0, 'w', 0, '{}', '[]')")
        connection.execute(PLANS)
        keys = {f"here{n}" for n in range(10)}
        wanted = Wanted({"default": SIZE}, [("t", "")], SIZE, [], ["t"], SIZE, keys)
        seen: set[str] = set()
        with connection.transaction():
            steps = claim_within(BY_WORKERS, "w", wanted, waits=True)
            claimed = run_steps(steps, checking(connection, seen))
    assert claimed.jobs
    assert seen == {*INDEXES}


def checking(
    connection: psycopg.Connection[Any], seen: set[str]
) -> Callable[[Statement[Any]], Any]:
    """Run statements, and check the plans of those that read jobs by their keys."""

    def checked(statement: Statement[Any]) -> Any:
        if statement.query in INDEXES:
            with connection.transaction(force_rollback=True):
                plan = explain(connection, statement)
            assert scans(plan) <= INDEXES[statement.query]
            assert most_rows(plan) <= 120
            seen.add(statement.query)
        return run(connection, statement)

    return checked
