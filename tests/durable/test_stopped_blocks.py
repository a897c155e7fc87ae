"""Jobs that were stopped in a block are replayed, and run again from their steps."""

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from blocks import BLOCKS, SETTINGS, Block, source_of
from conduit_runtime import Queue
from conduit_runtime.preflight.findings import find
from conduit_runtime.preflight.reading import snapshot
from conduit_runtime.replay.run import replay
from conduit_runtime.replay.stored import as_claimed, stored_steps
from conduit_runtime.worker.run.handlers import HandlerRegistry
from disturbed import Bench, Event, Seen
from generated import compiled, imported

pytestmark = pytest.mark.slow

WITH_STEPS = [each for each in BLOCKS if each.steps]


@pytest.mark.parametrize("block", WITH_STEPS, ids=lambda block: block.what)
def test_a_stopped_job_goes_on_from_each_of_its_steps(
    bench: Bench, durable_dsn: str, tmp_path: Path, block: Block
) -> None:
    with (
        imported(compiled(source_of([block]), SETTINGS), tmp_path) as package,
        Queue(durable_dsn) as queue,
    ):
        calm = bench.run(package, clock_stands=True)
        handlers = HandlerRegistry()
        handlers.register_job_types(package.JOBS)
        queues = {each.queue for each in package.JOBS}
        for number, effect in enumerate(calm.effects):
            bench.run(package, clock_stands=True, stop=number)
            with snapshot(durable_dsn, None) as database:
                assert not [each for each in find(database, handlers, queues) if each.is_stranded]
            type_ = effect.job.partition(" ")[0]
            for job in queue.list(type=type_, status="pending"):
                steps = queue.connections.run(stored_steps(job.id))
                replayed = asyncio.run(
                    replay(handlers.get(type_), as_claimed(job), steps, bench.services)
                )
                assert (replayed.differences, replayed.error) == ([], None)
                finished = [each.name for each in steps if not each.waits]
                for step in finished:
                    queue.fork(job.id, from_step=step)
                    about = f"forked from {step} behind effect {number}"
                    ran = bench.go_on(package).get(effect.job, [])
                    assert goes_on(ran, calm, effect, step), about
                if finished:
                    queue.retry(job.id, from_step=finished[0])
                    about = f"again from {finished[0]} behind effect {number}"
                    ran = bench.go_on(package).get(effect.job, [])
                    assert goes_on(ran, calm, effect, finished[0]), about


def goes_on(ran: Sequence[Event], calm: Seen, stop: Event, step: str) -> bool:
    """Whether a job that was stopped at an effect did what it does from a step on.

    In a loop it goes on in the turn that was under way. One with a sleep or a wait may have been
    stopped there, in an earlier turn, and ends there again. If the undisturbed job wrote rows, it
    finds others from the start: then only the first event of the step, the last one of the job and
    the steps between them are compared.
    """
    events = calm.events[stop.job]
    at = next(place for place, event in enumerate(events) if event is stop)
    inside = [place for place, event in enumerate(events[: at + 1]) if is_in(event, step)]
    if any(each.is_write for each in events):
        if not ran or (inside and not is_in(ran[0], step)):
            return False
        names = [name for type_, name in calm.stored if type_ == stop.job.partition(" ")[0]]
        around = step.partition("/")[0]  # the turns of a loop repeat its steps
        before = {each for each in names[: names.index(step)] if each.partition("/")[0] != around}
        repeats = before & {step_of(each) for each in ran}
        ends = bool(calm.pauses) or step_of(ran[-1]) == step_of(events[-1])
        return ends and not repeats
    if not inside:  # it only reads
        return all(each in events for each in ran)
    starts = {turn_of(events[place], step): place for place in reversed(inside)}
    if not calm.pauses:
        [*_, start] = sorted(starts.values())
        return ran == events[calm.begin_of(events, start) :]
    rests = (events[calm.begin_of(events, start) :] for start in starts.values())
    return any(ran == rest[: len(ran)] for rest in rests)


def turn_of(event: Event, step: str) -> str:
    """The turns of the loops around a step."""
    return "/".join((event.step or "").split("/")[: step.count("/")])


def is_in(event: Event, step: str) -> bool:
    """Whether an event is of a step, or of a turn of a loop."""
    name = step_of(event)
    return name == step or name.startswith(f"{step}/")


def step_of(event: Event) -> str:
    """The name of the step of an event, without the numbers of turns."""
    return re.sub(r"\[\d+\]", "", event.step or "")
