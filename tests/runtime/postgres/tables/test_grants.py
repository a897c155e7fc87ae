"""A role that may only enqueue and a role that may only work do all that they may."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from conduit_runtime import Job, Queue, Schedule, WorkerPool, batch, chain, migrate
from conduit_runtime.model.workers.worker_state import DeadWorker
from conduit_runtime.postgres.execute import run
from conduit_runtime.postgres.tables.grants import FUNCTIONS, TABLES, grants
from conduit_runtime.schedules.scheduler import CronScheduler
from conduit_runtime.statements import jobs as store
from conduit_runtime.statements import worker_registry
from conduit_runtime.statements.flows import insert_flow
from conduit_runtime.statements.unique_keys import key_of
from conduit_runtime.worker.claim.claim_memory import ClaimMemory
from example_app import SCHEMA as APPLICATION
from example_app import insert_order, ship
from example_jobs.order import after_create, after_update
from msgspec import structs
from psycopg.conninfo import make_conninfo
from psycopg.errors import InsufficientPrivilege
from psycopg.sql import SQL, Identifier

PLACE = 'our "jobs"'
Connect = Callable[[str], AbstractContextManager[psycopg.Connection[Any]]]


@pytest.fixture(scope="module")
def granted(server_dsn: str) -> Iterator[tuple[str, dict[str, str]]]:
    """A database to copy, and two roles with the grants that we print, by what they may do."""
    names = {kind: f'{kind} "{uuid4().hex[:8]}"' for kind in ("enqueuer", "worker")}
    roles = [Identifier(name) for name in names.values()]
    database = f"conduit_{uuid4().hex}"
    with psycopg.connect(server_dsn, autocommit=True) as server:
        server.execute(SQL("CREATE DATABASE {}").format(Identifier(database)))
        dsn = make_conninfo(server_dsn, dbname=database)
        migrate(dsn, PLACE)
        for role in roles:
            server.execute(SQL("CREATE ROLE {} LOGIN PASSWORD 'x'").format(role))
        with psycopg.connect(dsn, autocommit=True) as admin:
            # A careful administrator starts like this: roles may do only what was granted.
            admin.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
            admin.execute('REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA "our ""jobs""" FROM PUBLIC')
            for statement in grants(PLACE, [names["enqueuer"]], [names["worker"]]):
                admin.execute(statement)
        yield database, names
        server.execute(SQL("DROP DATABASE {}").format(Identifier(database)))
        for role in roles:
            server.execute(SQL("DROP ROLE {}").format(role))


@pytest.fixture
def roles(server_dsn: str, granted: tuple[str, dict[str, str]]) -> Iterator[dict[str, str]]:
    """Connection strings of the owner and of the two roles, for a database of the test's own."""
    template, names = granted
    database = f"conduit_{uuid4().hex}"
    with psycopg.connect(server_dsn, autocommit=True) as server:
        create = SQL("CREATE DATABASE {} TEMPLATE {}")
        server.execute(create.format(Identifier(database), Identifier(template)))
        dsn = make_conninfo(server_dsn, dbname=database)
        yield {"owner": dsn} | {
            kind: make_conninfo(dsn, user=name, password="x") for kind, name in names.items()
        }
        server.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(database)))


def test_every_table_and_function_of_ours_is_decided_upon(roles: dict[str, str]) -> None:
    with psycopg.connect(roles["owner"]) as connection:
        tables = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace(quote_ident(%s)) "
            "AND relkind IN ('r', 'p', 'v', 'm')",
            (PLACE,),
        ).fetchall()
        functions = connection.execute(
            "SELECT proname || '(' || pg_get_function_identity_arguments(oid) || ')' FROM pg_proc "
            "WHERE pronamespace = to_regnamespace(quote_ident(%s))",
            (PLACE,),
        ).fetchall()
    assert {name for (name,) in tables} == set(TABLES)
    names = [name.partition("(")[0] for (name,) in functions]
    assert sorted(names) == sorted(name.partition("(")[0] for name in FUNCTIONS)


