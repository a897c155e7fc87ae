"""The hub renders each watched page once for all its viewers."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise

import pytest
from conduit_dashboard.errors import DatabaseDown, Missing
from conduit_dashboard.live.hub import Hub
from conduit_dashboard.live.region import Regions, region
from conduit_dashboard.live.viewer import Update, Viewer

SHORT = 0.01


class Shown:
    """A page with regions that a test sets; it counts how often it is rendered."""

    def __init__(self, **regions: str) -> None:
        self.regions = regions
        self.count = 0
        self.problem: Exception | None = None

    async def render(self) -> Regions:
        self.count += 1
        await asyncio.sleep(0)
        if self.problem:
            raise self.problem
        return {name: region(html) for name, html in self.regions.items()}


def run(test: Callable[[Hub], Awaitable[None]], interval: float = SHORT) -> None:
    async def main() -> None:
        async with asyncio.timeout(60):
            await test(Hub(interval))

    asyncio.run(main())


@contextmanager
def watching(hub: Hub, page: Shown, viewers: int = 1) -> Iterator[list[Viewer]]:
    with ExitStack() as stack:
        yield [stack.enter_context(hub.watch(page, page.render)) for _ in range(viewers)]


async def told(viewer: Viewer, is_it: Callable[[Update], bool]) -> Update:
    """Wait for the next update that meets a condition."""
    while not is_it(update := await viewer.update()):
        pass
    return update


def html(update: Update) -> dict[str, str]:
    return {name: each.html for name, each in update.regions.items()}


def test_200_viewers_cost_as_much_as_one() -> None:
    async def test(hub: Hub) -> None:
        page = Shown(jobs="1")
        with watching(hub, page, 200) as viewers:
            for viewer in viewers:
                assert html(await viewer.update()) == {"jobs": "1"}
            assert (hub.viewers, page.count) == (200, 1)
        assert hub.viewers == 0

    run(test, interval=60)


def test_only_what_changed_is_sent() -> None:
    async def test(hub: Hub) -> None:
        page = Shown(jobs="1", queues="1")
        with watching(hub, page) as [viewer]:
            assert html(await viewer.update()) == {"jobs": "1", "queues": "1"}
            page.regions["queues"] = "2"
            update = await told(viewer, lambda update: bool(update.regions))
            assert html(update) == {"queues": "2"}
            assert html(await viewer.update()) == {}  # empty: the page is current

    run(test)


def test_a_later_viewer_is_sent_the_page_at_once() -> None:
    async def test(hub: Hub) -> None:
        page = Shown(jobs="1")
        with watching(hub, page) as [first]:
            await first.update()
            with watching(hub, page) as [second]:
                assert html(await second.update()) == {"jobs": "1"}
            with watching(hub, Shown(jobs="2")) as [third]:  # rendered before the next round
                assert html(await third.update()) == {"jobs": "2"}
            assert page.count == 1

    run(test, interval=60)


def test_a_viewer_is_sent_nothing_older_than_what_it_shows() -> None:
    """After an action, the page that it leads to is newer than what others have been sent."""

    async def test(hub: Hub) -> None:
        page = Shown(jobs="1", queues="1")
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def slow() -> Regions:
            seen = await page.render()
            begun.set()
            await go_on.wait()
            return seen

        with hub.watch("page", slow) as first:
            await begun.wait()
            page.regions["jobs"] = "2"
            with hub.watch("page", slow, time.time()) as second:
                go_on.set()  # what is being rendered is older than what the second one shows
                assert html(await second.update()) == {"jobs": "2", "queues": "1"}
                await told(first, lambda update: html(update).get("jobs") == "2")
            page.regions["jobs"] = "3"
            with hub.watch("page", slow, time.time()) as third:  # what was sent is older
                assert html(await third.update()) == {"jobs": "3", "queues": "1"}

    run(test, interval=60)


def test_an_unwatched_page_is_not_rendered() -> None:
    async def test(hub: Hub) -> None:
        page = Shown(jobs="1")
        with watching(hub, page) as [viewer]:
            await viewer.update()
        await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))  # the watching ends
        count = page.count
        with watching(hub, page) as [viewer]:
            await viewer.update()
        assert page.count == count + 1

    run(test, interval=60)


def test_one_page_is_rendered_at_a_time() -> None:
    running: list[int] = []

    async def render() -> Regions:
        running.append(1)
        await asyncio.sleep(SHORT)
        assert len(running) == 1
        running.pop()
        return {"page": region("1")}

    async def test(hub: Hub) -> None:
        with ExitStack() as stack:
            viewers = [stack.enter_context(hub.watch(key, render)) for key in range(20)]
            updates = [await viewer.update() for viewer in viewers]
        assert {update.problem for update in updates} == {""}

    run(test)


def test_a_round_that_takes_long_is_followed_by_a_pause() -> None:
    async def test(hub: Hub) -> None:
        clock = asyncio.get_running_loop().time
        times: list[tuple[float, float]] = []

        async def render() -> Regions:
            start = clock()
            await asyncio.sleep(0.02)
            times.append((start, clock()))
            return {"page": region(str(start))}

        with hub.watch("page", render) as viewer:
            for _ in range(3):
                await viewer.update()
        assert all(later[0] - earlier[1] > 0.15 for earlier, later in pairwise(times))

    run(test)


def test_a_viewer_that_reads_nothing_holds_the_newest_of_each_region() -> None:
    async def test(hub: Hub) -> None:
        page = Shown(jobs="0", queues="0")
        with watching(hub, page, 2) as [lazy, viewer]:
            for number in range(50):
                page.regions["jobs"] = str(number)
                await told(viewer, lambda update: html(update).get("jobs") == page.regions["jobs"])
            assert html(await lazy.update()) == {"jobs": "49", "queues": "0"}

    run(test)


def test_all_viewers_learn_that_the_database_is_down_and_that_it_is_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def test(hub: Hub) -> None:
        first, second = Shown(jobs="1"), Shown(jobs="1")
        with watching(hub, first) as [one], watching(hub, second) as [two]:
            await one.update()
            await two.update()
            first.problem = second.problem = DatabaseDown("It is down.")
            for viewer in (one, two):
                await told(viewer, lambda update: update.problem == "It is down.")
            count = first.count + second.count
            for _ in range(5):
                await one.update()
            assert first.count + second.count <= count + 6  # at most one attempt a round
            with watching(hub, Shown(jobs="3")) as [third]:
                assert (await third.update()).problem == "It is down."
            first.problem = second.problem = None
            second.regions["jobs"] = "2"
            update = await told(two, lambda update: not update.problem)
            assert html(update) == {"jobs": "2"}
            await told(one, lambda update: not update.problem)

    run(test)
    assert [each.getMessage() for each in caplog.records if "database" in each.getMessage()] == [
        "the database cannot be reached; open pages say so",
        "the database can be reached again",
    ]


def test_a_page_that_fails_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    async def test(hub: Hub) -> None:
        gone, broken, good = Shown(), Shown(), Shown(jobs="1")
        gone.problem = Missing("There is no such job.")
        broken.problem = ValueError("a secret of the payload")
        with (
            watching(hub, gone) as [one],
            watching(hub, broken) as [two],
            watching(hub, good) as [three],
        ):
            for _ in range(3):
                assert (await one.update()).problem == "There is no such job."
                assert "the log of the dashboard says why" in (await two.update()).problem
                assert (await three.update()).problem == ""

    run(test)
    [record] = [each for each in caplog.records if each.name == "conduit.dashboard"]
    assert "ValueError in Shown.render" in record.getMessage()
    assert "secret" not in caplog.text


def test_a_page_that_takes_for_ever_is_given_up() -> None:
    async def hang() -> Regions:
        await asyncio.Event().wait()
        raise AssertionError

    async def test() -> None:
        hub, page = Hub(SHORT, deadline=0.05), Shown(jobs="1")
        with hub.watch("hang", hang) as one, watching(hub, page) as [two]:
            assert "took more than" in (await one.update()).problem
            update = await told(two, lambda update: not update.problem)
            assert html(update) == {"jobs": "1"}

    asyncio.run(test())
