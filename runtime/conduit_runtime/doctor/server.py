"""The server: its version, whether it accepts writes, its clock, and a pooler in front of it."""

import time
from collections.abc import Iterator

from ..statements import doctor
from .checked_database import Database
from .finding import Finding, error, warning

_OLDEST, _NEWEST = 14, 18


def check(database: Database) -> Iterator[Finding]:
    """Look at the server."""
    before = time.time()
    server = database.read(doctor.server())
    after = time.time()
    database.is_standby = server.is_standby
    yield from judge(server, before, after, database.limits.skew)
    if database.is_pooled:
        yield warning(
            "pooler",
            "the connection goes through a transaction pooler: workers poll every 2 s instead of "
            "being notified, and the jobs of a dead worker wait for 30 s",
            "connection",
            "give workers a --dsn that reaches Postgres without the pooler",
        )


def judge(
    server: doctor.Server, before: float, after: float, most_skew: float
) -> Iterator[Finding]:
    """Judge what a server reported between the moments `before` and `after` of our clock."""
    major = server.version // 10_000
    if major < _OLDEST:
        yield error(
            "server-too-old",
            f"the server is PostgreSQL {major}, and {_OLDEST} is the oldest that works",
            "server",
            f"upgrade it to PostgreSQL {_OLDEST} to {_NEWEST}",
        )
    elif major > _NEWEST:
        yield warning(
            "server-too-new",
            f"the server is PostgreSQL {major}, and this version was tested up to {_NEWEST}",
            "server",
            "pip install --upgrade conduit-async",
        )
    if server.is_standby:
        yield error(
            "standby",
            "the server is a standby: it takes no writes, so no job runs there",
            "connection",
            "name the primary; with several hosts in the DSN, add target_session_attrs=read-write",
        )
    skew = server.clock - (before + after) / 2
    if abs(skew) - (after - before) / 2 > most_skew:
        direction = "behind" if skew > 0 else "ahead of"
        yield warning(
            "clock-skew",
            f"the clock of this machine is {abs(skew):.0f} s {direction} the server's, which "
            "decides when a job is due: a `run_at` that is computed here is off by that much",
            "this machine",
            "synchronize the clocks (chronyc tracking), or use `delay`, which the server adds",
        )
