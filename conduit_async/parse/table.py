"""The LALR table: Lark computes it from the grammar, and it is cached between runs.

The table is plain data, stored as JSON: loading it executes nothing and needs no Lark.
"""

from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple

from msgspec import Struct, json

from .. import assets

_GRAMMAR = "grammar/conduit.lark"
_FORMAT = 3
"""The version of `compute`: a change of it must not use a table that was cached before."""


class Production(NamedTuple):
    """A rule of the grammar: `method` builds its `origin` from its `size` symbols.

    `kept` are the indexes of the symbols whose values the method gets, None for an absent one.
    """

    origin: str
    size: int
    method: str
    kept: tuple[int | None, ...]


class Table(Struct, frozen=True):
    """For each state, the action on a symbol: a state (n >= 0) or a reduction by rule -n - 1."""

    states: tuple[dict[str, int], ...]
    productions: tuple[Production, ...]
    start: int
    end: int


@cache
def table() -> Table:
    """The table of the grammar."""
    grammar = assets.read(_GRAMMAR)
    key = cache_key(grammar)
    stored = assets.load_cached(key)
    if stored is None:
        stored = json.encode(compute(grammar)).decode()
        assets.store_cached(key, stored)
    return json.decode(stored, type=Table)


def cache_key(grammar: str) -> str:
    """The name of a grammar's table in the cache."""
    return f"grammar-{_FORMAT}-{sha256(grammar.encode()).hexdigest()[:32]}.json"


def compute(grammar: str, debug: bool = False) -> Table:
    """The table of a grammar; with `debug`, Lark logs each conflict that it resolves."""
    from lark import Lark
    from lark.grammar import Rule
    from lark.lexer import Lexer, TerminalDef

    class NoLexer(Lexer):
        def __init__(self, _: Any) -> None:
            pass

        def lex(self, *_: Any) -> Any:
            raise NotImplementedError

    lark = Lark(grammar, parser="lalr", lexer=NoLexer, debug=debug)
    data, memo = lark.memo_serialize([TerminalDef, Rule])
    parser = data["parser"]["parser"]
    rules = {number: rule for number, rule in memo.items() if rule["__type__"] == "Rule"}
    states = {number: place for place, number in enumerate(parser["states"])}
    places = {number: place for place, number in enumerate(rules)}
    tokens = parser["tokens"]
    return Table(
        tuple(
            {
                tokens[token]: -places[argument["@"]] - 1 if kind else states[argument]
                for token, (kind, argument) in actions.items()
            }
            for actions in parser["states"].values()
        ),
        tuple(map(_production, rules.values())),
        states[parser["start_states"]["start"]],
        states[parser["end_states"]["start"]],
    )


def _production(rule: dict[str, Any]) -> Production:
    symbols, options = rule["expansion"], rule["options"]
    # For each symbol of the rule in the grammar, whether this form of the rule lacks the symbol.
    absent = options["empty_indices"] or [False] * len(symbols)
    present = iter(range(len(symbols)))
    kept = [None if lacks else next(present) for lacks in absent]
    kept = [i for i in kept if i is None or not symbols[i].get("filter_out")]
    origin = rule["origin"]["name"]
    hands_on = options["expand1"] and rule["alias"] is None and len(kept) == 1
    method = "same" if hands_on else rule["alias"] or origin
    return Production(origin, len(symbols), method, tuple(kept))
