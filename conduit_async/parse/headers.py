"""Goes on at the block of a header that does not fit, so that its statements are read."""

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
"""What is read in place of a header of which nothing fits."""


class HeaderRecovery:
    """Replaces what does not fit between the first word of a header and its `{`."""

    def __init__(self, parser: Automaton) -> None:
        self._parser = parser
        self._last_brace = -1
        """The end of the last repaired header, which is not repaired again."""

    def skip_to_body(self, index: int) -> tuple[int, int, int] | None:
        """Make the stacks fit the block of the header around the token at an index.

        Gives the index of the token to go on with, and the offsets where the header begins and
        ends; None if it is in no header, or no block follows.
        """
        place = self.head()
        if place is None:
            return None
        head: Token = self._parser.values[place]
        brace = self._brace(index, head)
        if brace is None or self._parser.tokens[brace].start == self._last_brace:
            return None
        self._last_brace = self._parser.tokens[brace].start
        begin, end = head.start, self._parser.tokens[brace].start
        if head.type in ("HOOK", "AT"):
            return self._read_hook(place, brace), begin, end
        stand_in = self._stand_in(index, head, brace)
        for kept in range(len(self._parser.stack), place + 1, -1):
            if self._parser.accepts("LBRACE", kept) and not self._begins_value_or_type(kept):
                stand_in = []
                break
        if stand_in and not self._parser.accepts(stand_in[0].type, kept):
            return None
        while len(self._parser.stack) > kept:
            self._parser.pop()
        self._parser.tokens[brace:brace] = stand_in
        return brace, begin, end

    def _begins_value_or_type(self, kept: int) -> bool:
        return self._parser.accepts("INT", kept) or self._parser.accepts("PREDICATE", kept)

    def head(self) -> int | None:
        """Where, among the values, the first word of the innermost header is."""
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
        """Read a hook again, with what is known of its header."""
        tokens = self._parser.tokens
        head: Token = self._parser.values[place]
        start = self._index_of(head, brace)
        meant = (hook_meant(head.text[1:]) if head.type == "AT" else head.text) or "@after"
        timing, _, event = meant.partition(" ")
        names = [token.text for token in tokens[start + 1 : brace]]
        event = event or next((near for name in names if (near := nearest_event(name))), "save")
        read = [("HOOK", timing), ("NAME", event)]
        if any(nearest(name, ("@async",)) or name in ("@async", "async") for name in names):
            read.append(("ASYNC", "@async"))
        span = head.start, head.end
        tokens[start:brace] = [Token(*each, *span, False, head.depth) for each in read]
        while len(self._parser.values) > place:
            self._parser.pop()
        return start

    def past_body(self, head: Token, index: int) -> int:
        """The token after what is indented under a header that has no `{`, and after its `end`."""
        tokens = self._parser.tokens
        margin = self._column(head)
        while tokens[index].type not in ("$END", "RBRACE") and tokens[index].depth >= head.depth:
            token = tokens[index]
            if token.first and self._column(token) <= margin and token.text != "end":
                break
            index += 1
        return index

    def _column(self, token: Token) -> int:
        return token.start - self._parser.source.text.rfind("\n", 0, token.start)

    def _stand_in(self, index: int, head: Token, brace: int) -> list[Token]:
        """Tokens for a header of which nothing fits; a name that is there is kept."""
        start = self._index_of(head, index)
        names = [token for token in self._parser.tokens[start + 1 : brace] if token.type == "NAME"]
        name = names[0].text if names else "_"
        at = head.end
        types = _STANDS_FOR.get(head.type, ())
        texts = {"NAME": name}
        return [Token(type, texts.get(type, ""), at, at, False, head.depth) for type in types]

    def _index_of(self, token: Token, index: int) -> int:
        while self._parser.tokens[index] is not token:
            index -= 1
        return index
