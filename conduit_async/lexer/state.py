"""The tokens read so far, and the state that decides the next one."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from ..diagnostics import Diagnostic
from ..source import Source, Span
from ..tokens import OPERAND_ENDS, Token
from .brackets import MAX_OPEN, Brackets

_PAIR = re.compile(r"[A-Za-z_]\w*\s*:")


@dataclass
class Lexed:
    """The tokens of a source, and doc comments by the offset of the token below them.

    The other fields are offsets. `deep`: the first bracket that nests too deep and those around
    it. `early_closers`: each `}` that is indented more than the line of its `{`. `multiline`:
    strings that span lines. `suspicious`: those of them that touch a name or another string, as if
    a quote were missing before. `unterminated` says that a string goes on to the end of the source.
    """

    tokens: list[Token]
    docs: dict[int, str]
    problems: list[Diagnostic] = field(default_factory=list)
    deep: frozenset[int] = frozenset()
    multiline: list[int] = field(default_factory=list)
    suspicious: list[int] = field(default_factory=list)
    early_closers: list[int] = field(default_factory=list)
    unterminated: bool = False


@dataclass(frozen=True, slots=True)
class Repair:
    """A guess at what the author meant.

    `cut`: the string that starts at `at` ends on its line. `open`: a `{` is missing before the
    token at `at`. `call`: a `(` is missing there. `close`: the bracket at `opener` should be closed
    before the token at `at`. `drop`: the bracket at `at` is one too many.
    """

    kind: Literal["cut", "open", "call", "close", "drop"]
    at: int
    opener: int = -1


class State:
    """A source while it is read: its tokens so far, and the state that decides the next one.

    `first`: the next token is the first on its line. `block_end`: the last `}` of a block.
    `strings`: the starts of the open strings. `cut`: the starts of strings that end on their line.
    `matches`: the number of open brackets at each `match` whose `{` is still missing.
    `in_relation`: after `@has_many` and the like.
    """

    def __init__(self, source: Source, repairs: Iterable[Repair] = ()) -> None:
        self.source = source
        self.text = source.text
        self.result = Lexed([Token("START", "", 0, 0)], {})
        self.cut = {repair.at for repair in repairs if repair.kind == "cut"}
        self.guesses_cuts = False
        self.repairs = {repair.at: repair for repair in repairs if repair.kind != "cut"}
        self.brackets = Brackets(source, self.report, self.insert)
        self.strings: list[int] = []
        self.matches: list[int] = []
        self.block_end: Token | None = None
        self.first = True
        self.in_relation = False
        self.declared: dict[str, bool] = {}
        self.doc: list[str] = []
        self.doc_end = -1

    def emit(self, type: str, text: str, start: int, end: int) -> int:
        """Add a token and return its end."""
        brackets = self.brackets.stack
        if start in self.repairs:
            self.repair(self.repairs.pop(start))
        if len(brackets) > MAX_OPEN:
            self.first = False
            return end
        if self.doc:
            if self.text.count("\n", self.doc_end, start) == 1:
                self.result.docs[start] = "\n".join(self.doc)
            self.doc.clear()
        self.result.tokens.append(Token(type, text, start, end, self.first, len(brackets)))
        self.first = False
        return end

    def insert(self, type: str) -> None:
        tokens = self.result.tokens
        at = tokens[-1].end
        tokens.append(Token(type, "", at, at, False, len(self.brackets.stack)))

    def repair(self, repair: Repair) -> None:
        if repair.kind == "close":
            self.brackets.close_from(repair.opener)
            return
        last = self.result.tokens[-1]
        span = Span(self.source, last.start, last.end)
        if repair.kind == "call":
            self.report("SYN011", span, "a `(` is missing after this", "add the missing `(`")
            self.insert("_CALL")
            self.brackets.open("(", repair.at)
        elif len(self.brackets.stack) < MAX_OPEN:
            code, message = "SYN017", "a block `{ … }` should follow"
            if _PAIR.match(self.text, repair.at):
                code, message = "SYN011", "a `{` is missing after this"
            self.report(code, span, message, "add the missing `{`")
            self.insert("LBRACE")
            self.brackets.open("{", repair.at, "block")

    def report(self, code: str, span: Span, message: str, hint: str | None = None) -> None:
        self.result.problems.append(Diagnostic(code, span, message, hint))

    def error(self, code: str, start: int, end: int, message: str, hint: str | None) -> None:
        if not self.brackets.hidden:
            self.report(code, Span(self.source, start, end), message, hint)

    @property
    def after_operand(self) -> bool:
        last = self.result.tokens[-1]
        return last.type in OPERAND_ENDS and last is not self.block_end

    @property
    def new_line_in_brace(self) -> bool:
        stack = self.brackets.stack
        return self.first and bool(stack) and stack[-1].bracket == "{"

    def attached(self, position: int) -> bool:
        following = self.text[position : position + 1]
        return bool(following) and not following.isspace()
