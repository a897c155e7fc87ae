"""The dashboard as an ASGI application."""

import inspect
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from conduit_runtime import AsyncQueue, QueueError
from conduit_runtime.model.arguments import check_callable, check_type
from conduit_runtime.model.text.logs import get_logger
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from .access.access import Access, Authorize
from .access.forged import is_forged
from .access.headers import with_headers
from .access.login import TokenLogin
from .access.root import root_of, rooted
from .database import Database
from .errors import BadRequest, Failed, Forbidden, Missing, Refusal, place_of
from .forms import read_form
from .live.hub import Hub
from .notice import notice
from .page import Act, ActionRoute, Page, PageRoute, Visit
from .pages import ROUTES
from .responses import after, follow, page_response, refuse, wants_stream
from .settings import Settings

_log = get_logger("conduit.dashboard")

CLOSED = "This dashboard is closed: pass authorize= to Dashboard(…), which decides who may see it."
FAILED = "The dashboard could not do this. The log of its server says why."


class Dashboard:
    """Pages that show and change the jobs of a queue's database, as an ASGI application.

    Mount it at any path. `authorize` takes each request and returns an `Access`, or a coroutine
    that returns one. Without `authorize`, all visitors are refused. With `read_only`, Postgres also
    refuses every change. `trace_url` is the address of a trace in your tracing system, with
    `{trace_id}` in it.
    """

    def __init__(
        self,
        queue: AsyncQueue,
        *,
        authorize: Authorize | None = None,
        read_only: bool = False,
        trace_url: str | None = None,
        title: str = "Conduit",
    ) -> None:
        check_type(queue, "queue", AsyncQueue, "an AsyncQueue")
        check_callable(authorize, "authorize")
        has_logout = isinstance(authorize, TokenLogin)
        self.settings = Settings(title, read_only, trace_url, has_logout)
        self.database = Database(queue, read_only=read_only)
        self.hub = Hub()
        self._authorize = authorize
        self._application = Starlette(
            routes=self._routes(),
            exception_handlers={HTTPException: self._refused, Exception: self._failed},
        )
        # The address of such a redirect would name the host that the request claims.
        self._application.router.redirect_slashes = False

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        if scope["type"] == "http":
            scope = rooted(scope)
        await self._application(scope, receive, with_headers(send))

    def _routes(self) -> list[BaseRoute]:
        routes: list[BaseRoute] = [
            Mount("/static", StaticFiles(packages=[("conduit_dashboard", "static")]))
        ]
        if isinstance(self._authorize, TokenLogin):
            for path, operation in (
                ("/login", self._authorize.log_in),
                ("/logout", self._authorize.log_out),
            ):
                routes.append(Route(path, self._door(operation), methods=["POST"]))
        for route in ROUTES:
            if isinstance(route, PageRoute):
                routes.append(Route(route.path, self._page(route), methods=["GET"]))
            else:
                routes.append(Route(route.path, self._action(route), methods=["POST"]))
        return routes

    def _page(self, route: PageRoute) -> Callable[[Request], Awaitable[Response]]:
        async def respond(request: Request) -> Response:
            async def show(visit: Visit) -> Response:
                if not visit.access.may_read:
                    raise Forbidden("You may not see this dashboard.")
                if wants_stream(request):
                    return follow(request, visit, self.hub, route.view)
                page = await route.view(visit)
                return await page_response(request, visit, page, await notice(visit))

            return await self._respond(request, route.path, show)

        return respond

    def _action(self, route: ActionRoute) -> Callable[[Request], Awaitable[Response]]:
        async def respond(request: Request) -> Response:
            async def change(visit: Visit) -> Response:
                if is_forged(request):
                    raise Forbidden("This request came from another site.")
                if not visit.access.may(route.action):
                    raise Forbidden(f"You may not do this: {route.action.replace('_', ' ')}.")
                if self.settings.read_only:
                    raise Forbidden("This dashboard is read-only.")
                act = Act.of(
                    visit, await read_form(request, seconds=visit.bounds.form), route.action
                )
                done = await route.operation(act)
                if isinstance(done, Page):
                    return await page_response(request, act, done)
                return after(request, act, done)

            return await self._respond(request, route.path, change)

        return respond

    async def _respond(
        self, request: Request, path: str, work: Callable[[Visit], Awaitable[Response]]
    ) -> Response:
        """The response of `work` to a visitor who is let in; otherwise a refusal in words."""
        visit = self._visit(request, Access.none())
        try:
            visit = self._visit(request, await self._access(request))
        except Refusal as refusal:
            return await refuse(request, visit, refusal)
        try:
            return await work(visit)
        except Refusal as refusal:
            return await refuse(request, visit, refusal)
        except QueueError as error:
            return await refuse(request, visit, BadRequest(_sentence(error)))
        except Exception as error:  # its text may contain secrets
            _log.error("%s %s failed: %s", request.method, path, place_of(error))
            return await refuse(request, visit, Failed(FAILED))

    def _door(
        self, operation: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def respond(request: Request) -> Response:
            try:
                return await operation(request)
            except Refusal as refusal:
                return await refuse(request, self._visit(request, Access.none()), refusal)

        return respond

    async def _access(self, request: Request) -> Access:
        if self._authorize is None:
            raise Forbidden(CLOSED)
        given = self._authorize(request)
        access = await given if inspect.isawaitable(given) else given
        check_type(access, "the result of authorize", Access, "an Access")
        return access

    def _visit(self, request: Request, access: Access) -> Visit:
        return Visit(
            self.database,
            access,
            self.settings,
            root_of(request.scope),
            request.path_params,
            request.query_params,
        )

    async def _refused(self, request: Request, error: Exception) -> Response:
        """The response for a missing page, or for an exception that `authorize` has raised."""
        assert isinstance(error, HTTPException)
        visit = self._visit(request, Access.none())
        refusal: Refusal = Missing("There is no such page.")
        if error.status_code in (404, 405):
            try:
                visit = self._visit(request, await self._access(request))
            except Refusal as reason:
                refusal = reason
            except HTTPException as reason:
                error = reason
        if error.status_code < 400:
            return Response(status_code=error.status_code, headers=error.headers)
        if error.status_code not in (404, 405):
            refusal = Refusal(f"{error.detail.rstrip('.')}.")
            refusal.status, refusal.title = error.status_code, "You cannot see this"
            refusal.headers = error.headers or {}
        return await refuse(request, visit, refusal)

    async def _failed(self, request: Request, error: Exception) -> Response:
        return await refuse(request, self._visit(request, Access.none()), Failed(FAILED))


def _sentence(error: Exception) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."
