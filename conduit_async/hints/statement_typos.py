"""Hints for typos in statements and values."""

from ..source import shorten
from ..tokens import UNITS
from .syntax_hint import SyntaxHint, Unexpected

_UNITS = {*UNITS, *(f"{unit}s" for unit in UNITS)}
_RESCUE = "write `rescue |err| { … }`"


def statement_typo(at: Unexpected) -> SyntaxHint | None:
    """The hint for a typo in a statement, if the unexpected token is one."""
    return _rescue_or_arm(at) or _let(at) or _value(at)


def _rescue_or_arm(at: Unexpected) -> SyntaxHint | None:
    """`rescue err { … }`, `rescue { |err| … }`, `rescue |err| call`, `"a" -> e`, `when a => e`."""
    token, last, expected = at.token, at.last, at.expected
    match at.types:
        case [*_, "RESCUE", "NAME" | "LPAR" | "_CALL" | "FAT_ARROW"]:
            return at.hint("the name of the error goes between bars", _RESCUE)
        case [*_, "RESCUE", "LBRACE", "PIPE"]:
            return at.hint("the name of the error goes before the brace", _RESCUE)
        case [*_, "RESCUE", _, _, "PIPE", _]:
            return at.hint("what a `rescue` does goes in braces", _RESCUE)
        case [*_, "PIPE"] if last.text in ("catch", "except") and not last.first:
            return at.hint(f"Conduit has no `{last.text}`", _RESCUE, first=last)
        case [*_, "ARROW" | "COLON"] if "FAT_ARROW" in expected:
            return at.hint(f"an arm has `=>`, not `{token.text}`", "write `=>`")
        case [*_, "LBRACE"] if "FAT_ARROW" in expected:
            what = "else" if last.text == "_" else f"when {shorten(at.text(last), 20)}"
            return at.hint("an arm with a block begins with a word", f"write `{what} {{ … }}`")
        case [*_, "FAT_ARROW"] if at.is_stray_arm:
            hint = "is a line such as `match value {` missing before it?"
            return at.hint("an arm is not allowed outside of a `match`", hint)
        case [*_, "FAT_ARROW"] if "LBRACE" in expected:
            if any(each.type == "WHEN" and each.depth == token.depth for each in at.line):
                hint = "remove the `when`, or write a block: `when … { … }`"
                return at.hint("`when` takes a block, not `=>`", hint)
    return None


def _let(at: Unexpected) -> SyntaxHint | None:
    """`let a`, `let a == 1`, `let a-b = 1`."""
    token, name = at.token, at.last.text
    match at.types:
        case [*_, "LET", _, kind] if token.first or kind in ("RBRACE", "$END"):
            hint = f"write `let {name} = nil`"
            return at.hint(f"`{name}` is given no value", hint, "SYN002", first=at.last)
        case [*_, "LET", _, _] if token.text == "==":
            return at.hint("`==` compares; a `let` assigns", f"write `let {name} = …`", "SYN002")
        case [*_, "LET", _, "MINUS"] if token.start == at.last.end:
            return at.hint("a name has no `-` in it", f"write `{name}_{at.next.text}`", "SYN002")
    return None


def _value(at: Unexpected) -> SyntaxHint | None:
    """`10 minutes`, `@field`, `{ key value }`, `a.` at the end of a line."""
    token, last, expected = at.token, at.last, at.expected
    match at.types:
        case [*_, "DOT", kind] if token.first or kind == "RBRACE":
            return at.hint(f"a name is missing after `{last.text}`", first=last)
        case [*_, "ASYNC", "NAME"] if token.text not in ("do", "then"):
            hint = f"write `@async({token.text}: …)`"
            return at.hint("the options of a job go in parentheses", hint, "SYN017")
        case [*_, "LBRACE" | "COMMA", "NAME", "RBRACE" | "COMMA"] if expected == {"COLON"}:
            hint = f"write `{last.text}: {last.text}`"
            return at.hint(f"the key `{last.text}` has no value", hint, "SYN002", first=last)
        case [*_, "LBRACE" | "COMMA", "NAME", "SELF" | "STRING" | "INT" | "NAME"]:
            if expected == {"COLON"} and at.next.text not in ("!", "?"):
                hint = f"write `{last.text}: …`"
                return at.hint("a colon goes between key and value", hint, "SYN002")
        case [*_, "LBRACE" | "COMMA", "SYMBOL"] if not expected & {"COLON", "INT"}:
            hint = f"write `{token.text}: …`"
            return at.hint("a key is a name, without a colon before it", hint)
        case [*_, "INT" | "FLOAT", _] if token.text in _UNITS:
            message = "a dot joins the number and the unit of a duration"
            hint = f"write `{last.text}.{token.text}`"
            return at.hint(message, hint, "SYN002", first=last, last=token)
        case [*_, "EQUAL" | "COMMA" | "_CALL", "FIELD_AT"] if not last.first:
            return at.hint(f"`{token.text}` is not a value", f"write `self.{token.text[1:]}`")
    return None
