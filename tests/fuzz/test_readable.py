"""What a hook stores, its own package reads, whatever the code does and services return.

Random programs declare variables of random types, fill them from literals, fields, operators,
functions and a service, and capture them. The service returns random values. A hook either fails,
naming what does not fit, or stores jobs that their job types read.
"""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import psycopg
import pytest
from generated import compiled, imported

from conduit_async.compiler import diagnose

pytestmark = pytest.mark.slow

PROGRAMS = 120
RUNS = 12

_TYPES = [
    *("string", "int", "float", "bool", "decimal", "timestamp", "date", "time", "uuid", "json"),
    *('enum ["a", "b"]', "array<int>", "array<string>", "array<decimal>", "hash<string, int>"),
    *("array<array<int>>", "hash<string, string>", "{ n: int! s: string? }", 'array<enum ["a"]>'),
]
_ATOMS = [
    *("Svc.get()", "Svc.get()", "Svc.get()", "Svc.get().a", "self.data", "self.data.a", "self.n"),
    *("self.note", "self.price", "self.ratio", "self.at", "self.tags", "self.meta", "self.state"),
    *("nil", "1", "2.5", '"a"', "true", "[1]", "[2.5]", "{ a: 1 }", "{ a: 1, b: 2.5 }", '["a", 1]'),
    *("(Svc.get() rescue |err| { err })", "2 ** self.n", "7 / self.n", "whole(1)", "given(2.5)"),
    *("{ n: Svc.get(), s: nil }", "[Svc.get()]", "self.owner", "[]", "{}"),
]
_FORMS = [
    *("A", "A", "A", "A ?? B", "(self.n > 1 ? A : B)", "A || B", "A + B", "[A, B]"),
    "{ a: A, b: B }",
    *("[A].push(B)", "[A].concat([B])", "{ a: A }.merge({ b: B })", "whole(A)", "given(A)"),
    *("A!", "A"),
    *("match self.n { 1 => A, _ => B }", "[A, B].first()", "self.tags.map(|t| { A })"),
    "A rescue |e| { B }",
]  # fmt: skip
_VALUES: list[Any] = [
    *(None, 0, 3, -1, 2**70, 0.5, 2.0, float("nan"), True, "a", "zz", "5", "\0", b"x"),
    Decimal("1.5"),
    *(datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 1), date(2024, 1, 1), time(1, 2)),
    *(timedelta(1), UUID(int=7), [], [1], ["a"], [1, "a"], [None], [[1]], [2.5], {}, {"a": 1}),
    *({"a": "x"}, {1: 2}, {"a": None}, {"n": 1, "s": "x"}, {"n": "1"}, {"$x": 1}, object(), {1}),
]  # fmt: skip


_TABLE = """
CREATE TABLE r{}s (
    id int8 PRIMARY KEY, n int8, note text, price numeric, ratio float8, at timestamptz,
    tags text[], meta jsonb, state text, data jsonb, owner jsonb
)"""


class Service:
    def __init__(self, draw: Random) -> None:
        self.draw = draw

    def get(self) -> Any:
        return self.draw.choice(_VALUES)


class Services:
    def __init__(self, draw: Random) -> None:
        self.svc = self.out = Service(draw)


def program(draw: Random, number: int) -> str:
    """A resource with a hook of random declarations, of which a job captures the variables."""
    lines, names = [], []
    for index in range(draw.choice([1, 2, 3])):
        value = draw.choice(_FORMS).replace("A", draw.choice(_ATOMS), 1)
        value = value.replace("B", draw.choice(_ATOMS), 1)
        declared = f": {draw.choice(_TYPES)}{draw.choice('!!!?')}" if draw.random() < 0.9 else ""
        lines.append(f"let v{index}{declared} = {value}")
        names.append(f"v{index}")
    if draw.random() < 0.3:
        field = draw.choice(["n", "note", "price", "ratio", "at", "tags", "meta", "state", "data"])
        lines.append(f"self.{field} = {draw.choice(_ATOMS)}")
        names.append(f"self.{field}")
    body = "\n    ".join([*lines, f"@async {{ Out.put({', '.join(names)}) }}"])
    return f"""resource R{number} {{
  id: int! @primary
  n: int!
  note: string?
  price: decimal!
  ratio: float!
  at: timestamp!
  tags: array<string>!
  meta: hash<string, int>!
  state: enum ["a", "b"]!
  data: json?
  owner: {{ n: int! s: string? }}?
  @function whole(x: int) -> int {{ return x }}
  @function given(x: float) -> string {{ return Svc.get() }}
  @after create {{
    {body}
  }}
}}
"""


def row(draw: Random) -> dict[str, Any]:
    """A row of such a resource."""
    return {
        "id": 1,
        "n": draw.choice([-2, 0, 1, 3]),
        "note": draw.choice([None, "x"]),
        "price": Decimal("1.50"),
        "ratio": 0.5,
        "at": datetime(2024, 1, 1, tzinfo=UTC),
        "tags": draw.choice([[], ["a", "b"]]),
        "meta": {"a": 1},
        "state": "a",
        "data": draw.choice([None, 1, "a", [1], {"a": 1}, {"a": "x"}]),
        "owner": draw.choice([None, {"n": 1, "s": None}]),
    }


def programs(draw: Random) -> dict[str, str]:
    """Programs without errors, by the paths of their sources."""
    found: dict[str, str] = {}
    while len(found) < PROGRAMS:
        text = program(draw, len(found))
        if not any(each.severity == "error" for each in diagnose({"r.conduit": text})):
            found[f"r{len(found)}.conduit"] = text
    return found


def test_what_is_stored_can_be_read(
    new_database: Callable[[], AbstractContextManager[str]], tmp_path: Path
) -> None:
    draw = Random(23)
    sources = programs(draw)
    stored = refused = 0
    with (
        imported(compiled(sources), tmp_path) as package,
        new_database() as dsn,
        psycopg.connect(dsn) as conn,
    ):
        types = {each.name: each for each in package.JOBS}
        for number, text in enumerate(sources.values()):
            hook = getattr(package, f"r{number}").after_create
            conn.execute(_TABLE.format(number))
            conn.execute(f"INSERT INTO r{number}s (id) VALUES (1)")
            conn.commit()
            for _ in range(RUNS):
                with conn.transaction(force_rollback=True):
                    try:
                        given = {"services": Services(draw)} if "Svc" in text else {}
                        hook(conn, row(draw), **given)
                    except (psycopg.Error, AttributeError):
                        raise
                    except Exception:  # an operator's own: `nil + 1`, `[1].upcase()`
                        refused += 1
                        continue
                    found = conn.execute("SELECT type, payload FROM jobs").fetchall()
                    assert found, text
                    for name, payload in found:
                        stored += 1
                        types[name].decode(json.dumps(payload))
    assert stored > PROGRAMS // 2
    assert refused > PROGRAMS
