"""Says in plain words why a token does not fit."""

from ..hints.declaration_typos import declaration_typo
from ..hints.foreign_syntax import foreign_syntax
from ..hints.misplaced import misplaced
from ..hints.statement_typos import statement_typo
from ..hints.syntax_hint import SyntaxHint, Unexpected
from ..source import shorten
from ..tokens import KEYWORDS

_GROUPS = (
    ({"RESOURCE"}, "a resource"),
    ({"HOOK", "FUNCTION"}, "a field or another member"),
    ({"FOR", "_RETURN_VOID"}, "a statement"),
    ({"INT", "LSQB"}, "an expression"),
    ({"INT", "SYMBOL"}, "a pattern"),
    ({"NAME", "LBRACE", "PREDICATE"}, "a type"),
    ({"NAME"}, "a name"),
    ({"LET"}, "a name"),
    ({"STRING"}, "a string"),
    ({"TEXT"}, "the rest of the string"),
)
_LITERALS = {
    "COLON": ":", "COMMA": ",", "RPAR": ")", "RSQB": "]", "LBRACE": "{", "RBRACE": "}",
    "EQUAL": "=", "ARROW": "->", "FAT_ARROW": "=>", "IN": "in", "UNDER": "under", "PIPE": "|",
    "GREATER": ">", "_INTERPOLATE_END": "}", "_CALL": "(", "LPAR": "(",
}  # fmt: skip
_CONTINUATIONS = frozenset({
    "PLUS", "MINUS", "TIMES", "POWER", "RANGE", "LESS", "GREATER", "COMPARE", "EQUALITY", "AND",
    "OR", "COALESCE", "QUESTION", "IN", "NOT_IN", "DOT", "_CALL", "_INDEX", "_BANG", "NOT",
    "AUGMENT", "EQUAL", "RESCUE", "ELSE", "ELSIF",
})  # fmt: skip

_BEFORE_BLOCK = _CONTINUATIONS | {"LBRACE", "TRANSACTION", "ASYNC", "LPAR", "NAME"}

_OPERANDS = frozenset({
    "NAME", "INT", "FLOAT", "DURATION", "STRING", "_QUOTE", "SYMBOL", "SELF", "TRUE", "FALSE",
    "NIL", "LSQB", "PREDICATE",
})  # fmt: skip


def explain(at: Unexpected) -> tuple[SyntaxHint, bool]:
    """Return the hint for an unexpected token, and whether a `{` may be missing before it."""
    token, expected = at.token, at.expected
    lacks_brace = "LBRACE" in expected and "INT" not in expected
    found = statement_typo(at) or foreign_syntax(at) or declaration_typo(at)
    if found:
        return found, lacks_brace
    lacks_block = "LBRACE" in expected and expected <= _BEFORE_BLOCK
    found = misplaced(at)
    if found and not (lacks_block and token.first):
        return found, False
    words = _expected_words(expected)
    wanted = words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
    if token.type == "$END":
        message = f"the file ends where {wanted} should follow"
        return at.hint(message, None, "SYN010", first=at.last), False
    code = "SYN001"
    if lacks_block:
        if token.first:
            message = "a block `{ … }` should follow"
            return at.hint(message, None, "SYN017", first=at.last), True
        code, wanted = "SYN017", "a block `{ … }`"
    elif wanted == "a type":
        code = "SYN006"
    elif wanted == "a name" and at.last.type == "RESOURCE":
        code, wanted = "SYN003", "the name of a resource"
    elif all(word.startswith("`") for word in words):
        code = "SYN002"
    hint = None
    if wanted == "a resource" and token.type == "NAME" and at.next.text == "{":
        hint = f"write `resource {token.text} {{`"
    if wanted == "a name" and token.text in KEYWORDS:
        hint = f"`{token.text}` is a reserved word: choose another name"
    if code == "SYN002" and words[0] == "`,`" and token.type in _OPERANDS and not token.first:
        hint = "put a `,` before it"
    text = at.text(token).partition("\n")[0]
    seen = "a string" if token.type == "_QUOTE" else f"`{shorten(text)}`"
    return at.hint(f"expected {wanted}, found {seen}", hint, code), lacks_brace


def _expected_words(expected: frozenset[str]) -> list[str]:
    """Describe the possible terminals in a few words."""
    rest = set(expected)
    words: list[str] = []
    after_operand = bool(expected & {"TIMES", "DOT", "COMPARE", "AND", "QUESTION"})
    if not after_operand or "FOR" in expected or "HOOK" in expected:
        for group, word in _GROUPS:
            if group <= rest:
                words.append(word)
                break
    if after_operand:
        rest -= _CONTINUATIONS
    if words and words[0] not in ("a name", "a string"):
        rest -= {"COLON", "LBRACE", "LPAR", "LSQB", "PIPE", "COMMA"}
        if words[0] == "an expression" and len(expected) > 4:
            rest -= {"RPAR", "RSQB", "RBRACE"}
    literals = [f"`{text}`" for type, text in _LITERALS.items() if type in rest]
    words.extend(dict.fromkeys(literals))
    return words[:4] or ["something else"]
