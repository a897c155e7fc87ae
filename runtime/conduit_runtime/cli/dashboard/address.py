"""Where a command listens."""

import ipaddress
import os
import socket

import click

from .login import TOKEN, USERS


def listener_on(host: str, port: int, may_be_open: bool) -> socket.socket:
    """A listening socket. Raises UsageError if the address is not allowed or not available."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, *_, place = min(found, key=lambda each: each[0] != socket.AF_INET)
        is_loopback = ipaddress.ip_address(str(place[0]).partition("%")[0]).is_loopback
        if not is_loopback and not may_be_open:
            raise click.UsageError(
                f"--host {host} lets other machines in: set {USERS} (user:password …) or {TOKEN} "
                "first, or leave --host out to listen on this machine only"
            )
        return socket.create_server(place[:2], family=family)
    except (OSError, UnicodeError) as error:
        number = getattr(error, "errno", None) or 0
        reason = os.strerror(number) if number > 0 else "there is no such address"
        raise click.UsageError(
            f"{host} port {port} cannot be used ({reason}): give another --host or --port; "
            "--port 0 picks a free one"
        ) from None


def address_of(host: str, port: int) -> str:
    """The address of a server, without a slash at its end."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
