import socket
from collections.abc import Generator

import pytest
from conduit_runtime.postgres.answer import eager
from psycopg.waiting import Ready, Wait


def until_the_end(end: socket.socket, start: Wait) -> Generator[Wait, Ready, list[bytes]]:
    """Read a byte at a time, as the driver reads a buffer at a time, until a full stop."""
    yield start
    pieces = [end.recv(1)]
    while pieces[-1] != b".":
        yield Wait.R
        pieces.append(end.recv(1))
    return pieces


def test_what_has_arrived_is_read_without_waiting_for_it() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.send(b"abc")
        reading = eager(until_the_end(ours, Wait.W), ours.fileno())
        assert next(reading) is Wait.W
        assert reading.send(Ready.W) is Wait.R
        theirs.send(b"d.")
        with pytest.raises(StopIteration) as end:
            reading.send(Ready.R)
    assert end.value.value == [b"a", b"b", b"c", b"d", b"."]


def test_an_answer_that_was_there_already_is_not_waited_for_at_all() -> None:
    def complete() -> Generator[Wait, Ready, int]:
        return 7
        yield Wait.R

    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(StopIteration) as end:
        next(eager(complete(), ours.fileno()))
    assert end.value.value == 7
