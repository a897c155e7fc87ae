"""Detects requests that another site makes a visitor's browser send."""

from urllib.parse import urlsplit

from starlette.requests import Request

_PORTS = {"http": ":80", "https": ":443"}


def is_forged(request: Request) -> bool:
    """Whether a request that changes something may come from another site.

    Browsers send the source of a request in Sec-Fetch-Site and Origin, which no page can set. A
    client that sends neither is no browser, and has no visitor's cookies.
    """
    host = request.headers.get("Host", "")
    sites, origins = map(request.headers.getlist, ("Sec-Fetch-Site", "Origin"))
    return any(site != "same-origin" for site in sites) or not all(
        _is_host(origin, host) for origin in origins
    )


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
