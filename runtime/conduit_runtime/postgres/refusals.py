"""Tells errors of a statement from errors of the server."""

import psycopg

_TRANSIENT = ("08", "25006", "40", "53", "55", "57", "58", "F0")
"""Connection, read-only server, rollback, resources, locks, operator, system, configuration."""
_CANCELED = "57014"
_UNCLEAR = (_CANCELED, "0A", "26", "42", "XX")
"""Statement timeout, changed plan, lost prepared statement, schema and privileges, internal."""


def is_transient(error: psycopg.Error) -> bool:
    """Whether the same statement may succeed later: the server failed, or the way to it."""
    if error.sqlstate is None:
        return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return error.sqlstate.startswith(_TRANSIENT) and error.sqlstate != _CANCELED


def may_concern_a_row(error: psycopg.Error) -> bool:
    """Whether the statement might succeed for the other rows: a constraint or a trigger failed."""
    return error.sqlstate not in (None, _CANCELED) and not is_transient(error)


def is_unclear(error: psycopg.Error) -> bool:
    """Whether the statement or the server may be at fault: both raise such an error."""
    return error.sqlstate is not None and error.sqlstate.startswith(_UNCLEAR)
