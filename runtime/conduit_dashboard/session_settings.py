"""The settings of Postgres for the dashboard's statements: a timeout, and no changes.

They also prevent scans of whole tables, even if the database's statistics are wrong.
"""

from collections.abc import Mapping

from conduit_runtime.postgres.statement import Statement, nothing

_SCANS = ("enable_seqscan", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin", "jit")


def of_transaction(seconds: float, read_only: bool) -> Statement[None]:
    """Set the statement timeout of the transaction, and refuse changes in it if `read_only`."""
    return _settings(seconds, {"transaction_read_only": "on"} if read_only else {}, is_local=True)


def of_session(seconds: float) -> Statement[None]:
    """Set the statement timeout of the session, and refuse changes in it."""
    return _settings(seconds, {"default_transaction_read_only": "on"}, is_local=False)


def _settings(seconds: float, more: Mapping[str, str], *, is_local: bool) -> Statement[None]:
    values = {"statement_timeout": f"{seconds * 1000:.0f}", **dict.fromkeys(_SCANS, "off"), **more}
    calls = [
        f"pg_catalog.set_config('{name}', '{value}', {is_local})" for name, value in values.items()
    ]
    return Statement(f"SELECT {', '.join(calls)}", {}, nothing)
