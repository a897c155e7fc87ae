"""The exceptions that a page raises to send another response."""

from collections.abc import Mapping
from math import ceil


class Refusal(Exception):
    """A response in words, with a status code of HTTP."""

    status = 500
    title = "Something is wrong"
    headers: Mapping[str, str] = {}
    next: str | None = None
    """The page that the form for the token leads to; None if there is no form."""
    is_wrong = True
    """Whether the response reports a mistake; it asks a question otherwise."""


class Failed(Refusal):
    """The dashboard has a bug; the log of the server has its traceback."""


class BadRequest(Refusal):
    """A value in the address or in a form cannot be used."""

    status = 400
    title = "This cannot be used"


class LoginNeeded(Refusal):
    """The visitor has to log in. `challenge` says how, as in HTTP's WWW-Authenticate.

    With `next`, a page of the dashboard, the response has a form that leads to it. `is_wrong` says
    that the given token was wrong.
    """

    status = 401
    title = "Log in"

    def __init__(
        self, message: str, challenge: str, next: str | None = None, *, is_wrong: bool = False
    ) -> None:
        super().__init__(message)
        self.headers = {"WWW-Authenticate": challenge}
        self.next = next
        self.is_wrong = is_wrong


class TooMany(Refusal):
    """The visitor has to wait for `seconds` before another try."""

    status = 429
    title = "Too many tries"

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.headers = {"Retry-After": f"{ceil(seconds)}"}


class Forbidden(Refusal):
    """The visitor may not do this."""

    status = 403
    title = "Not allowed"


class Elsewhere(Refusal):
    """The visitor asked for something that is at another address of the dashboard."""

    status = 303
    title = "Elsewhere"
    is_wrong = False

    def __init__(self, address: str) -> None:
        super().__init__("It is on another page.")
        self.headers = {"Location": address}


class Missing(Refusal):
    """Nothing with this name exists."""

    status = 404
    title = "Not found"


class Conflict(Refusal):
    """Somebody else has changed the target of a change."""

    status = 409
    title = "Somebody else has changed it"


class DatabaseDown(Refusal):
    """The database cannot be reached."""

    status = 503
    title = "The database does not respond"


class TooSlow(Refusal):
    """The database took longer than a page may wait."""

    status = 503
    title = "This takes too long"


class NotMigrated(Refusal):
    """The database lacks the tables of this version."""

    status = 503
    title = "The database is not ready"


def place_of(error: BaseException) -> str:
    """The class of an error and the line that raised it. The error's text may contain secrets."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    if at is None:
        return type(error).__name__
    return f"{type(error).__name__} in {at.tb_frame.f_code.co_qualname}, line {at.tb_lineno}"
