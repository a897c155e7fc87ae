"""What must hold after each case, whatever met in it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from pair_axes import BEHIND_STEPS, ISOLATED, KILLS, WRITES_LAST, Case
from pair_enqueues import Wanted
from pair_handlers import CORRECTING, STEPS, USED, WEIGHT
from psycopg.rows import dict_row
from waiting import until


class End(NamedTuple):
    """How a job must end: its status, its counted attempts, its runs, and part of its error."""

    status: str
    attempts: int
    runs: int
    error: str = ""


ENDS = {
    "completes": End("completed", 1, 1),
    "retries": End("completed", 2, 2),
    "fails behind steps": End("completed", 2, 2),
    "sleeps": End("completed", 1, 1),
    "times out": End("completed", 2, 2, "took longer than 1 s"),
    "is cancelled": End("cancelled", 1, 1),
    "kills its worker": End("completed", 2, 2),
    "dies behind steps": End("completed", 2, 2),
    "claim refused": End("pending", 0, 0, "no_claim"),
    "outcome refused": End("failed", 1, 1, "no_end"),
    "unreadable": End("pending", 0, 0, "unreadable: payload"),
    "expires": End("cancelled", 0, 0, "expired: "),
}


@dataclass(frozen=True)
class Found:
    """What the database has once a case has ended and its workers have stopped."""

    wanted: Wanted
    job: dict[str, Any]
    others: Sequence[dict[str, Any]]
    bystanders: tuple[Sequence[dict[str, Any]], Sequence[dict[str, Any]]]
    runs: Sequence[tuple[UUID, int, Any]]
    connection: psycopg.Connection[Any]

    def one(self, query: str) -> Any:
        """The value that a query returns."""
        [(value,)] = self.connection.execute(query.encode()).fetchall()
        return value

    def runs_of(self, id_: UUID) -> list[tuple[int, Any]]:
        """The attempt and the payload of each run of a job."""
        return [(attempt, payload) for job, attempt, payload in self.runs if job == id_]


def commits_with_its_end(case: Case) -> bool:
    """Whether the job ends in one transaction with its last write: in the queue's database."""
    return case.kind in WRITES_LAST and case.worker != "behind a broker"


def ends_as_expected(found: Found) -> None:
    end = ENDS[found.wanted.case.what]
    assert found.job["status"] == end.status
    assert end.error in str(found.job["error"]) + str(found.job["errors"])


def runs_as_often_as_it_counts(found: Found) -> None:
    case = found.wanted.case
    end = ENDS[case.what]
    if case.what == "outcome refused" and commits_with_its_end(case):  # it is retried
        end = end._replace(attempts=3, runs=1 if case.kind == "generated" else 3)
    attempts = [attempt for attempt, _ in found.runs_of(found.job["id"])]
    assert len(attempts) == end.runs
    kills = case.what in KILLS and case.kind not in ISOLATED
    if kills:
        # The first attempt counts only if its start was written before the worker died.
        assert attempts in ([1, 1], [1, 2])
        assert found.job["attempts"] == attempts[-1]
    else:
        assert attempts == [*range(1, end.runs + 1)]
        assert found.job["attempts"] == end.attempts
    rescues = found.job["rescues"]
    assert rescues == kills, (rescues, found.runs, found.others)


def no_attempt_repeats_a_step(found: Found) -> None:
    steps = found.connection.execute("SELECT job, name FROM pair_steps").fetchall()
    done = STEPS if found.wanted.case.what in BEHIND_STEPS else ()
    assert sorted(steps) == sorted((found.job["id"], name) for name in done)


def payload_is_exact(found: Found) -> None:
    assert found.job["payload"] == found.wanted.payload
    assert all(payload == found.wanted.seen for _, payload in found.runs_of(found.job["id"]))


def weighs_what_it_used(found: Found) -> None:
    case, has_run = found.wanted.case, bool(found.runs_of(found.job["id"]))
    given = WEIGHT if case.enqueue == "second of a key" else None
    corrects = case.kind in CORRECTING and found.job["key"] is not None
    assert found.job["weight"] == (USED if has_run and corrects else given)


def nothing_is_locked(found: Found) -> None:
    for row in (found.job, *found.others):
        assert row["status"] != "running"
        assert (row["token"], row["locked_by"]) == (None, None)
    assert found.one("SELECT count(*) FROM conduit_workers") == 0
    mine = (
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = "
        "(SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    until(lambda: found.one(mine) == 0, 10)  # the server ends closed sessions on its own time


def no_transaction_is_open(found: Found) -> None:
    assert not found.one(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%'"
    )


def neighbours_complete_in_one_attempt(found: Found) -> None:
    case = found.wanted.case
    for row in found.others:
        is_behind = row["flow"] is not None and row["status"] != "completed"
        if is_behind:  # the job of the case has not completed
            assert ENDS[case.what].status in {"failed", "cancelled"}
            assert row["status"] == "cancelled"
            continue
        assert row["status"] == "completed"
        if case.what not in KILLS or case.kind in ISOLATED:  # it may take neighbours along
            assert (row["attempts"], row["rescues"]) == (1, 0)
            assert len(found.runs_of(row["id"])) == 1


def no_other_job_is_touched(found: Found) -> None:
    before, after = found.bystanders
    assert before == after


def there_is_one_job_of_the_case(found: Found) -> None:
    assert found.one(f"SELECT count(*) FROM jobs WHERE type = '{found.wanted.type}'") == 1


def last_writes_commit_with_the_end(found: Found) -> None:
    case = found.wanted.case
    marks = found.one("SELECT count(*) FROM public.marks")
    if case.kind not in WRITES_LAST:
        assert not marks
    elif commits_with_its_end(case):
        assert marks == (found.job["status"] == "completed")
    else:  # at least once
        assert marks >= (found.job["status"] == "completed")


def no_other_schema_has_jobs(found: Found) -> None:
    if found.wanted.case.around == "schema":
        assert found.one("SELECT count(*) FROM public.jobs") == 0


INVARIANTS: Sequence[Callable[[Found], None]] = (
    ends_as_expected,
    runs_as_often_as_it_counts,
    no_attempt_repeats_a_step,
    payload_is_exact,
    weighs_what_it_used,
    nothing_is_locked,
    no_transaction_is_open,
    neighbours_complete_in_one_attempt,
    no_other_job_is_touched,
    there_is_one_job_of_the_case,
    no_other_schema_has_jobs,
    last_writes_commit_with_the_end,
)


def rows(connection: psycopg.Connection[Any], where: str) -> list[dict[str, Any]]:
    """The rows of jobs."""
    cursor = psycopg.Cursor(connection, row_factory=dict_row)
    return cursor.execute(f"SELECT * FROM jobs WHERE {where} ORDER BY seq".encode()).fetchall()
