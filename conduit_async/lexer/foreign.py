"""Words of other languages, and what Conduit writes instead.

A word is foreign only where it could be no name: two operands on one line, the first a bare name,
are two statements that do nothing, so nobody means them. A name that the source declares never is.
"""

import re
from dataclasses import dataclass

from .tokens import MEMBER_ANNOTATIONS

FOREIGN = "FOREIGN"
"""The type of a token that the grammar has no place for: the parser reports it."""


_BLOCK = r"[ \t]*\{"
_NEXT = r"[ \t]+(?!!=|(?:in|not_in|and|or|rescue)\b)[^\s=:?.,|()\[\]}+*/%<>&#-]"


@dataclass(frozen=True, slots=True)
class Foreign:
    """What to write instead of a word, and the type of the token that it is read as.

    An empty type drops the word. `before` is what has to follow on its line.
    """

    hint: str
    type: str = FOREIGN
    before: re.Pattern[str] = re.compile(rf"{_BLOCK}|{_NEXT}")


_NAME_EQUALS = re.compile(r"[ \t]+([A-Za-z_]\w*)[ \t]*=(?![=>])")
_NAME_AND_VALUE = re.compile(r"[ \t]+([A-Za-z_]\w*)[ \t]*(?:=(?![=>])|:[ \t]*\w)")
_HEAD = re.compile(rf"[ \t]*\(.{{0,200}}\){_BLOCK}|{_BLOCK}|{_NEXT}")
_ALONE = re.compile(r"[ \t\r]*(?:\n|$)")
_OPERAND = re.compile(r"[ \t]+[\w\"'(\[]")

_LOOP = Foreign("a loop is `for x in … { … }`, over an array, a query or a range", before=_HEAD)
_LET = Foreign("write `let`", "LET", _NAME_AND_VALUE)
_RESCUE = Foreign("write `rescue |err| { … }` after the call that may fail", before=_HEAD)
_RAISE = Foreign('write `error("…")`')
_MATCH = Foreign('write `match … { when "a" { … } else { … } }`', before=_HEAD)
_FUNCTION = Foreign("a function is a member of its resource: `@function name(…) -> type { … }`")
_IMPORT = Foreign("remove it: every resource and service is known by its name")
_LOG = Foreign('write `Logger.info("…")`')
_LEAVE = Foreign("put what follows into an `if`, or the loop into a `@function` and `return`")
_ASYNC = Foreign("write `@async { … }`")

STATEMENTS = {
    **dict.fromkeys(("while", "until", "loop", "repeat", "do"), _LOOP),
    "foreach": Foreign("write `for`", "FOR", re.compile(r"[ \t]+\w+[ \t]+in\b")),
    **dict.fromkeys(("const", "var", "val", "final"), _LET),
    **dict.fromkeys(("try", "catch", "except", "finally", "ensure"), _RESCUE),
    **dict.fromkeys(("throw", "raise"), _RAISE),
    **dict.fromkeys(("switch", "select"), _MATCH),
    **dict.fromkeys(("case", "when", "default"), _MATCH),
    **dict.fromkeys(("begin", "end"), Foreign("a block stands in braces: `{ … }`", before=_ALONE)),
    "--": Foreign(""),
    **dict.fromkeys(("def", "fn", "fun", "func", "function"), _FUNCTION),
    **dict.fromkeys(("import", "require", "include", "use", "from", "export"), _IMPORT),
    **dict.fromkeys(("print", "puts", "echo"), _LOG),
    **dict.fromkeys(("break", "continue", "next"), _LEAVE),
    **dict.fromkeys(("async", "spawn", "go", "defer", "background", "enqueue"), _ASYNC),
    "yield": Foreign("a function gives one value: `return …`"),
    "assert": Foreign('write `unless … { error("…") }`'),
    "delete": Foreign("set a field to nil, or write `Resource.delete!(id)`"),
}
"""Words that begin a statement."""

