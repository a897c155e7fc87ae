"""The names in `@validate`, `@constraint` and `@invariant`, which this backend does not compile."""

from dataclasses import dataclass, replace

from ... import ast
from ...diagnostics import Diagnostic
from ...program import ResourceInfo
from ...suggest import nearest
from ..body import Body, Frame, Scope
from ..environment import Demoted, World
from ..expressions.statements import check_block

_EXPRESSIONS = ("when", "condition", "error")
_KEYS = ("on", *_EXPRESSIONS)


@dataclass
class _NamesOnly(Demoted):
    """Passes on, as warnings, fields that do not exist and names that are near to one."""

    def add(self, diagnostic: Diagnostic) -> None:
        sure = diagnostic.hint is not None and diagnostic.hint.startswith(
            ("did you mean", "write `self.")
        )
        if diagnostic.code == "SEM203" or (diagnostic.code in ("SEM200", "SEM201") and sure):
            super().add(diagnostic)


def _check_keys(world: World, rule: ast.Rule) -> None:
    for pair in rule.pairs:
        meant = nearest(pair.key.text, _KEYS)
        if pair.key.text not in _KEYS and meant is not None:
            world.problems.warning(
                "SYN012",
                pair.key.span,
                f"a rule has no `{pair.key.text}`",
                f"did you mean `{meant}`?",
            )


def check_rules(world: World, info: ResourceInfo) -> None:
    """Warn of names that a resource's rules use and nothing declares."""
    problems = _NamesOnly(target=world.problems)
    for member in info.node.members:
        if not isinstance(member, ast.Rule):
            continue
        aside = replace(world.aside(), problems=problems)
        body = Body(aside, info, "hook", Scope(None, set()), Frame("function"), event="save")
        _check_keys(world, member)
        for pair in member.pairs:
            if pair.key.text in _EXPRESSIONS:
                body.infer(pair.value)
        if member.body is not None:
            check_block(body, member.body, value=True)
