"""Whether vacuum removes dead rows in time, and indexes that it left mostly empty."""

from collections.abc import Iterator

from ..model.text.durations import in_words
from ..statements import doctor
from .checked_database import Database
from .expected import expected
from .finding import Finding, error, warning

_LATE = 5
"""Autovacuum is late when the dead rows are so many times its threshold."""
_PER_ENTRY = 1_000
"""Bytes per entry that only a mostly empty index has."""


def check(database: Database) -> Iterator[Finding]:
    """Look at autovacuum, dead rows and the indexes."""
    names = [*expected().tables]
    server = database.read(doctor.server())
    if not server.vacuums:
        yield error(
            "autovacuum-off",
            "autovacuum is off on the server: dead rows stay, and claims become slow",
            "server",
            "ALTER SYSTEM SET autovacuum = on; ALTER SYSTEM SET track_counts = on; "
            "SELECT pg_catalog.pg_reload_conf();",
        )
    tables = database.read(doctor.tables(names))
    yield from judge(database, tables)
    yield from judge_indexes(database, database.read(doctor.indexes(names)))


def judge(database: Database, tables: list[doctor.Table]) -> Iterator[Finding]:
    """Find the tables that vacuum has neglected."""
    for table in tables:
        name = database.qualified(table.name)
        options = dict(option.split("=", 1) for option in table.options)
        if options.get("autovacuum_enabled", "on").lower() in ("off", "false", "no", "0"):
            yield error(
                "autovacuum-off",
                f"autovacuum is off for {table.name}: dead rows stay, and claims become slow",
                f"table {name}",
                f"ALTER TABLE {name} RESET (autovacuum_enabled);",
            )
        threshold = float(options.get("autovacuum_vacuum_threshold", 50))
        share = float(options.get("autovacuum_vacuum_scale_factor", 0.2))
        due = threshold + share * max(0.0, table.rows)
        if table.dead >= database.limits.dead_rows and table.dead > _LATE * due:
            last = "never" if table.vacuumed is None else f"{in_words(table.vacuumed)} ago"
            yield warning(
                "dead-rows",
                f"{table.name} has {table.dead:,} dead rows beside {table.live:,} live ones; "
                f"last vacuum: {last}; something blocks it, or it is too slow",
                f"table {name}",
                f"end what holds snapshots (the other findings), then: VACUUM (VERBOSE) {name};",
            )


def judge_indexes(database: Database, indexes: list[doctor.Index]) -> Iterator[Finding]:
    """Find the indexes of ours that are mostly empty."""
    for index in indexes:
        if index.name not in expected().indexes or index.entries < 0:
            continue
        is_large = index.size > database.limits.index_size
        if is_large and index.size > _PER_ENTRY * max(1.0, index.entries):
            name = database.qualified(index.name)
            yield warning(
                "bloated-index",
                f"the index {index.name} takes {index.size / 1e6:,.0f} MB for {index.entries:,.0f} "
                "entries: most of it is empty",
                f"index {name}",
                f"REINDEX INDEX CONCURRENTLY {name};",
            )
