"""Where the jobs of a case are: a database, and what is around the queue's tables in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from conduit_runtime import Queue, migrate
from pair_handlers import RUNS, STEPS_RUN
from pgbouncer import pgbouncer
from psycopg.conninfo import make_conninfo

LETTERS = """
CREATE TABLE letters (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), what text NOT NULL, exact jsonb,
  note text
)
"""
MARKS = """
CREATE TABLE public.marks (id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY, what text NOT NULL)
"""
"""The last writes of jobs, which commit together with their ends."""
REFUSALS = """
ALTER TABLE jobs
  ADD CONSTRAINT no_claim CHECK (status <> 'running' OR payload::text NOT LIKE '%claim refused%'),
  ADD CONSTRAINT no_end CHECK (status <> 'completed' OR payload::text NOT LIKE '%outcome refused%')
"""
CONSTRAINTS = """
ALTER TABLE jobs ADD COLUMN tenant text NOT NULL DEFAULT 'a', ADD CHECK (length(tenant) < 10);
CREATE TABLE pair_audit (job uuid, status text);
CREATE FUNCTION pair_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO pair_audit VALUES (NEW.id, NEW.status);
  RETURN NEW;
END $$;
CREATE TRIGGER pair_before BEFORE INSERT OR UPDATE ON jobs
  FOR EACH ROW EXECUTE FUNCTION pair_audit();
CREATE CONSTRAINT TRIGGER pair_deferred AFTER UPDATE ON jobs DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION pair_audit();
CREATE UNIQUE INDEX pair_running ON jobs (id, type) WHERE status = 'running';
"""


@dataclass(frozen=True)
class Place:
    """`dsn` is what applications and workers connect by; `direct`, what the checks connect by."""

    dsn: str
    direct: str
    schema: str | None

    def queue(self) -> Queue:
        """A client of the queue."""
        return Queue(self.dsn, self.schema)

    def connect(self) -> psycopg.Connection[Any]:
        """A connection that finds the queue's tables on its search path."""
        return psycopg.connect(self.direct)


@contextmanager
def place_of(around: str, dsn: str) -> Iterator[Place]:
    """Prepare an empty database for a case."""
    schema = "queue" if around == "schema" else None
    direct = make_conninfo(dsn, options="-c search_path=queue,public") if schema else dsn
    migrate(dsn, schema=schema)
    with psycopg.connect(direct) as connection:
        for statement in (
            RUNS,
            STEPS_RUN,
            LETTERS,
            MARKS,
            REFUSALS,
            *([CONSTRAINTS] * (around == "constraints")),
        ):
            connection.execute(statement.encode())
    if around == "pooler":
        with pgbouncer(dsn, 20) as pooled:
            yield Place(pooled, direct, schema)
    else:
        yield Place(dsn, direct, schema)
