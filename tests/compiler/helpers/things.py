"""A resource with fields of every type; a test gives the body of its hook."""

import asyncio
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from conduit_runtime import Queue, WorkerPool
from generated import compiled, imported
from psycopg.rows import dict_row

from conduit_async.config import Config

RESOURCE = """
resource Thing {
  id: int! @primary
  title: string!
  empty: string!
  note: text?
  state: enum ["open", "paid"]!
  count: int!
  zero: int!
  big: int!
  ratio: float!
  price: decimal!
  at: timestamp!
  day: date!
  flag: bool!
  tags: array<string>!
  numbers: array<int>!
  limits: hash<string, int>!
  data: json?
  place: { city: string! spot: { x: int? }? }!
  parent: Thing? { foreign_key: "parent_id" }
  @function double(n: int = 21) -> int { return n * 2 }
  @function named(greeting: string) -> string { return "#{greeting} #{self.title}" }
  @function size(n: int) -> string {
    if n > 100 { return "large" }
    match n { 0 => "none", 1..9 => "few", _ => "some" }
  }
  @computed shout: string! { self.title.upcase() }
  @function above() -> string { return self.parent?.title ?? "nobody" }
  @function nothing(n: int) { let m = n }
  @function touched() -> bool { return self.title_changed? }
  @after create { BODY }
}
"""
TABLE = """
CREATE TABLE things (
  id int PRIMARY KEY, title text, empty text, note text, state text, count int, zero int,
  big bigint, ratio float8, price numeric, at timestamptz, day date, flag bool, tags text[],
  numbers int[], limits jsonb, data jsonb, place jsonb, parent_id int
);
"""
ROW = """
INSERT INTO things VALUES (
  1, 'it''s "Zoë" {x} \\ end', '', NULL, 'open', 7, 0, 9007199254740993, 2.5, 10.50,
  '2024-02-29 12:00:00+00', '2024-02-29', true, '{a,b,c}', '{1,2,3}', '{"low": 1, "high": 9}',
  '{"name": "n", "list": [1, {"deep": true}], "nil": null, "one": 1}',
  '{"city": "Köln", "spot": {"x": 4}}', 7
) RETURNING *
"""
PARENT = """
INSERT INTO things SELECT (
  jsonb_populate_record(thing, '{"id": 7, "title": "Parent", "parent_id": null}')
).* FROM things AS thing
"""


class Recorder:
    """The service of the tests, which keeps what it is given."""

    def __init__(self) -> None:
        self.values: dict[int, Any] = {}
        self.errors: dict[int, str] = {}

    def value(self, number: int, value: Any) -> None:
        """Keep a value."""
        self.values[number] = value

    def broken(self, number: int) -> None:
        """Raise an exception."""
        raise ValueError("it is broken")

    def failed(self, number: int, message: str) -> None:
        """Keep an error."""
        self.errors[number] = message


class Services:
    """Services of a package that calls `Recorder`."""

    def __init__(self) -> None:
        self.recorder = Recorder()


@contextmanager
def ran(body: str, dsn: str, folder: Path, *, awaits: bool = False) -> Iterator[Recorder]:
    """Compile a hook's body, run the hook for a row, then run its jobs."""
    config = Config(connection="async" if awaits else "sync")
    files = compiled(RESOURCE.replace("BODY", body), config)
    services = Services()
    with imported(files, folder) as package, psycopg.connect(dsn) as conn:
        conn.execute(TABLE)
        row = psycopg.Cursor(conn, row_factory=dict_row).execute(ROW).fetchone()
        conn.execute(PARENT)
        hook = package.thing.after_create
        takes_services = "services" in inspect.signature(hook).parameters
        given = {"services": services} if takes_services else {}
        if awaits:
            conn.commit()
            asyncio.run(_awaited(hook, dsn, row, given))
        else:
            hook(conn, row, **given)
        conn.commit()
        with Queue(dsn) as queue:
            WorkerPool(queue, jobs=package.JOBS, services=services).run(drain=True)
            failed = queue.list(status="failed") + queue.list(status="pending")
            assert not failed, failed[0].error
        yield services.recorder


async def _awaited(hook: Any, dsn: str, row: object, given: dict[str, object]) -> None:
    """Run a hook on an asynchronous connection."""
    async with await psycopg.AsyncConnection.connect(dsn) as conn:
        await hook(conn, row, **given)
