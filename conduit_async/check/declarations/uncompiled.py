"""Typos in parts that this backend does not compile: rules, settings, actions of foreign keys.

Other backends may know more words than these, so each is only a warning.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ... import ast
from ...diagnostics import Diagnostic
from ...hints.declaration_typos import EVENTS
from ...hints.name_typos import is_typo
from ...program import ResourceInfo
from ..body import Body, ReturnTarget, Scope
from ..coercion import option_text
from ..environment import DowngradedProblems, Environment
from ..expressions.statements import check_block
from ..fields import warn_of_typo

_ACTIONS = ("restrict", "cascade", "set_null", "set_default", "no_action", "nullify")
_OPERATIONS = ("list", "get", "create", "update", "delete")
_EXPRESSIONS = ("when", "condition", "error")
_RULE_KEYS = ("on", *_EXPRESSIONS)


@dataclass
class _NamesOnly(DowngradedProblems):
    """Passes on only unknown fields and names close to a known one, as warnings."""

    def add(self, diagnostic: Diagnostic) -> None:
        hint = diagnostic.hint or ""
        is_typo = hint.startswith(("did you mean", "write `self."))
        if diagnostic.code == "SEM203" or (diagnostic.code in ("SEM200", "SEM201") and is_typo):
            super().add(diagnostic)


def check_uncompiled(env: Environment, info: ResourceInfo) -> None:
    """Warn of names and words of a resource's members that are probably misspelt."""
    for member in info.node.members:
        match member:
            case ast.Field(options=options) | ast.Relation(options=options):
                for pair in options:
                    if pair.key.text in ("on_delete", "on_update"):
                        _check_words(env, [pair.value], _ACTIONS)
            case ast.Rule():
                _check_rule(env, info, member)
            case ast.Setting(kind="operations", value=ast.ArrayLiteral(items=items)):
                _check_words(env, items, _OPERATIONS)
            case ast.Setting(kind="on", name=ast.Name() as name):
                _check_words(env, [name], _OPERATIONS)


def _check_rule(env: Environment, info: ResourceInfo, rule: ast.Rule) -> None:
    inner = replace(env.for_unreached_code(), problems=_NamesOnly(target=env.problems))
    body = Body(inner, info, "hook", Scope(None, set()), ReturnTarget("function"), event="save")
    for pair in rule.pairs:
        warn_of_typo(env.problems, pair.key, _RULE_KEYS, "a rule has no")
        if pair.key.text in _EXPRESSIONS:
            body.infer(pair.value)
        elif pair.key.text == "on":
            events = pair.value.items if isinstance(pair.value, ast.ArrayLiteral) else [pair.value]
            _check_words(env, events, EVENTS)
    if rule.body is not None:
        check_block(body, rule.body, value=True)


def _check_words(
    env: Environment, words: Iterable[ast.Expr | ast.Name], known: tuple[str, ...]
) -> None:
    for word in words:
        written = word.text if isinstance(word, ast.Name) else option_text(word)
        meant = next((name for name in known if written and is_typo(written, name)), None)
        if written not in known and meant is not None:
            message = f"`{written}` is unknown and has no effect here"
            env.problems.warning("SYN012", word.span, message, f"did you mean `{meant}`?")
