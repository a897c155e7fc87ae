"""Answers of HTTP: a page as HTML or JSON, an action, a refusal."""

from conduit_runtime.model.dashboard.audit import AuditEntry
from starlette.datastructures import URL
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from .errors import BadRequest, Refusal
from .page import Act, Done, Page, Visit
from .pages import NAVIGATION
from .rendering import actions
from .rendering.html import render
from .rendering.json import encode

_JSON = "application/json"


def answer(
    request: Request, visit: Visit, page: Page, notice: AuditEntry | None = None
) -> Response:
    """A page, as JSON for who asks for that; `notice` is what its visitor has just done."""
    if _wants_json(request):
        return Response(encode(page.data), page.status, media_type=_JSON)
    here = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    words = None if notice is None else actions.done(notice)
    html = render(page, visit, navigation=NAVIGATION, here=here, notice=words)
    return HTMLResponse(html, page.status)


def refuse(request: Request, visit: Visit, refusal: Refusal) -> Response:
    """A refusal in words."""
    data = {"title": refusal.title, "message": str(refusal)}
    template = "error.html"
    if refusal.next is not None:
        template, data["next"] = "login.html", refusal.next
    response = answer(request, visit, Page(template, refusal.title, data, refusal.status))
    response.headers.update(refusal.headers)
    return response


def after(request: Request, act: Act, done: Done) -> Response:
    """What follows an action: the page to go back to or, for programs, what was changed."""
    last = act.changes[-1] if act.changes else None
    if _wants_json(request):
        changed = last and {"action": act.name, "target": last.target, "count": last.count}
        return Response(encode(changed or {}), media_type=_JSON)
    if not done.back.startswith("/") or done.back.startswith(("//", "/\\")):
        raise BadRequest("The page to go back to is none of this dashboard.")
    back = URL(act.url(done.back))
    return RedirectResponse(back.include_query_params(notice=last.id) if last else back, 303)


def _wants_json(request: Request) -> bool:
    return _JSON in request.headers.get("Accept", "")
