"""`conduitc breaking`: what the sources change for waiting jobs, and the order of deployment."""

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from ...breaking.finding import Finding, Verdict, order_of
from ...diagnostics import Diagnostic, Problems, Severity
from ...lock.model import Lock
from ...lock.text import LOCK_FILE, read
from ..check.checked import relabelled
from ..diagnose import counted, has_errors, show, summary, wants_color
from ..files import shown
from ..lock import read_lock_text
from ..project import configured_folder, load_project
from ..usage import FAILED, UsageError
from .baseline import find_baseline

LABELS: dict[Verdict, str] = {
    "either": "either order",
    "workers-first": "workers first",
    "web-first": "web first",
    "drain-first": "drain first",
    "never": "never without an upcaster",
}
"""A verdict as the text shows it."""

ORDERS: dict[Verdict, str] = {
    "either": "Deploy in either order.",
    "workers-first": "Deploy the workers first, then the web processes.",
    "web-first": "Deploy the web processes first, then the workers when no old job is left.",
    "drain-first": "Stop the web processes, let the old workers finish all jobs, then deploy both.",
    "never": "Do not deploy this: neither version could run some jobs. Write an upcaster.",
}
"""The order of a whole deploy in plain words."""


def breaking(given: Sequence[str], out: str | None, against: str | None, form: str) -> int:
    """Print the changes since `against`; return the exit code, 0 if any order works."""
    from ...deploy import find_breaking
    from ...render import as_sarif, as_text

    problems = Problems()
    project = load_project(given, problems, out)
    if problems.has_errors:
        return _failed(problems.sorted())
    folder = Path(out) if out is not None else configured_folder(project)
    if folder is None:
        raise UsageError("no package is named: give `-o DIR`, or set `out` in the configuration")
    baseline = find_baseline(against, folder)
    lock = read_lock_text(folder, problems)
    diagnostics, findings = find_breaking(
        project.sources, baseline.lock, project.config, lock, project.upcasters
    )
    names = {**project.shown, LOCK_FILE: shown(folder / LOCK_FILE)}
    found = (*problems.sorted(), *relabelled(diagnostics, names))
    if has_errors(found):
        return _failed(found)
    if _lacks(lock, baseline.lock):
        lacking = f"{names[LOCK_FILE]} lacks payloads that {baseline.label} has"
        then = "merge that lock, unless `lock prune` dropped them"
        click.echo(f"conduitc: {lacking}: {then}", err=True)
    order = order_of([finding.verdict for finding in findings])
    placed = relabelled(map(_diagnostic, findings), project.shown)
    match form:
        case "json":
            click.echo(_as_json(order, findings, placed))
        case "sarif":
            labelled = [
                replace(each, message=f"{finding.verdict}: {each.message}")
                for finding, each in zip(findings, placed, strict=True)
            ]
            click.echo(as_sarif(labelled))
        case _:
            labels = [LABELS[finding.verdict] for finding in findings]
            color = wants_color(sys.stdout)
            click.echo(as_text(placed, color, labels), nl=False)
            changes = counted(len(findings), "finding") if findings else "nothing changed"
            click.echo(f"{changes} since {baseline.label}\n{ORDERS[order]}")
    return int(order != "either")


def _lacks(text: str | None, earlier: Lock) -> bool:
    """Whether a lock lacks a payload shape of an earlier lock, so that nothing would read it."""
    own = read(text).jobs if text is not None else {}
    return any(
        name not in own or not job.shapes.keys() <= own[name].shapes.keys()
        for name, job in earlier.jobs.items()
    )


def _failed(found: Sequence[Diagnostic]) -> int:
    show(found)
    click.echo(f"{summary(found)}; nothing was compared", err=True)
    return FAILED


def _as_json(order: Verdict, findings: Sequence[Finding], placed: Sequence[Diagnostic]) -> str:
    entries = [
        {
            "code": finding.code,
            "job": finding.job,
            "field": finding.field,
            "verdict": finding.verdict,
            "file": place.span.source.path,
            "line": place.span.line,
            "message": finding.message,
            "hint": finding.hint,
        }
        for finding, place in zip(findings, placed, strict=True)
    ]
    return json.dumps({"order": order, "findings": entries}, indent=2)


def _diagnostic(finding: Finding) -> Diagnostic:
    message = finding.message if finding.job is None else f"{finding.job}: {finding.message}"
    severity: Severity = "warning" if finding.verdict == "either" else "error"
    return Diagnostic(finding.code, finding.span, message, finding.hint, severity)
