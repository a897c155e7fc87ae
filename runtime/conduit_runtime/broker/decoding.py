"""Decodes messages, whatever another process sends.

Raises Malformed for a message that does not fit its type. Ignores fields that a reader does not
know, so that a version may add some.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar
from uuid import UUID

from msgspec import DecodeError, MsgspecError, Raw, Struct, json

from .messages import Claim, Control, Hello, Jobs, OutcomeEntry, Outcomes, Request


class Malformed(DecodeError):
    """What is wrong with a message, and where in it; the text has none of the message's values."""


M = TypeVar("M")


def _checked(decode: Callable[[bytes], M]) -> Callable[[bytes], M]:
    def decode_checked(body: bytes) -> M:
        try:
            return decode(body)
        except MsgspecError as error:
            raise Malformed(re.sub(r"(?s) '.*'", "", str(error))) from None
        except RecursionError:
            raise Malformed("it is nested too deeply") from None

    return decode_checked


decode_jobs = _checked(json.Decoder(Jobs).decode)
decode_outcomes = _checked(json.Decoder(Outcomes).decode)
decode_request = _checked(json.Decoder(Request).decode)

_decode_hello = _checked(json.Decoder(Hello).decode)
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


def decode_hello(body: bytes) -> Hello:
    """What a worker says of itself. Raises Malformed for a text that Postgres does not take."""
    if _NUL.search(body):
        raise Malformed("it has a text with a NUL character")
    return _decode_hello(body)


class _RawOutcomes(Struct):
    version: int
    worker: str
    outcomes: list[Raw]


class Unread(Struct):
    """Whose an outcome is that does not fit its type."""

    id: UUID
    token: UUID
    type: str
    queue: str


_decode_raw_outcomes = _checked(json.Decoder(_RawOutcomes).decode)
_decode_outcome: Callable[[bytes], OutcomeEntry] = _checked(json.Decoder(OutcomeEntry).decode)
_decode_unread: Callable[[bytes], Unread] = _checked(json.Decoder(Unread).decode)


def decode_each_outcome(body: bytes) -> tuple[Outcomes, list[tuple[Unread | None, Malformed]]]:
    """The outcomes of a message that fit their type, and what is wrong with the others."""
    raw = _decode_raw_outcomes(body)
    entries, refused = [], []
    for each in raw.outcomes:
        try:
            entries.append(_decode_outcome(bytes(each)))
        except Malformed as error:
            refused.append((_unread(bytes(each)), error))
    return Outcomes(raw.version, raw.worker, entries), refused


def _unread(body: bytes) -> Unread | None:
    try:
        return _decode_unread(body)
    except Malformed:
        return None


_CLAIM = re.compile(rb'"id":"([0-9a-f-]{36})","token":"([0-9a-f-]{36})"')


def claims_in(body: bytes) -> list[Claim]:
    """The claims that a message names which does not fit its type."""
    found = []
    for id_, token in _CLAIM.findall(body):
        with suppress(ValueError):
            found.append((UUID(id_.decode()), UUID(token.decode())))
    return found


decode_control = _checked(json.Decoder(Control).decode)
