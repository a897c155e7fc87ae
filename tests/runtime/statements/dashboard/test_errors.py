"""Failed jobs in groups: which errors are the same, and how many there are over time."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from conduit_runtime.model.dashboard.errors import Errors
from conduit_runtime.postgres.execute import run
from conduit_runtime.statements.dashboard.errors import PARTS, error_groups

FAIL = """
INSERT INTO jobs (type, queue, status, error, completed_at)
VALUES (%s, %s, 'failed', %s, now() - make_interval(secs => %s))
"""


@pytest.fixture
def connection(dsn: str) -> Any:
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield connection


def fail(connection: Any, error: str | None, type_: str = "t", queue: str = "q", ago: float = 0):
    connection.execute(FAIL, (type_, queue, error, ago))


def patterns(connection: Any, **options: Any) -> list[tuple[str, str, int]]:
    found: Errors = run(connection, error_groups(**options))
    return [(group.type, group.pattern, group.jobs) for group in found.groups]


@pytest.mark.parametrize(
    ("one", "other", "pattern"),
    [
        ("KeyError: 17", "KeyError: 4", "KeyError: #"),
        ("no row 1,234.50 left", "no row 2 left", "no row # left"),
        ("at 2026-11-27T10:22:01.5", "at 2025-01-02T11:00:00", "at #T#"),
        ("10.0.0.1:5432 refused", "10.0.0.22:5433 refused", "# refused"),
        ("<S at 0x7f3A9b>", "<S at 0x1>", "<S at #>"),
        (
            "order 0192d5a0-5a5c-7cc0-8b5e-2f6f7a0c9d11 is gone",
            "order ABCDEFAB-cdef-abcd-efab-cdefabcdefab is gone",
            "order # is gone",
        ),
        ("commit 1a2b3c4d5e", "commit abcdef0123456789", "commit #"),
        ("first line 1\nwith 5 rows", "first line 2\nand more", "first line #"),
        ("x" * 1000 + "1", "x" * 900, "x" * 200),
        ("", None, ""),
    ],
)
def test_numbers_make_no_difference(
    connection: Any, one: str, other: str | None, pattern: str
) -> None:
    fail(connection, one)
    fail(connection, other)
    assert patterns(connection) == [("t", pattern, 2)]


def test_words_and_types_make_a_difference(connection: Any) -> None:
    for error, type_ in (("a faced 1", "t"), ("a faded 1", "t"), ("a faced 1", "u")):
        fail(connection, error, type_)
    assert sorted(patterns(connection)) == [
        ("t", "a faced #", 1),
        ("t", "a faded #", 1),
        ("u", "a faced #", 1),
    ]


def test_the_largest_groups_come_first(connection: Any) -> None:
    for error, times in (("few", 1), ("many", 3), ("some", 2)):
        for _ in range(times):
            fail(connection, error)
    assert patterns(connection, groups=2) == [("t", "many", 3), ("t", "some", 2)]
    assert run(connection, error_groups(groups=2)).all_groups == 3


def test_filters(connection: Any) -> None:
    fail(connection, "a", "t", "q")
    fail(connection, "b", "t", "r")
    fail(connection, "c", "u", "r", ago=7200)
    assert patterns(connection, queue="q") == [("t", "a", 1)]
    assert patterns(connection, type="u") == [("u", "c", 1)]
    assert len(patterns(connection, last=timedelta(hours=1))) == 2


def test_counts_over_time(connection: Any) -> None:
    for ago in (86_000, 50_000, 10, 10):
        fail(connection, "a", ago=ago)
    found: Errors = run(connection, error_groups(timedelta(days=1)))
    [group] = found.groups
    assert len(group.counts) == PARTS
    assert [(at, count) for at, count in enumerate(group.counts) if count] == [
        (0, 1),
        (int((86_400 - 50_000) / 3_600), 1),
        (23, 2),
    ]
    assert (group.last_seen - group.first_seen).total_seconds() == pytest.approx(85_990, abs=60)
    assert (found.until - found.since) == timedelta(days=1)
    # Without a given period, the period begins with the first failure.
    assert run(connection, error_groups()).groups[0].counts[0] == 1
    assert connection.execute("SELECT id FROM jobs ORDER BY id DESC LIMIT 1").fetchall() == [
        (group.latest,)
    ]


def test_the_newest_jobs_are_looked_at(connection: Any) -> None:
    for error in ("old", "new", "newer"):
        fail(connection, error)
    found: Errors = run(connection, error_groups(read=2))
    assert {group.pattern for group in found.groups} == {"new", "newer"}
    assert found.read == 2
    before = run(connection, error_groups(read=2, before=found.older))
    assert ([group.pattern for group in before.groups], before.older) == (["old"], None)
    assert run(connection, error_groups()).older is None


def test_without_failures(connection: Any) -> None:
    found: Errors = run(connection, error_groups())
    assert (found.groups, found.all_groups, found.read) == ([], 0, 0)


def test_times_that_were_written_by_hand(connection: Any) -> None:
    for at in ("infinity", "-infinity", "99999-01-01"):
        connection.execute(
            "INSERT INTO jobs (type, status, completed_at) VALUES ('t', 'failed', %s)", (at,)
        )
    [group] = run(connection, error_groups()).groups
    assert sum(group.counts) == 3
