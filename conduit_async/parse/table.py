"""The LALR table: Lark computes it from the grammar, and a cache keeps it between runs.

The table is plain data, stored as JSON: loading it executes nothing and needs no Lark.
"""

import json
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from typing import Any

from .. import assets

_GRAMMAR = "grammar/conduit.lark"
_FORMAT = 1
"""Counts the changes of `compute`, so that a table computed before one is not used after it."""


@dataclass(frozen=True, slots=True)
class Production:
    """A rule of the grammar: `origin` is what its `size` symbols become, built by `method`.

    `kept` are the indexes of the symbols whose values the method is given.
    """

    origin: str
    size: int
    method: str
    kept: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """For each state, what a symbol leads to: a state (n >= 0) or a reduction by rule -n - 1.

    `units` are the reductions that only hand on the value of their one symbol.
    """

    states: tuple[dict[str, int], ...]
    productions: tuple[Production, ...]
    start: int
    end: int
    units: frozenset[int]
    chains: dict[tuple[int, int, str], int] = field(default_factory=dict)
    """Where chains of unit rules lead from a state below, a state and a token: found by use."""


@cache
def table() -> Table:
    """The table of the grammar."""
    grammar = assets.read(_GRAMMAR)
    key = cache_key(grammar)
    stored = assets.load_cached(key)
    if stored is None:
        stored = json.dumps(compute(grammar), separators=(",", ":"))
        assets.store_cached(key, stored)
    return _decode(json.loads(stored))


def cache_key(grammar: str) -> str:
    """What the table of a grammar is cached as."""
    return f"grammar-{_FORMAT}-{sha256(grammar.encode()).hexdigest()[:32]}.json"


def compute(grammar: str, debug: bool = False) -> dict[str, Any]:
    """The table as JSON; with `debug`, Lark logs each conflict that it resolves."""
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
    return {
        "states": [
            {
                tokens[token]: -places[argument["@"]] - 1 if kind else states[argument]
                for token, (kind, argument) in actions.items()
            }
            for actions in parser["states"].values()
        ],
        "productions": [_production(rule) for rule in rules.values()],
        "start": states[parser["start_states"]["start"]],
        "end": states[parser["end_states"]["start"]],
    }


def _production(rule: dict[str, Any]) -> list[Any]:
    symbols = rule["expansion"]
    kept = [i for i, symbol in enumerate(symbols) if not symbol.get("filter_out")]
    unit = rule["options"]["expand1"] and rule["alias"] is None and len(symbols) == 1
    origin = rule["origin"]["name"]
    return [origin, len(symbols), rule["alias"] or origin, kept, unit]


def _decode(data: dict[str, Any]) -> Table:
    productions = data["productions"]
    return Table(
        tuple(data["states"]),
        tuple(
            Production(origin, size, method, tuple(kept))
            for origin, size, method, kept, _ in productions
        ),
        data["start"],
        data["end"],
        frozenset(-number - 1 for number, rule in enumerate(productions) if rule[4]),
    )
