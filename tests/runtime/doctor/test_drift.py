"""`doctor` finds changes of our tables, and its action repairs them."""

import shlex
import subprocess
import sys
from hashlib import sha256

import psycopg
import pytest
from conduit_runtime import migrate
from conduit_runtime.doctor.checkup import examine
from conduit_runtime.doctor.expected import (
    PLACE,
    Expected,
    ExpectedColumn,
    ExpectedFunction,
    expected,
)
from conduit_runtime.postgres.connection import connect
from conduit_runtime.postgres.execute import run
from conduit_runtime.statements import doctor
from doctor_findings import codes, execute, find
from msgspec import json


def split(script: str) -> list[str]:
    """The statements of a script; a function's body may hold semicolons."""
    return [script] if "FUNCTION" in script else script.removesuffix(";").split("; ")


DEFINITIONS = """
SELECT attrelid::regclass::text, attname::text, concat_ws(' ',
    attname, format_type(atttypid, atttypmod),
    CASE WHEN attidentity <> '' THEN 'GENERATED ALWAYS AS IDENTITY' END,
    'DEFAULT ' || pg_get_expr(adbin, adrelid),
    CASE WHEN attnotnull THEN 'NOT NULL' END,
    (SELECT string_agg(CASE contype WHEN 'p' THEN 'PRIMARY KEY' ELSE pg_get_constraintdef(oid) END,
                       ' ' ORDER BY contype DESC, oid)
     FROM pg_constraint
     WHERE conrelid = attrelid AND conkey = ARRAY[attnum] AND contype IN ('c', 'p')))
FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE attrelid = ANY (%s::regclass[]) AND attnum > 0
ORDER BY attrelid::regclass::text, attnum
"""


def described(dsn: str) -> Expected:
    """What Postgres says of a fresh database."""
    with connect(dsn, "test", "2s") as connection:
        connection.execute("SET search_path = pg_catalog")
        place = "public"
        ours = connection.execute(
            "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace "
            "AND relkind = 'r' AND relname <> 'conduit_migrations' ORDER BY relname::text"
        ).fetchall()
        names = [name for (name,) in ours]
        columns = {
            (each.table, each.name): each for each in run(connection, doctor.columns(names), place)
        }
        tables: dict[str, dict[str, ExpectedColumn]] = {name: {} for name in names}
        found = connection.execute(DEFINITIONS, [[f"public.{name}" for name in names]]).fetchall()
        for table, column, definition in found:
            name = table.removeprefix("public.")
            known = columns[name, column]
            tables[name][column] = ExpectedColumn(known.type, known.is_required, definition)
        functions = connection.execute(
            "SELECT proname::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        ).fetchall()
        triggers = connection.execute(
            "SELECT tgname::text, pg_get_triggerdef(oid) FROM pg_trigger "
            "WHERE tgrelid = 'public.jobs'::regclass AND NOT tgisinternal ORDER BY tgname"
        ).fetchall()
        return Expected(
            tables=tables,
            options={
                each.name: dict(option.split("=", 1) for option in each.options)
                for each in run(connection, doctor.tables(names), place)
            },
            indexes={
                each.name: each.definition
                for each in sorted(run(connection, doctor.indexes(names), place))
                if not each.name.endswith("_pkey")
            },
            triggers=dict(triggers),
            functions={
                each.name: ExpectedFunction(
                    sha256(each.text.encode()).hexdigest(),
                    each.has_owners_rights,
                    any(setting.startswith("search_path=") for setting in each.settings),
                )
                for each in sorted(
                    run(connection, doctor.functions([name for (name,) in functions]), place)
                )
            },
        )


def test_the_expected_tables_are_those_of_a_fresh_database(
    fresh: str, pytestconfig: pytest.Config
) -> None:
    found = described(fresh)
    if pytestconfig.option.update_snapshots:
        PLACE.write_bytes(json.format(json.encode(found), indent=1) + b"\n")
        expected.cache_clear()
    assert found == expected(), (
        "run this test with --snapshot-update after a change of the migrations"
    )


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
