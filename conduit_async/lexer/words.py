"""Names, keywords and annotations."""

import re
from unicodedata import normalize

from ..hints.foreign_words import FOREIGN_WORDS
from ..source import shorten
from ..suggest import nearest
from ..tokens import (
    FIELD_ANNOTATIONS,
    HOOK_ANNOTATIONS,
    KEYWORDS,
    KEYWORDS_AS_KEYS,
    MEMBER_ANNOTATIONS,
    STATEMENT_WORDS,
)
from .foreign import declares_local, foreign_word
from .state import State
from .unclosed import unclosed_depth

_MODIFIERS = frozenset({"ASYNC", "TRANSACTION"})
_RELATION_WORDS = frozenset({"RELATION", "NESTED", "NAME", "THROUGH", "UNDER", "AS"})
_ARM_STARTS = frozenset({"LBRACE", "RBRACE", "COMMA"})
_NEW_RESOURCE = re.compile(r"\s+[A-Za-z_]\w*\s*\{")
_STRING_FOLLOWS = re.compile(r'\s*"')
_PATTERN_ENDS = re.compile(r"\s*(?:=>|\.(?!\.)|,)")
_KEY_COLON = re.compile(r":|\s+:(?![A-Za-z_])")
_ATTACHED_COLON = re.compile(r":(?!\w)")
_NO_VALUE = re.compile(r"[ \t\r]*(?:\n|//|\#|\}|$|(?:let|if|unless|return|for)\b(?!\s*:)|@)")
_STATEMENT = re.compile(r"(?:let|if|unless|return|for)[ \t]+\w")


def word(state: State, found: re.Match[str]) -> int:
    word, suffix = found["word"], found["suffix"]
    start, end = found.span("word")
    stack = state.brackets.stack
    may_end_brackets = state.first and len(stack) > 1 and not state.strings
    if may_end_brackets and any(opened.bracket in "([" for opened in stack):
        depth = unclosed_depth(state, start, end)
        if depth is not None:
            state.brackets.close_to(depth)
    previous = state.result.tokens[-1].type
    if not word.isascii():
        _bad_name(state, word, start, end, previous)
        type = "NAME"
    elif previous == "DOT" and not (state.first and _STATEMENT.match(state.text, start)):
        type = "NAME"
    elif (
        (
            word in FOREIGN_WORDS
            or not state.brackets.stack
            or (state.first and word not in KEYWORDS and declares_local(state.text, end))
        )
        and not suffix
        and (past := foreign_word(state, word, start, end))
    ):
        return past
    elif word in KEYWORDS:
        type = _keyword(state, word, end, suffix)
        if type != "NAME" and suffix == "!":
            suffix = None
    elif previous in _RELATION_WORDS and state.in_relation:
        type = _relation_word(state, word, end, previous)
    elif word == "when" and (previous in _ARM_STARTS or state.first):
        type = _when(state, end)
    elif word == "resource" and _is_resource(state, end):
        type = "RESOURCE"
    elif previous == "AT" and not state.first and not _KEY_COLON.match(state.text, end):
        type = "LABEL"
    else:
        type = "NAME"
    if suffix and type != "LABEL":
        end += 1
        word += suffix
        type = "PREDICATE" if suffix == "?" else "MUTATOR"
    return state.emit(type, word, start, end)


def _bad_name(state: State, word: str, start: int, end: int, previous: str) -> None:
    in_resource = previous == "RESOURCE"
    code, what = ("SYN003", "a resource name") if in_resource else ("SYN004", "a name")
    hint = "names consist of the letters a to z, digits and underscores"
    spelt = word.replace("ß", "ss")
    plain = normalize("NFKD", spelt).encode("ascii", "ignore").decode()
    if len(plain) >= len(spelt) and plain.isidentifier():  # no letter is lost
        hint = f"{hint}: write `{plain}`"
    state.error(code, start, end, f"`{shorten(word)}` is not {what}", hint)


def _keyword(state: State, word: str, end: int, suffix: str | None) -> str:
    if suffix == "?":
        return "NAME"
    if word in KEYWORDS_AS_KEYS and _ATTACHED_COLON.match(state.text, end):
        return "NAME"
    if word == "return":
        following = state.text[end : end + 1] == ":"
        return "RETURN" if following or not _NO_VALUE.match(state.text, end) else "_RETURN_VOID"
    if word == "match" and not _KEY_COLON.match(state.text, end):
        state.matches.append(len(state.brackets.stack))
    if word in STATEMENT_WORDS and state.first and not _KEY_COLON.match(state.text, end):
        state.brackets.close_to_brace()
    return KEYWORDS[word]


def _relation_word(state: State, word: str, end: int, previous: str) -> str:
    if not _KEY_COLON.match(state.text, end):
        if word == "as" and _STRING_FOLLOWS.match(state.text, end):
            return "AS"
        if word == "through" and previous == "NAME":
            return "THROUGH"
        if word == "under" and previous == "NESTED":
            return "UNDER"
    return "NAME"


def _when(state: State, end: int) -> str:
    stack = state.brackets.stack
    in_match = bool(stack) and stack[-1].role == "match"
    is_pattern = _PATTERN_ENDS.match(state.text, end)
    return "WHEN" if in_match and not is_pattern else "NAME"


def _is_resource(state: State, end: int) -> bool:
    if state.brackets.stack:
        if not (state.first and _NEW_RESOURCE.match(state.text, end)):
            return False
        state.brackets.close_to(0)
    return True


def annotation(state: State, text: str, start: int) -> int:
    name = text[1:]
    end = start + len(text)
    stack = state.brackets.stack
    if name in MEMBER_ANNOTATIONS:
        type = MEMBER_ANNOTATIONS[name]
        if state.first and len(stack) > 1:
            state.brackets.close_to(1)
    elif name in HOOK_ANNOTATIONS:
        type = HOOK_ANNOTATIONS[name]
        if state.first:
            state.brackets.close_to_brace()
    elif name in FIELD_ANNOTATIONS:
        type = "FIELD_AT"
        if not any(opened.role == "block" for opened in stack[1:]):
            state.brackets.close_to_brace()
    elif state.first or not stack or state.result.tokens[-1].type in ("LBRACE", "COMMA"):
        type = "AT"
    else:
        type = _modifier(state, name, start, end) or "FIELD_AT"
    state.in_relation = type in ("RELATION", "NESTED")
    return state.emit(type, text, start, end)


def _modifier(state: State, name: str, start: int, end: int) -> str | None:
    """The type of a misspelt `@async` or `@transaction` in the header of a hook."""
    before = [token.type for token in state.result.tokens[-2:]]
    if not (before[-1] in _MODIFIERS or before == ["HOOK", "NAME"]):
        return None
    meant = nearest(name, HOOK_ANNOTATIONS)
    if meant is None:
        return None
    hint = f"did you mean `@{meant}`?"
    state.error("SYN017", start, end, f"there is no `@{name}` here", hint)
    return HOOK_ANNOTATIONS[meant]
