"""Rates: how many jobs of a type start in a period, over all workers."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest
from conduit_runtime import Job, JobContext, Queue, QueueError, WorkerPool
from pools import NewPool
from waiting import until

# A claim counts as a start, even if its jobs are released.
pytestmark = pytest.mark.usefixtures("unhurried")

RACERS = 20
SECOND = timedelta(seconds=1)


def most_within(times: Sequence[float], span: float) -> int:
    """Return the largest number of these moments in any period of `span` seconds."""
    ordered = sorted(times)
    return max(
        sum(start <= moment < start + span for moment in ordered[n:])
        for n, start in enumerate(ordered)
    )


Claims = Callable[[], list[float]]


@pytest.fixture
def claims(dsn: str) -> Claims:
    """When jobs were claimed, by the server's clock."""

    def read() -> list[float]:
        with psycopg.connect(dsn) as connection:
            found = connection.execute("SELECT extract(epoch FROM at)::float8 FROM claims")
            return [moment for (moment,) in found]

    with psycopg.connect(dsn) as connection:
        connection.execute(
            """
            CREATE TABLE claims (at timestamptz DEFAULT clock_timestamp());
            CREATE FUNCTION note_claim() RETURNS trigger LANGUAGE plpgsql AS
              'BEGIN INSERT INTO claims DEFAULT VALUES; RETURN NULL; END';
            CREATE TRIGGER note_claim AFTER UPDATE ON jobs FOR EACH ROW
              WHEN (OLD.status = 'pending' AND NEW.status = 'running')
              EXECUTE FUNCTION note_claim();
            """
        )
    return read


@pytest.mark.slow
def test_a_race_of_claimers_never_exceeds_the_rate(queue: Queue, claims: Claims) -> None:
    """Twenty claim all the time; the test checks the moments of claims in every window."""
    queue.rate_limit("t", 7, per=timedelta(seconds=0.5))
    queue.enqueue_many([Job(type="t") for _ in range(300)])
    claimed: list[Job] = []
    deadline = time.monotonic() + 60

    def racer(number: int) -> None:
        while len(claimed) < 35 and time.monotonic() < deadline:
            claimed.extend(queue.dequeue(f"w{number}", limit=1 + number % 5))

    with ThreadPoolExecutor(RACERS) as racers:
        list(racers.map(racer, range(RACERS)))
    moments = claims()
    assert most_within(moments, 0.5) == 7
    assert len(moments) >= 35, "the rate is used"


def test_a_clock_that_was_set_back_does_not_stop_a_type(
    queue: Queue, new_pool: NewPool, dsn: str
) -> None:
    queue.rate_limit("t", 2, per=SECOND)
    queue.enqueue_many([Job(type="t") for _ in range(4)])
    assert len(queue.dequeue("w", limit=4)) == 2
    with psycopg.connect(dsn) as connection:
        # As if the clock had been set back by an hour.
        connection.execute("UPDATE conduit_rate_usage SET until = until + interval '1 hour'")
    pool = new_pool()
    pool.register("t", lambda context, payload: None)
    with pool:
        until(lambda: queue.stats().completed == 2)


@pytest.mark.slow
def test_workers_keep_the_rate_over_all_of_them(
    queue: Queue, new_pool: NewPool, claims: Claims
) -> None:
    queue.rate_limit("t", 10, per=SECOND)
    queue.enqueue_many([Job(type="t") for _ in range(40)])
    pools = [new_pool(workers=5) for _ in range(4)]
    for pool in pools:
        pool.register("t", lambda context, payload: None)
        pool.start()
    try:
        until(lambda: queue.stats().completed == 40)
    finally:
        for pool in pools:
            pool.stop()
    moments = claims()
    assert len(moments) == 40
    assert most_within(moments, 1.0) == 10


def test_other_types_of_the_queue_go_on_in_their_order(
    queue: Queue, new_pool: NewPool, dsn: str
) -> None:
    """Behind a broker, jobs that wait for more than a second go back, and come later."""
    queue.rate_limit("slow", 1, per=timedelta(hours=1))
    ran: list[object] = []
    pool = new_pool(workers=1)
    pool.register("slow", lambda context, payload: ran.append(payload))
    pool.register("free", lambda context, payload: ran.append(payload))
    queue.enqueue_many([Job(type="slow", payload=f"slow {n}", priority=75) for n in range(100)])
    queue.enqueue_many([Job(type="free", payload=n) for n in range(300)])
    with pool:
        until(lambda: len(ran) == 301)
        free = ["slow 0", *range(300)]
        assert sorted(ran, key=str) == sorted(free, key=str)
        if new_pool.is_direct:
            assert ran == free
        queue.rate_limit("slow", None)
        until(lambda: len(ran) == 400)
    slow = [f"slow {n}" for n in range(1, 100)]
    assert ran[301:] == slow if new_pool.is_direct else {*ran[301:]} == {*slow}


@pytest.mark.slow
def test_a_busy_queue_does_not_starve_a_type_that_has_a_rate(
    queue: Queue, new_pool: NewPool
) -> None:
    queue.rate_limit("rated", 1_000)
    queue.enqueue_many([Job(type="free") for _ in range(20_000)])
    queue.enqueue_many([Job(type="rated", priority=75) for _ in range(20)])
    pool = new_pool()

    @pool.handler("free")
    async def free(context: JobContext, payload: object) -> None:
        """Quick, so that the worker claims ahead all the time."""

    pool.register("rated", lambda context, payload: None)
    with pool:
        until(lambda: not queue.list(type="rated", status="pending"))
        assert queue.stats().pending > 1_000
        pool.stop(0)


