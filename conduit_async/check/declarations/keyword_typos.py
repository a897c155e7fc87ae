"""Words of relations, rules and settings that are nearly those of the language: `csacade`.

The other backends may know more words than these, so only a typo is reported, and as a warning.
"""

from collections.abc import Iterable

from ... import ast
from ...hints.name_typos import is_typo
from ...program import ResourceInfo
from ..environment import Environment

_EVENTS = ("create", "update", "delete", "save")
_ACTIONS = ("restrict", "cascade", "set_null", "set_default", "no_action", "nullify")
_OPERATIONS = ("list", "get", "create", "update", "delete")


def check_words(env: Environment, info: ResourceInfo) -> None:
    """Warn of the words of a resource's members that are probably misspelt."""
    for member in info.node.members:
        match member:
            case ast.Field(options=options) | ast.Relation(options=options):
                for pair in options:
                    if pair.key.text in ("on_delete", "on_update"):
                        _check(env, [pair.value], _ACTIONS)
            case ast.Rule(pairs=pairs):
                for pair in pairs:
                    if pair.key.text == "on":
                        _check(env, _items(pair.value), _EVENTS)
            case ast.Setting(kind="operations", value=ast.ArrayLiteral(items=items)):
                _check(env, items, _OPERATIONS)
            case ast.Setting(kind="on", name=ast.Name() as name):
                _check(env, [name], _OPERATIONS)


def _items(value: ast.Expr) -> Iterable[ast.Expr]:
    return value.items if isinstance(value, ast.ArrayLiteral) else [value]


def _check(env: Environment, words: Iterable[ast.Expr | ast.Name], known: tuple[str, ...]) -> None:
    for word in words:
        match word:
            case ast.NameRef(name=text) | ast.Symbol(name=text) | ast.Name(text=text):
                written = text
            case ast.String(value=str(text)):
                written = text
            case _:
                continue
        meant = next((name for name in known if is_typo(written, name)), None)
        if written not in known and meant is not None:
            env.problems.warning(
                "SYN012",
                word.span,
                f"`{written}` is unknown and has no effect here",
                f"did you mean `{meant}`?",
            )
