import asyncio
import socket
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager, suppress

import pytest
from conduit_runtime.postgres.response_reader import ResponseReader
from psycopg.waiting import Ready, Wait


def until_the_end(end: socket.socket, start: Wait = Wait.R) -> Generator[Wait, Ready, list[bytes]]:
    """Read until a full stop, a byte at a time, as the driver reads a buffer at a time."""
    while not (yield start):
        continue
    pieces = [end.recv(1)]
    while pieces[-1] != b".":
        while not (yield Wait.R):
            continue
        pieces.append(end.recv(1))
        if not pieces[-1]:
            raise ConnectionError("the server has closed the connection")
    return pieces


@asynccontextmanager
async def reading(
    reader: ResponseReader, theirs: socket.socket, ours: socket.socket
) -> AsyncIterator["asyncio.Task[list[bytes]]"]:
    """Start a task that awaits a response, and yield it once it waits for the socket."""
    with ours, theirs:
        task = asyncio.create_task(reader.read(until_the_end(ours), ours.fileno()))
        await asyncio.sleep(0)
        yield task


def fill(end: socket.socket) -> int:
    """Send until the socket takes no more; return how many bytes it took."""
    end.setblocking(False)
    filled = 0
    with suppress(BlockingIOError):
        while True:
            filled += end.send(bytes(65_536))
    return filled


def test_all_that_has_arrived_is_read_by_one_callback() -> None:
    async def main() -> list[bytes]:
        ours, theirs = socket.socketpair()
        async with reading(ResponseReader(), theirs, ours) as task:
            theirs.send(b"abc")
            await asyncio.sleep(0)  # the loop sees the bytes, and calls back after this task
            await asyncio.sleep(0)
            with pytest.raises(BlockingIOError):
                ours.recv(1, socket.MSG_DONTWAIT)
            theirs.send(b"d.")
            return await task

    assert asyncio.run(main()) == [b"a", b"b", b"c", b"d", b"."]


def test_the_holder_of_the_loop_may_look_and_learns_when_a_response_is_whole() -> None:
    async def main() -> list[bytes]:
        ours, theirs = socket.socketpair()
        reader = ResponseReader()
        async with reading(reader, theirs, ours) as task:
            assert not reader.poll()
            theirs.send(b"ab")
            assert not reader.poll()
            theirs.send(b".")
            assert reader.poll()
            assert not reader.poll()
            await asyncio.sleep(0)
            assert task.done()
            return task.result()

    assert asyncio.run(main()) == [b"a", b"b", b"."]


def test_what_is_ready_at_once_needs_no_turn_of_the_loop() -> None:
    async def main() -> list[bytes]:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            theirs.send(b"a.")
            work = ResponseReader().read(until_the_end(ours, Wait.RW), ours.fileno())
            with pytest.raises(StopIteration) as end:
                work.send(None)
            response: list[bytes] = end.value.value
            return response

    assert asyncio.run(main()) == [b"a", b"."]


def test_a_socket_that_takes_nothing_is_waited_for() -> None:
    async def main() -> list[bytes]:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            filled = fill(ours)
            reader = ResponseReader()
            task = asyncio.create_task(reader.read(until_the_end(ours, Wait.W), ours.fileno()))
            await asyncio.sleep(0)
            theirs.send(b".")
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert not task.done()
            while filled:
                filled -= len(theirs.recv(65_536))
            return await task

    assert asyncio.run(main()) == [b"."]


def test_an_end_of_the_connection_is_raised_where_the_response_is_awaited() -> None:
    async def main() -> None:
        ours, theirs = socket.socketpair()
        async with reading(ResponseReader(), theirs, ours) as task:
            theirs.send(b"a")
            theirs.shutdown(socket.SHUT_RDWR)
            await task

    with pytest.raises(ConnectionError):
        asyncio.run(main())


def test_what_is_no_longer_awaited_is_left_alone_and_can_be_read_on() -> None:
    async def main() -> list[bytes]:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            reader = ResponseReader()
            work = until_the_end(ours)
            task = asyncio.create_task(reader.read(work, ours.fileno()))
            await asyncio.sleep(0)
            task.cancel()
            theirs.send(b"a")
            assert not reader.poll()
            with pytest.raises(asyncio.CancelledError):
                await task
            theirs.send(b".")
            assert not reader.poll()
            return await reader.read(work, ours.fileno(), begun=True)

    assert asyncio.run(main()) == [b"a", b"."]


def test_a_connection_that_is_closed_fails_callers_that_await_a_response() -> None:
    async def main() -> None:
        ours, theirs = socket.socketpair()
        reader = ResponseReader()
        async with reading(reader, theirs, ours) as task:
            reader.fail(ours.fileno(), ConnectionError("closed"))
            reader.fail(ours.fileno(), ConnectionError("again"))
            await task

    with pytest.raises(ConnectionError, match="closed"):
        asyncio.run(main())


def test_a_socket_that_the_driver_has_closed_while_sending_is_left_without_an_error() -> None:
    def broken(end: socket.socket) -> Generator[Wait, Ready, None]:
        yield Wait.RW
        end.close()
        raise ConnectionError("the server is gone")

    async def main() -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            fill(ours)
            reader = ResponseReader()
            task = asyncio.create_task(reader.read(broken(ours), ours.fileno()))
            await asyncio.sleep(0)
            theirs.send(b"x")
            assert reader.poll()
            await task

    with pytest.raises(ConnectionError, match="gone"):
        asyncio.run(main())
