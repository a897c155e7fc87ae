"""An upcaster for a person to complete."""

from ..config import Config
from ..lock.model import Unreadable
from ..lock.upcasting import Constant, Taken, plan_upcast
from ..program import JobInfo, ResourceInfo
from .older_classes import attributes

_PACKAGE = "app.jobs"


def skeleton(job: JobInfo, fingerprint: str, resource: ResourceInfo, config: Config) -> str:
    """An upcaster of one of a job's older payloads: `...` is what a person has to write."""
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
    for capture in job.captures:
        name = capture.name
        plan = plan_upcast(older.fields, {name: job.new_fields[name]})
        text = "...,"
        if isinstance(plan, Unreadable):
            text += f"  # {plan.reason if plan.field == name else plan}"
        elif isinstance(value := plan.values[name], Taken) and value.how.step == "same":
            text = f"old.{named[value.name]},"
        elif isinstance(value, Constant) and value.value is None:
            text = "None,"
        lines.append(f"        {capture.python}={text}")
    return "\n".join([*lines, "    )"])


def _package(config: Config) -> str:
    """The package that a project generates, as it is imported."""
    parts = [part for part in (config.out or "").split("/") if part not in ("", ".", "src")]
    return ".".join(parts) if parts and all(map(str.isidentifier, parts)) else _PACKAGE
