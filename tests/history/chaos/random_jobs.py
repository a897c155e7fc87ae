"""Random jobs and flows. Some jobs fail, or are refused by Postgres."""

import random
from datetime import timedelta

from conduit_runtime import Flow, Job, chain, group

QUEUES = ("letters", "parcels")
BATCHED = frozenset({"history.batched"})
MEGABYTE = 1024 * 1024


def random_job(pick: random.Random, *, is_blocked: bool = False) -> Job:
    """A random job. A blocked one may be refused when it is inserted."""
    queue, priority = pick.choice((*QUEUES, QUEUES[0])), pick.choice((0, 50, 50, 50, 75, 100))
    delay = timedelta(seconds=pick.uniform(0.5, 3)) if pick.random() < 0.1 else None
    kind = pick.random()
    if kind < 0.03:
        return Job(queue, "history.discard", {}, priority, delay=delay)
    if kind < 0.05:
        return Job(queue, "history.rated", {}, priority, 50, delay=delay)
    if kind < 0.07:
        size = pick.choice((100, MEGABYTE, 3 * MEGABYTE, 6 * MEGABYTE, 17 * MEGABYTE))
        return Job(queue, "history.result", {"bytes": size}, priority, 50, delay=delay)
    if kind < 0.17:
        payload = {"failures": pick.choice((0, 0, 0, 0, 1))}
        return Job(queue, "history.batched", payload, priority, 50, delay=delay)
    if kind < 0.27:
        payload = {
            "seconds": pick.choice((0, 0, 0.01, 0.1)),
            "failures": pick.choice((0, 0, 0, 1, 2)),
            "effects": pick.choice((0, 1, 3)),
            "turns": pick.choice((1, 2, 5)),
        }
        return Job(queue, "history.durable", payload, priority, 50, delay=delay)
    payload = {
        "seconds": pick.choice((0, 0, 0.01, 0.05, 0.2 if pick.random() < 0.95 else 3)),
        "failures": pick.choice((0, 0, 0, 0, 0, 0, 1, 2)),
        "children": pick.choice((0, 0, 0, 1, 3)),
    }
    attempts = pick.choice((3, 3, 50, 50, 50, 50))
    if pick.random() < 0.1:
        payload |= pick.choice(
            (
                {"refused": "UPDATE completed"},
                {"refused": "rescue"},
                {"children": 3, "refused_child": "INSERT pending"},
            )
        )
    if is_blocked and pick.random() < 0.1:
        payload |= {"refused": pick.choice(("INSERT pending", "INSERT"))}
    return Job(queue, "history.work", payload, priority, attempts, delay=delay)


def short_job(pick: random.Random) -> Job:
    """A job that takes no time, and seldom fails."""
    payload = {"seconds": 0, "failures": int(pick.random() < 0.01), "children": 0}
    return Job(QUEUES[0], "history.work", payload, pick.choice((25, 50, 50, 75)), 50)


def random_flow(pick: random.Random) -> Flow:
    """A flow of some jobs. Each job begins in its turn, or not at all."""
    steps: list[Job | Flow] = [random_job(pick)]
    for _ in range(pick.randint(1, 3)):
        step: Job | Flow = random_job(pick, is_blocked=True)
        if pick.random() < 0.5:
            members = [random_job(pick, is_blocked=True) for _ in range(pick.randint(2, 4))]
            step = group(members, then=step, on_failure=pick.choice(("cancel", "continue")))
        steps.append(step)
    return chain(*steps, on_failure=pick.choice(("cancel", "continue")))


def lost_flow(pick: random.Random, members: int) -> Flow:
    """A flow of which only the head runs; the head fails unless it is cancelled before."""
    head = Job(QUEUES[0], "history.discard", {}, delay=timedelta(seconds=pick.uniform(0, 2)))
    payload = {"seconds": 0, "failures": 0, "children": 0}
    together = [Job(QUEUES[0], "history.work", payload) for _ in range(members)]
    return chain(head, group(together, then=Job(QUEUES[0], "history.work", payload)))