def test_a_rate_that_is_set_before_its_type_is_known_holds(
    queue: Queue, new_pool: NewPool, claims: Claims
) -> None:
    queue.rate_limit("t", 1, per=timedelta(hours=1))
    queue.enqueue_many([Job(type="t") for _ in range(50)])
    pool = new_pool()
    with pool:
        pool.register("t", lambda context, payload: None)
        until(lambda: queue.stats().completed == 1)
    assert len(claims()) == 1


def test_a_rate_holds_across_queues_priorities_and_fingerprints(queue: Queue) -> None:
    queue.rate_limit("t", 4, per=timedelta(hours=1))
    queue.enqueue_many(
        [
            Job(name, "t", priority=priority, fingerprint=fingerprint)
            for name in ("a", "b")
            for priority in (10, 50, 90)
            for fingerprint in (None, "x", "y")
            for _ in range(3)
        ]
    )
    claimed = [job for name in ("a", "b", "a") for job in queue.dequeue("w", name, limit=3)]
    assert [(job.queue, job.priority) for job in claimed] == [*[("a", 90)] * 3, ("b", 90)]


def test_the_rate_of_a_worker_with_several_queues_is_shared(
    queue: Queue, new_pool: NewPool
) -> None:
    queue.rate_limit("t", 4, per=timedelta(hours=1))
    pool = new_pool(["a", "b"], workers=10)
    done = threading.Semaphore(0)
    pool.register("t", lambda context, payload: done.release())
    pool.register("free", lambda context, payload: None)
    queue.enqueue_many([Job(name, "t") for name in ("a", "b") for _ in range(20)])
    with pool:
        assert all(done.acquire(timeout=60) for _ in range(4))
        queue.enqueue_many([Job(name, "free") for name in ("a", "b") for _ in range(50)])
        until(lambda: queue.stats().completed == 104)
        assert not done.acquire(blocking=False)


@pytest.mark.slow
def test_a_limit_and_a_rate_hold_together(queue: Queue, new_pool: NewPool, dsn: str) -> None:
    queue.limit("mail", 2)
    queue.rate_limit("t", 20, per=SECOND)
    queue.enqueue_many([Job("mail", "t") for _ in range(30)])
    lock, running, most = threading.Lock(), 0, 0

    def work(context: JobContext, payload: object) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.01)
        with lock:
            running -= 1

    pools = [new_pool("mail") for _ in range(3)]
    for pool in pools:
        pool.register("t", work)
        pool.start()
    try:
        until(lambda: queue.stats().completed == 30)
    finally:
        for pool in pools:
            pool.stop()
    assert most <= 2


def test_a_drain_takes_as_long_as_the_rate_asks(queue: Queue, claims: Claims) -> None:
    queue.rate_limit("t", 5, per=timedelta(seconds=0.3))
    queue.enqueue_many([Job(type="t") for _ in range(15)])
    pool = WorkerPool(queue)
    pool.register("t", lambda context, payload: None)
    pool.run(drain=True)
    assert queue.stats().completed == 15
    assert most_within(claims(), 0.3) == 5


@pytest.mark.slow
def test_what_is_kept_of_a_rate_does_not_grow(queue: Queue, dsn: str) -> None:
    queue.rate_limit("t", 1_000, per=timedelta(seconds=0.2))
    queue.enqueue_many([Job(type="t") for _ in range(300)])
    began = time.monotonic()
    while time.monotonic() - began < 1.5 and queue.dequeue("w"):
        pass
    with psycopg.connect(dsn) as connection:
        [(slots,)] = connection.execute("SELECT count(*) FROM conduit_rate_usage")
        assert 0 < slots <= 110
        queue.rate_limit("t", None)
        connection.rollback()
        assert connection.execute("SELECT count(*) FROM conduit_rate_usage").fetchone() == (0,)


def test_rates_are_listed_and_changed(queue: Queue) -> None:
    queue.rate_limit("b", 100, per=timedelta(minutes=1))
    queue.rate_limit("a", 5)
    queue.rate_limit("b", 50, per=timedelta(hours=1))
    listed = [(each.type, each.starts, each.per) for each in queue.rate_limits()]
    assert listed == [("a", 5, SECOND), ("b", 50, timedelta(hours=1))]
    queue.rate_limit("a", None)
    assert [each.type for each in queue.rate_limits()] == ["b"]


@pytest.mark.parametrize(
    ("count", "per"),
    [(0, SECOND), (-1, SECOND), (1, timedelta(0)), (1, timedelta(days=366)), (True, SECOND)],
)
def test_a_rate_that_is_none_is_refused(queue: Queue, count: int, per: timedelta) -> None:
    with pytest.raises(ValueError, match=r"^(starts|per) is"):
        queue.rate_limit("t", count, per=per)


def test_a_claim_that_could_not_see_the_others_is_refused(queue: Queue, dsn: str) -> None:
    queue.rate_limit("t", 1)
    queue.enqueue(Job(type="t"))
    with psycopg.connect(dsn) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        with pytest.raises(QueueError, match="READ COMMITTED"):
            queue.dequeue("w", conn=connection)
