"""Recovers from a header that does not fit: goes on at its block, to read the statements."""

from ..hints.declaration_typos import hook_meant, nearest_event
from ..suggest import nearest
from ..tokens import BLOCK_HEADS, Token
from .automaton import Automaton

_STATEMENTS = frozenset({"IF", "ELSIF", "UNLESS", "FOR", "MATCH", "RESCUE", "ELSE", "ASYNC"})
_DECLARATIONS = frozenset({"FUNCTION", "COMPUTED", "SCOPE"})
_HEADS = _STATEMENTS | _DECLARATIONS | {"HOOK", "AT"}
_STANDS_FOR = {
    **dict.fromkeys(("IF", "ELSIF", "UNLESS", "MATCH"), ("BAD",)),
    "FOR": ("NAME", "IN", "BAD"),
    "FUNCTION": ("NAME",),
    "SCOPE": ("NAME",),
    "COMPUTED": ("NAME", "COLON", "NAME"),
}
"""The tokens that replace a header if none of its tokens fit."""


class HeaderRecovery:
    """Replaces what does not fit between the first word of a header and its `{`."""

    def __init__(self, parser: Automaton) -> None:
        self._parser = parser
        self._last_brace = -1
        """The end of the last repaired header, to repair no header twice."""

    def skip_to_body(self, index: int) -> tuple[int, int, int] | None:
        """Make the stacks fit the block of the header around the token at an index.

        Return the index of the token to go on with, and the offsets of the header's start and
        end; None if the token is not in a header, or no block follows.
        """
        parser, tokens = self._parser, self._parser.tokens
        place = self.head()
        if place is None:
            return None
        head: Token = parser.values[place]
        brace = self._brace(index, head)
        if brace is None or tokens[brace].start == self._last_brace:
            return None
        begin, end = head.start, tokens[brace].start
        self._last_brace = end
        if head.type in ("HOOK", "AT"):
            return self._read_hook(place, brace), begin, end
        words = tokens[tokens.index(head) + 1 : brace]
        name = next((token.text for token in words if token.type == "NAME"), "_")
        stand_in = [
            Token(type, name if type == "NAME" else "", head.end, head.end, False, head.depth)
            for type in _STANDS_FOR.get(head.type, ())
        ]
        accepts = parser.accepts
        for kept in range(len(parser.stack), place + 1, -1):
            begins_value_or_type = accepts("INT", kept) or accepts("PREDICATE", kept)
            if accepts("LBRACE", kept) and not begins_value_or_type:
                stand_in = []
                break
        if stand_in and not accepts(stand_in[0].type, kept):
            return None
        parser.drop_to(kept)
        tokens[brace:brace] = stand_in
        return brace, begin, end

    def head(self) -> int | None:
        """The index among the values of the first word of the innermost header."""
        found = None
        for place in range(len(self._parser.values) - 1, -1, -1):
            value = self._parser.values[place]
            if not isinstance(value, Token):
                continue
            if value.type == "LBRACE":
                break
            if value.type == "AT" and hook_meant(value.text[1:]) is None:
                return None
            if value.type in _HEADS and (found is None or value.type == "HOOK"):
                found = place
        return found

    def _brace(self, index: int, head: Token) -> int | None:
        """The index of the `{` that opens the block of a header."""
        tokens = self._parser.tokens
        while True:
            token = tokens[index]
            if token.type == "$END" or token.depth < head.depth:
                return None
            if token.depth == head.depth:
                if token.type == "LBRACE" and tokens[index - 1].type in BLOCK_HEADS:
                    return index
                if token.first or token.type == "FAT_ARROW":
                    return None
            index += 1

    def _read_hook(self, place: int, brace: int) -> int:
        """Replace the header of a hook by the parts that are known, and read it again."""
        tokens = self._parser.tokens
        head: Token = self._parser.values[place]
        start = tokens.index(head)
        meant = (hook_meant(head.text[1:]) if head.type == "AT" else head.text) or "@after"
        timing, _, event = meant.partition(" ")
        names = [token.text for token in tokens[start + 1 : brace]]
        event = event or next((near for name in names if (near := nearest_event(name))), "save")
        read = [("HOOK", timing), ("NAME", event)]
        if any(nearest(name, ("@async",)) or name in ("@async", "async") for name in names):
            read.append(("ASYNC", "@async"))
        span = head.start, head.end
        tokens[start:brace] = [Token(*each, *span, False, head.depth) for each in read]
        self._parser.drop_to(place + 1)
        return start

    def past_body(self, head: Token, index: int) -> int:
        """The token after the indented body of a header that has no `{`, and after its `end`."""
        tokens = self._parser.tokens
        margin = self._column(head)
        while tokens[index].type not in ("$END", "RBRACE") and tokens[index].depth >= head.depth:
            token = tokens[index]
            if token.first and self._column(token) <= margin and token.text != "end":
                break
            index += 1
        return index

    def _column(self, token: Token) -> int:
        return token.start - self._parser.source.line_start(token.start)
