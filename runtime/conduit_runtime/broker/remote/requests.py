"""Questions that a worker asks the gateways of a database."""

import asyncio
from collections.abc import Callable
from itertools import count
from typing import Any

from ..messages import Reply, Request, encode
from ..topology import REQUESTS
from .sessions import Lost, Sessions

ANSWER = 5.0
"""Seconds that an answer may take."""
PAUSE = 0.5
"""Seconds until a question without an answer is asked again."""

Question = Callable[[str, int], Request]
"""Makes a request of a worker's name and the number of its question."""


class Requests:
    """Sends requests, and hands each reply to what waits for it."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._numbers = count(1)
        self._awaited: dict[int, asyncio.Future[Any]] = {}

    async def ask(self, key: str, question: Question) -> Any:
        """Ask a gateway; None if no answer comes in time, or if the connection is lost."""
        if (session := self._sessions.current) is None:
            return None
        number = next(self._numbers)
        answer = self._awaited[number] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(ANSWER):
                await session.publish(REQUESTS, key, encode(question(session.worker, number)))
                return await answer
        except (Lost, TimeoutError):
            return None
        finally:
            del self._awaited[number]

    async def insist(self, key: str, question: Question) -> Any:
        """Ask until a gateway answers."""
        while (answer := await self.ask(key, question)) is None:
            await self._sessions.get()
            await asyncio.sleep(PAUSE)
        return answer

    def on_reply(self, reply: Reply) -> None:
        """A gateway answered; the first answer of several counts."""
        answer = self._awaited.get(reply.question)
        if answer is not None and not answer.done():
            answer.set_result(reply.answer)

    def on_lost(self) -> None:
        """No answer comes any more over this connection."""
        for answer in self._awaited.values():
            if not answer.done():
                answer.set_result(None)
