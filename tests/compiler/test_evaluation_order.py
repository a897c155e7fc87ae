"""Operands run from left to right, in hooks and in jobs. One that fails ends the evaluation.

Each construct gets mixes of operands: one that is an expression in Python too (`call`), one that
needs statements (`match`), and one that fails. A service records which operands ran.
"""

import inspect
import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest
from conduit_runtime import Queue, WorkerPool
from generated import compiled, imported
from psycopg.rows import dict_row

pytestmark = pytest.mark.slow

RESOURCE = """
resource Thing {
  id: int! @primary
  n: int!
  zero: int!
  spot: { x: int! y: int! }!
  @scope near(low: int, high: int) { where: n >= low && n <= high }
  @function one(program: int, slot: int) -> int { return Recorder.ran(program, slot) }
  @function total(a: int, b: int = 5, c: int = 7) -> int { return a + b * c }
  @function area(of: { x: int! y: int! }) -> int { return of.x * of.y }
  @after create { BODY }
}
resource Note { id: int! @primary a: int! b: int! }
"""
TABLE = """
CREATE TABLE things (id int PRIMARY KEY, n int, zero int, spot jsonb);
CREATE TABLE notes (id int, a int, b int);
"""
ROW = """INSERT INTO things VALUES (1, 1, 0, '{"x": 1, "y": 2}') RETURNING *"""

OPERANDS = {
    "call": "one({program}, {slot})",
    "match": "(match one({program}, {slot}) {{ 99 => 0, _ => 1 }})",
    "fails": "(1 / self.zero)",
    "raises": 'error("raised")',
}
ERRORS = {"fails": "1 is divided by zero", "raises": "raised"}
CONSTRUCTS = [
    "[A, B, C]",
    "[A, [B, { a: C }]]",
    "{ a: A, b: B, c: C }",
    '{ "#{A}": B }',
    '"#{A} #{B} #{C}"',
    "A + B * C",
    "A - B",
    "A / B",
    "A % B",
    "A ** B",
    "A < B",
    "A >= B",
    "A == B",
    "A != B",
    "A in [B, C]",
    "A not_in [B, C]",
    "A in B..C",
    "A not_in B...C",
    "(A..B) == (1..C)",
    "[A] + [B] + [C]",
    "[A] == [B]",
    "[A, B][C]",
    "{ a: A }.merge({ a: B })",
    "[A].push(B)",
    "[A].map(|x| { x + B })",
    "[A].map(|x| { let y = x  y + B })",
    "A.max(B, C)",
    "Number.max(A, B, C)",
    "Number.format(decimals: A, num: B)",
    "total(A, B, C)",
    "total(c: A, b: B, a: C)",
    "total(c: A, a: B)",
    "total(A, [B, C].length())",
    "Recorder.given(A, B, named: C)",
    "Recorder.given(first: A, second: B)",
    "Thing.where(n: A, zero: B).limit(C).count",
    "Thing.limit(A).where(n: B).offset(C).count",
    "Thing.offset(A).limit(B).pluck(:id)",
    "Thing.limit(A).limit(B).pluck(:id)",
    "Thing.where(n in [A, B], zero > C).pluck(:id)",
    "Thing.where(n in A..B).count",
    "Thing.near(A, B).limit(C).count",
    "Thing.where(n: A).near(B, C).count",
    "Thing.near(high: A, low: B).where(n: C).count",
    "Thing.exists?(n: A, zero: B)",
    "Thing.find_by(n: A, zero: B)?.id",
    "Thing.update!(A + 5, { zero: B, n: C })",
    "Thing.increment!(A + 5, :n, by: B)",
    "Note.create!({ id: A, b: B, a: C }).id",
    "Note.bulk_create!([{ id: A, a: 1, b: B }, { b: 2, id: C, a: 1 }])",
    'Logger.info("#{A}", b: B, a: C)',
    'Cache.set("#{A}", B)',
    "area({ y: A, x: B })",
    "A && B",
    "A ? B : 3",
]


MIXES = {
    2: [
        *("call match", "match call", "fails match", "match fails", "match match"),
        *("call raises", "raises call", "match raises"),
    ],
    3: [
        *("call call match", "call match call", "match call match", "call fails match"),
        *("fails call match", "match fails match", "fails match call", "call match fails"),
    ],
}
PROGRAMS = [
    (construct, kinds.split())
    for construct in CONSTRUCTS
    for kinds in MIXES[len(set(re.findall(r"\b[ABC]\b", construct)))]
]


class Recorder:
    """The service of the tests, which keeps the operands that ran, by program."""

    def __init__(self) -> None:
        self.operands = defaultdict[int, list[int]](list)
        self.ends: dict[int, str] = {}

    def ran(self, program: int, slot: int) -> int:
        self.operands[program].append(slot)
        return 1

    def given(self, *values: int, **named: int) -> int:
        return len(values) + len(named)

    def end(self, program: int, what: object) -> None:
        self.ends[program] = what if isinstance(what, str) else "value"

    def failed(self, program: int, message: str) -> None:
        self.ends[program] = message


class Services:
    """Services of a package that calls `Recorder`."""

    def __init__(self) -> None:
        self.recorder = Recorder()


def source(programs: Sequence[int], *, in_job: bool) -> str:
    """A resource whose hook, or whose job, runs the programs."""
    body = "\n".join(map(statement, programs))
    body = f"@async {{ {body} }}" if in_job else f"{body}\n@async {{ Recorder.end(-1, 1) }}"
    return RESOURCE.replace("BODY", body)


def statement(program: int) -> str:
    """A statement that passes the value of a program, or its error, to the service."""
    construct, kinds = PROGRAMS[program]
    texts = {
        name: OPERANDS[kind].format(program=program, slot=slot)
        for slot, (name, kind) in enumerate(zip("ABC", kinds, strict=False))
    }
    expression = re.sub(r"\b[ABC]\b", lambda found: texts[found[0]], construct)
    return (
        f"Recorder.end({program}, [{expression}]) rescue |error| {{"
        f" Recorder.failed({program}, error.message) }}"
    )


def expected(program: int) -> tuple[list[int], str]:
    """The operands that run, and how the program ends."""
    _, kinds = PROGRAMS[program]
    for slot, kind in enumerate(kinds):
        if kind in ERRORS:
            return list(range(slot)), ERRORS[kind]
    return list(range(len(kinds))), "value"


@pytest.mark.parametrize("place", ["hook", "job"])
def test_every_construct(place: str, dsn: str, tmp_path: Path) -> None:
    programs = range(len(PROGRAMS))
    services = Services()
    with imported(compiled(source(programs, in_job=place == "job")), tmp_path) as package:
        run(package, dsn, services)
    recorder = services.recorder
    wrong = {
        statement(each): (recorder.operands[each], recorder.ends.get(each))
        for each in programs
        if (recorder.operands[each], recorder.ends.get(each)) != expected(each)
    }
    assert not wrong


def run(package: Any, dsn: str, services: Services) -> None:
    """Call the hook for a row, then run its jobs."""
    hook = package.thing.after_create
    given = {"services": services} if "services" in inspect.signature(hook).parameters else {}
    with psycopg.connect(dsn) as conn:
        conn.execute(TABLE)
        row = psycopg.Cursor(conn, row_factory=dict_row).execute(ROW).fetchone()
        hook(conn, row, **given)
    with Queue(dsn) as queue:
        WorkerPool(queue, jobs=package.JOBS, services=services).run(drain=True)
        failed = queue.list(status="failed") + queue.list(status="pending")
        assert not failed, failed[0].error
