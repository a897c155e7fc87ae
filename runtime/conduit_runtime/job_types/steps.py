"""The steps, sleeps and waits of an attempt: which have ended, and the records of the others."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from contextvars import ContextVar
from functools import lru_cache
from types import FrameType, FunctionType
from typing import Any, NamedTuple, Protocol, Self, TypeAlias

import msgspec
import psycopg

from ..model.attempts.outcome import Waiting
from ..model.claimed import Claimed
from ..model.errors import PayloadError, PayloadMismatch, QueueError, StepNotStored, StepsMismatch
from ..model.payload import check_name, decode, encode
from ..payloads.annotated import annotated_decoder, annotated_result, code_of
from ..statements.outcomes import Attempt, Written
from ..statements.results import MAX_RESULT
from ..statements.steps import Record, Records, Stored, Wait, Waited
from .kept import Reached, check_resumable, ended_with, read_turns
from .options import KeptClasses

NOT_NEEDED = ""
"""In place of the JSON of a step that has ended together with a later one."""

Connection: TypeAlias = psycopg.AsyncConnection[Any]

Writes: TypeAlias = AbstractAsyncContextManager[Connection | None]
"""An open transaction, which the end of the context commits; without one, None."""

in_turn: ContextVar[str] = ContextVar("conduit_turn", default="")
"""What the names of steps begin with in a turn of a `resume` loop; else it is empty."""


class StepStore(Protocol):
    """Where a worker stores the records of steps."""

    def read(self, job: Claimed, /) -> "asyncio.Future[Stored]":
        """Read the stored steps of a job."""

    def store(self, record: Record, /) -> "asyncio.Future[bool]":
        """Store the record of a step; False if its job is not held."""

    async def store_within(self, record: Record, connection: Connection, /) -> bool:
        """Store a record in a connection's transaction; False if its job is not held.

        If the connection is to another database than the queue's, `committed` stores it.
        """

    async def committed(self, record: Record, /) -> bool:
        """Note that the transaction of a record has committed; False if its job is not held."""

    async def complete(self, attempt: Attempt, writes: Writes, /) -> Written | None:
        """Write that a job completed, in the transaction of its last writes, and commit it.

        If it is in another database than the queue's, only the writes commit: None. Raises
        TakenAway for a job that is not held, and undoes the writes.
        """

    def wait(self, wait: Wait, /) -> "asyncio.Future[Waited]":
        """Begin or end a sleep or a wait; False if its job is not held."""

    def lose(self, job: Claimed, /) -> None:
        """Stop the attempt of a job that is no longer held."""


class Steps:
    """The steps of one attempt. All methods belong to the worker's loop, except `begin`."""

    has_records = False
    """Whether the job may have records."""

    def __init__(self, job: Claimed, store: StepStore) -> None:
        self._job = job
        self._store = store
        self._places: dict[str, tuple[str, int]] = {}
        self._loops: set[str] = set()
        self._passed: set[str] = set()
        self._uncommitted: Record | None = None
        self._reading: asyncio.Future[Stored] | None = None
        self._found: dict[str, str] = {}
        self._is_read = False

    def begin(self, name: str, caller: FrameType, *, is_signal: bool = False) -> str:
        """Note that the attempt has reached a step, and return the whole name of its record.

        A signal's is its own, in a turn of a loop too. Raises PayloadError for a name that cannot
        be stored, QueueError for one that the attempt has used.
        """
        turn = "" if is_signal else in_turn.get()
        name = turn + name
        check_name(name, "the name of a step")
        place = (caller.f_code.co_filename, caller.f_lineno)
        if self._places.setdefault(name, place) is not place:
            first, second = (f"{file}:{line}" for file, line in (self._places[name], place))
            raise QueueError(
                f"the name {name!r} is used twice in one attempt, at {first} and at {second}: give "
                "each step, sleep and wait a name of its own, in a loop with a key of the turn"
            )
        self._check_apart(name, [each for each in self._loops if not turn.startswith(f"{each}/")])
        return name

    def begin_loop(self, name: str, caller: FrameType) -> str:
        """`begin` for a loop, whose turns have steps of their own."""
        name = self.begin(name, caller)
        self._loops.add(name)
        for each in self._places:
            self._check_apart(each, [name])
        return name

    @staticmethod
    def _check_apart(name: str, loops: Iterable[str]) -> None:
        """Raise QueueError for a name that the end of a turn of other loops would forget."""
        for loop in loops:
            if name.startswith(f"{loop}/"):
                raise QueueError(
                    f"the name {name!r} is that of a step in the loop {loop!r}, and is used "
                    "outside of it: give the step another name"
                )

    async def stored(self, name: str) -> str | None:
        """The JSON of a step that is finished, else None; raises CancelledError for a lost job."""
        return (await self._finished()).get(name)

    async def _records(self) -> Records:
        if not self._job.began:
            return _NONE
        if self._reading is None:
            self._reading = self._store.read(self._job)
        found = await self._reading
        if found is False:
            raise self._lost()
        self.has_records |= bool(found.values)
        return found

    async def _finished(self) -> dict[str, str]:
        """The finished steps, without those of turns that have ended."""
        if not self._is_read:
            self._found.update((await self._records()).values)
            self._is_read = True
        return self._found

    async def store(
        self, name: str, value: str, elapsed: float, connection: Connection | None = None
    ) -> None:
        """Store a step that is finished, in the transaction of a connection if one is given.

        Raises CancelledError if the job is lost.
        """
        self.has_records = True
        await self._write(Record(self._job, name, value, elapsed), connection)

    async def _write(self, record: Record, connection: Connection | None) -> None:
        if connection is None:
            is_held = await self._store.store(record)
        else:
            is_held = await self._store.store_within(record, connection)
            self._uncommitted = record
        if not is_held:
            raise self._lost()

    async def next(self, name: str, until: str = "") -> str | None:
        """The JSON of the next step of a generated block if it is finished, else None.

        NOT_NEEDED if it has ended together with another step, `until` which its record is needed.

        Such a block reaches its steps in one order. Raises StepsMismatch if another step than those
        that this attempt has passed is finished, and this one is not.
        """
        records = await self._finished()
        self._passed.add(name)
        if name not in records:
            if name in ended_with(records.get(until, "")):
                return NOT_NEEDED
            self.check_all_passed()
        return records.get(name)

    async def reached(self, loop: str) -> Reached:
        """What is stored of a loop. Raises StepsMismatch if it was no loop."""
        records = await self._finished()
        self._passed.add(loop)
        return read_turns(records[loop]) if loop in records else Reached()

    async def end_turn(
        self, loop: str, reached: Reached, elapsed: float, connection: Connection | None = None
    ) -> None:
        """Store how far a loop is, in place of the steps in its last turn, as `store` does.

        Raises CancelledError if the job is lost.
        """
        self.has_records = True
        text = msgspec.json.encode(reached).decode()
        await self._write(Record(self._job, loop, text, elapsed, is_loop=True), connection)
        for known in (self._found, self._places):
            for name in [each for each in known if each.startswith(f"{loop}/")]:
                del known[name]

    def check_all_passed(self, within: str | None = None) -> None:
        """Raise StepsMismatch if a step is finished that this attempt has not passed.

        Those whose names begin with `within` may come later.
        """
        for name in self._found:
            is_later = within is not None and name.startswith(within)
            if name not in self._passed and not is_later:
                raise StepsMismatch(
                    f"an earlier attempt has finished the step {name!r}, and this code does not "
                    "reach it in the same place"
                )

    async def committed(self) -> None:
        """Note that the transaction of the last record has committed.

        Raises CancelledError if the job is lost.
        """
        if (record := self._uncommitted) is not None:
            self._uncommitted = None
            if not await self._store.committed(record):
                raise self._lost()

    async def complete(self, attempt: Attempt, writes: Writes) -> Written | None:
        """Complete the job together with its last writes, as `StepStore.complete` does."""
        return await self._store.complete(attempt, writes)

    async def check(self, known: KeptClasses) -> None:
        """Raise StepsMismatch if code with these steps cannot go on behind those that are finished.

        An attempt that may have records checks them before the first effect of its own.
        """
        check_resumable(await self._finished(), known)

    async def sleep(self, name: str, seconds: float) -> None:
        """Return if this sleep is over; raises Waiting if not, CancelledError for a lost job."""
        if await self.stored(name) is None or name in (await self._records()).asleep:
            await self._wait(Wait(self._job, name, seconds, is_signal=False))

    async def wait(self, name: str, seconds: float) -> Any:
        """Return the value of a signal, None after its time; raises as `sleep` does."""
        found = await self.stored(name)
        if found is None:
            found = await self._wait(Wait(self._job, name, seconds, is_signal=True))
        return decode(found)

    async def _wait(self, wait: Wait) -> str:
        self.has_records = True
        found = await self._store.wait(wait)
        if found is False:
            raise self._lost()
        if isinstance(found, str):
            return found
        raise Waiting(found)

    def _lost(self) -> asyncio.CancelledError:
        self._store.lose(self._job)
        return asyncio.CancelledError(f"job {self._job.id} is no longer held")


