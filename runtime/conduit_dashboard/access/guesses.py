"""Slows down visitors who guess a token or a password."""

import logging
import time
from collections import deque
from ipaddress import ip_address, ip_network

from starlette.requests import HTTPConnection

from ..errors import TooMany

_log = logging.getLogger("conduit.dashboard")

MOST = 10
"""The most wrong logins of an address within `SECONDS`; then the address has to wait."""
SECONDS = 60.0
_ADDRESSES = 10_000
"""The most addresses that are remembered; then the one that has been known longest is forgotten."""


class Guesses:
    """Counts the wrong logins of each address within the last `seconds`."""

    def __init__(self) -> None:
        self.seconds = SECONDS
        self._wrong: dict[str, deque[float]] = {}

    def check(self, request: HTTPConnection) -> None:
        """Raise TooMany if the visitor's address has sent too many wrong logins lately."""
        wrong = self._wrong.get(_network(request), deque())
        if len(wrong) == MOST and (wait := wrong[0] + self.seconds - time.monotonic()) > 0:
            raise TooMany("Too many wrong logins came from here. Try again in a minute.", wait)

    def note(self, request: HTTPConnection) -> None:
        """Count and log a wrong login."""
        network = _network(request)
        self._wrong.setdefault(network, deque(maxlen=MOST)).append(time.monotonic())
        if len(self._wrong) > _ADDRESSES:
            del self._wrong[next(iter(self._wrong))]
        _log.warning("a login from %s was refused", _address(request))


def _address(request: HTTPConnection) -> str:
    try:  # behind a proxy that passes on X-Forwarded-For, visitors can send any text
        return str(ip_address(request.client.host if request.client else ""))
    except ValueError:
        return "an unknown address"


def _network(request: HTTPConnection) -> str:
    """The address; of IPv6, the network of 64 bits, which one visitor may have to itself."""
    address = _address(request)
    return str(ip_network(f"{address}/64", strict=False)) if ":" in address else address
