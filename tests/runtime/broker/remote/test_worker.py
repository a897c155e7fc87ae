"""Tests of workers without a database, against a RabbitMQ and a gateway that the test plays."""

import asyncio

from conduit_runtime import Broker, JobContext, WorkerPool
from played_gateway import PlayedGateway, entry


def test_runs_jobs_and_publishes_their_outcomes(broker_url: str) -> None:
    async def main() -> None:
        pool = WorkerPool(Broker(broker_url), workers=2)

        @pool.handler("greet")
        async def greet(context: JobContext, payload: dict[str, str]) -> None:
            seen.append(payload["name"])

        jobs = [entry(f'{{"name": "{number}"}}') for number in range(5)]
        async with PlayedGateway(broker_url) as gateway, pool:
            await gateway.publish(jobs)
            await gateway.until(lambda: len(gateway.outcomes) == 5)
            assert [each.id for each in gateway.outcomes] == [job.id for job in jobs]
            assert all(each.outcome is None for each in gateway.outcomes)

    seen: list[str] = []
    asyncio.run(main())
    assert seen == ["0", "1", "2", "3", "4"]
