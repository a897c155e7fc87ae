"""Locals that shadow another local of the same name."""

from ... import ast
from ...diagnostics import Related
from ..body import Body


def warn_of_shadowing(body: Body, name: ast.Name, *, can_assign: bool = False) -> None:
    """Warn of a name that shadows a local outside; where it `can_assign`, that may be meant."""
    outer = body.scope.find(name.text)
    if outer is None or name.text == "_":
        return
    assigns = can_assign and outer.owner is body.job
    message = f"this `{name.text}` hides the one outside, which keeps its value"
    hint = f"{f'assign to it: `{name.text} = …`, or ' if assigns else ''}choose another name"
    body.warning("PAT408", name, message, hint, Related(outer.span, "declared here"))
