"""Logins of a dashboard that runs alone: by a token, or by users with passwords."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, urlencode

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response

from ..errors import Forbidden, LoginNeeded
from ..forms import read_form
from .access import Access
from .forged import is_forged
from .guesses import Guesses
from .root import root_of
from .sessions import SECONDS, Sessions

_ASKED = (
    "Enter the token that the command printed at its start, or that CONDUIT_DASHBOARD_TOKEN sets."
)
_MOST_BYTES = 100_000  # of a form that comes before the login
_WRONG = "This is not the token of this server."


class TokenLogin:
    """Lets in visitors that know a token, with all rights.

    The token comes in the address that the command prints, in the form of the login page, or in
    the header `Authorization: Bearer …`. A browser gets a cookie for 12 hours, and an address
    without the token. An address that sends many wrong tokens has to wait.
    """

    def __init__(self, token: str) -> None:
        self._token = token
        digest = hmac.new(token.encode(errors="replace"), b"cookie", hashlib.sha256).hexdigest()
        # All ports of a host share their cookies, so each dashboard has its own cookie name.
        self._cookie = f"conduit_{digest[:8]}"
        self._sessions, self._guesses = Sessions(), Guesses()

    def __call__(self, request: Request) -> Access:
        """Check the token. Raises LoginNeeded without it, or a redirect that hides the token."""
        given = request.query_params.get("token")
        if given is not None and request.method in ("GET", "HEAD"):
            self._check(request, given)
            raise HTTPException(303, headers=dict(self._welcome(request, _here(request)).headers))
        kind, _, value = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() == "bearer":
            self._check(request, value)
        elif not self._sessions.is_present(request.cookies.get(self._cookie, "")):
            raise LoginNeeded(_ASKED, "Bearer", next=_here(request))
        return Access.operate("token")

    async def log_in(self, request: Request) -> Response:
        """Log in by the form of the login page. Raises LoginNeeded for a wrong token."""
        if is_forged(request):
            raise Forbidden("This request came from another site.")
        form = await read_form(request, _MOST_BYTES)
        self._check(request, str(form.get("token", "")), str(form.get("next", "")))
        return self._welcome(request, str(form.get("next", "")))

    async def log_out(self, request: Request) -> Response:
        """End the session, delete the browser's cookie, and show the form for the token."""
        if is_forged(request):
            raise Forbidden("This request came from another site.")
        self._sessions.end(request.cookies.get(self._cookie, ""))
        root = root_of(request.scope)
        response = RedirectResponse(f"{root}/", 303)
        response.delete_cookie(self._cookie, path=root or "/", httponly=True, samesite="lax")
        return response

    def _check(self, request: Request, token: str, next: str = "") -> None:
        self._guesses.check(request)
        if not _is_same(token, self._token):
            self._guesses.note(request)
            raise LoginNeeded(_WRONG, "Bearer", next=next, is_wrong=True)

    def _welcome(self, request: Request, path: str) -> Response:
        """A redirect to a page of the dashboard, with the cookie."""
        root = root_of(request.scope)
        response = RedirectResponse(f"{root}/{path.lstrip('/' + chr(92))}", 303)
        response.set_cookie(
            self._cookie,
            self._sessions.begin(),
            max_age=SECONDS,
            path=root or "/",
            secure=request.scope["scheme"] == "https",
            httponly=True,
            samesite="lax",  # a link from a chat has it; changes need more
        )
        return response


class BasicLogin:
    """Lets in users with passwords, by the basic authentication of HTTP.

    `users` have all rights, `readers` may only read; no user is in both.
    """

    def __init__(self, users: Mapping[str, str], readers: Mapping[str, str] | None = None) -> None:
        self._passwords = {**users, **(readers or {})}
        self._readers = frozenset(readers or ())
        self._guesses = Guesses()

    def __call__(self, request: Request) -> Access:
        """Check the user and the password. Raises LoginNeeded if they are missing or wrong."""
        challenge = 'Basic realm="conduit-jobs", charset="UTF-8"'
        kind, _, value = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "basic":
            raise LoginNeeded("Log in with a user and a password.", challenge)
        try:
            user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            user = password = ""
        self._guesses.check(request)
        is_right = _is_same(password, self._passwords.get(user, ""))
        if not is_right or user not in self._passwords:
            self._guesses.note(request)
            raise LoginNeeded("The user or the password is wrong.", challenge)
        return Access.read(user) if user in self._readers else Access.operate(user)


def _is_same(given: str, wanted: str) -> bool:
    """Whether the texts are the same, in a time that reveals nothing about them."""
    one, other = (
        hashlib.sha256(text.encode(errors="replace")).digest() for text in (given, wanted)
    )
    return hmac.compare_digest(one, other)


def _here(request: HTTPConnection) -> str:
    """The address of the requested page within the dashboard, without a token."""
    path = request.scope["path"].removeprefix(request.scope.get("root_path", "").rstrip("/"))
    query = request.scope["query_string"].decode("latin-1")
    rest = [(name, value) for name, value in parse_qsl(query, True) if name != "token"]
    return quote(path) + (f"?{urlencode(rest)}" if rest else "")
