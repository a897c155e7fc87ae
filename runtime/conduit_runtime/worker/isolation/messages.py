"""What a worker and its children tell each other: pickled, each with its length before it."""

import os
import pickle
import socket
import struct
import threading
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

from ...model.claimed import Claimed
from ..run.isolated_runs import Ended
from ..timing import Timing
from .crossing import Crossing

LENGTH = struct.Struct("!Q")
NO_PIPE = 74
"""The exit code of a child whose job has closed the pipe."""
NO_MEMORY = 75
"""That of one that could not read what its worker has sent."""
_LONGEST = 1 << 40
"""Bytes of a message; text, which a job may write to the pipe by mistake, says more."""

Key: TypeAlias = tuple[UUID, UUID]
"""The id and the token of a claimed job; a job may come again while its last attempt still ends."""


def key_of(job: Claimed) -> Key:
    """How messages name a job."""
    return job.id, job.token


@dataclass(frozen=True, slots=True)
class Preparation:
    """What a process imports before it runs jobs.

    `main` is how to import the program that the worker was started with, as `multiprocessing` says
    it; it is empty if nothing is defined there.
    """

    path: list[str]
    arguments: list[str]
    main: dict[str, Any]
    uses_django: bool
    modules: list[str]


@dataclass(frozen=True, slots=True)
class Setup:
    """What a child needs of its worker. `levels` are those of loggers, by name.

    `dsn` is the application's database; `stores_within` is whether it is that of the queue. At most
    `concurrency` jobs run at once.
    """

    preparation: Preparation
    services: Crossing
    job_types: list[Crossing]
    hooks: list[Crossing]
    dsn: str | None
    schema: str | None
    stores_within: bool
    timing: Timing
    levels: dict[str, int]
    concurrency: int


class Ready(NamedTuple):
    """A child has entered its services, or cannot, for this reason."""

    problem: str | None


class Run(NamedTuple):
    """Run a job by this handler; `trace` are the headers of the span of the attempt.

    If it `is_alone`, no other job runs until it has ended.
    """

    job: Claimed
    handler: bytes
    memory: int | None
    trace: dict[str, str] | None
    is_alone: bool


class Stop(NamedTuple):
    """Stop a job, for this reason."""

    job: Key
    reason: BaseException


class Heeded(NamedTuple):
    """The loop of the child has begun to stop a job; or to run it, if that is not alone."""

    job: Key
    is_stop: bool


class Done(NamedTuple):
    """How the attempt of a job ended."""

    job: Key
    ended: Ended


class Ask(NamedTuple):
    """A question of a job; number 0 wants no answer."""

    number: int
    job: Key
    what: str
    arguments: tuple[Any, ...]


class Answer(NamedTuple):
    """The answer to a question, or the error that it ended with."""

    number: int
    answer: Any
    error: BaseException | None = None


class Ends(NamedTuple):
    """A job ends with this transaction, which is about to commit."""

    job: Key
    transaction: str


class Logged(NamedTuple):
    """The attributes of a log record, its text with sensitive values masked, and the job there."""

    record: dict[str, Any]
    text: str
    job: Key | None


class End(NamedTuple):
    """Leave the services, and exit."""


def frame(message: object) -> bytes:
    """A message as it is sent."""
    body = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(body)) + body


def length_of(header: bytes) -> int:
    """The length of the message behind it. Raises ValueError if a job has written to the pipe."""
    [length] = LENGTH.unpack(header)
    if length > _LONGEST:
        raise ValueError(f"a message of {length:,} bytes")
    return int(length)


class Pipe:
    """The child's end. Any thread may send; one thread receives. Both block."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self.is_open = True

    def send(self, message: object) -> None:
        """Send a message; does nothing once the pipe is closed."""
        data = frame(message)
        try:
            with self._lock:
                if self.is_open:
                    self._connection.sendall(data)
        except OSError:
            os._exit(NO_PIPE)

    def check(self) -> None:
        """End the process if its job has closed the pipe, or forked this process and come back."""
        if not self.is_open:
            os._exit(0)
        try:
            os.fstat(self._connection.fileno())
        except OSError:
            os._exit(NO_PIPE)

    def receive(self) -> Any:
        """Wait for the next message. Raises EOFError when the worker has ended."""
        [length] = LENGTH.unpack(self._read(LENGTH.size))
        return pickle.loads(self._read(length))  # noqa: S301

    def _read(self, size: int) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            part = self._connection.recv(min(size - len(parts), 1 << 20))
            if not part:
                raise EOFError
            parts += part
        return bytes(parts)

    def leave(self) -> None:
        """Close this copy in a process that a job forked: the pipe is not its own."""
        self._lock = threading.Lock()  # another thread of the parent may have held the other
        self.is_open = False
        self._connection.close()