def test_the_enqueuer_enqueues_everything_that_there_is(roles: dict[str, str]) -> None:
    with Queue(roles["enqueuer"], PLACE) as queue:
        queue.enqueue(Job(type="t"))
        queue.enqueue_many([Job(type="t"), Job(type="t", delay=timedelta(hours=1))])
        first = queue.enqueue(Job(type="t", payload="secret", unique="once"))
        again = queue.enqueue(Job(type="t", unique="once"))
        assert (again.id, again.duplicate) == (first.id, True)
        assert again.payload != "secret"
        queue.enqueue(Job(type="t", unique="a while", unique_for=timedelta(hours=1)))
        blocked = queue.enqueue_flow(chain(Job(type="a"), Job(type="b")))[1]
        for target in (first.id, blocked.id, ("t", "a while")):
            assert queue.signal(target, "go")
    with Queue(roles["owner"], PLACE) as queue:
        assert queue.stats().pending == 6


def test_the_hooks_of_an_application_enqueue_as_well(roles: dict[str, str]) -> None:
    with psycopg.connect(roles["enqueuer"]) as conn:
        with psycopg.connect(roles["owner"]) as owner:
            role = conn.info.user.replace('"', '""')
            owner.execute(f'CREATE SCHEMA app AUTHORIZATION "{role}"')
        conn.execute('SET search_path = app, "our ""jobs"""')
        conn.execute(APPLICATION)
        order = insert_order(conn)
        after_create(conn, order)
        with batch(conn) as jobs:
            after_update(conn, ship(conn, order), order)
        assert jobs
    with Queue(roles["owner"], PLACE) as queue:
        assert queue.stats().pending == 4


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT payload FROM {jobs}",
        "SELECT id FROM {jobs}",
        "INSERT INTO {jobs} (type) VALUES ('t') RETURNING payload",
        "UPDATE {jobs} SET status = 'running'",
        "DELETE FROM {jobs}",
        "TRUNCATE {jobs}",
        "SELECT * FROM {conduit_blocked_jobs}",
        "SELECT * FROM {conduit_results}",
        "SELECT * FROM {conduit_schedules}",
        "SELECT * FROM {conduit_steps}",
        "INSERT INTO {conduit_steps} (job, name) VALUES (gen_random_uuid(), 's')",
        "SELECT * FROM {conduit_signals}",
        "INSERT INTO {conduit_signals} VALUES (gen_random_uuid(), 's', '1')",
        "SELECT * FROM {conduit_wait}('{{}}', '{{}}', '{{}}', '{{}}', '{{}}', '{{}}')",
        "INSERT INTO {jobs} (type, status) VALUES ('t', 'running')",
        "INSERT INTO {jobs} (type, attempts) VALUES ('t', -5)",
        "INSERT INTO {jobs} (type, locked_by, token) VALUES ('t', 'me', gen_random_uuid())",
        "INSERT INTO {jobs} (type, seq) OVERRIDING SYSTEM VALUE VALUES ('t', -1)",
        "INSERT INTO {jobs} (type, flow) VALUES ('t', gen_random_uuid())",
        "INSERT INTO {jobs} (type, created_at) VALUES ('t', '-infinity')",
        "SELECT key FROM {conduit_unique_keys}",
        "INSERT INTO {conduit_unique_keys} VALUES ('t', 'k', gen_random_uuid(), 'infinity')",
        "UPDATE {conduit_unique_keys} SET expires_at = 'infinity'",
        "INSERT INTO {conduit_blocked_jobs} (id) VALUES (gen_random_uuid())",
        "INSERT INTO {conduit_dependencies} VALUES (gen_random_uuid(), gen_random_uuid())",
        "SELECT {conduit_key_is_held}(gen_random_uuid(), NULL)",
        "INSERT INTO {conduit_workers} VALUES ('w', 0, 0, 'w', 0, '{{}}', '[]')",
        "SELECT {conduit_cancel}(gen_random_uuid())",
        "SELECT * FROM {conduit_secret}",
        "SELECT {conduit_keyed}('{{}}')",
        "INSERT INTO {jobs} (type, parent) VALUES ('t', gen_random_uuid())",
        "INSERT INTO {jobs} (type, schedule) VALUES ('t', 's')",
        "INSERT INTO {jobs} (type, follows) VALUES ('t', '{{}}')",
        "INSERT INTO {jobs} (type, refusals) VALUES ('t', 1)",
        "SELECT {conduit_advance}('{{}}', '{{}}', 1, true)",
    ],
)
def test_the_enqueuer_can_do_nothing_else(roles: dict[str, str], statement: str) -> None:
    names = {
        name: f'"our ""jobs""".{name}'
        for name in (*TABLES, *(function.partition("(")[0] for function in FUNCTIONS))
    }
    with psycopg.connect(roles["enqueuer"]) as connection, pytest.raises(InsufficientPrivilege):
        connection.execute(statement.format(**names))


