"""Limits, order and fairness by key meet each way in which jobs are enqueued, run and changed."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import fields, replace

import pytest
from conduit_runtime import WorkerPool
from conduit_runtime.worker.heartbeat.upkeep import ParkedJobs
from covering import covering
from key_axes import AXES, KeyCase, may_meet
from key_enqueues import COUNT, ENQUEUES, KEYS, jobs_of
from key_invariants import NOTES, Note, violations
from key_workers import Meddler, prepare, working
from pair_place import place_of
from psycopg.rows import class_row
from shared_broker import SharedBroker
from waiting import until

CASES = [KeyCase(**row) for row in covering(AXES, may_meet)]


@pytest.fixture(scope="module")
def broker_url(shared_broker: SharedBroker) -> Iterator[str]:
    """One vhost for the whole table."""
    with shared_broker.lend() as vhost:
        yield vhost.url()


def hears_of_room(case: KeyCase) -> bool:
    """Whether claims alone have to start what waits for its key: no other worker looks for it."""
    changes = ("nothing", "prioritize", "run now")
    return case.held != "rate" and case.extra != "expiring" and case.meanwhile in changes


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=str)
def test_keys(
    case: KeyCase,
    new_database: Callable[[], AbstractContextManager[str]],
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(WorkerPool, "timing", replace(WorkerPool.timing, poll=600.0))
    if hears_of_room(case):
        monkeypatch.setattr(ParkedJobs, "step", lambda *_: None)
    around = case.around if case.around == "schema" else "nothing"
    with new_database() as dsn, place_of(around, dsn) as place:
        with place.connect() as connection:
            connection.execute(NOTES)
        prepare(case, place)
        given = jobs_of(case)
        meddler = Meddler(case, place)
        is_remote = case.worker == "behind a broker"
        broker_url = request.getfixturevalue("broker_url") if is_remote else ""
        with (
            working(case, place, broker_url) as work,
            place.connect() as connection,
        ):
            connection.autocommit = True
            ENQUEUES[case.enqueue](place, given)

            def has_ended() -> bool:
                work()
                meddler.step(connection)
                left = "SELECT count(*) FROM jobs WHERE status IN ('pending', 'running')"
                keyed = "SELECT count(*) FROM notes"
                [(open_,)] = connection.execute(left).fetchall()
                [(there,)] = connection.execute(keyed).fetchall()
                return bool(meddler.is_done and there and not open_)

            try:
                until(has_ended, 60)
            except AssertionError:
                shown = "SELECT key, payload, status, fingerprint, begun, run_at - now() FROM jobs"
                print(case, *connection.execute(shown).fetchall(), sep="\n")
                raise
            with connection.cursor(row_factory=class_row(Note)) as cursor:
                names = ", ".join(each.name for each in fields(Note))
                notes = cursor.execute(f"SELECT {names} FROM notes ORDER BY id".encode()).fetchall()
            assert [*violations(case, notes)] == []
            check_ends(case, notes)


def check_ends(case: KeyCase, notes: list[Note]) -> None:
    """Each job ended as it must."""
    last = {note.job: note for note in notes}
    if case.extra != "replacing" and case.enqueue != "flow":
        assert len(last) == COUNT * len(KEYS)
    ends = Counter(note.after for note in last.values())
    assert ends["failed"] == 0 or case.does == "fails"
    began = {note.job for note in notes if note.begun}
    cancelled = {note.job for note in last.values() if note.after == "cancelled"}
    may_cancel = case.meanwhile == "cancel" or case.extra == "expiring"
    assert may_cancel or not cancelled
    if case.meanwhile != "cancel":
        assert not cancelled & began  # a claim may be released before it starts
