"""Whether our tables, indexes, triggers and functions are as the migrations made them."""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from shlex import quote

from ..statements import doctor
from .checked_database import Database
from .expected import Expected, expected, placed, shape_of
from .finding import Finding, error, warning


def check(database: Database) -> Iterator[Finding]:
    """Compare the database with what the migrations make."""
    wanted = expected()
    names = [*wanted.tables]
    tables = database.read(doctor.tables(names))
    yield from _tables(database, wanted, tables, database.read(doctor.columns(names)))
    yield from _indexes(database, wanted, database.read(doctor.indexes(names)))
    yield from _triggers(database, wanted, database.read(doctor.triggers()))
    yield from _functions(database, wanted, database.read(doctor.functions([*wanted.functions])))


def _tables(
    database: Database,
    wanted: Expected,
    tables: list[doctor.Table],
    columns: list[doctor.Column],
) -> Iterator[Finding]:
    present = {table.name: table for table in tables}
    found = {(column.table, column.name): column for column in columns}
    for name, expected_columns in wanted.tables.items():
        where = f"table {database.qualified(name)}"
        if (table := present.get(name)) is None:
            action = _printed(database, f"TABLE {name} ", ";$")
            yield error("missing-table", f"the table {name} is missing", where, action)
            continue
        for column, should in expected_columns.items():
            what = f"the column {column} of {name}"
            change = f"ALTER TABLE {database.qualified(name)}"
            if (has := found.get((name, column))) is None:
                definition = placed(should.definition, database.qualified(""))
                action = f"{change} ADD COLUMN {definition};"
                yield error("missing-column", f"{what} is missing", where, action)
            elif has.type != should.type:
                message = f"{what} is {has.type}, and should be {should.type}"
                action = f"{change} ALTER COLUMN {column} TYPE {should.type};"
                yield error("altered-column", message, where, action)
            elif has.is_required != should.is_required:
                message = f"{what} {'is' if has.is_required else 'is not'} NOT NULL"
                verb = "SET" if should.is_required else "DROP"
                action = f"{change} ALTER COLUMN {column} {verb} NOT NULL;"
                yield error("altered-column", message, where, action)
        yield from _options(database, name, wanted.options[name], table.options)


def _options(
    database: Database, table: str, wanted: Mapping[str, str], present: Sequence[str]
) -> Iterator[Finding]:
    has = dict(option.split("=", 1) for option in present)
    if other := {name: value for name, value in wanted.items() if has.get(name) != value}:
        listed = ", ".join(f"{name} = {value}" for name, value in other.items())
        yield warning(
            "storage-options",
            f"{table} lacks storage options that keep it fast while it is updated: {listed}",
            f"table {database.qualified(table)}",
            f"ALTER TABLE {database.qualified(table)} SET ({listed});",
        )


def _indexes(
    database: Database, wanted: Expected, indexes: list[doctor.Index]
) -> Iterator[Finding]:
    present = {index.name: index for index in indexes}
    for name, should in wanted.indexes.items():
        where = f"index {database.qualified(name)}"
        create = placed(should, database.qualified("")) + ";"
        create = create.replace("CREATE INDEX", "CREATE INDEX CONCURRENTLY", 1)
        drop = f"DROP INDEX {database.qualified(name)};"
        if (index := present.get(name)) is None:
            yield error("missing-index", f"the index {name} is missing", where, create)
        elif not index.is_valid:
            message = f"the index {name} is not valid: Postgres does not use it"
            action = f"REINDEX INDEX CONCURRENTLY {database.qualified(name)};"
            yield error("invalid-index", message, where, action)
        elif shape_of(index.definition) != shape_of(should):
            message = f"the index {name} has another definition: {index.definition}"
            yield error("altered-index", message, where, f"{drop} {create}")


_EFFECTS = {
    "conduit_notify": "idle workers are not notified of new jobs, and poll every 2 s",
    "conduit_check_id": "a role that may only enqueue can use the id of another job",
    "conduit_retry_changed": "a refused job that you change is not tried again at once",
}


def _triggers(database: Database, wanted: Expected, triggers: dict[str, bool]) -> Iterator[Finding]:
    for name, statement in wanted.triggers.items():
        where = f"trigger {name} of {database.qualified('jobs')}"
        effect = _EFFECTS[name]
        if name not in triggers:
            action = placed(statement, database.qualified("")) + ";"
            message = f"the trigger {name} is missing: {effect}"
            yield error("missing-trigger", message, where, action)
        elif not triggers[name]:
            action = f"ALTER TABLE {database.qualified('jobs')} ENABLE TRIGGER {name};"
            message = f"the trigger {name} is disabled: {effect}"
            yield error("disabled-trigger", message, where, action)


def _functions(
    database: Database, wanted: Expected, functions: list[doctor.Function]
) -> Iterator[Finding]:
    present = {function.name: function for function in functions}
    for name, should in wanted.functions.items():
        where = f"function {database.qualified(name)}"
        action = _printed(database, f"FUNCTION {name}(", "^END")
        if should.is_pinned:
            path = f"pg_catalog, {database.qualified('')[:-1]}, pg_temp"
            action += f"; then: ALTER FUNCTION {database.qualified(name)} SET search_path = {path};"
        if (function := present.get(name)) is None:
            yield error("missing-function", f"the function {name} is missing", where, action)
            continue
        pinned = any(each.startswith("search_path=") for each in function.settings)
        if (
            sha256(function.text.encode()).hexdigest() != should.digest
            or function.has_owners_rights != should.has_owners_rights
            or (should.is_pinned and not pinned)
        ):
            message = f"the function {name} differs from that of this version"
            action = action.replace("run it", "run it with OR REPLACE")
            yield error("altered-function", message, where, action)
        elif function.has_owners_rights and function.is_public:
            yield warning(
                "open-function",
                f"every role may call {name}, which runs with its owner's rights",
                where,
                f"REVOKE ALL ON FUNCTION {database.qualified(name)} FROM PUBLIC;",
            )


def _printed(database: Database, begins: str, ends: str) -> str:
    """A command that prints the statement with this beginning and end."""
    schema = f" --schema {quote(database.schema)}" if database.schema is not None else ""
    return (
        f"conduit-jobs migrate --print{schema} | sed -n '/^CREATE {begins}/,/{ends}/p' prints its "
        "statement: run it as the owner, in the schema"
    )