def test_the_enqueuer_inserts_by_hand(roles: dict[str, str]) -> None:
    with psycopg.connect(roles["enqueuer"]) as connection:
        connection.execute(
            "INSERT INTO \"our \"\"jobs\"\"\".jobs (queue, type, payload) VALUES ('q', 't', '{}')"
        )
    with Queue(roles["owner"], PLACE) as queue:
        assert [job.queue for job in queue.list()] == ["q"]


def test_a_flow_of_an_enqueuer_reaches_no_other_flow(roles: dict[str, str]) -> None:
    """The enqueue drops forged dependencies that lead out of the flow."""
    with Queue(roles["owner"], PLACE) as queue:
        victim = queue.enqueue_flow(chain(Job(type="first"), Job(type="second")))
        mine = [Job(type="mine"), Job(type="mine too")]
        ids = [job.id for job in mine]
        links = [(ids[0], victim[1].id), (victim[0].id, ids[1]), (victim[0].id, victim[1].id)]
        rows = [structs.replace(store.new_job(job), dependencies=links) for job in mine]
        with psycopg.connect(roles["enqueuer"]) as conn:
            run(conn, store.enqueue(mine, rows), PLACE)
        with psycopg.connect(roles["owner"]) as conn:
            stored = conn.execute(
                'SELECT job, next FROM "our ""jobs""".conduit_dependencies'
            ).fetchall()
        assert stored == [(victim[0].id, victim[1].id)]
        assert {job.id for job in queue.list(status="pending")} == {victim[0].id, *ids}


