"""The dashboard as an ASGI application."""

import inspect
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from conduit_runtime import AsyncQueue
from conduit_runtime.model.arguments import check_type
from starlette.applications import Starlette
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from .access.access import Access, Authorize
from .access.forged import is_forged
from .access.headers import HEADERS
from .database import Database
from .errors import Forbidden, Missing, Refusal
from .forms import read_form
from .page import Act, ActionRoute, Page, PageRoute, Visit
from .pages import NAVIGATION, ROUTES
from .rendering.html import render
from .rendering.json import encode
from .settings import Settings

CLOSED = "This dashboard is closed: pass authorize= to Dashboard(…), which decides who may see it."


class Dashboard:
    """Pages that show and change the jobs of a queue's database, as an ASGI application.

    Mount it anywhere. `authorize` takes each request and returns an `Access`, or a coroutine of
    one; without it, nobody gets in. With `read_only`, Postgres refuses every change as well.
    `trace_url` is the address of a trace at your tracing system, with `{trace_id}` in it.
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
        self.settings = Settings(title, read_only, trace_url)
        self.database = Database(queue, read_only=read_only)
        self._authorize = authorize
        self._application = Starlette(
            routes=self._routes(), exception_handlers={404: self._missing}
        )

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        await self._application(scope, receive, send)

    def _routes(self) -> list[BaseRoute]:
        routes: list[BaseRoute] = [
            Mount("/static", StaticFiles(packages=[("conduit_dashboard", "static")]))
        ]
        for route in ROUTES:
            if isinstance(route, PageRoute):
                routes.append(Route(route.path, self._page(route), methods=["GET"]))
            else:
                routes.append(Route(route.path, self._action(route), methods=["POST"]))
        return routes

    def _page(self, route: PageRoute) -> Callable[[Request], Awaitable[Response]]:
        async def respond(request: Request) -> Response:
            visit = self._visit(request, Access.none())
            try:
                visit = self._visit(request, await self._access(request))
                if not visit.access.may_read:
                    raise Forbidden("You may not see this dashboard.")
                return self._answer(request, visit, await route.view(visit))
            except Refusal as refusal:
                return self._refuse(request, visit, refusal)

        return respond

    def _action(self, route: ActionRoute) -> Callable[[Request], Awaitable[Response]]:
        async def respond(request: Request) -> Response:
            visit = self._visit(request, Access.none())
            try:
                if is_forged(request):
                    raise Forbidden("This request came from another site.")
                visit = self._visit(request, await self._access(request))
                if not visit.access.may(route.action):
                    raise Forbidden(f"You may not do this: {route.action.replace('_', ' ')}.")
                if self.settings.read_only:
                    raise Forbidden("This dashboard is read-only.")
                act = self._act(visit, route, await read_form(request))
                done = await route.operation(act)
                return RedirectResponse(visit.url(done.back), 303, HEADERS)
            except Refusal as refusal:
                return self._refuse(request, visit, refusal)

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
            request.scope.get("root_path", "").rstrip("/"),
            request.path_params,
            request.query_params,
        )

    def _act(self, visit: Visit, route: ActionRoute, form: FormData) -> Act:
        return Act(
            visit.database,
            visit.access,
            visit.settings,
            visit.root,
            visit.path,
            visit.query,
            form,
            route.action,
        )

    def _answer(self, request: Request, visit: Visit, page: Page) -> Response:
        if "application/json" in request.headers.get("Accept", ""):
            return Response(encode(page.data), page.status, HEADERS, "application/json")
        here = request.url.path.removeprefix(visit.root)
        html = render(page, visit, navigation=NAVIGATION, here=here, notice=None)
        return HTMLResponse(html, page.status, HEADERS)

    def _refuse(self, request: Request, visit: Visit, refusal: Refusal) -> Response:
        data = {"title": refusal.title, "message": str(refusal)}
        page = Page("error.html", refusal.title, data, refusal.status)
        return self._answer(request, visit, page)

    async def _missing(self, request: Request, error: Exception) -> Response:
        return self._refuse(
            request, self._visit(request, Access.none()), Missing("There is no such page.")
        )
