"""Each pair of features meets in a case, and the invariants hold in each."""

import importlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from conduit_runtime import Job
from covering import covering
from deployed_versions import Version
from pair_axes import AXES, Case, may_meet
from pair_enqueues import ENQUEUES, Wanted
from pair_invariants import ENDS, INVARIANTS, Found, rows
from pair_place import Place, place_of
from pair_workers import Workers, running
from shared_broker import SharedBroker
from waiting import until

CASES = [Case(**row) for row in covering(AXES, may_meet)]

_SOURCE = """
resource Letter {
  id: uuid! @primary @auto
  what: string!
  exact: json?
  note: string?
  @function prepared() -> string {
    let first = Postman.step("first")
    for name in ["second", "third"] { Postman.step(name) }
    return first
  }
  @after create @async(base: 1.second, backoff: "constant") {
    if self.what == "sleeps" { Job.sleep(1.second) }
    if self.what == "fails behind steps" or self.what == "dies behind steps" {
      Logger.info(prepared())
    }
    Postman.act(self.what, self.exact, %s)
    Mark.create!({ what: self.what })
  }
}
resource Mark {
  id: int! @primary @auto
  what: string!
}
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Any]]:
    """A generated package, and the older one whose jobs it reads."""
    folder = tmp_path_factory.mktemp("packages")
    older = Version(folder, "pair_older", _SOURCE % "nil")
    older.generate()
    newer = Version(folder, "pair_letters", _SOURCE % "self.note")
    newer.follow(older)
    newer.generate()
    sys.path.insert(0, str(folder))
    yield importlib.import_module("pair_letters"), importlib.import_module("pair_older")
    sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def broker_url(shared_broker: SharedBroker) -> Iterator[str]:
    """One vhost for the whole table."""
    with shared_broker.lend() as vhost:
        yield vhost.url()


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=str)
def test_invariants_hold(
    case: Case,
    new_database: Callable[[], AbstractContextManager[str]],
    packages: tuple[Any, Any],
    broker_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    letters, older = packages
    wanted = Wanted(case, letters, older)
    log = tmp_path / "log"
    with new_database() as dsn, place_of(case.around, dsn) as place:
        monkeypatch.setitem(os.environ, "PAIR_DSN", place.direct)
        with place.queue() as queue:
            queue.enqueue_many([Job("elsewhere", "pairs.neighbour"), Job(type="pairs.unknown")])
            with place.connect() as connection:
                before = rows(connection, _BYSTANDERS)
            queue.enqueue(Job(type="pairs.neighbour"))
            ENQUEUES[case.enqueue](place, wanted)
            queue.enqueue(Job(type="pairs.neighbour"))
        with place.connect() as connection:  # one for all looks: to connect takes the most
            connection.autocommit = True
            with running(case, place, broker_url, letters, log) as workers:
                try:
                    until(lambda: _has_ended(case, place, wanted, workers, connection))
                except AssertionError:
                    if log.exists():
                        print(log.read_text()[-3000:])
                    print(rows(connection, "true"))
                    raise
            runs = connection.execute("SELECT job, attempt, payload FROM pair_runs").fetchall()
            [job] = rows(connection, f"type = '{wanted.type}'")
            others = rows(connection, f"type <> '{wanted.type}' AND NOT ({_BYSTANDERS})")
            after = rows(connection, _BYSTANDERS)
            found = Found(wanted, job, others, (before, after), runs, connection)
            for invariant in INVARIANTS:
                invariant(found)


_OPEN = "status IN ('pending', 'running')"
_BYSTANDERS = "queue = 'elsewhere' OR type = 'pairs.unknown'"


def _has_ended(
    case: Case,
    place: Place,
    wanted: Wanted,
    workers: Workers,
    connection: psycopg.Connection[Any],
) -> bool:
    """Whether the job and its neighbours have ended; cancels the job once it runs."""
    workers.step()
    found = rows(connection, f"type = '{wanted.type}'")
    # The neighbour behind it may be released later than the end is written.
    [(blocked,)] = connection.execute("SELECT count(*) FROM conduit_blocked_jobs").fetchall()
    left = rows(connection, f"type = 'pairs.neighbour' AND {_OPEN} AND NOT ({_BYSTANDERS})")
    if case.what == "is cancelled" and found and found[0]["attempts"]:  # its start is written
        with place.queue() as queue:
            queue.cancel(found[0]["id"])
    end = ENDS[case.what]
    waits_behind = case.enqueue == "flow" and end.status == "pending"
    return (
        bool(found)
        and found[0]["status"] == end.status
        and end.error in str(found[0]["error"]) + str(found[0]["errors"])
        and len(left) + blocked <= waits_behind
    )
