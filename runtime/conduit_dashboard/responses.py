"""Responses: a page as HTML or JSON, its updates, an action, a refusal."""

import asyncio
from datetime import datetime
from typing import Any

from starlette.datastructures import URL
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from .database import one_by_one
from .errors import BadRequest, DatabaseDown, Refusal
from .live.hub import Hub
from .live.region import Regions
from .live.stream import stream
from .notice import HINTS, Notice
from .page import Act, Done, Page, View, Visit
from .pages import NAVIGATION
from .rendering.html import render, render_regions
from .rendering.json import encode

_JSON = "application/json"


async def page_response(
    request: Request, visit: Visit, page: Page, notice: Notice | None = None
) -> Response:
    """A page as HTML, or as JSON if asked for; `notice` says what the visitor has just done.

    A thread renders it, so that a large page does not keep other visitors waiting.
    """
    if _wants_json(request):
        data = await asyncio.to_thread(encode, page.data)
        return Response(data, page.status, media_type=_JSON)
    html = await asyncio.to_thread(render, page, visit, **_frame(request), notice=notice)
    return HTMLResponse(html, page.status)


def follow(request: Request, visit: Visit, hub: Hub, view: View) -> Response:
    """The updates of a page as server-sent events.

    `as_of` in the address is the time of the page that the browser shows: no update is older, so
    the result of an action does not disappear again.
    """

    shown: tuple[bytes, Regions] = b"", {}

    async def regions() -> Regions:
        nonlocal shown
        with one_by_one():
            page = await view(visit)
        data = await asyncio.to_thread(encode, {"title": page.title, "data": page.data})
        if data != shown[0]:
            rendering = asyncio.to_thread(
                render_regions, page, visit, **_frame(request), notice=None
            )
            shown = data, await rendering
        return shown[1]

    own = ("notice", "as_of")  # of one viewer
    query = sorted(each for each in visit.query.multi_items() if each[0] not in own)
    # Visitors with the same rights see the same page.
    key = (visit.root, request.scope["path"], *query, visit.access.actions)
    is_short = "wsgi_environ" in request.scope
    return stream(hub, key, regions, visit.bounds, since=_as_of(visit), is_short=is_short)


async def refuse(request: Request, visit: Visit, refusal: Refusal) -> Response:
    """A refusal in words; if the database is down, the browser asks for the page again."""
    data: dict[str, Any] = {"title": refusal.title, "message": str(refusal)}
    template = "error.html"
    if refusal.next is not None:
        template = "login.html"
        data |= {"next": refusal.next, "is_wrong": refusal.is_wrong}
    response = await page_response(
        request, visit, Page(template, refusal.title, data, refusal.status)
    )
    response.headers.update(refusal.headers)
    if isinstance(refusal, DatabaseDown) and request.method == "GET":
        response.headers["Refresh"] = "5"
    return response


def after(request: Request, act: Act, done: Done) -> Response:
    """The response to an action: the page to go back to or, for programs, what was changed."""
    last = act.changes[-1] if act.changes else None
    if _wants_json(request):
        if done.hint is not None:
            raise BadRequest(HINTS[done.hint])
        changed = last and {"action": act.name, "target": last.target, "count": last.count}
        return Response(encode(changed or {}), media_type=_JSON)
    is_path = done.back.startswith("/") and not done.back.startswith(("//", "/\\"))
    if not is_path or not done.back.isprintable():  # browsers skip tabs and newlines
        raise BadRequest("The page to go back to is not one of this dashboard.")
    back = URL(act.url(done.back))
    notice = last.id if last else done.hint
    return RedirectResponse(back.include_query_params(notice=notice) if notice else back, 303)


def wants_stream(request: Request) -> bool:
    """Whether a browser asks for the updates of a page that it shows."""
    return "text/event-stream" in request.headers.get("Accept", "")


def _frame(request: Request) -> dict[str, Any]:
    """The values of the frame around each page."""
    here = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    return {"navigation": NAVIGATION, "here": here}


def _as_of(visit: Visit) -> float:
    """The time that the address gives, in seconds since 1970; 0 if there is none."""
    try:
        return datetime.fromisoformat(visit.query.get("as_of", "")).timestamp()
    except (ValueError, OverflowError):
        return 0.0


def _wants_json(request: Request) -> bool:
    return _JSON in request.headers.get("Accept", "")
