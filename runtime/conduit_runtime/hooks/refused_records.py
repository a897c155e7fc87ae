"""The errors for a record or a previous record that does not fit."""

from typing import Any

from ..model.callers import called_function
from ..records.tables import RecordError

_HOOK = "the hook"


def unfit_record(record_type: type[Any], given: object, error: RecordError) -> RecordError:
    """The error for a `record` that is None, lacks a column, or has a column that does not fit."""
    argument = f"`record` of {called_function(_HOOK)}"
    if given is None:
        return RecordError(
            f"{argument} is None: pass the {record_type.__name__}, a mapping or an object with "
            "every column (INSERT … RETURNING *, SELECT *)"
        )
    return RecordError(f"{argument}: {error}")


def unfit_previous(error: RecordError) -> RecordError:
    """The error for a `previous` that lacks a column, or has a column that does not fit."""
    return RecordError(
        f"`previous` of {called_function(_HOOK)}: {error}; `previous` is the whole row as it was "
        "before the event (SELECT * … FOR UPDATE)"
    )


def same_record(record_type: type[Any]) -> RecordError:
    """The error for a `previous` that is the `record` itself, so that no change could be seen."""
    return RecordError(
        f"`previous` of {called_function(_HOOK)} is `record` itself, so no field differs and no "
        f"hook would start: pass the {record_type.__name__} as it was before the UPDATE, such as "
        "the result of a SELECT * … FOR UPDATE or a copy made before the change"
    )


def no_previous(record_type: type[Any]) -> RecordError:
    """The error for a hook that uses `previous` but was given none."""
    return RecordError(
        f"`previous` of {called_function(_HOOK)} is None: pass the {record_type.__name__} as it "
        "was before the event"
    )
