import asyncio
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

import pytest
from conduit_runtime import PayloadError, named
from conduit_runtime.model.calls import entered_job
from conduit_runtime.model.claimed import Claimed
from conduit_runtime.services.loading import Echo, resolve
from conduit_runtime.services.protocols import prepare
from example_jobs import JOBS
from example_jobs.records import OrderAddress

TYPE = "order.after_update.email_send"


@named("None")
class None_(Protocol):  # noqa: N801
    @named("import", from_="from")
    def import_(self, arg1: str, /, *, from_: str) -> Any: ...


def test_a_call_is_one_line_of_json_and_an_empty_hash(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    async def run() -> Any:
        entered_job.set(Claimed(UUID(int=9), UUID(int=5), TYPE, "mail", attempts=2))
        services: Any = prepare(resolve("echo", JOBS), JOBS).for_jobs()
        return await services.search_index.update(
            UUID(int=1), total=Decimal("1.10"), at=datetime(2026, 1, 2, tzinfo=UTC), to="é\n"
        )

    assert asyncio.run(run()) == {}
    out = capfdbinary.readouterr().out
    assert out.count(b"\n") == 1
    assert json.loads(out) == {
        "job_id": str(UUID(int=5)),
        "type": "order.after_update.email_send",
        "attempt": 2,
        "service": "SearchIndex",
        "method": "update",
        "args": [str(UUID(int=1))],
        "kwargs": {"total": "1.10", "at": "2026-01-02T00:00:00Z", "to": "é\n"},
    }


def echoed(*args: Any, **kwargs: Any) -> Any:
    lines: list[str] = []
    services: Any = Echo({"none_": None_}, lines.append)
    services.none_.import_(*args, **kwargs)
    return json.loads(lines[0])


def test_names_are_those_of_the_source() -> None:
    line = echoed("x", from_="y", to="z")
    assert (line["service"], line["method"], line["kwargs"]) == (
        "None",
        "import",
        {"from": "y", "to": "z"},
    )
    assert line["job_id"] is None


def test_records_are_objects_and_errors_their_two_parts() -> None:
    line = echoed(OrderAddress("s", "DE"), [None, {"a": 1.5}], ValueError("bad"))
    assert line["args"] == [
        {"street": "s", "country": "DE"},
        [None, {"a": 1.5}],
        {"message": "bad", "type": "ValueError"},
    ]


def test_what_no_payload_could_hold_is_an_error() -> None:
    with pytest.raises(PayloadError):
        echoed(float("nan"))
