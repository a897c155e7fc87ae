"""Recovers from syntax errors: reports each mistake once and reads the rest."""

from bisect import bisect_left

from .. import ast
from ..diagnostics import Diagnostic
from ..hints.declaration_typos import unclosed_generic
from ..hints.foreign_words import FOLLOWERS
from ..hints.syntax_hint import Unexpected
from ..lexer import Lexed
from ..source import Source, Span
from ..tokens import FOREIGN, Token
from .automaton import CLOSERS_BY_TYPE, Automaton
from .headers import HeaderRecovery
from .messages import explain

_CONTINUES = frozenset({
    "DOT", "RANGE", "COALESCE", "QUESTION", "OR", "AND", "EQUALITY", "LESS", "GREATER", "COMPARE",
    "PLUS", "MINUS", "TIMES", "POWER", "EQUAL", "AUGMENT", "FAT_ARROW", "ARROW", "COMMA", "PIPE",
    "COLON", "IN", "NOT_IN", "RESCUE", "ELSIF", "ELSE", "LBRACE", "_BANG", "FIELD_AT",
    "TRANSACTION", "RPAR", "RSQB", "RBRACE", "_INTERPOLATE_END", "_QUOTE_END", "TEXT",
})  # fmt: skip
_STATEMENT_STARTS = frozenset({"LET", "FOR", "UNLESS", "RETURN", "_RETURN_VOID"})
_MEMBER_STARTS = frozenset({
    "AT", "HOOK", "FUNCTION", "COMPUTED", "SCOPE", "RULE", "RELATION", "NESTED", "SETTING", "ON",
    "RESOURCE",
})  # fmt: skip
_PAIR_KEYS = frozenset({"on", "when", "condition", "error", "where", "order_by", "limit", "offset"})
"""Keys of pairs in a body, which is read as statements if its first pair did not fit."""

_OPENERS = ("do", "then", ":", "begin")
"""Words that open a block in other languages."""

_MAX_ERRORS = 100
_OF_PIECES = frozenset({"SYN005", "SYN006", "SYN012", "SYN013"})


