"""The privileges of roles that only enqueue, roles that work, and roles that only read."""

from collections.abc import Iterator, Sequence

from ...model.new_job import PLAIN
from ..statement import quote

_ALL = "SELECT, INSERT, UPDATE, DELETE"
# With columns beside these, a role could forge a job that runs or has ended.
_FOR_ENQUEUERS = {"jobs": f"INSERT ({', '.join([*PLAIN, 'notifies'])})"}
TABLES = {
    "jobs": _ALL,
    "conduit_migrations": "SELECT",
    "conduit_secret": "",  # only functions with their owner's rights read it
    **dict.fromkeys(
        (
            *("conduit_unique_keys", "conduit_blocked_jobs", "conduit_dependencies"),
            *("conduit_results", "conduit_schedules", "conduit_workers", "conduit_metrics"),
            *("conduit_queues", "conduit_type_limits", "conduit_rate_usage"),
            *("conduit_key_usage", "conduit_turns"),
            *("conduit_failure_notices", "conduit_job_types", "conduit_audit", "conduit_steps"),
            "conduit_signals",
        ),
        _ALL,
    ),
}
"""The privileges of workers on each of our tables; a test finds tables that are missing."""
_FOR_READERS = {table: "SELECT" for table, privileges in TABLES.items() if privileges}
# By default, every role may call a function; an administrator may have changed that. The migration
# revokes it for functions with their owner's rights.
FUNCTIONS = {
    "conduit_new_id()": True,
    "conduit_announce_end(uuid)": False,
    "conduit_notify()": True,
    "conduit_enqueue": True,
    "conduit_store": False,
    "conduit_replace": False,
    "conduit_check_ids(uuid[])": False,
    "conduit_check_id()": False,
    "conduit_keyed(text[])": False,
    "conduit_key_is_held(uuid, timestamptz)": False,
    "conduit_release(uuid[], text[], text)": False,
    "conduit_advance(uuid[], uuid[], integer, boolean)": False,
    "conduit_claim(uuid[], text, uuid, float8, boolean)": False,
    "conduit_retry_changed()": False,
    "conduit_reclaim(uuid[], text, boolean)": False,
    "conduit_cancel(uuid)": False,
    "conduit_store_steps(uuid[], uuid[], text[], text[], integer[], bigint[], boolean[])": False,
    "conduit_read_steps(uuid[], uuid[])": False,
    "conduit_drop_steps(uuid[])": False,
    "conduit_wait(uuid[], uuid[], text[], float8[], boolean[], integer[])": False,
    "conduit_signal(uuid, text, text, text, json)": True,
    "conduit_add_histograms(bigint[], bigint[])": False,
}
"""Our functions, and whether enqueuers may call each; workers may call all of them."""
_FUNCTIONS_OF_READERS = ("conduit_keyed(text[])",)


def grants(
    schema: str | None,
    enqueuers: Sequence[str] = (),
    workers: Sequence[str] = (),
    readers: Sequence[str] = (),
) -> Iterator[str]:
    """The statements that grant roles what they need in the schema (default: public).

    Enqueuers may insert pending jobs, and call the functions that store signals, unique jobs and
    flows; they can read and change nothing. Workers may do all that `conduit-jobs` does except
    `migrate`. Readers may read all tables, as `preflight`, `doctor` and a read-only dashboard do.
    """
    schema_name = quote(schema or "public")
    for roles, tables in (
        (enqueuers, _FOR_ENQUEUERS),
        (workers, TABLES),
        (readers, _FOR_READERS),
    ):
        for role in map(quote, roles):
            yield f"GRANT USAGE ON SCHEMA {schema_name} TO {role};"
            for table, privileges in tables.items():
                if privileges:
                    yield f"GRANT {privileges} ON {schema_name}.{quote(table)} TO {role};"
            for function, is_for_enqueuers in FUNCTIONS.items():
                if (
                    roles is workers
                    or (roles is enqueuers and is_for_enqueuers)
                    or (roles is readers and function in _FUNCTIONS_OF_READERS)
                ):
                    yield f"GRANT EXECUTE ON FUNCTION {schema_name}.{function} TO {role};"
