"""Reads values of an address or a form, and refuses invalid ones in words."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from conduit_runtime.model.errors import PayloadError
from conduit_runtime.model.payload import check_name

from .errors import BadRequest


def read_text(values: Mapping[str, Any], name: str) -> str | None:
    """The text of this name; None if it is missing or empty."""
    given = values.get(name)
    return given if isinstance(given, str) and given else None


def read_choice(values: Mapping[str, Any], name: str, choices: Collection[str]) -> str | None:
    """One of these texts, or None. Raises BadRequest for another text."""
    given = read_text(values, name)
    if given is not None and given not in choices:
        raise _refused(name, given, f"one of {', '.join(choices)}, or leave it out")
    return given


def named(values: Mapping[str, Any], what: str) -> str:
    """The name of a queue or a type, as `what` says. Raises BadRequest if there is none."""
    name = read_text(values, what)
    if name is None:
        raise BadRequest(f"The form names no {what}.")
    try:
        check_name(name, f"the {what}")
    except PayloadError as error:
        raise BadRequest(f"{error}.") from None
    return name


def read_id(values: Mapping[str, Any], name: str) -> UUID | None:
    """The id of a job, or None. Raises BadRequest for an invalid id."""
    given = read_text(values, name)
    return None if given is None else job_id(name, given)


def job_id(name: str, text: str) -> UUID:
    """The id of a job, given as a value of this name. Raises BadRequest for an invalid id."""
    try:
        return UUID(text.strip())
    except ValueError:
        raise _refused(name, text, "the id of a job") from None


def read_number(values: Mapping[str, Any], name: str) -> int | None:
    """The number of an action in the audit, or None. Raises BadRequest for an invalid number."""
    given = read_text(values, name)
    if given is not None and not (given.isascii() and given.isdigit() and len(given) < 19):
        raise _refused(name, given, "the number of an action")
    return None if given is None else int(given)


def _refused(name: str, given: str, wanted: str) -> BadRequest:
    return BadRequest(f"{name} is {given[:40]!r}: use {wanted}.")
