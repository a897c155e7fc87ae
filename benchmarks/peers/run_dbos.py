"""DBOS Transact: workflows of five steps that do nothing, as coroutines and as threads.

Prints the steps a second of the best of both, with 1, 10 and 50 workflows at once.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

from dbos import DBOS, DBOSConfig

DSN, WORKFLOWS = sys.argv[1], int(sys.argv[2])
STEPS = 5
AT_ONCE = (1, 10, 50)


@DBOS.step()
async def step(number: int) -> None:
    """Do nothing."""


@DBOS.workflow()
async def workflow() -> None:
    """Make the steps."""
    for number in range(STEPS):
        await step(number)


@DBOS.step()
def plain_step(number: int) -> None:
    """Do nothing."""


@DBOS.workflow()
def plain_workflow() -> None:
    """Make the steps."""
    for number in range(STEPS):
        plain_step(number)


def rate(count: int, began: float) -> float:
    """Steps a second of so many workflows."""
    return count * STEPS / (time.perf_counter() - began)


async def in_coroutines(count: int, at_once: int) -> float:
    """Run workflows in tasks of this loop."""
    left = iter(range(count))

    async def work() -> None:
        for _ in left:
            await workflow()

    began = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(at_once)))
    return rate(count, began)


async def in_threads(count: int, at_once: int) -> float:
    """Run workflows in threads."""
    began = time.perf_counter()
    with ThreadPoolExecutor(at_once) as threads:
        for done in [threads.submit(plain_workflow) for _ in range(count)]:
            done.result()
    return rate(count, began)


async def main() -> None:
    """Warm up, then measure."""
    ways: tuple[Callable[[int, int], Awaitable[float]], ...] = (in_coroutines, in_threads)
    rates = []
    for way in ways:
        await way(10, 10)
        for at_once in AT_ONCE:
            rates.append(await way(WORKFLOWS, at_once))
            print(f"{way.__name__}, {at_once} at once: {rates[-1]:.0f} steps/s", file=sys.stderr)
    print(json.dumps({f"jobs with {STEPS} steps, 1 process": max(rates)}))


config: DBOSConfig = {
    "name": "benchmark",
    "system_database_url": DSN,
    "sys_db_pool_size": max(AT_ONCE),
    "max_executor_threads": 2 * max(AT_ONCE),
    "run_admin_server": False,
    "log_level": "ERROR",
}
DBOS(config=config)
DBOS.launch()
asyncio.run(main())
DBOS.destroy()
