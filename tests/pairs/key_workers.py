"""The workers of a case of keys, and what happens while they work."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Any

import psycopg
from conduit_runtime import Broker, Queue, WorkerPool
from conduit_runtime.broker.gateway.gateway import Gateway
from conduit_runtime.postgres.execute import run
from conduit_runtime.statements.many import changes
from conduit_runtime.testing import Jobs
from key_axes import KeyCase
from key_enqueues import COUNT, KEYS
from key_invariants import LIMIT, PERIOD, STARTS
from keyed_handlers import NAP, act, act_in_thread, enqueue
from pair_place import Place

QUEUES = ("default", "other")
ENDED = ("completed", "failed", "cancelled")


def options_of(case: KeyCase) -> dict[str, Any]:
    """The options of the handler of a case."""
    options: dict[str, Any] = {"fair": case.turns == "fair"}
    if case.held in ("limit", "weight"):
        options["key_concurrency"] = LIMIT
    if case.held == "rate":
        options |= {"key_rate_limit": STARTS, "key_per": timedelta(seconds=PERIOD)}
    if case.held == "order":
        options["ordered"] = True
        options["on_failure"] = "hold" if case.meanwhile == "delete" else "skip"
    if case.worker in ("isolated", "shared child"):
        options["isolated"] = True
    if case.worker == "shared child":
        options["process_concurrency"] = 3
    return options


def prepare(case: KeyCase, place: Place) -> None:
    """Set what a command sets; without workers, also what the source would."""
    with place.queue() as queue:
        for each in QUEUES:
            queue.share(each, case.turns == "fair")
            if case.held == "limit of queue":
                queue.limit(each, LIMIT, per_key=True)
        if case.worker not in ("dequeue", "test kit"):
            return
        if case.held in ("limit", "weight"):
            queue.limit_type("keyed", LIMIT, per_key=True)
        if case.held == "rate":
            queue.rate_limit("keyed", STARTS, timedelta(seconds=PERIOD), per_key=True)
    if case.held == "order":
        with place.connect() as connection:
            connection.execute(
                "INSERT INTO conduit_type_limits (type, key_order) VALUES ('keyed', %s)",
                [options_of(case)["on_failure"]],
            )


def _pool(case: KeyCase, at: Any) -> WorkerPool:
    pool = WorkerPool(at, QUEUES, workers=6, grace=1)
    handler = act_in_thread if case.worker == "thread" else act
    pool.register(
        "keyed", handler, backoff="constant", base=timedelta(seconds=NAP), **options_of(case)
    )
    pool.register("parent", enqueue)
    return pool


@contextmanager
def working(case: KeyCase, place: Place, broker_url: str) -> Iterator[Callable[[], object]]:
    """Run the workers of a case for the block; gives what keeps them working."""
    with ExitStack() as stack:
        queue = stack.enter_context(place.queue())
        if case.worker == "test kit":
            yield lambda: Jobs(place.dsn, place.schema).run(pool=_pool(case, queue), raises=False)
            return
        if case.worker == "dequeue":
            yield lambda: _dequeue(case, queue)
            return
        at: Any = queue
        if case.worker == "behind a broker":
            at = Broker(broker_url)
            stack.enter_context(WorkerPool(Gateway(place.dsn, place.schema, broker_url), QUEUES))
        for _ in range(2 if case.worker == "two pools" else 1):
            stack.enter_context(_pool(case, at))
        yield bool


def _dequeue(case: KeyCase, queue: Queue) -> None:
    for name in QUEUES:
        for job in queue.dequeue("by hand", name, limit=5):
            payload: Any = job.payload
            fails = case.does == "fails" and payload["n"] == 1
            if (fails or case.does == "retries") and job.attempts == 0:
                queue.fail(job, "as planned")
            else:
                queue.complete(job)


class Meddler:
    """Does what happens meanwhile, once the first jobs have ended; `is_done` when it is over."""

    def __init__(self, case: KeyCase, place: Place) -> None:
        self._case, self._place = case, place
        self.is_done = case.meanwhile == "nothing"
        self._paused = False

    def step(self, connection: psycopg.Connection[Any]) -> None:
        """Do it if it is time for it."""
        case = self._case
        if case.meanwhile == "delete":
            self._change(connection, changes.delete(), "status = 'failed'")
            self.is_done = True
            return
        if self.is_done:
            return
        of_keys = "SELECT count(*) FROM jobs WHERE key IS NOT NULL"
        [(there,)] = connection.execute(of_keys).fetchall()
        [(ended,)] = connection.execute(f"{of_keys} AND completed_at IS NOT NULL").fetchall()
        if not there or (case.meanwhile != "run now" and not ended):
            return
        if case.meanwhile == "retry all":
            if ended == there:
                self._change(connection, changes.retry(ENDED), "key IS NOT NULL")
                self.is_done = True
        elif case.meanwhile == "pause":
            with self._place.queue() as queue:
                if self._paused:
                    running = "SELECT count(*) FROM jobs WHERE status = 'running'"
                    [(left,)] = connection.execute(running).fetchall()
                    if not left:
                        queue.resume("default")
                        self.is_done = True
                else:
                    queue.pause("default")
                    self._paused = True
        elif case.meanwhile == "cancel":
            with self._place.queue() as queue:
                queue.cancel_many(key=KEYS[0])
            self.is_done = True
        else:
            change = {
                "run now": changes.run_now(),
                "move": changes.move("other"),
                "prioritize": changes.prioritize(90),
            }[case.meanwhile]
            where = "status = 'pending' AND key IS NOT NULL"
            if case.meanwhile == "prioritize":
                where += f" AND (payload->>'n')::int >= {COUNT // 2}"
            self._change(connection, change, where)
            self.is_done = True

    def _change(
        self, connection: psycopg.Connection[Any], change: changes.JobChange, where: str
    ) -> None:
        found = connection.execute(f"SELECT id FROM jobs WHERE {where}".encode()).fetchall()
        run(connection, change.of([id_ for (id_,) in found], lock=""), self._place.schema)
