import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from types import SimpleNamespace
from typing import Annotated, Any, Protocol
from uuid import UUID

import pytest
from conduit_runtime import (
    BatchJob,
    Call,
    JobContext,
    ServiceError,
    current_call,
    current_job,
    job_type,
)
from conduit_runtime.model.calls import entered_job
from conduit_runtime.model.claimed import Claimed, ClaimedBatch
from conduit_runtime.services.loading import entered, resolve
from conduit_runtime.services.protocols import HOOKS_ONLY, prepare, protocols_for, protocols_of
from example_jobs import JOBS, SERVICES
from example_jobs.order import email_send


def claimed() -> Claimed:
    """A job, as each attempt gets it."""
    type = "order.after_update.email_send"
    return Claimed(UUID(int=9), UUID(int=5), type, "mail", attempts=2, max_attempts=3)


class Complete:
    """Has services of every supported kind."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    @property
    def email(self) -> Any:
        async def send(*args: Any, **named: Any) -> Call:
            return current_call()

        return SimpleNamespace(send=send)

    @property
    def search_index(self) -> Any:
        return SimpleNamespace(
            add=lambda *_: (threading.get_ident(), current_call().key),
            update=partial(self._update, "bound"),
        )

    @property
    def warehouse(self) -> Any:
        return SimpleNamespace(release=Release())

    async def _update(self, *args: Any) -> Any:
        return args


class Release:
    async def __call__(self, sku: str) -> str:
        return f"released {sku}"


def called(call: Any) -> Any:
    """Call a coroutine function with the services in a job, and return the result."""

    async def run() -> Any:
        entered_job.set(claimed())
        return await call(prepare(Complete(), JOBS).for_jobs())

    return asyncio.run(run())


def test_the_services_of_a_job_type_are_those_of_its_package() -> None:
    assert dict(email_send.services) == SERVICES


def test_every_way_to_implement_a_method_is_awaited() -> None:
    async def use(services: Any) -> None:
        assert (await services.email.send("a")).method == "send"
        thread, _ = await services.search_index.add(1)
        assert thread != threading.get_ident()
        assert await services.search_index.update(1) == ("bound", 1)
        assert await services.warehouse.release("x") == "released x"

    called(use)


def test_each_call_has_a_key_that_the_next_attempt_shares() -> None:
    async def use(services: Any) -> list[str]:
        return [
            (await services.email.send()).key,
            (await services.email.send()).key,
            (await services.search_index.add())[1],
        ]

    first, again = called(use), called(use)
    assert first == again
    assert first == [
        f"{UUID(int=5)}/Email.send/1",
        f"{UUID(int=5)}/Email.send/2",
        f"{UUID(int=5)}/SearchIndex.add/1",
    ]


def test_the_calls_of_each_job_count_from_one() -> None:
    services: Any = prepare(Complete(), JOBS).for_jobs()

    async def run(job: Claimed) -> list[str]:
        entered_job.set(job)
        return [(await services.email.send()).key for _ in range(2)]

    async def run_two() -> list[list[str]]:
        other = Claimed(UUID(int=9), UUID(int=6), "t", "mail")
        return await asyncio.gather(run(claimed()), run(other))

    assert asyncio.run(run_two()) == [
        [f"{UUID(int=id_)}/Email.send/{number}" for number in (1, 2)] for id_ in (5, 6)
    ]


def test_a_call_in_a_batch_has_the_key_of_the_job_whose_services_it_uses() -> None:
    batch = ClaimedBatch([claimed()])
    services: Any = prepare(Complete(), JOBS).for_jobs()
    context: BatchJob[Any] = BatchJob(batch.jobs[0], services, None)  # type: ignore[arg-type]

    async def run() -> None:
        entered_job.set(batch)
        assert (await context.services.email.send()).key == f"{UUID(int=5)}/Email.send/1"
        assert (await context.services.email.send()).number == 2
        with pytest.raises(RuntimeError, match="such a call has no key"):
            await services.email.send()

    asyncio.run(run())


def test_no_call_is_current_behind_its_end() -> None:
    async def use(services: Any) -> None:
        await services.email.send()
        with pytest.raises(RuntimeError, match="no job is calling"):
            current_call()

    called(use)


def test_a_method_that_is_replaced_is_called_from_then_on() -> None:
    async def first() -> str:
        return "first"

    async def run() -> None:
        given = SimpleNamespace(email=SimpleNamespace(send=first), notify=first)
        services: Any = prepare(given, ()).for_jobs()
        assert await services.email.send() == await services.notify() == "first"
        given.email.send = given.notify = lambda: "second"
        assert await services.email.send() == await services.notify() == "second"
        given.email = None
        with pytest.raises(ServiceError, match='service "email" is called'):
            await services.email.send()

    asyncio.run(run())


def test_nothing_is_current_outside_of_a_job() -> None:
    with pytest.raises(RuntimeError, match="no job"):
        current_job()
    with pytest.raises(RuntimeError, match="no job"):
        current_call()


def test_a_service_that_raises_stop_iteration_does_not_hang_its_job() -> None:
    services = SimpleNamespace(email=SimpleNamespace(send=lambda: next(iter(()))))

    async def run() -> None:
        with pytest.raises(RuntimeError, match="StopIteration"):
            await prepare(services, ()).for_jobs().email.send()

    asyncio.run(run())


def test_what_is_missing_is_named() -> None:
    given = SimpleNamespace(email=SimpleNamespace(), warehouse=SimpleNamespace(release=print))
    with pytest.raises(ServiceError) as caught:
        prepare(given, JOBS)
    assert str(caught.value) == (
        'the services object lacks the method "send" of the service "email", '
        'the service "search_index" (for SearchIndex.add, SearchIndex.update)'
    )


def test_no_services_at_all_is_an_error_of_its_own() -> None:
    with pytest.raises(ServiceError, match=r"no services .* the jobs call Email\.send"):
        prepare(None, JOBS)
    assert prepare(None, ()).protocols == {}


def test_packages_that_share_a_service_need_the_methods_of_both() -> None:
    class Email(Protocol):
        def receive(self) -> Any: ...

    class Services(Protocol):
        @property
        def email(self) -> Email: ...

    Services.email.fget.__annotations__["return"] = Email  # type: ignore[attr-defined]

    async def run(job: JobContext[Any], payload: Any) -> None: ...

    run.__annotations__["job"] = JobContext[Services]
    merged = protocols_for([*JOBS, job_type("other.job", "0")(run)])
    assert merged["email"].__name__ == "Email"
    assert {"send", "receive"} <= set(vars(merged["email"]))


@contextmanager
def managed() -> Iterator[Complete]:
    services = Complete()
    yield services
    SEEN.append("left")


@asynccontextmanager
async def managed_async() -> AsyncIterator[Complete]:
    SEEN.append(asyncio.get_running_loop())
    yield Complete()
    SEEN.append("left")


async def coroutine() -> Complete:
    return Complete()


SEEN: list[Any] = []
OBJECT = Complete()


@pytest.mark.parametrize(
    "given",
    [
        OBJECT,
        Complete,
        managed,
        managed(),
        managed_async,
        coroutine,
        {name: getattr(OBJECT, name) for name in SERVICES},
    ],
)
def test_every_form_of_services(given: object) -> None:
    async def run() -> None:
        async with entered(given, JOBS) as prepared:
            entered_job.set(claimed())
            assert (await prepared.for_jobs().email.send()).service == "Email"

    asyncio.run(run())


def test_a_context_manager_lives_in_the_loop_of_the_worker() -> None:
    async def run() -> None:
        SEEN.clear()
        async with entered(managed_async, JOBS):
            assert [asyncio.get_running_loop()] == SEEN
        assert SEEN[1:] == ["left"]

    asyncio.run(run())


def test_a_reference_on_the_command_line(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "reference_app.py").write_text("import missing_helper\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert resolve(f"{__name__}:OBJECT.seen", JOBS) is OBJECT.seen
    for reference, message in (
        ("plain", "module:object or echo"),
        ("nowhere.at_all:x", "there is no module 'nowhere'"),
        (f"{__name__}:absent", "has no 'absent'"),
        ("reference_app:services", r"missing_helper.*reference_app\.py, line 1"),
    ):
        with pytest.raises(ServiceError, match=message):
            resolve(reference, JOBS)


def test_the_current_job_is_seen_by_code_of_the_application() -> None:
    token = entered_job.set(claimed())
    assert current_job().attempt == 2
    entered_job.reset(token)


def test_services_that_need_arguments_are_refused() -> None:
    async def run() -> None:
        async with entered(lambda dsn: dsn, JOBS):
            raise AssertionError

    with pytest.raises(ServiceError, match="takes arguments"):
        asyncio.run(run())


def test_a_service_that_only_hooks_call_is_not_asked_of_a_worker() -> None:
    class Services(Protocol):
        @property
        def email(self) -> SERVICES["email"]: ...  # type: ignore[valid-type]

        @property
        def pager(self) -> Annotated[SERVICES["email"], HOOKS_ONLY]: ...  # type: ignore[valid-type]

    assert protocols_of(Services) == {"email": SERVICES["email"]}
