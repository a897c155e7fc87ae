"""The best rate of Postgres: the product's own statements, run by pgbench without a worker."""

import os
import re
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

from conduit_runtime import Job, embedded
from conduit_runtime.postgres.connection import PLANS
from conduit_runtime.postgres.statement import render
from conduit_runtime.statements.jobs import insert_job
from conduit_runtime.worker.claim.claim_memory import ClaimMemory
from psycopg.conninfo import conninfo_to_dict

from .database import PAYLOAD, Database

_WORKER = "INSERT INTO conduit_workers VALUES ('bare', 0, 0, 'bare', 0, '{}', '[]')"
# One result row, so that pgbench can use it as variables; each job's columns are read all the same.
# A job counts as started when it was claimed. Otherwise the rate would omit the first claims.
_CLAIM = """
WITH claimed AS (
{claim}
)
SELECT array_agg(id)::text AS ids,
  array_fill(:token::uuid, ARRAY[count(*)::int])::text AS tokens,
  array_fill(3600000000::bigint, ARRAY[count(*)::int])::text AS elapsed,
  CASE WHEN :turn % 25 = 0 THEN '{{}}' ELSE array[min(queue)]::text END AS bound_queues,
  CASE WHEN :turn % 25 = 0 THEN '{{}}' ELSE array[min(priority)]::text END AS bound_priorities,
  CASE WHEN :turn % 25 = 0 THEN '{{}}' ELSE array[
    extract(epoch FROM max(run_at) - '2000-01-01 00:00Z')::float8 * 1e6
  ]::bigint[]::text END AS bound_run_ats,
  CASE WHEN :turn % 25 = 0 THEN '{{}}' ELSE array[max(seq)]::text END AS bound_seqs,
  string_agg(claimed::text, '') AS claimed
FROM claimed
"""


def drain(database: Database, count: int, *, connections: int, batch: int) -> None:
    """Claim and complete `count` jobs of type "noop" by pgbench, `batch` at a time."""
    database.run(_WORKER)
    claiming = ClaimMemory().next("bare", {"default": batch}, [("noop", "")], batch, 0.0)
    claim = _CLAIM.format(claim=claiming.sql())
    script = "\n".join(
        [
            "\\set turn :turn + 1",
            f"{_plain(claim)} \\gset",
            f"{_plain(render('outcome/complete'))};",
        ]
    )
    variables = {
        **claiming.parameters,
        "worker": "bare",
        "token": str(uuid4()),
        "turn": 0,
    }
    pgbench(
        database,
        script,
        clients=connections,
        transactions=count // batch // connections,
        variables=variables,
    )


def insert(database: Database, table: str, count: int, *, clients: int) -> float:
    """Insert `count` jobs by pgbench, each its own transaction, and return rows a second.

    The table is `jobs`, or "bare": the same table without what wakes the workers.
    """
    insert = insert_job(Job(type="noop", payload=PAYLOAD), alone=table != "bare")
    statement = insert.sql()
    if table == "bare":
        copy_table(database)
        statement = statement.replace("INTO jobs", "INTO bare")
    row = dict(insert.parameters)
    script = _plain(statement).replace(":id", "gen_random_uuid()")
    # A variable of pgbench is neither null nor empty.
    for name in [name for name, value in row.items() if value in (None, "")]:
        script = script.replace(f":{name}", "''" if row.pop(name) == "" else "NULL")
    del row["id"]
    report = pgbench(
        database,
        f"{script};",
        clients=clients,
        transactions=count // clients,
        variables=row,
    )
    [rate] = re.findall(r"tps = ([\d.]+) \(without", report)
    return float(rate)


def copy_table(database: Database) -> None:
    """Make the table "bare": like `jobs`, with its storage options, without what wakes workers."""
    database.run("CREATE TABLE bare (LIKE jobs INCLUDING ALL)")
    [(options,)] = database.run(
        "SELECT array_to_string(reloptions, ', ') FROM pg_class WHERE oid = 'jobs'::regclass"
    )
    database.run(f"ALTER TABLE bare SET ({options})")


def _plain(statement: str) -> str:
    """A statement as pgbench wants it: on one line, `:name` for `%(name)s`, without comments."""
    lines = [line.split("--")[0] for line in statement.splitlines()]
    return re.sub(r"%\((\w+)\)[sb]", r":\1", " ".join(" ".join(lines).split())).replace("%%", "%")


def pgbench(
    database: Database,
    script: str,
    *,
    clients: int,
    transactions: int,
    variables: Mapping[str, object] | None = None,
    seconds: float = 120.0,
) -> str:
    """Run a script by `pgbench -M prepared` with a worker's settings, and return its report.

    Each client makes that many `transactions`; after `seconds` all are stopped.
    """
    programs = embedded.binaries()
    plans = dict(re.findall(r"set_config\('(\w+)', '(\w+)'", PLANS))
    parts = conninfo_to_dict(database.dsn)
    environment = {name: text for name, text in os.environ.items() if not name.startswith("PG")}
    environment |= {
        "PGOPTIONS": " ".join(f"-c {name}={value}" for name, value in plans.items()),
        "PGDATABASE": str(parts.pop("dbname")),
    }
    for name, value in parts.items():
        environment[f"PG{name.upper()}"] = str(value)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "script.sql")
        file.write_text(script)
        command = [str(programs / "pgbench"), "-n", "-M", "prepared", "-f", str(file)]
        command += ["-c", str(clients), "-j", str(min(clients, 2)), "-t", str(transactions)]
        command += [f"-D{name}={value}" for name, value in (variables or {}).items()]
        done = subprocess.run(
            command,
            env=environment,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    if done.returncode:
        raise RuntimeError(f"pgbench failed: {done.stderr[-2_000:]}")
    return str(done.stdout)
