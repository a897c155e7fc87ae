"""`conduitc graph`: what enqueues what, as text or as a picture."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import click

from ..diagnostics import Problems
from ..graph.model import Graph
from .check.checked import relabelled
from .diagnose import has_errors, show, summary
from .lock import read_configured_lock
from .project import load_project
from .usage import UsageError


def graph(given: Sequence[str], form: str) -> int:
    """Print the graph of the given files and folders; return the exit code.

    Diagnostics go to the standard error. Raises `UsageError` if the package that draws the form is
    not installed.
    """
    from ..compiler import graph as find

    write = _writer(form)
    problems = Problems()
    project = load_project(given, problems)
    lock, names = read_configured_lock(project, problems)
    found = problems.sorted()
    drawn: Graph | None = None
    if not problems.has_errors:
        drawn, diagnostics = find(project.sources, project.config, lock, project.upcasters)
        found = (*found, *relabelled(diagnostics, names))
    show(found)
    if drawn is None or has_errors(found):
        click.echo(f"{summary(found)}; there is no graph", err=True)
        return 1
    nodes = tuple(replace(node, file=names.get(node.file, node.file)) for node in drawn.nodes)
    click.echo(write(replace(drawn, nodes=nodes)), nl=False)
    return 0


def _writer(form: str) -> Callable[[Graph], str]:
    if form == "svg":
        try:
            from ..graph.svg import as_svg
        except ModuleNotFoundError as error:
            if error.name != "graphlay":
                raise
            raise UsageError(
                "--format svg needs graphlay: `pip install 'conduit-async[graph]'`"
            ) from None
        return as_svg
    from ..graph.formats import as_dot, as_json, as_mermaid

    return {"dot": as_dot, "json": as_json, "mermaid": as_mermaid}[form]