_NONE = Records({})


class Result(NamedTuple):
    """How a step's result becomes JSON, and JSON a result."""

    name: str
    decode: Callable[[str], Any]

    @classmethod
    def of(cls, name: str, function: Any) -> Self:
        """The result of a function, by its annotation.

        Raises TypeError for an annotated type that nothing stored can become.
        """
        if type(function) is not FunctionType or function.__closure__:
            function = code_of(function)
        # A cache must not keep what a closure holds.
        find = _decoder.__wrapped__ if getattr(function, "__closure__", None) else _decoder
        try:
            return cls(name, find(function))
        except TypeError as error:
            reason = str(error).replace("no payload becomes", "no stored result becomes", 1)
            raise TypeError(f"the step {name!r}: {reason}") from None

    def write(self, value: Any) -> str:
        """The JSON of a result. Raises StepNotStored if it would not come back as it is."""
        try:
            text = encode(value)
            if (size := len(text.encode())) > MAX_RESULT:
                raise PayloadError(
                    f"payload is {size:,} bytes of JSON, more than {MAX_RESULT:,}: store the "
                    "data elsewhere and return a reference to it"
                )
            if (path := _difference(value, self.decode(text))) is not None:
                raise PayloadError(
                    f"payload{path} comes back from JSON as another value: annotate what the "
                    "function returns, or let it return values of JSON"
                )
        except PayloadMismatch as error:
            raise StepNotStored(f"the result of the step {self.name!r} {_problem(error)}") from None
        except PayloadError as error:
            reason = str(error).replace("payload", f"the result of the step {self.name!r}", 1)
            raise StepNotStored(reason) from None
        return text

    def read(self, text: str) -> Any:
        """The result of stored JSON. Raises PayloadError if it does not fit the annotation."""
        try:
            return self.decode(text)
        except PayloadMismatch as error:
            raise PayloadError(
                f"the stored result of the step {self.name!r} {_problem(error)}"
            ) from None


@lru_cache(maxsize=1_024)
def _decoder(function: Callable[..., Any]) -> Callable[[str], Any]:
    return annotated_decoder(annotated_result(function)) or decode


def _problem(error: PayloadMismatch) -> str:
    reason = str(error).removeprefix("the payload does not fit the handler: ")
    return f"does not fit what the function is annotated to return: {reason}"


def _difference(value: Any, back: Any) -> str | None:
    """The path of the first part of a value that came back as another one; None if all are same."""
    if type(value) is not type(back):
        return ""
    if isinstance(value, dict):
        if value.keys() != back.keys():
            return ""
        parts = [(f".{key}", value[key], back[key]) for key in value]
    elif isinstance(value, list | tuple) and len(value) == len(back):
        parts = [(f"[{place}]", *pair) for place, pair in enumerate(zip(value, back, strict=True))]
    else:
        return None if value == back else ""
    for step, one, other in parts:
        if (path := _difference(one, other)) is not None:
            return step + path
    return None
