"""Transactions that hold what others need: locks, and snapshots that keep dead rows."""

from collections.abc import Iterable, Iterator

from ..model.text.durations import in_words
from ..statements import doctor
from .checked_database import Database, Unread
from .finding import Finding, warning


def check(database: Database) -> Iterator[Finding]:
    """Look at sessions, prepared transactions and replication slots."""
    blocking = database.read(doctor.blocking(database.limits.lock))
    yield from judge_locks(blocking)
    held = database.read(doctor.held_snapshots(database.limits.snapshot))
    yield from judge(held)
    if any(each.kind == "hidden" for each in held):
        raise Unread(
            "sessions of other roles are hidden: GRANT pg_read_all_stats to the connected role"
        )


def judge(held: Iterable[doctor.Held]) -> Iterator[Finding]:
    """Make a finding for each of these, which keep dead rows."""
    effect = "vacuum cannot remove rows that died since then"
    for each in held:
        if each.kind == "session":
            yield warning(
                "held-snapshot",
                f"a transaction has been open for {in_words(each.seconds)} ({each.details}): "
                f"{effect}",
                f"session {each.name}",
                f"SELECT pg_catalog.pg_terminate_backend({each.name});",
            )
        elif each.kind == "prepared transaction":
            name = each.name.replace("'", "''")
            yield warning(
                "prepared-transaction",
                f"a transaction of {each.details} has been prepared for {in_words(each.seconds)}: "
                f"{effect}",
                f"prepared transaction {each.name}",
                f"COMMIT PREPARED '{name}'; or ROLLBACK PREPARED '{name}';",
            )
        elif each.kind == "replication slot":
            yield warning(
                "inactive-slot",
                f"nothing reads the {each.details} replication slot {each.name}: it keeps WAL, and "
                "may keep dead rows",
                f"replication slot {each.name}",
                f"start its reader, or: SELECT pg_catalog.pg_drop_replication_slot('{each.name}');",
            )


def judge_locks(blocking: Iterable[doctor.Blocking]) -> Iterator[Finding]:
    """Make a finding for each of these sessions, which keep others waiting."""
    for each in blocking:
        sessions = "1 session waits" if each.waiting == 1 else f"{each.waiting} sessions wait"
        since = "" if each.seconds is None else f" has been open for {in_words(each.seconds)} and"
        yield warning(
            "held-lock",
            f"a transaction ({each.details}){since} holds a lock: {sessions} for it, the first for "
            f"{in_words(each.waited)}",
            f"session {each.session}",
            f"SELECT pg_catalog.pg_terminate_backend({each.session});",
        )
