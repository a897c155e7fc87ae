"""Words of other languages: the lexer reports each once and reads it as what it means."""

import re

from ..hints import foreign_words as foreign
from ..hints.foreign_words import ForeignWord
from ..tokens import FOREIGN, MEMBER_ANNOTATIONS
from .state import State

_NOT_IN = re.compile(r"[ \t]+in\b")
_NAME_EQUALS = re.compile(r"[ \t]+([A-Za-z_]\w*)[ \t]*=(?![=>])")
_MEMBER_FOLLOWS = re.compile(r"[ \t]+[A-Za-z_\[{]|[ \t]*\{")
_RESOURCE_FOLLOWS = re.compile(r"[ \t]+[A-Z]\w*[ \t]*\{")
_IS = re.compile(r"([ \t]+not\b)?[ \t]+[\w\"]")


def foreign_word(state: State, word: str, start: int, end: int) -> int:
    """Read a foreign word and return its end; return 0 if the word is not foreign."""
    stack = state.brackets.stack
    starts = state.first or state.result.tokens[-1].type == "LBRACE"
    if not stack:
        is_resource = state.first and _RESOURCE_FOLLOWS.match(state.text, end)
        if not is_resource or word == "resource":
            return 0
        message = f"a file holds resources, not `{word}`"
        state.error("SYN001", start, end, message, "write `resource`")
        return state.emit("RESOURCE", word, start, end)
    if len(stack) == 1:
        return _foreign_member(state, word, start, end) if starts else 0
    found = _find_foreign(state, word, end, starts)
    if found is None:
        return _foreign_infix(state, word, start, end) if state.after_operand and not starts else 0
    if word not in state.declared:
        state.declared[word] = _declares(state.text, word)
    if state.declared[word]:
        return 0
    if found.type != FOREIGN:  # the parser reports it
        state.error("SYN001", start, end, f"Conduit has no `{word}`", found.hint)
    return state.emit(found.type, word, start, end) if found.type else end


def _find_foreign(state: State, word: str, end: int, starts: bool) -> ForeignWord | None:
    around = state.brackets.stack[-1].role
    after_block = state.result.tokens[-1] is state.block_end
    text, found = state.text, None
    if around in ("block", "match"):
        if after_block and word in foreign.BRANCHES:
            found = _followed(foreign.ELSIF, text, end)
        if found is None and (starts or after_block) and (word, around) != ("when", "match"):
            found = _statement_word(text, word, end)
    if found is None and (starts or not state.after_operand):
        found = _followed(foreign.VALUES.get(word), text, end)
    return found


def _statement_word(text: str, word: str, end: int) -> ForeignWord | None:
    """The foreign word at the start of a statement, if it is one."""
    known = foreign.STATEMENTS.get(word)
    if known is None and (name := _NAME_EQUALS.match(text, end)):
        shown = f"{name[1]}: {word}" if word in foreign.TYPES else name[1]
        return ForeignWord(f"write `let {shown} = …`", "LET")
    return _followed(known, text, end)


def _followed(known: ForeignWord | None, text: str, end: int) -> ForeignWord | None:
    """Return a foreign word, None if the text after it does not fit."""
    return known if known is not None and known.before.match(text, end) else None


def _declares(text: str, word: str) -> bool:
    """Whether a source may declare a name; it is then not a foreign word there."""
    declared = rf"(?:\blet|\bfor|@function|@computed)\s+{word}\b|\b{word}\s*:|\|\s*{word}\s*\|"
    return re.search(declared, text) is not None


def declares_local(text: str, end: int) -> bool:
    """Whether a name and its value follow, so that a word at the start of a line means `let`."""
    return text.startswith(" ", end) and _NAME_EQUALS.match(text, end) is not None


def _foreign_member(state: State, word: str, start: int, end: int) -> int:
    meant = foreign.MEMBERS.get(word)
    if meant is None or not _MEMBER_FOLLOWS.match(state.text, end):
        return 0
    message = f"Conduit has no `{word}`"
    if meant == f"@{word}":
        message = f"`{word}` needs an `@` before it"
    state.error("SYN001", start, end, message, f"write `{meant}`")
    type = MEMBER_ANNOTATIONS[meant[1:]]
    state.in_relation = type in ("RELATION", "NESTED")
    return state.emit(type, meant, start, end)


def _foreign_infix(state: State, word: str, start: int, end: int) -> int:
    """`x is nil`, `x not in y`, `x instanceof Y`."""
    text = state.text
    if word == "not" and (follows := _NOT_IN.match(text, end)):
        end = follows.end()
        state.error("SYN001", start, end, "`not in` is one word here", "write `not_in`")
        return state.emit("NOT_IN", "not_in", start, end)
    if word == "is" and not state.first and (found := _IS.match(text, end)):
        end = found.end(1) if found[1] else end
        meant = "!=" if found[1] else "=="
        state.error("SYN001", start, end, f"Conduit has no `{text[start:end]}`", f"write `{meant}`")
        return state.emit("EQUALITY", meant, start, end)
    if word == "instanceof" and not state.first:
        return state.emit(FOREIGN, word, start, end)
    return 0
