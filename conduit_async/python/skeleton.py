"""An upcaster for a person to complete."""

from collections.abc import Mapping

from ..config import Config
from ..lock.model import Unreadable
from ..lock.upcast import Constant, Conversion, Converted, Loaded, Upcast
from ..lock.upcasting import lost_values, plan_upcast
from ..program import JobInfo, ResourceInfo
from .older_classes import attributes

_PACKAGE = "app.jobs"


def skeleton(job: JobInfo, fingerprint: str, resource: ResourceInfo, config: Config) -> str:
    """Return an upcaster of an older payload, with `...` where a person has to write code."""
    older = job.older_payloads[fingerprint]
    named, old = attributes(older.fields), older.classes[""]
    names = ", ".join([*sorted([job.payload, old]), job.python])
    lines = [
        "from conduit_runtime import upcast",
        "",
        f"from {_package(config)}.{resource.module} import {names}",
        "",
        "",
        f'@upcast({job.python}, "{fingerprint}")',
        f"def _(old: {old}) -> {job.payload}:",
        f"    return {job.payload}(",
    ]
    lost = dict(lost_values(older.fields, job.new_fields))
    for capture in job.captures:
        if (name := lost.get(capture.name)) is not None:
            lines.append(f"        {capture.python}=...,  # may be old.{named[name]}")
            continue
        plan = plan_upcast(older.fields, {capture.name: job.new_fields[capture.name]})
        lines.append(f"        {capture.python}={_given(plan, capture.name, named)}")
    return "\n".join([*lines, "    )"])


def _given(plan: Upcast | Unreadable, name: str, attributes: Mapping[str, str]) -> str:
    """Return the new value of a field, or a comment that helps a person to write it."""
    if isinstance(plan, Unreadable):
        return f"...,  # {plan.reason if plan.field == name else plan}"
    match plan.values[name]:
        case Constant(value=None | bool() | int() | float() as value):
            return f"{value},"
        case Constant():
            return "...,  # its default"
        case Loaded(load, key):
            return f"...,  # of the row of {load.resource} whose key is old.{attributes[key]}"
        case Converted(old, Conversion(step="same", default=None)):
            return f"old.{attributes[old]},"
        case Converted(old, Conversion(was, now)):
            return f"...,  # old.{attributes[old]} is {was}, this is {now}"


def _package(config: Config) -> str:
    """Return the import name of the package that a project generates."""
    parts = [part for part in (config.out or "").split("/") if part not in ("", ".", "src")]
    return ".".join(parts) if parts and all(map(str.isidentifier, parts)) else _PACKAGE
