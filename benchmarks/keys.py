"""What limits, order and turns by key cost: drains, claims beside a full key, waits for a flood."""

import json
import time
from functools import partial
from statistics import median
from typing import Any

from conduit_runtime import Queue
from conduit_runtime.postgres.connection import PLANS
from conduit_runtime.postgres.execute import run
from conduit_runtime.postgres.steps import run_steps
from conduit_runtime.statements.claims import BATCH, BY_WORKERS
from conduit_runtime.statements.limits.limited_claims import Wanted, claim_within
from conduit_runtime.worker.claim.claim_memory import ClaimMemory

from .database import Database
from .drain import drained
from .latency import one_by_one
from .measure import Figure, Options, Results, alternate
from .processes import staying

_KEYS = 100_000
_IN_TURN = 10_000
_SMALL = 1_000
_PENDING = 1_000_000
_AT_ONCE = 10
IN_ORDER = "drain, in order by key"
"""The name of the figure that peers have too."""


def drains(server: str, options: Options, results: Results) -> None:
    """Drains without keys, with keys alone, with limits by key that do not bind, and in order."""
    keys = options.jobs(_KEYS)

    def with_keys(keys: int = keys, **rules: Any) -> float:
        return drained(server, options, f"--rules={json.dumps(rules)}", keys=keys)

    plain, keyed, limited, rated, ordered, fair = alternate(
        options,
        lambda: drained(server, options),
        with_keys,
        lambda: with_keys(key_concurrency=_AT_ONCE),
        lambda: with_keys(key_rate_limit=1_000_000),
        lambda: with_keys(ordered=True),
        lambda: with_keys(options.jobs(_IN_TURN), fair=True),
        rounds=2,
    )
    limit = results.add(Figure("drain, no keys", "jobs/s", plain))
    for name, runs, target in (
        ("drain, keys without limits", keyed, 0.9),
        ("drain, limits by key that do not bind", limited, 0.8),
        ("drain, rates by key that do not bind", rated, 0.8),
        (IN_ORDER, ordered, 0.6),
        (f"drain, {_IN_TURN:,} keys by turns", fair, 0.6),
    ):
        results.add(Figure(name, "jobs/s", runs, limit.value, limit.name, target))


def waits(server: str, options: Options, results: Results) -> None:
    """How long a small tenant waits in a fair queue, alone and behind a million jobs of another."""

    def worst(flood: int) -> float:
        database = Database(server)
        if flood:
            database.fill(flood, keys=1, payload="{}")
        with staying(database, "--note-delays", '--rules={"fair": true}') as stop:
            one_by_one(database, _SMALL, "small")
            delays = stop().delays
        return 1_000 * delays[int(0.99 * len(delays))]

    alone, behind = alternate(options, lambda: worst(0), lambda: worst(options.jobs(_PENDING)))
    limit = results.add(Figure("small tenant, alone: 99th percentile of waits", "ms", alone))
    name = "small tenant, behind a flood: 99th percentile of waits"
    results.add(Figure(name, "ms", behind, limit.value, limit.name, 2.0, True))


def claims(server: str, options: Options, results: Results) -> None:
    """The time of a claim from a million jobs of 100,000 keys, behind those of a full one."""
    database = Database(server)
    database.fill(options.jobs(_PENDING), keys=options.jobs(_KEYS))
    plain = results.add(
        Figure(f"claim of {BATCH:,}, keys without limits", "ms", _medians(database, limited=False))
    )
    with Queue(database.dsn) as queue:
        queue.limit_type("noop", _AT_ONCE, per_key=True)
    database.fill(_AT_ONCE, keys=1, priority=100)
    running = "UPDATE jobs SET status = 'running', locked_by = 'w', token = gen_random_uuid()"
    database.run(f"{running} WHERE priority = 100")
    database.run("UPDATE jobs SET priority = 60 WHERE status = 'pending' AND key = '0'")
    name = f"claim of {BATCH:,}, limits by key, one of {options.jobs(_KEYS):,} keys full"
    runs = _medians(database, limited=True)
    results.add(Figure(name, "ms", runs, plain.value, plain.name, 2.0, True))
    database.fill(BATCH, keys=1, priority=60)  # each claim comes to these first, and parks them
    name = f"claim of {BATCH:,}, limits by key, behind {BATCH:,} jobs of a full one"
    runs = _medians(database, limited=True)
    results.add(Figure(name, "ms", runs, plain.value, plain.name, None, True))


def _medians(database: Database, *, limited: bool) -> list[float]:
    """Three medians of the milliseconds of full claims that are rolled back."""
    worker = "INSERT INTO conduit_workers VALUES ('w', 0, 0, 'w', 0, '{}', '[]')"
    database.run(f"{worker} ON CONFLICT DO NOTHING")
    lanes = [("noop", "")]
    with database.connect() as connection:
        connection.prepare_threshold = 0
        connection.execute(PLANS)

        def once() -> float:
            connection.execute("BEGIN")
            started = time.perf_counter()
            if limited:
                wanted = Wanted({"default": BATCH}, lanes, BATCH, [], ["noop"])
                steps = claim_within(BY_WORKERS, "w", wanted, waits=True)
                count = len(run_steps(steps, partial(run, connection)).jobs)
            else:
                claim = ClaimMemory().next("w", {"default": BATCH}, lanes, BATCH, 0.0)
                count = len(run(connection, claim))
            taken = time.perf_counter() - started
            # At a rollback that it sees, psycopg forgets its statements, and Postgres their plans.
            connection.pgconn.exec_(b"ROLLBACK")
            assert count == BATCH, count
            return taken * 1_000

        once()
        return [median(once() for _ in range(7)) for _ in range(3)]
