"""Requests that another site makes a visitor's browser send."""

from urllib.parse import urlsplit

from starlette.requests import Request

_PORTS = {"http": ":80", "https": ":443"}


def is_forged(request: Request) -> bool:
    """Whether a request that changes something may come from another site.

    Browsers say where a request comes from in Sec-Fetch-Site and Origin, which no page can set. A
    client that sends neither is no browser, and carries no visitor's cookies.
    """
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return True
    origin = request.headers.get("Origin")
    return origin is not None and not _is_host(origin, request.headers.get("Host", ""))


def _is_host(origin: str, host: str) -> bool:
    """Whether an origin such as `https://ops.example.org` is at this host, as in a request."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    port = _PORTS.get(parts.scheme)
    if port is None or not host:
        return False
    return parts.netloc.lower().removesuffix(port) == host.lower().removesuffix(port)
