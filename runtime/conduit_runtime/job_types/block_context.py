"""What the code of generated blocks does at the ends of its steps."""

from abc import abstractmethod
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from time import monotonic
from typing import Any, TypeVar, cast

import psycopg

from ..model.attempts.outcome import seconds_of
from ..model.claimed import Claimed
from ..model.errors import StepNotStored
from ..records.async_operations import AsyncOperations
from ..records.identity_map import IdentityMap
from ..statements.outcomes import Attempt, Written
from .host import Host, lost
from .kept import Nothing, Reached, read_kept, with_ended, written
from .options import KeptClasses
from .steps import NOT_NEEDED, Connection, Steps
from .turns import Turns

T = TypeVar("T")


class BlockContext(AsyncOperations):
    """The part of a job's context that only generated code uses."""

    _job: Claimed
    _host: Host
    _step = ""
    _until = ""
    _open: tuple[str, ...] = ()
    """The steps that keep what JSON cannot hold: they end together with the step `_open_until`."""
    _open_until = ""
    _kept_by_turn = b"null"
    """What is stored with the end of the present turn of a loop, as JSON."""
    _kept: str | None = None
    _within: psycopg.AsyncConnection[Any] | None = None
    at_end: AsyncExitStack | None = None
    """What commits the writes since `commits_at_end`; None if there was no call."""
    _began = 0.0

    @property
    @abstractmethod
    def _steps(self) -> Steps: ...

    @abstractmethod
    def raise_if_cancelled(self) -> None:
        """Stop here if the job was cancelled or lost."""

    async def begins(self, step: str, until: str = "") -> bool:
        """Whether the code of a step has to run: no earlier attempt has finished it.

        Generated code encloses each step in `begins` and `ends`. The calls of services between them
        have idempotency keys of the step. A worker that cannot store steps runs all of them.

        What the step keeps is needed `until` another one has ended. If it keeps what JSON cannot
        hold, it is not stored, and ends together with that other step.
        """
        self.raise_if_cancelled()
        job = self._job
        job.step, job.calls = (f"{job.turn}/{step.rpartition('/')[2]}" if job.turn else step), None
        self._step, self._until = step, until
        self.forget_rows()
        self._kept = None
        if (steps := self.block_steps) is not None:
            self._kept = await steps.next(step, until)
        if self._kept is not None:
            job.step = job.turn
        self._began = monotonic()
        return self._kept is None

    async def ends(self, kept: object = None) -> None:
        """Store that the step under way has ended, with what later code needs of it.

        Raises StepNotStored, which ends the job failed, for a value that JSON cannot hold or that
        would come back as another value, unless the step has an `until`.
        """
        job, step = self._job, self._step
        if (steps := self.block_steps) is not None and (text := self._written(kept)) is not None:
            await steps.store(step, text, monotonic() - self._began, self._within)
        job.step, job.calls = job.turn, None
        self.forget_rows()

    def _written(self, kept: object) -> str | None:
        """The JSON of what a step keeps; None if it ends together with a later one."""
        if not self._until or self._until != self._open_until:
            try:
                text = "null" if kept is None else written(kept, self._step)
            except StepNotStored:
                if not self._until:
                    raise
                self._close()
            else:
                is_end = self._open and self._step == self._open_until
                text = with_ended(text, self._open) if is_end else text
                self._close()
                return text
        self._open, self._open_until = (*self._open, self._step), self._until
        return None

    def _close(self) -> None:
        self._open, self._open_until = (), ""

    async def sleeps(self, step: str, duration: timedelta) -> None:
        """`JobContext.sleep` of a generated block; the attempt ends here, or the sleep is over."""
        await self._reach(step)
        await self._steps.sleep(step, seconds_of(duration, "duration"))

    async def waits_for(self, signal: str, longest: timedelta) -> Any:
        """`JobContext.wait` of a generated block, which returns the value of the signal."""
        await self._reach(signal)
        return await self._steps.wait(signal, seconds_of(longest, "timeout"))

    async def _reach(self, pause: str) -> None:
        """Come to a sleep or a wait of a generated block; raises StepsMismatch."""
        self.raise_if_cancelled()
        self.forget_rows()
        self._close()
        await self._steps.next(pause)

    def forget_rows(self) -> None:
        """Read each row again when it is used next, as a later attempt would."""
        self._identity_map = IdentityMap()

    async def resume_block(self, known: KeptClasses, work: Coroutine[Any, Any, T]) -> T:
        """Do the work of a block with these steps, if it can go on behind finished ones.

        The worker calls this. Raises StepsMismatch.
        """
        try:
            await self.check_steps(known)
        except BaseException:
            work.close()
            raise
        return await work

    async def check_steps(self, known: KeptClasses) -> None:
        """Raise StepsMismatch if code with these steps cannot go on behind finished ones."""
        if (steps := self.block_steps) is not None:
            await steps.check(known)

    async def passed_all_steps(self) -> None:
        """Raise StepsMismatch if a step is finished that this attempt did not reach.

        Generated code calls this before an effect without a record, if not all branches of the
        block reach the same steps.
        """
        if (steps := self.block_steps) is not None:
            steps.check_all_passed()

    def kept(self, kind: Callable[..., T]) -> T:
        """What the step that was just skipped has stored."""
        assert self._kept is not None
        if self._kept == NOT_NEEDED:
            return cast("T", Nothing())
        found: T = read_kept(self._kept, kind)
        return found

    def turns(self, loop: str, items: Iterable[T]) -> AsyncIterator[T]:
        """The items of a loop of a generated block, without those of finished turns.

        The end of each turn is stored before the next one begins. A worker that cannot store steps
        runs all turns.
        """
        return Turns(self._job, self.block_steps, loop, items, self._next_turn, self._ending)

    def _next_turn(self) -> bytes:
        self.forget_rows()
        self._close()
        kept, self._kept_by_turn = self._kept_by_turn, b"null"
        return kept

    async def reached(self, loop: str) -> bool:
        """Whether a loop has finished a turn that keeps something, which `kept` then returns."""
        steps = self.block_steps
        found = Reached() if steps is None else await steps.reached(loop)
        self._kept = bytes(found.kept).decode() if found.turns else None
        return self._kept is not None

    def keep(self, kept: object) -> None:
        """Keep something with the end of the present turn, for a later attempt."""
        if self.block_steps is not None:
            self._kept_by_turn = written(kept, "a turn").encode()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """A transaction for the writes of a step of a generated block, and for its record."""
        if (steps := self.block_steps) is None:
            yield
            return
        async with self._host.connection() as connection:
            try:
                async with connection.transaction():
                    self._within = connection
                    yield
            except psycopg.OperationalError as error:
                if not connection.closed:
                    raise
                raise lost(error) from error
            finally:
                self._within = None
        await steps.committed()

    async def commits_at_end(self) -> None:
        """Let the writes from here on commit together with the end of the job.

        In a turn of a loop, they commit together with the record of the turn's end. An attempt that
        fails first undoes them.
        """
        if self.at_end is None:
            self.at_end = AsyncExitStack()
            await self.at_end.enter_async_context(self.transaction())

    @asynccontextmanager
    async def _ending(self) -> AsyncIterator[Connection | None]:
        """What the block stores commits together with the writes since `commits_at_end`."""
        at_end, self.at_end = self.at_end, None
        if at_end is None:
            yield None
            return
        async with at_end:
            yield self._within

    async def complete(self, attempt: Attempt) -> Written | None:
        """Write that the job completed, in the transaction of the writes since `commits_at_end`.

        The worker calls this. None if they are in another database: they have committed alone.
        Raises TakenAway for a job that is not held; its writes are undone.
        """
        return await self._steps.complete(attempt, self._ending())

    async def undo(self, error: BaseException) -> BaseException:
        """Undo the writes since `commits_at_end`; returns why the attempt failed.

        The worker calls this with what the attempt raised.
        """
        if self.at_end is None:
            return error
        try:
            async with self._ending():
                raise error
        except BaseException as raised:
            return raised

    @property
    def block_steps(self) -> Steps | None:
        """The steps of a generated block; None if the worker cannot store them."""
        if not self._host.stores_steps:
            return None
        return self._steps
