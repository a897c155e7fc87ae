"""Reads all of an answer that has arrived before it waits for more."""

import select
from typing import Any

from psycopg.abc import PQGen
from psycopg.waiting import Ready, Wait

__all__ = ["eager"]


def eager(generator: PQGen[Any], socket: int) -> PQGen[Any]:
    """The driver's `generator`, without its waits for what has arrived on the socket meanwhile.

    It asks for the event loop after every 16 KiB. A claim's answer comes in a dozen such pieces,
    and each turn of the loop costs a worker as much as several jobs.
    """
    arrived = select.poll()
    arrived.register(socket, select.POLLIN)
    try:
        wanted = next(generator)
        while True:
            wanted = generator.send((yield wanted))
            while wanted is Wait.R and arrived.poll(0):
                wanted = generator.send(Ready.R)
    except StopIteration as end:
        return end.value
