"""The executor, which hooks written by hand call in synchronous and asynchronous code."""

import asyncio

import psycopg
from conduit_runtime import AsyncExecutor, AsyncQueue, Job, JobPriority, Queue


class Mailer:
    """Annotated as applications annotate the executor that they hold."""

    def __init__(self, executor: AsyncExecutor[Queue]) -> None:
        self.executor = executor

    def send(self, to: str) -> Job:
        return self.executor.execute("mail", "email.send", {"to": to})


def test_an_annotation_names_the_kind_of_queue(dsn: str) -> None:
    with Queue(dsn) as queue:
        assert queue.get(Mailer(AsyncExecutor(queue)).send("a@b.c").id) is not None


def test_work_is_put_off_in_the_caller_s_transaction(dsn: str) -> None:
    with Queue(dsn) as queue, psycopg.connect(dsn) as conn:
        executor = AsyncExecutor(queue)
        kept = executor.execute("mail", "email.send", {"to": "a@b.c"})
        executor.execute("mail", "email.send", {}, conn=conn)
        conn.rollback()
        urgent: Job = executor.execute_with_priority("mail", "email.send", {}, JobPriority.URGENT)
        assert [job.id for job in queue.list()] == [urgent.id, kept.id]
        assert [job.priority for job in queue.list()] == [100, 50]


def test_asynchronous_code_awaits_the_same(dsn: str) -> None:
    async def hook() -> None:
        async with AsyncQueue(dsn) as queue, await psycopg.AsyncConnection.connect(dsn) as conn:
            executor = AsyncExecutor(queue)
            kept: Job = await executor.execute("mail", "email.send", {"to": "a@b.c"}, conn=conn)
            await conn.commit()
            await executor.execute_with_priority("mail", "email.send", {}, 100, conn=conn)
            await conn.rollback()
            assert [job.id for job in await queue.list()] == [kept.id]

    asyncio.run(hook())
