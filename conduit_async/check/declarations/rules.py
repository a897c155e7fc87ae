"""The names in `@validate`, `@constraint` and `@invariant`, which this backend does not compile."""

from dataclasses import dataclass, replace

from ... import ast
from ...diagnostics import Diagnostic
from ...program import ResourceInfo
from ..body import Body, ReturnTarget, Scope
from ..environment import Downgraded, Environment
from ..expressions.statements import check_block
from ..fields import warn_of_typo

_EXPRESSIONS = ("when", "condition", "error")
_KEYS = ("on", *_EXPRESSIONS)


@dataclass
class _NamesOnly(Downgraded):
    """Passes on, as warnings, fields that do not exist and names that are near to one."""

    def add(self, diagnostic: Diagnostic) -> None:
        sure = diagnostic.hint is not None and diagnostic.hint.startswith(
            ("did you mean", "write `self.")
        )
        if diagnostic.code == "SEM203" or (diagnostic.code in ("SEM200", "SEM201") and sure):
            super().add(diagnostic)


def check_rules(env: Environment, info: ResourceInfo) -> None:
    """Warn of names that a resource's rules use and nothing declares."""
    problems = _NamesOnly(target=env.problems)
    for member in info.node.members:
        if not isinstance(member, ast.Rule):
            continue
        aside = replace(env.for_unreached_code(), problems=problems)
        body = Body(aside, info, "hook", Scope(None, set()), ReturnTarget("function"), event="save")
        for pair in member.pairs:
            warn_of_typo(env.problems, pair.key, _KEYS, "a rule has no")
            if pair.key.text in _EXPRESSIONS:
                body.infer(pair.value)
        if member.body is not None:
            check_block(body, member.body, value=True)
