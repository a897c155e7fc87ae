"""Handlers whose payload is a class get objects of it."""

import dataclasses
import datetime
from decimal import Decimal
from functools import partial
from typing import Annotated, Any, TypedDict
from uuid import UUID

import attrs
import msgspec
import pydantic
import pytest
from conduit_runtime import (
    BatchContext,
    BatchJob,
    HandlerRegistry,
    Job,
    JobContext,
    Queue,
    WorkerPool,
)
from pools import NewPool

ID = UUID(int=7)


@dataclasses.dataclass
class AsDataclass:
    id: UUID
    price: Decimal
    lines: list["AsDataclass"] = dataclasses.field(default_factory=list)


class AsStruct(msgspec.Struct):
    id: UUID
    price: Decimal


@attrs.define
class AsAttrs:
    id: UUID
    price: Decimal


class AsModel(pydantic.BaseModel):
    id: UUID
    price: Decimal


class AsTypedDict(TypedDict):
    id: UUID
    price: Decimal


class Newer(TypedDict):
    id: str


class Plain:
    """No class that msgspec or pydantic reads."""


CLASSES = [AsDataclass, AsStruct, AsAttrs, AsModel, AsTypedDict]


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("is_text", [False, True])
def test_a_handler_gets_an_object_of_the_class(
    queue: Queue, new_pool: NewPool, kind: Any, is_text: bool
) -> None:
    pool = new_pool()
    seen: list[Any] = []

    def handle(context: JobContext, payload: Any) -> None:
        seen.append(payload)

    async def handle_batch(context: BatchContext, jobs: Any) -> None:
        seen.extend(job.payload for job in jobs)

    handle.__annotations__["payload"] = "kind | None" if is_text else kind
    handle_batch.__annotations__["jobs"] = list[BatchJob[kind]]
    assert not is_text or kind  # `kind` is a variable of the closure, and so is the text's
    if is_text:
        handle.__globals__["kind"] = kind
    pool.register("single", handle)
    pool.batch_handler("batch", size=2)(handle_batch)
    given = kind(id=ID, price=Decimal("1.50"))
    queue.enqueue(Job(type="single", payload=given))
    pool.run(drain=True)
    queue.enqueue(Job(type="batch", payload=given))
    pool.run(drain=True)
    assert seen == [given, given]
    assert type(seen[0]) is type(given)


@pytest.mark.parametrize("is_batch", [False, True])
@pytest.mark.parametrize("kind", CLASSES)
def test_a_payload_that_does_not_fit_waits_for_other_code(
    queue: Queue, new_pool: NewPool, kind: Any, is_batch: bool
) -> None:
    def pool_of(kind: Any, seen: list[object]) -> WorkerPool:
        async def handle(context: JobContext, payload: Any) -> None:
            seen.append(payload)

        async def handle_batch(context: BatchContext, jobs: Any) -> None:
            seen.extend(job.payload for job in jobs)

        handle.__annotations__["payload"] = kind
        handle_batch.__annotations__["jobs"] = list[BatchJob[kind]]
        pool = new_pool()
        if is_batch:
            pool.batch_handler("t", size=2)(handle_batch)
        else:
            pool.register("t", handle)
        return pool

    payload = {"id": "secret", "price": "1"}
    job = queue.enqueue(Job(type="t", payload=payload, max_attempts=1))
    seen: list[object] = []
    marks = set()
    for _ in range(2):  # the same code does not try it again
        pool_of(kind, seen).run(drain=True)
        stored = queue.get(job.id)
        assert stored is not None
        assert (stored.status, stored.attempts, seen) == ("pending", 0, [])
        assert (stored.error or "").startswith("unreadable: the payload does not fit the handler: ")
        assert "secret" not in (stored.error or "")
        marks.add(stored.fingerprint)
    assert len(marks) == 1
    pool_of(Newer, seen).run(drain=True)
    stored = queue.get(job.id)
    assert stored is not None
    assert (stored.status, seen) == ("completed", [{"id": "secret"}])


@pytest.mark.parametrize(
    "annotation",
    [Any, object, dict, dict[str, Any], list[int], str | None, "dict[str, Any]", Annotated[int, 1]],
)
def test_types_of_json_stay_json(annotation: Any) -> None:
    def handle(context: JobContext, payload: Any) -> None:
        """Nothing."""

    handle.__annotations__["payload"] = annotation
    registry = HandlerRegistry()
    registry.register("t", handle)
    registry.register("partial", partial(handle))
    assert {each.decode for each in registry} == {msgspec.json.decode}


@pytest.mark.parametrize("annotation", [datetime.date, datetime.date | None, list[datetime.date]])
def test_values_that_json_does_not_have_are_read(annotation: Any) -> None:
    def handle(context: JobContext, payload: Any) -> None:
        """Nothing."""

    handle.__annotations__["payload"] = annotation
    registry = HandlerRegistry()
    registry.register("t", handle)
    text = '["2026-01-02"]' if annotation == list[datetime.date] else '"2026-01-02"'
    day = datetime.date(2026, 1, 2)
    assert registry.get("t").decode(text) in (day, [day])


@pytest.mark.parametrize("annotation", [Plain, list[Plain], Plain | None, "Absent", 7])
def test_other_annotations_are_refused(annotation: Any) -> None:
    def handle(context: JobContext, payload: Any) -> None:
        """Nothing."""

    handle.__annotations__["payload"] = annotation
    with pytest.raises(TypeError, match=r"the handler of 't': (no payload becomes|the annotation)"):
        HandlerRegistry().register("t", handle)
