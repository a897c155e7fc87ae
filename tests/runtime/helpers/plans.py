"""Query plans of EXPLAIN in JSON, and numbers from them."""

from collections.abc import Iterator
from typing import Any

import psycopg
from conduit_runtime.postgres.statement import Statement

Plan = dict[str, Any]


def nodes(plan: Plan) -> Iterator[Plan]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def buffers(plan: Plan) -> int:
    """Return how many pages the statement read."""
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def explain(
    connection: psycopg.Connection[Any], statement: Statement[Any], *, prepare: bool = False
) -> Plan:
    """Run a statement under EXPLAIN ANALYZE, prepared if `prepare`, and return its plan."""
    sql = f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {statement.sql()}"
    [(explained,)] = connection.execute(
        sql, statement.parameters, prepare=prepare or None
    ).fetchall()
    plan: Plan = explained[0]["Plan"]
    return plan


def scans(plan: Plan) -> set[str]:
    """Return how the plan reads the table of jobs: names of indexes, or other kinds of scan."""
    return {
        node.get("Index Name", node["Node Type"])
        for node in nodes(plan)
        if node.get("Relation Name") == "jobs" and node["Node Type"] != "ModifyTable"
    }


def most_rows(plan: Plan) -> float:
    """Return how many rows the busiest scan of jobs read, with those that a filter removed."""
    return max(
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        for node in nodes(plan)
        if node.get("Relation Name") == "jobs" and node["Node Type"] != "ModifyTable"
    )
