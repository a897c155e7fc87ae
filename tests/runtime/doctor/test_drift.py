"""`doctor` finds changes of our tables, and its action repairs them."""

import shlex
import subprocess
import sys

import psycopg
import pytest
from conduit_runtime import migrate
from conduit_runtime.doctor.checkup import examine
from conduit_runtime.doctor.expected import expected
from conduit_runtime.postgres.connection import connect
from conduit_runtime.postgres.execute import run
from conduit_runtime.statements import doctor
from doctor_findings import codes, execute, find


def split(script: str) -> list[str]:
    """The statements of a script; a function's body may hold semicolons."""
    return [script] if "FUNCTION" in script else script.removesuffix(";").split("; ")


def test_our_tables_are_read_from_the_migrations_as_postgres_has_them(fresh: str) -> None:
    wanted = expected()
    with connect(fresh, "test", "2s") as connection:
        names = [*wanted.tables]
        columns = run(connection, doctor.columns(names))
        has = {(each.table, each.name): (each.type, each.is_required) for each in columns}
        assert has == {
            (table, name): (column.type, column.is_required)
            for table, its in wanted.tables.items()
            for name, column in its.items()
        }
        [(tables,)] = connection.execute(
            "SELECT array_agg(relname::text) FROM pg_class "
            "WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        ).fetchall()
        assert {*tables} == {*names, "conduit_migrations"}
        for table in run(connection, doctor.tables(names)):
            assert dict(each.split("=") for each in table.options) == wanted.options[table.name]
        [(functions,)] = connection.execute(
            "SELECT array_agg(proname::text) FROM pg_proc "
            "WHERE pronamespace = 'public'::regnamespace"
        ).fetchall()
        assert {*functions} == {*wanted.functions}
        assert run(connection, doctor.triggers()).keys() == wanted.triggers.keys()


# The code, the SQL that causes it, and a part of the action.
DRIFT = [
    ("missing-table", "DROP TABLE conduit_metrics", "conduit-jobs migrate --print"),
    ("missing-column", "ALTER TABLE jobs DROP COLUMN progress", "ADD COLUMN progress jsonb"),
    ("altered-column", "ALTER TABLE jobs ALTER schedule TYPE varchar(50)", "TYPE text"),
    ("altered-column", "ALTER TABLE jobs ALTER payload DROP NOT NULL", "SET NOT NULL"),
    ("missing-index", "DROP INDEX jobs_running", "CREATE INDEX CONCURRENTLY jobs_running"),
    (
        "invalid-index",
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'jobs_running'::regclass",
        "REINDEX INDEX CONCURRENTLY",
    ),
    (
        "altered-index",
        "DROP INDEX jobs_claim; CREATE INDEX jobs_claim ON jobs (queue) WHERE status = 'pending'",
        "DROP INDEX",
    ),
    ("missing-trigger", "DROP TRIGGER conduit_notify ON jobs", "CREATE CONSTRAINT TRIGGER"),
    ("missing-trigger", "DROP TRIGGER conduit_check_id ON jobs", "CREATE TRIGGER"),
    ("disabled-trigger", "ALTER TABLE jobs DISABLE TRIGGER conduit_notify", "ENABLE TRIGGER"),
    ("missing-function", "DROP FUNCTION conduit_cancel", "migrate --print"),
    (
        "altered-function",
        "CREATE OR REPLACE FUNCTION conduit_notify() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN RETURN NULL; END'",
        "migrate --print",
    ),
    ("altered-function", "ALTER FUNCTION conduit_cancel RESET search_path", "migrate --print"),
    ("open-function", "GRANT EXECUTE ON FUNCTION conduit_enqueue TO PUBLIC", "REVOKE ALL"),
    ("storage-options", "ALTER TABLE jobs RESET (fillfactor)", "SET (fillfactor = 70)"),
    ("migration-missing", "DELETE FROM conduit_migrations", "conduit-jobs migrate"),
    ("migrated-by-newer", "INSERT INTO conduit_migrations VALUES (999)", "pip install --upgrade"),
    (
        "autovacuum-off",
        "ALTER TABLE jobs SET (autovacuum_enabled = off)",
        "RESET (autovacuum_enabled)",
    ),
]


@pytest.mark.parametrize(("code", "cause", "action"), DRIFT)
def test_what_was_changed_in_our_tables(fresh: str, code: str, cause: str, action: str) -> None:
    execute(fresh, *split(cause))
    finding = find(fresh, code)
    assert action in finding.action
    assert finding.where


@pytest.mark.parametrize(
    ("code", "cause"),
    [(code, cause) for code, cause, action in DRIFT if action.split()[0].isupper()],
)
def test_the_action_mends_it(empty_dsn: str, code: str, cause: str) -> None:
    """The schema has an odd name and is not on the search path."""
    schema = 'our "jobs" %'
    migrate(empty_dsn, schema)
    with psycopg.connect(empty_dsn, autocommit=True) as connection:
        connection.execute("SELECT set_config('search_path', quote_ident(%s), false)", (schema,))
        for statement in split(cause):
            connection.execute(statement)
    found = [each for each in examine(empty_dsn, schema).findings if each.code == code]
    assert len(found) == 1
    execute(empty_dsn, *split(found[0].action))
    assert codes(examine(empty_dsn, schema)) == []


@pytest.mark.parametrize(
    "cause",
    [
        "DROP TABLE conduit_metrics",
        "DROP FUNCTION conduit_cancel",
        "CREATE OR REPLACE FUNCTION conduit_notify() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN RETURN NULL; END'",
        "CREATE OR REPLACE FUNCTION conduit_cancel(wanted uuid) RETURNS boolean LANGUAGE plpgsql "
        "AS 'BEGIN RETURN NULL; END'",
    ],
)
def test_the_statement_of_what_is_gone_is_printed(empty_dsn: str, cause: str) -> None:
    migrate(empty_dsn, "other")
    search = "SET search_path = other"
    execute(empty_dsn, search, cause)
    [finding] = examine(empty_dsn, "other").findings
    command, _, rest = finding.action.partition(" prints its statement: ")
    program = f"{shlex.quote(sys.executable)} -m conduit_runtime.cli"
    command = command.replace("conduit-jobs", program, 1)
    statement = subprocess.check_output(["bash", "-c", command], text=True)
    if "OR REPLACE" in rest:
        statement = statement.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1)
    execute(empty_dsn, search, statement, rest.partition("; then: ")[2])
    assert codes(examine(empty_dsn, "other")) == []
