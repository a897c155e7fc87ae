"""The fingerprint of a stored job: its payload's shape, and the readers that could not read it."""

import hashlib
from collections.abc import Iterable

Lane = tuple[str, str]
"""A type and a fingerprint; the empty fingerprint is that of jobs without one."""

MARK = "!"
"""The mark before each reader in the fingerprint of an unreadable job."""
PARKED = "~"
"""The mark at the end of the fingerprint of a job that waits until its key has room."""
_MOST = 8
"""Readers in a fingerprint; more versions of the code hardly run at once."""


def original(fingerprint: str) -> str:
    """The shape of the payload, as it was when the job was enqueued."""
    return lane_of(fingerprint).partition(MARK)[0]


def lane_of(fingerprint: str) -> str:
    """The fingerprint without the mark of a parked job."""
    return fingerprint.removesuffix(PARKED)


def is_parked(fingerprint: str) -> bool:
    """Whether the job waits until its key has room."""
    return fingerprint.endswith(PARKED)


def is_unreadable(fingerprint: str) -> bool:
    """Whether a reader could not read the payload."""
    return MARK in fingerprint


def readers(fingerprint: str) -> tuple[str, ...]:
    """The readers that could not read the payload; empty unless the job is unreadable."""
    return tuple(lane_of(fingerprint).split(MARK)[1:])


def marked(fingerprint: str, reader: str) -> str:
    """The fingerprint of a job after this reader, too, could not read its payload.

    Only workers with another reader claim such a lane.
    """
    known = [*readers(fingerprint), reader][-_MOST:]
    return MARK.join([original(fingerprint), *dict.fromkeys(known)])


def reader_of(shapes: Iterable[str]) -> str:
    """The reader of these shapes, and of steps as text; the same for all code that has the same."""
    return hashlib.sha256("\n".join(sorted(shapes)).encode()).hexdigest()[:8]
