"""Warnings about code that probably does not mean what its author thinks."""

import re

from ... import ast
from ...analyses.walk import walk
from ...diagnostics import Related
from ...program import LibraryCall, RecordCall
from ...source import Span
from ..body import Body
from ..queries.writes import WRITES

_BRACES = re.compile(r"(?<![#\\$])\$?\{([A-Za-z_][\w.?]*)\}")
_ACTS = (ast.Rescue, ast.Match, ast.Unwrap, ast.BadExpr, ast.Assign)


def warn_of_shadowing(body: Body, name: ast.Name, *, can_assign: bool = False) -> None:
    """Warn of a name that shadows a local outside; `can_assign`: assignment may be meant."""
    outer = body.scope.find(name.text)
    if outer is None or name.text == "_":
        return
    message = f"this `{name.text}` hides the one outside, which keeps its value"
    hint = "choose another name"
    if can_assign and outer.owner is body.job:
        hint = f"assign to it: `{name.text} = …`, or {hint}"
    body.warning("PAT408", name, message, hint, Related(outer.span, "declared here"))


def warn_of_next_line(body: Body, node: ast.Let | ast.Assign) -> None:
    """Warn of a `=` at the end of a line whose value looks like the next statement."""
    text, start, value = node.span.source.text, node.span.start, node.value.span.start
    line = text.rfind("\n", 0, value) + 1
    if line > start and value - line <= start - (text.rfind("\n", 0, start) + 1):
        message = "the next line is taken for the value, since none follows `=`"
        body.warning("PAT409", node, message, "write the value behind the `=`, or indent it")


def warn_of_braces(body: Body, node: ast.String) -> None:
    """Warn of `${x}` and `{self.x}`, which other languages interpolate."""
    for found in _BRACES.finditer(node.span.text):
        name = found[1]
        known = found[0].startswith("$") and body.scope.find(name.partition(".")[0])
        if name.startswith("self.") or known:
            start = node.span.start
            span = Span(node.span.source, start + found.start(), start + found.end())
            message = f"`{found[0]}` is text here: nothing is interpolated"
            body.warning("PAT405", span, message, f"write `#{{{name}}}`")


def warn_of_unused(body: Body, node: ast.Expr) -> bool:
    """Warn of an unused value if its expression has no effect, lambdas included."""
    for part in walk(node):
        if isinstance(part, ast.Call):
            match body.facts.resolutions.get(part):
                case LibraryCall(signature=signature) if not signature.effect:
                    continue
                case RecordCall(operation=operation) if operation not in WRITES:
                    continue
            return False
        if isinstance(part, _ACTS):
            return False
    body.warning("PAT401", node, "this value is not used", "assign it with `let`, or remove it")
    return True
