"""Where a result leads: the tool that shows more, and the one that mends what is wrong."""

from collections.abc import Collection, Mapping
from typing import Any

_TOOLS = {
    "/jobs": "jobs",
    "/queues": "queues",
    "/errors": "errors",
    "/workers": "workers",
    "/schedules": "schedules",
    "/types": "type",
}
"""The tool that shows what a page shows."""
_MENDING = {
    "paused-queue": ("resume", {"queue": "queue"}),
    "unhandled-type": ("cancel", {"queue": "queue", "type": "type", "status": "status"}),
    "failing-schedule": ("run_schedule", {"schedule": "name"}),
}
"""The action that ends a concern, and its arguments, by their names in the concern's query."""


def with_leads(concern: Mapping[str, Any], allowed: Collection[str]) -> dict[str, Any]:
    """A concern with calls of tools in place of pages, and with commands as what to do."""
    query, code = concern["query"], concern["code"]
    see = mend = None
    if tool := _TOOLS.get(concern["page"]):
        see = _call(tool, {"type": query["type"]} if tool == "type" else query)
    if code in _MENDING and _MENDING[code][0] in allowed:
        action, names = _MENDING[code]
        mend = _call(action, {name: query[given] for name, given in names.items()})
    return {
        **{name: concern[name] for name in ("code", "severity", "message", "where")},
        "action": concern["command"],
        "see": see,
        "mend": mend,
    }


def of_group(group: Mapping[str, Any], allowed: Collection[str]) -> dict[str, Any]:
    """A group of errors with its last job, and with what runs its jobs again."""
    again = {"status": "failed", "type": group["type"], "error_group": group["key"]}
    return {
        **group,
        "see": _call("job", {"id": group["latest"]}),
        "mend": _call("retry", again) if "retry" in allowed else None,
    }


def _call(tool: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {"tool": tool, "arguments": dict(arguments)}