@pytest.mark.parametrize("isolation", ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
def test_the_id_of_a_job_is_refused(roles: dict[str, str], isolation: str) -> None:
    with Queue(roles["owner"], PLACE) as queue, psycopg.connect(roles["enqueuer"]) as conn:
        conn.execute(f"SET default_transaction_isolation = '{isolation.lower()}'")
        # A snapshot that is older than the other jobs.
        conn.commit()
        conn.execute("SELECT 1 FROM pg_class LIMIT 1")
        first, second = queue.enqueue_flow(
            chain(Job(type="v", payload="first"), Job(type="v", payload="second", unique="v"))
        )
        for id_ in (first.id, second.id):
            forged = [
                store.insert_jobs([Job(type="mine", id=id_)])[0],
                store.insert_jobs([Job(type="mine", id=id_), Job(type="mine")])[0],
                store.insert_jobs([Job(type="mine", id=id_, unique=1)])[0],
                *insert_flow(chain(Job(type="mine", id=id_), Job(type="mine"))),
                *insert_flow(chain(Job(type="mine"), Job(type="mine", id=id_))),
                *insert_flow(chain(Job(type="mine"), Job(type="mine", id=id_, unique=1))),
            ]
            for mine in forged:
                with pytest.raises(psycopg.errors.UniqueViolation), conn.transaction():
                    run(conn, mine, PLACE)
        conn.rollback()
        pool = WorkerPool(queue)
        ran: list[object] = []
        for type_ in ("v", "mine"):
            pool.register(type_, lambda context, payload: ran.append(payload))
        pool.run(drain=True)
        assert ran == ["first", "second"]


@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
def test_a_flow_with_an_older_snapshot_is_stored_once(
    roles: dict[str, str], isolation: str
) -> None:
    with Queue(roles["owner"], PLACE) as queue, Queue(roles["enqueuer"], PLACE) as enqueuer:
        with psycopg.connect(roles["enqueuer"]) as conn:
            conn.execute(f"SET TRANSACTION ISOLATION LEVEL {isolation}")
            enqueuer.enqueue_flow(chain(Job(type="a"), Job(type="b"), Job(type="c")), conn=conn)
        pool = WorkerPool(queue)
        ran: list[str] = []
        for type_ in "abc":
            pool.register(type_, lambda context, payload: ran.append(context.type))
        pool.run(drain=True)
        assert ran == ["a", "b", "c"]
        assert queue.stats().total == 3


@pytest.mark.parametrize("what", ["job", "jobs", "flow", "by hand"])
def test_two_serializable_transactions_of_an_enqueuer_both_commit(
    roles: dict[str, str], what: str
) -> None:
    def enqueue(queue: Queue, conn: psycopg.Connection[Any]) -> None:
        if what == "job":
            queue.enqueue(Job(type="t"), conn=conn)
        elif what == "jobs":
            queue.enqueue_many([Job(type="t"), Job(type="t")], conn=conn)
        elif what == "flow":
            queue.enqueue_flow(chain(Job(type="t"), Job(type="t"), Job(type="t")), conn=conn)
        else:
            conn.execute('INSERT INTO "our ""jobs""".jobs (type) VALUES (\'t\')')

    with (
        Queue(roles["enqueuer"], PLACE) as queue,
        psycopg.connect(roles["enqueuer"]) as first,
        psycopg.connect(roles["enqueuer"]) as second,
    ):
        for connection in (first, second):
            connection.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
            enqueue(queue, connection)
        enqueue(queue, first)
        first.commit()
        second.commit()
    with Queue(roles["owner"], PLACE) as queue:
        assert queue.stats().total > 0


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read", "serializable"])
def test_the_id_of_a_job_that_was_deleted_is_refused_while_its_result_is_kept(
    roles: dict[str, str], isolation: str
) -> None:
    with Queue(roles["owner"], PLACE) as queue:
        pool = WorkerPool(queue)
        pool.register("v", lambda context, payload: 1, keep_result=timedelta(hours=1))
        ended = queue.enqueue(Job(type="v"))
        pool.run(drain=True)
        assert queue.purge(timedelta(0)) == 1
        with (
            Queue(roles["enqueuer"], PLACE) as enqueuer,
            psycopg.connect(roles["enqueuer"]) as conn,
        ):
            conn.execute(f"SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL {isolation}")
            for unique in (None, "x"):
                with pytest.raises(psycopg.errors.UniqueViolation), conn.transaction():
                    enqueuer.enqueue(Job(type="v", id=ended.id, unique=unique), conn=conn)


@pytest.mark.parametrize("isolation", ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
def test_the_id_of_a_job_that_was_deleted_is_refused_while_others_wait_for_it(
    roles: dict[str, str], isolation: str
) -> None:
    old = UUID("01900000-0000-7000-8000-000000000000")
    with Queue(roles["owner"], PLACE) as queue, psycopg.connect(roles["enqueuer"]) as conn:
        queue.enqueue_flow(chain(Job(type="v", id=old), Job(type="v")))
        with psycopg.connect(roles["owner"]) as owner:
            owner.execute('DELETE FROM "our ""jobs""".jobs')
        conn.execute(f"SET TRANSACTION ISOLATION LEVEL {isolation}")
        forged = [
            store.insert_jobs([Job(type="mine", id=old)])[0],
            store.insert_jobs([Job(type="mine", id=old, unique=1)])[0],
            *insert_flow(chain(Job(type="mine"), Job(type="mine", id=old))),
        ]
        for mine in forged:
            with pytest.raises(psycopg.errors.UniqueViolation), conn.transaction():
                run(conn, mine, PLACE)


def test_an_enqueuer_has_no_parents(roles: dict[str, str]) -> None:
    """Only workers may call the function that stores child jobs."""
    job = Job(type="t", unique=1)
    enqueue = store.enqueue([job], [store.new_job(job)])
    parents = "ARRAY[gen_random_uuid()], ARRAY[gen_random_uuid()], "
    forged = replace(
        enqueue,
        fragments={**enqueue.fragments, "function": "{conduit_store}", "parents": parents},
    )
    with (
        psycopg.connect(roles["enqueuer"]) as conn,
        pytest.raises(InsufficientPrivilege, match="conduit_store"),
    ):
        run(conn, forged, PLACE)


def test_a_key_is_made_with_the_secret(roles: dict[str, str]) -> None:
    with psycopg.connect(roles["owner"]) as conn, Queue(roles["owner"], PLACE) as queue:
        queue.enqueue(Job(type="t", unique="guess me"))
        [(key,)] = conn.execute('SELECT key FROM "our ""jobs""".conduit_unique_keys')
        [(secret,)] = conn.execute('SELECT value FROM "our ""jobs""".conduit_secret')
    digest = key_of("t", "guess me")
    assert key != digest
    assert key == sha256(secret + digest.encode()).hexdigest()


def test_a_secret_that_was_deleted_is_made_anew(roles: dict[str, str]) -> None:
    with psycopg.connect(roles["owner"]) as conn:
        conn.execute('TRUNCATE "our ""jobs""".conduit_secret')
    with Queue(roles["enqueuer"], PLACE) as queue:
        first = queue.enqueue(Job(type="t", unique=1))
        assert queue.enqueue(Job(type="t", unique=1)).id == first.id


@pytest.mark.parametrize(
    "forged",
    [
        {"unique_for": float("inf")},
        {"unique_for": float("nan")},
        {"digest": "short"},
        {"digest": "x" * 10_000},
        {"key": "x" * 201},
        {"expires": float("nan")},
        {"priority": 101},
        {"queue": ""},
        {"delay": float("inf")},
    ],
)
def test_what_an_enqueuer_forges_is_refused(roles: dict[str, str], forged: dict[str, Any]) -> None:
    job = Job(type="t", unique=1, unique_for=timedelta(hours=1))
    rows = [structs.replace(store.new_job(job), **forged)]
    with (
        psycopg.connect(roles["enqueuer"]) as conn,
        pytest.raises((psycopg.DataError, psycopg.IntegrityError)),
    ):
        run(conn, store.enqueue([job], rows), PLACE)


def test_other_roles_may_not_enqueue_with_the_owners_rights(roles: dict[str, str]) -> None:
    with psycopg.connect(roles["owner"]) as conn:
        open_to_all = conn.execute(
            "SELECT proname FROM pg_proc WHERE prosecdef AND has_function_privilege('public', oid, "
            "'EXECUTE') AND pronamespace = to_regnamespace(quote_ident(%s))",
            (PLACE,),
        ).fetchall()
        unfixed = conn.execute(
            "SELECT proname FROM pg_proc WHERE prosecdef AND proconfig IS NULL "
            "AND prosqlbody IS NULL AND pronamespace = to_regnamespace(quote_ident(%s))",
            (PLACE,),
        ).fetchall()
    assert (open_to_all, unfixed) == ([], [])


def test_the_enqueuer_cannot_claim_or_read(roles: dict[str, str]) -> None:
    with psycopg.connect(roles["enqueuer"], autocommit=True) as connection:
        claim = ClaimMemory().next("w", {"default": 1}, [("t", "")], 1, 0.0)
        for statement in (claim, store.stats(None), worker_registry.rescue_orphans()):
            with pytest.raises(InsufficientPrivilege):
                run(connection, statement, PLACE)


def test_the_worker_does_all_that_workers_and_operators_do(roles: dict[str, str]) -> None:
    with Queue(roles["enqueuer"], PLACE) as enqueuer:
        enqueuer.enqueue_flow(chain(Job(type="parent"), Job(type="last")))
        enqueuer.enqueue(Job(type="bad", max_attempts=1))
    with Queue(roles["worker"], PLACE) as queue:
        pool = WorkerPool(queue, schedules=[Schedule.every(hours=1, type="tick")])
        ran: list[str] = []

        @pool.handler("parent", keep_result=timedelta(hours=1))
        async def parent(context: Any, payload: object) -> dict[str, int]:
            context.enqueued.append(Job(type="child"))
            context.enqueued.append(Job(type="child", unique="one"))
            context.enqueued.append(Job(type="child", unique="one"))
            context.progress(1, 2)
            await context.used(2)
            assert await context.step("step", str, 1) == "1"
            await context.sleep(0)
            assert queue.signal(context.id, "go", 1)
            assert await context.wait("go", timeout=60) == 1
            return {"done": 1}

        @pool.handler("bad")
        async def bad(context: Any, payload: object) -> None:
            await context.step("only", str, 1)
            raise ValueError

        for type_ in ("child", "last", "tick"):
            pool.register(type_, lambda context, payload: ran.append(context.type))
        queue.limit("default", 5)
        queue.rate_limit("child", 100)
        pool.run(drain=True)
        assert sorted(ran) == ["child", "child", "last"]
        counts = queue.stats()
        assert (counts.completed, counts.failed, counts.pending) == (4, 1, 0)
        [stopped] = queue.list(status="failed")
        assert queue.cancel(queue.fork(stopped.id, from_step="only").id)
        assert queue.retry(stopped.id, from_step="only")
        pool.run(drain=True)
        queue.retention("default", keep_steps=timedelta(hours=1))
        queue.pause("default")
        queue.resume("default")
        scheduler = CronScheduler(queue)
        assert [schedule.name for schedule in scheduler.list()] == ["tick"]
        assert scheduler.disable("tick")
        assert scheduler.enable("tick")
        scheduler.run("tick")
        [failed] = queue.list(status="failed")
        queue.retry(failed.id)
        queue.cancel(failed.id)
        assert queue.queues()
        [leased] = queue.dequeue("by hand", types=["tick"])
        queue.touch(leased)
        queue.complete(leased)
        assert queue.metrics()
        assert queue.purge(timedelta(0), ("completed", "failed", "cancelled")) == 7


def test_the_worker_rescues(roles: dict[str, str]) -> None:
    with psycopg.connect(roles["worker"], autocommit=True) as connection:
        run(connection, worker_registry.register("w", 1, "h", 1, ["default"], [("t", "")]), PLACE)
        with Queue(roles["enqueuer"], PLACE) as enqueuer:
            enqueuer.enqueue(Job(type="t"))
        claim = ClaimMemory().next("w", {"default": 1}, [("t", "")], 1, 0.0)
        assert len(run(connection, claim, PLACE)) == 1
        assert (
            len(run(connection, worker_registry.rescue(DeadWorker("w", 0, silent=True)), PLACE))
            == 1
        )


def test_a_role_that_works_cannot_change_the_tables(roles: dict[str, str]) -> None:
    with psycopg.connect(roles["worker"]) as connection, pytest.raises(InsufficientPrivilege):
        connection.execute('ALTER TABLE "our ""jobs""".jobs ADD COLUMN x int')
