"""Functions and values that the application binds in addition to its services."""

import asyncio
import json
from types import SimpleNamespace
from typing import Any, Protocol

import pytest
from conduit_runtime import ServiceError
from conduit_runtime.model.text.names import named
from conduit_runtime.operators import bound_value
from conduit_runtime.services.loading import Echo
from conduit_runtime.services.protocols import check_complete, protocols_of
from conduit_runtime.services.service_calls import AsyncHookServices, HookServices, JobServices


@named("notify")
class Notify(Protocol):
    def __call__(self, arg1: str, /) -> Any: ...


class Services(Protocol):
    @property
    def notify(self) -> Notify: ...

    @property
    def tax_rate(self) -> Any: ...


PROTOCOLS = protocols_of(Services)


def in_a_job(services: object) -> JobServices:
    return JobServices(services, PROTOCOLS)


def given(notify: Any = str.upper) -> SimpleNamespace:
    return SimpleNamespace(notify=notify, tax_rate=None)


async def upper(text: str) -> str:
    return text.upper()


@pytest.mark.parametrize("notify", [str.upper, upper])
def test_a_job_awaits_functions_of_both_kinds(notify: Any) -> None:
    services: Any = in_a_job(given(notify))
    assert asyncio.run(services.notify("x")) == "X"


def test_hooks_call_functions() -> None:
    hook: Any = HookServices(given())
    assert hook.notify("x") == "X"
    waiting: Any = AsyncHookServices(given(upper))
    assert asyncio.run(waiting.notify("x")) == "X"


def test_a_value_is_what_it_is() -> None:
    services = SimpleNamespace(tax_rate={"de": 19})
    for wrapped in (in_a_job(services), HookServices(services), services):
        assert bound_value(wrapped, "tax_rate") is services.tax_rate
    assert bound_value(HookServices(given()), "tax_rate") is None


def test_a_missing_value_is_named() -> None:
    with pytest.raises(ServiceError, match='the value "tax_rate" is read, but no services were'):
        bound_value(HookServices(None), "tax_rate")


def test_a_worker_needs_all_of_them() -> None:
    check_complete(given(), PROTOCOLS)
    with pytest.raises(ServiceError) as caught:
        check_complete(SimpleNamespace(), PROTOCOLS)
    assert 'the service "notify" (for notify), the value "tax_rate"' in str(caught.value)
    with pytest.raises(ServiceError, match="call notify, tax_rate"):
        check_complete(None, PROTOCOLS)
    with pytest.raises(ServiceError, match='a function as the service "notify"'):
        check_complete(SimpleNamespace(notify=5, tax_rate=1), PROTOCOLS)


def test_echo_prints_calls_of_functions() -> None:
    lines: list[str] = []
    echo: Any = Echo(PROTOCOLS, lines.append)
    assert echo.notify("x") == {}
    assert echo.tax_rate == {}
    line = json.loads(lines[0])
    assert (line["service"], line["method"], line["args"]) == ("notify", "call", ["x"])
