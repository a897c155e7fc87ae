"""Ports for servers that tests start."""

import contextlib
import secrets
import socket


def free_ports(number: int) -> list[int]:
    """Ports of the loopback interface that nothing uses.

    They are below those that the system gives to connections, which could take one before its
    server starts, or starts again.
    """
    taken: dict[int, socket.socket] = {}
    with contextlib.ExitStack() as stack:
        while len(taken) < number:
            port = 10_000 + secrets.randbelow(22_000)  # `random` is seeded alike in each process
            with contextlib.suppress(OSError):
                taken[port] = stack.enter_context(socket.create_server(("127.0.0.1", port)))
    return [*taken]
