"""What a role must be granted that may only enqueue, and one that may only work."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..statement import quote


class Privileges(NamedTuple):
    """Privileges on a table: of those who enqueue, and of those who work or operate."""

    enqueuer: str
    worker: str


_ALL = "SELECT, INSERT, UPDATE, DELETE"
# What a pending job is made of. With the other columns one could be forged that runs or has ended.
_PENDING = (
    *("id", "queue", "type", "fingerprint", "payload", "priority", "max_attempts", "timeout"),
    *("run_at", "trace", "notifies"),
)

# Every table of ours, so that a new one cannot be forgotten: a test compares.
TABLES = {
    "jobs": Privileges(f"INSERT ({', '.join(_PENDING)})", _ALL),
    "conduit_migrations": Privileges("", "SELECT"),
    **dict.fromkeys(
        (
            *("conduit_unique_keys", "conduit_blocked_jobs", "conduit_dependencies"),
            *("conduit_results", "conduit_schedules", "conduit_workers", "conduit_metrics"),
            *("conduit_queues", "conduit_rate_limits", "conduit_rate_usage"),
            "conduit_failure_notices",
        ),
        Privileges("", _ALL),
    ),
}
# Postgres lets everybody call a function, unless an administrator has changed that default; the
# migration takes that back for those that have their owner's rights.
FUNCTIONS = {
    "conduit_new_id()": ("enqueuer", "worker"),
    "conduit_notify()": ("enqueuer", "worker"),
    "conduit_enqueue": ("enqueuer", "worker"),
    "conduit_key_is_held(uuid, timestamptz)": ("worker",),
    "conduit_release(uuid[], text[], text)": ("worker",),
    "conduit_advance(uuid[], uuid[], integer, boolean)": ("worker",),
    "conduit_reclaim(uuid[], text)": ("worker",),
    "conduit_cancel(uuid)": ("worker",),
    "conduit_add_histograms(bigint[], bigint[])": ("worker",),
    "conduit_sum_histograms(bigint[])": ("worker",),
}


def grants(
    schema: str | None, enqueuers: Sequence[str] = (), workers: Sequence[str] = ()
) -> Iterator[str]:
    """The statements that give the roles what they need in the schema (default: public).

    Enqueuers may insert pending jobs and call the function that stores unique ones and flows; they
    can read and change nothing. Workers may do all that `conduit-jobs` does but `migrate`.
    """
    schema_name = quote(schema or "public")
    for kind, roles in (("enqueuer", enqueuers), ("worker", workers)):
        for role in map(quote, roles):
            yield f"GRANT USAGE ON SCHEMA {schema_name} TO {role};"
            for table, privileges in TABLES.items():
                if granted := getattr(privileges, kind):
                    yield f"GRANT {granted} ON {schema_name}.{quote(table)} TO {role};"
            for function, callers in FUNCTIONS.items():
                if kind in callers:
                    yield f"GRANT EXECUTE ON FUNCTION {schema_name}.{function} TO {role};"
