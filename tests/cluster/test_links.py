"""A link between a client and a broker passes everything on, stalls, and is cut."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
from links import Link, Links
from ports import free_ports

TIMEOUT = 20


@pytest.fixture
def echo() -> Iterator[int]:
    """Run a server that sends back what it gets; yield its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=send_back, args=(client,), daemon=True).start()

        def send_back(client: socket.socket) -> None:
            with client:
                while data := client.recv(1_000):
                    client.sendall(data)

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]


@pytest.fixture
def link(echo: int) -> Iterator[Link]:
    """A link to that server, and to a port that nothing listens on."""
    links = Links(lambda: [*free_ports(1), echo])
    yield links.new()
    links.close()


def _connect(link: Link) -> socket.socket:
    return socket.create_connection(("127.0.0.1", link.port), TIMEOUT)


def test_it_leads_to_a_port_that_accepts(link: Link) -> None:
    for _ in range(5):
        with closing(_connect(link)) as client:
            client.sendall(b"hello")
            assert client.recv(5) == b"hello"


def test_what_stalls_is_late_and_not_lost(link: Link) -> None:
    with closing(_connect(link)) as client:
        client.sendall(b"one")
        assert client.recv(3) == b"one"
        link.stall()
        client.sendall(b"two")
        client.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.recv(3)
        client.settimeout(TIMEOUT)
        link.mend()
        assert client.recv(3) == b"two"


def test_a_cut_ends_connections_until_it_is_mended(link: Link) -> None:
    with closing(_connect(link)) as client:
        client.sendall(b"one")
        assert client.recv(3) == b"one"
        link.cut()
        assert _has_ended(client)
    with closing(_connect(link)) as client:
        assert _has_ended(client)
    link.mend()
    with closing(_connect(link)) as client:
        client.sendall(b"two")
        assert client.recv(3) == b"two"


def _has_ended(client: socket.socket) -> bool:
    """Wait until the other side sends data or ends the connection; return whether it ended."""
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True
