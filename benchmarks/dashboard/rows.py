"""A queue after a month of use: ended jobs, waiting jobs, metrics, schedules."""

from datetime import timedelta
from pathlib import Path

from conduit_runtime import Job, Queue, chain
from psycopg.sql import SQL, Identifier

from ..database import Database
from ..measure import Options

JOBS = 5_000_000
"""Half of the jobs have ended, a tenth failed. Nearly all others are due."""
TYPES = 200
QUEUES = 5
_INDEXES = """
SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'jobs' AND indexname <> 'jobs_pkey'
"""


def fill(database: Database, options: Options) -> None:
    """Fill the tables of an empty database with as many jobs as the options say.

    No worker runs the flow in the queue "parked", because it is not due.
    """
    values = {":queues": QUEUES, ":types": TYPES, ":count": options.jobs(JOBS) // 2}
    rows = Path(__file__).with_name("rows.sql").read_text(encoding="utf-8")
    for name, value in values.items():
        rows = rows.replace(name, str(value))
    with database.connect() as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET maintenance_work_mem = '512MB'")
        indexes = connection.execute(_INDEXES).fetchall()
        for name, _ in indexes:
            connection.execute(SQL("DROP INDEX {}").format(Identifier(name)))
        connection.execute(rows.encode())
        for _, definition in indexes:
            connection.execute(definition.encode())
    with Queue(database.dsn) as queue:
        parked = [Job("parked", "noop1", delay=timedelta(days=1)) for _ in range(50)]
        queue.enqueue_flow(chain(*parked))
    database.run("VACUUM (ANALYZE)")
    database.run("CHECKPOINT")
