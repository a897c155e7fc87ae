"""Questions that a worker asks the gateways of a database."""

import asyncio
import time
from collections.abc import Callable
from itertools import count
from typing import Any

from ...model.errors import QueueError
from ...worker.timing import Timing
from ..messages import Reply, Request, encode
from ..topology import REQUESTS
from .sessions import Lost, Sessions

PAUSE = 0.5
"""Seconds until a question without an answer is asked again."""


class Unanswered(QueueError):
    """No gateway has replied for long."""


class Refused(QueueError):
    """A gateway cannot answer a question, and says why."""


Question = Callable[[str, int], Request]
"""Makes a request of a worker's name and the number of its question."""


class Requests:
    """Sends requests, and hands each reply to what waits for it.

    Gateways reply at once, also while their database is away. If no reply comes for long, the
    connection is opened anew, in case replies cannot arrive over it.
    """

    def __init__(self, sessions: Sessions, timing: Timing) -> None:
        self._sessions = sessions
        self._timing = timing
        self._numbers = count(1)
        self._awaited: dict[int, asyncio.Future[Any]] = {}
        self._silent_since: float | None = None

    @property
    def _is_silent(self) -> bool:
        since = self._silent_since
        return since is not None and time.monotonic() - since >= self._timing.unanswered

    async def ask(self, key: str, question: Question) -> Any:
        """Ask a gateway; None if it cannot say, or if no answer comes in time. Raises Refused."""
        if (session := self._sessions.current) is None:
            return None
        if self._silent_since is None:
            self._silent_since = time.monotonic()
        number = next(self._numbers)
        answer = self._awaited[number] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(self._timing.answer):
                await session.publish(REQUESTS, key, encode(question(session.worker, number)))
                return await answer
        except (Lost, TimeoutError):
            if self._is_silent and session.age >= self._timing.unanswered:
                session.end("no gateway replies")
            return None
        finally:
            del self._awaited[number]

    async def insist(self, key: str, question: Question) -> Any:
        """Ask until a gateway answers. Raises Refused or Unanswered."""
        while (answer := await self.ask(key, question)) is None:
            if self._is_silent:
                raise Unanswered(f"no gateway has replied for {self._timing.unanswered:g} s")
            await self._sessions.get()
            await asyncio.sleep(PAUSE)
        return answer

    def on_reply(self, reply: Reply) -> None:
        """A gateway answered; the first answer of several counts."""
        self._silent_since = None
        answer = self._awaited.get(reply.question)
        if answer is None or answer.done():
            return
        if reply.problem:
            answer.set_exception(Refused(reply.problem))
        else:
            answer.set_result(reply.answer)

    def on_lost(self) -> None:
        """No answer comes any more over this connection."""
        for answer in self._awaited.values():
            if not answer.done():
                answer.set_result(None)