class Recovery:
    """Parses one source, and goes on after syntax errors."""

    def __init__(self, source: Source, lexed: Lexed, found: list[Diagnostic]) -> None:
        self._source = source
        self._found = found
        self._parser = Automaton(source, lexed, self._report)
        self._tokens = self._parser.tokens
        self._header = HeaderRecovery(self._parser)
        self.missing_braces: list[int] = []
        """The offsets before which a `{` may be missing."""
        self.skipped = 0
        """How many tokens were not read."""
        self.unparsed: list[Span] = []
        """The statements and members that did not parse completely."""
        self._depths: list[int] = []
        """The number of open brackets around each of them."""
        self._headers: list[tuple[int, int]] = []
        """The headers that did not parse, although their blocks did."""
        self._flagged = sorted(problem.span.start for problem in lexed.problems)
        self._last_stray = max(
            (each.span.start for each in lexed.problems if each.span.text == "}"), default=-1
        )
        """The last `}` that closes nothing: the head of a block before it may be missing."""
        self._headless = False  # whether a statement stands directly in a resource
        self._ended_early = any(problem.code == "SYN010" for problem in lexed.problems)
        self._deep = lexed.deep
        self._misread: set[int] = set()  # the brackets that hold something else than they should
        self._own: set[int] = set()  # the diagnostics of this class, not of rules
        self._errors = 0
        self._last_error = -1
        # It counts the tokens since the last recovery; 0 means that the recovery did not help.
        self._parser.shifted = 1

    def run(self) -> ast.File:
        """Return the tree of the source; report and leave out what did not parse."""
        return self._parser.run(self._recover)

    def _recover(self, index: int) -> int:
        """Report the unexpected token, replace the incomplete part by ERROR, and go on."""
        token = self._tokens[index]
        resume = index
        mistake = token.start
        if not self._is_consequence(index):
            at = Unexpected(self._source, self._tokens, index, self._parser.expected())
            why, may_lack_brace = explain(at)
            span = Span(self._source, why.first.start, why.last.end)
            mistake = why.first.start
            diagnostic = Diagnostic(why.code, span, why.message, why.hint)
            self._found.append(diagnostic)
            self._own.add(id(diagnostic))
            if at.is_stray_arm or (at.expected == {"COLON"} and token.depth > 1):
                self._misread.add(self._tokens[at.opener].start)
            self._headless |= _wants_member(at) and token.start < self._last_stray
            self._errors += 1
            self._last_error = token.start
            resume -= why.back
            if may_lack_brace:
                self.missing_braces.append(token.start)
            for back in (1, 2):
                if index >= back and self._tokens[index - back + 1].type == "COLON":
                    self.missing_braces.append(self._tokens[index - back].start)
        if self._errors < _MAX_ERRORS and (body := self._header.skip_to_body(index)) is not None:
            resume, begin, end = body
            self._parser.shifted = 0
            self._headers.append((begin, end))
            self._note_unparsed(begin, end)
            return resume
        at_end = token.type == "$END"
        place = self._header.head()
        head = self._parser.values[place] if place is not None else None
        size = len(self._parser.stack)
        while not self._parser.accepts("ERROR") or (at_end and self._parser.depth()):
            self._parser.drop_to(len(self._parser.stack) - 1)
        is_incomplete = len(self._parser.stack) < size or not token.first
        begin = self._unparsed_start(index) if is_incomplete else token.start
        begin = min(begin, mistake)
        self._parser.put_error(token)
        if self._errors == _MAX_ERRORS:
            self._close_all(resume)
        else:
            may_resume = (
                token.first or token.type == "RESOURCE" or token.depth < self._parser.depth()
            )
            stays = resume < index or at_end or (self._parser.shifted and may_resume)
            resume = self._resume(resume if stays else resume + 1)
            if head is not None and head.type in ("HOOK", "FUNCTION") and token.text in _OPENERS:
                resume = self._header.past_body(head, resume)
        self._parser.shifted = 0
        self.skipped += resume - index
        self._note_unparsed(begin, self._tokens[resume].start)
        return resume

    def _note_unparsed(self, start: int, end: int) -> None:
        """Note an unparsed range, and drop earlier findings that its pieces lack something."""
        self.unparsed.append(Span(self._source, start, end))
        self._depths.append(self._parser.depth())
        self._found[:] = [
            found
            for found in self._found
            if found.code not in _OF_PIECES
            or id(found) in self._own
            or not start <= found.span.start < end
        ]

    def _report(self, diagnostic: Diagnostic) -> None:
        start = diagnostic.span.start
        if not any(begin <= start < end for begin, end in self._headers):
            self._found.append(diagnostic)

    def _unparsed_start(self, index: int) -> int:
        """The start of the statement or member into which the token at an index does not fit."""
        depth = self._parser.depth()
        noted = zip(reversed(self.unparsed), reversed(self._depths), strict=True)
        floor = next((span.end for span, inner in noted if inner <= depth), 0)
        while index:
            index -= 1
            token = self._tokens[index]
            if token.depth < depth or token.end <= floor:
                return token.end
            if token.depth == depth and token.first and _starts_anew(token):
                return token.start
        return 0

    def _resume(self, index: int) -> int:
        """The next token that starts a statement or member here, or closes the bracket around."""
        depth = self._parser.depth()
        while True:
            token = self._tokens[index]
            if token.type == "$END" or token.depth < depth:
                return index
            if token.depth == depth and _starts_anew(token):
                return index
            index += 1

    def _close_all(self, index: int) -> None:
        """Replace the rest of the source by tokens that close all brackets."""
        end = self._tokens[-1]
        del self._tokens[index:]
        for value in reversed(self._parser.values):
            if isinstance(value, Token):
                for closer in CLOSERS_BY_TYPE.get(value.type, ()):
                    self._tokens.append(Token(closer, "", end.start, end.start, False, value.depth))
        self._tokens.append(end)

    def _is_consequence(self, index: int) -> bool:
        """Whether an earlier diagnostic explains why the token at an index does not fit."""
        token = self._tokens[index]
        previous = self._tokens[index - 1] if index else token
        at_end = token.type == "$END"
        if self._errors >= _MAX_ERRORS or token.start in self._deep:
            return True
        at = Unexpected(self._source, self._tokens, index, self._parser.expected())
        if token.type == FOREIGN:
            is_value = "INT" in at.expected and "FOR" not in at.expected
            follows = self._errors > 0 and token.text in FOLLOWERS and not is_value
            return follows or token.start == self._last_error
        if self._headless and _wants_member(at) and token.start < self._last_stray:
            return True
        opener = self._tokens[at.opener].start
        if (at.is_statement or at.is_stray_arm) and opener in self._misread:
            return True
        if self._parser.shifted and unclosed_generic(at):
            return False
        if self._parser.shifted == 0 or (at_end and (self._ended_early or self._deep)):
            return True
        if index and (previous.start == previous.end or (token.start == token.end and not at_end)):
            return True
        if self._follows_error_in_brackets(index - 1):
            return True
        if token.type == "COLON" and self._parser.shifted == 1 and previous.text in _PAIR_KEYS:
            return True
        flagged = bisect_left(self._flagged, self._source.line_start(previous.start))
        line_end = self._source.line_end(token.end)
        return flagged < len(self._flagged) and self._flagged[flagged] <= line_end

    def _follows_error_in_brackets(self, index: int) -> bool:
        """Whether a token closes a bracket that the last error was in."""
        tokens = self._tokens
        if index < 0 or tokens[index].type not in ("RBRACE", "RPAR", "RSQB"):
            return False
        depth = tokens[index].depth
        index -= 1
        while index > 0 and tokens[index].depth > depth:
            index -= 1
        return tokens[index].start <= self._last_error


def _wants_member(at: Unexpected) -> bool:
    """Whether a token does not fit since a resource has members only."""
    return at.token.depth == 1 and at.expected == {"COLON"}


def _starts_anew(token: Token) -> bool:
    type = token.type
    if token.depth == 0:
        return type in ("RESOURCE", "AT")
    if type in _MEMBER_STARTS or type in _STATEMENT_STARTS:
        return True
    return token.first and type not in _CONTINUES
