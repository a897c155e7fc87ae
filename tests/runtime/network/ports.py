"""Ports for servers that tests start."""

import contextlib
import secrets
import socket


def free_ports(number: int) -> list[int]:
    """Return ports of the loopback interface that nothing uses.

    They are below the ports that the system gives to connections. Such a connection could
    otherwise take a port before its server starts or restarts.
    """
    taken: dict[int, socket.socket] = {}
    with contextlib.ExitStack() as stack:
        while len(taken) < number:
            port = 10_000 + secrets.randbelow(22_000)  # `random` is seeded alike in each process
            with contextlib.suppress(OSError):
                taken[port] = stack.enter_context(socket.create_server(("127.0.0.1", port)))
    return [*taken]
