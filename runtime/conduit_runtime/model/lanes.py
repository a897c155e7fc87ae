"""The fingerprint of a stored job: its payload's shape, and the readers that could not read it."""

import hashlib
from collections.abc import Iterable

Lane = tuple[str, str]
"""A type and a fingerprint; the empty fingerprint is that of jobs without one."""

MARK = "!"
"""Comes before each reader in the fingerprint of an unreadable job."""
_MOST = 8
"""Readers that are remembered: more versions of the code hardly run at once."""


def original(fingerprint: str) -> str:
    """The shape of the payload, as the job was enqueued."""
    return fingerprint.partition(MARK)[0]


def is_unreadable(fingerprint: str) -> bool:
    """Whether a reader could not read the payload."""
    return MARK in fingerprint


def readers(fingerprint: str) -> tuple[str, ...]:
    """The readers that could not read the payload; none for a job that is not unreadable."""
    return tuple(fingerprint.split(MARK)[1:])


def marked(fingerprint: str, reader: str) -> str:
    """The fingerprint of a job whose payload this reader could not read, either.

    No worker claims such a lane, except one with another reader.
    """
    known = [*readers(fingerprint), reader][-_MOST:]
    return MARK.join([original(fingerprint), *dict.fromkeys(known)])


def reader_of(shapes: Iterable[str]) -> str:
    """The reader of these shapes: the same for all code that reads the same shapes."""
    return hashlib.sha256("\n".join(sorted(shapes)).encode()).hexdigest()[:8]
