"""Requests that another site makes a visitor's browser send."""

from urllib.parse import urlsplit

from starlette.requests import Request


def is_forged(request: Request) -> bool:
    """Whether a request that changes something may come from another site.

    Browsers say where a request comes from in Sec-Fetch-Site and Origin, which no page can set. A
    client that sends neither is no browser, and carries no visitor's cookies.
    """
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return True
    origin = request.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc != request.headers.get("Host")