TAILS = frozenset({"catch", "except", "finally", "ensure"})
"""Words that go on with the statement before them."""

FOLLOWERS = TAILS | {"case", "when", "default", "end"}
"""Words that follow others, so that they say nothing new after an error."""

_TYPES = ("int", "float", "bool", "string", "text", "decimal", "uuid", "timestamp", "date", "json")
_ELSIF = Foreign("write `elsif`", "ELSIF", _OPERAND)

VALUES = {
    "await": Foreign("remove it: a call is awaited where it must be", "", re.compile(r"[ \t]+\w")),
    "new": Foreign(
        "there are no objects: write a hash `{ … }`, or call a service: `Name.method(…)`",
        before=re.compile(r"[ \t]+[A-Z]\w*[ \t]*\("),
    ),
    "lambda": Foreign("write `|x| { … }`", before=re.compile(r"[ \t]+\w+[ \t]*[:,]")),
    "function": Foreign("write `|x| { … }`", before=re.compile(r"[ \t]*\([^()]*\)[ \t]*\{")),
    "typeof": Foreign("types are known at build time: remove the test", before=_OPERAND),
}
"""Words that begin a value."""

_MEMBERS = {
    **{word: f"@{word}" for word in MEMBER_ANNOTATIONS},
    **dict.fromkeys(("def", "fn", "fun", "func", "function"), "@function"),
}
_BRANCHES = ("elif", "elseif", "else_if")
_INFIXES = ("is", "not", "instanceof")
FOREIGN_WORDS = frozenset({*STATEMENTS, *VALUES, *_TYPES, *_MEMBERS, *_BRANCHES, *_INFIXES})
"""Every word that may be foreign where it stands."""

_MEMBER_FOLLOWS = re.compile(r"[ \t]+[A-Za-z_\[{]|[ \t]*\{")
_RESOURCE_FOLLOWS = re.compile(r"[ \t]+[A-Z]\w*[ \t]*\{")


def statement_word(text: str, word: str, end: int) -> Foreign | None:
    """The foreign word that begins a statement, if it is one."""
    foreign = STATEMENTS.get(word)
    if foreign is None and (name := _NAME_EQUALS.match(text, end)):
        shown = f"{name[1]}: {word}" if word in _TYPES else name[1]
        foreign = Foreign(f"write `let {shown} = …`", "LET", _NAME_EQUALS)
    return _settled(foreign, text, end)


def declares_local(text: str, end: int) -> bool:
    """Whether a name and its value follow, so that a word at the start of a line means `let`."""
    return text.startswith(" ", end) and _NAME_EQUALS.match(text, end) is not None


def value_word(text: str, word: str, end: int) -> Foreign | None:
    """The foreign word that begins a value, if it is one."""
    return _settled(VALUES.get(word), text, end)


def branch_word(text: str, word: str, end: int) -> Foreign | None:
    """What `elif` after a block is, if it is that."""
    return _settled(_ELSIF, text, end) if word in _BRANCHES else None


def member_word(text: str, word: str, end: int) -> str | None:
    """The annotation that a word is which begins a member without an `@`."""
    meant = _MEMBERS.get(word)
    return meant if meant and _MEMBER_FOLLOWS.match(text, end) else None


def resource_word(text: str, end: int) -> bool:
    """Whether a word at the level of the file stands for `resource`."""
    return _RESOURCE_FOLLOWS.match(text, end) is not None


def declares(text: str, word: str) -> bool:
    """Whether a source may declare a name, which then is no foreign word in it."""
    declared = rf"(?:\blet|\bfor|@function|@computed)\s+{word}\b|\b{word}\s*:|\|\s*{word}\s*\|"
    return re.search(declared, text) is not None


def _settled(foreign: Foreign | None, text: str, end: int) -> Foreign | None:
    return foreign if foreign is not None and foreign.before.match(text, end) else None
