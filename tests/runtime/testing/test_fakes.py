"""Fakes of services, and payloads for tests."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Protocol
from unittest.mock import call
from uuid import UUID

import pytest
from conduit_runtime import HandlerRegistry, job_type, named
from conduit_runtime.services.protocols import HOOKS_ONLY
from conduit_runtime.testing import Fakes, fakes, payload
from example_jobs.order import EmailSend, email_send, search_index_add
from example_jobs.records import Order
from example_jobs.services import Services


class TestFakes:
    def test_calls_are_noted(self) -> None:
        services: Any = fakes(Services)
        assert services.warehouse.release("a", 1) == {}
        services.email.send("z@e.de", subject="s", body="b")
        assert services.warehouse.release.calls == [call("a", 1)]
        assert services.email.send.calls[0].kwargs["subject"] == "s"
        assert services.email.send.calls[0].args == ("z@e.de",)
        assert services.search_index.add.calls == []

    def test_what_they_return(self) -> None:
        release = Fakes()(Services).warehouse.release
        assert release.returns(7)("a", 1) == 7
        release.returns(lambda sku, quantity: sku * quantity)
        assert release("a", 3) == "aaa"

    def test_how_they_fail(self) -> None:
        release: Any = fakes(Services).warehouse.release
        release.fails(ConnectionError("down"), times=2).returns("up")
        for _ in range(2):
            with pytest.raises(ConnectionError, match="down"):
                release("a", 1)
        assert release("a", 1) == "up"
        release.fails(TimeoutError)
        for _ in range(3):
            with pytest.raises(TimeoutError):
                release("a", 1)
        assert release.works()("a", 1) == "up"
        assert len(release.calls) == 7

    @pytest.mark.parametrize(
        ("args", "kwargs", "problem"),
        [
            (("a",), {}, "missing a required"),
            (("a", 1, 2), {}, "too many positional"),
            (("a",), {"arg2": 1}, "arg2"),
            (("a", 1), {"now": True}, "unexpected keyword argument 'now'"),
        ],
    )
    def test_calls_that_the_sources_do_not_make(self, args: Any, kwargs: Any, problem: str) -> None:
        release: Any = fakes(Services).warehouse.release
        with pytest.raises(TypeError, match=problem) as failed:
            release(*args, **kwargs)
        assert "the service takes warehouse.release(arg1: str, arg2: int, /)" in str(failed.value)
        assert release.calls == []

    def test_names_that_there_are_not(self) -> None:
        services: Any = fakes(Services)
        with pytest.raises(AttributeError, match="no method sned of email, but send"):
            _ = services.email.sned
        with pytest.raises(AttributeError, match="services are email, search_index, warehouse"):
            _ = services.mail

    def test_functions_values_and_what_hooks_call(self) -> None:
        class Geocode(Protocol):
            def __call__(self, arg1: str, /) -> Any: ...

        class Audit(Protocol):
            def note(self, arg1: str, /) -> Any: ...

        class Mine(Protocol):
            @property
            def geocode(self) -> Geocode: ...
            @property
            def limits(self) -> Any: ...
            @property
            def audit(self) -> Annotated[Audit, HOOKS_ONLY]: ...

        Mine.geocode.fget.__annotations__["return"] = Geocode  # type: ignore[attr-defined]
        Mine.audit.fget.__annotations__["return"] = Annotated[Audit, HOOKS_ONLY]  # type: ignore[attr-defined]
        services: Any = fakes(Mine)
        services.geocode.returns((1, 2))
        assert services.geocode("x") == (1, 2)
        assert services.geocode.calls == [call("x")]
        services.audit.note("y")
        services.limits = {"a": 1}
        assert services.limits == {"a": 1}

    def test_of_several_packages(self) -> None:
        one, two = Fakes(), Fakes()
        assert one(Services) is one
        both = two(Services)
        assert both.email is two(Services).email

    def test_they_are_services_of_a_worker(self) -> None:
        from conduit_runtime.services.protocols import prepare

        prepare(fakes(Services), [email_send])


class TestPayloads:
    def test_of_a_job_type(self) -> None:
        made = payload(email_send, number="AB-1")
        assert isinstance(made, EmailSend)
        assert (made.number, made.note, made.address_country) == ("AB-1", None, "address_country")
        assert isinstance(made.id, UUID)
        assert made.total == Decimal(1)
        assert made.state == "open"
        email_send.job(made)

    def test_of_a_record_and_what_is_within(self) -> None:
        row = payload(Order, number="AB-1")
        assert row.number == "AB-1"
        assert row.address.country == "country"
        assert payload(search_index_add).order.number == "number"

    def test_other_kinds(self) -> None:
        @dataclass
        class Inner:
            flag: bool
            kind: Literal["a", "b"]

        @named(from_="from")
        @dataclass
        class Outer:
            inner: Inner
            many: list[Inner]
            some: dict[str, Any]
            at: datetime
            either: int | str
            from_: str
            usual: int = 7

        for cls in (Inner, Outer):
            cls.__annotations__ |= {"inner": Inner, "many": list[Inner]} if cls is Outer else {}
        made = payload(Outer, inner=Inner(True, "b"))
        assert made.inner == Inner(True, "b")
        assert (made.many, made.some, made.either, made.from_, made.usual) == (
            [],
            {},
            1,
            "from_",
            7,
        )
        assert made.at.tzinfo is not None

    def test_fields_that_there_are_not(self) -> None:
        with pytest.raises(TypeError, match=r"EmailSend has no field nubmer: it has id, number,"):
            payload(email_send, nubmer=1)

    def test_values_that_do_not_fit(self) -> None:
        with pytest.raises(TypeError, match=r"EmailSend cannot have these values: .*number"):
            payload(email_send, number=7)
        with pytest.raises(TypeError, match=r"Order cannot have these values: Order.number"):
            payload(Order, number=7)

    def test_what_is_no_class_of_payloads(self) -> None:
        with pytest.raises(TypeError, match="neither a job type nor"):
            payload(str)


def test_a_job_type_of_ones_own() -> None:
    @dataclass(frozen=True)
    class Ping:
        host: str

    @job_type("ping", "f")
    async def ping(job: Any, payload: Ping) -> str:
        return payload.host

    ping.function.__annotations__["payload"] = Ping
    registry = HandlerRegistry()
    registry.register_job_types([ping])
    made = payload(ping, host="h")
    assert asyncio.run(ping.function(None, made)) == "h"  # type: ignore[arg-type]
