"""Lanes that no live worker knows: which of them a worker tries, and when it warns."""

import logging

import pytest
from conduit_runtime.model.lanes import Lane, marked
from conduit_runtime.postgres.statement import Statement
from conduit_runtime.statements.worker_registry import WaitingLane
from conduit_runtime.worker.heartbeat.upkeep import (
    UnhandledTypes,
    fallback_lanes,
    unhandled_lanes,
)
from conduit_runtime.worker.run.handlers import HandlerRegistry

OLD = ("email.send", "old shape")
OTHER = ("report", "")


def registry() -> HandlerRegistry:
    handlers = HandlerRegistry()
    handlers.register("email.send", lambda context, payload: None)
    return handlers


def waiting(*lanes: Lane, is_handled: bool = False) -> list[WaitingLane]:
    return [WaitingLane("default", lane, is_handled) for lane in lanes]


@pytest.mark.parametrize(("is_draining", "first"), [(True, [OLD]), (False, [])])
def test_a_lane_is_tried_at_once_by_a_worker_that_drains_and_otherwise_when_seen_twice(
    is_draining: bool, first: list[Lane]
) -> None:
    types = UnhandledTypes(registry(), ["default"], is_draining=is_draining)
    types.step(lambda statement: waiting(OLD, OTHER))
    assert types.fallback_lanes == first
    types.step(lambda statement: waiting(OLD, OTHER))
    assert types.fallback_lanes == [OLD]
    types.step(lambda statement: [])
    assert types.fallback_lanes == []


def test_a_lane_of_its_own_is_tried_that_other_readers_found_unreadable() -> None:
    handlers = registry()
    own = ("email.send", "")
    unread = (own[0], marked(own[1], "another"))
    known = (own[0], marked(own[1], handlers.get("email.send").reader))
    lanes = waiting(unread, known, is_handled=True)
    assert unhandled_lanes(lanes) == set()
    assert fallback_lanes(handlers, lanes, ()) == [unread]


def test_a_type_without_code_is_named_once(caplog: pytest.LogCaptureFixture) -> None:
    asked: list[Statement[list[WaitingLane]]] = []

    def run(statement: Statement[list[WaitingLane]]) -> list[WaitingLane]:
        asked.append(statement)
        return waiting(OLD, OTHER, ("report", "shape"), ("sms", marked("shape", "reader")))

    types = UnhandledTypes(registry(), ["default"], is_draining=False)
    with caplog.at_level(logging.WARNING):
        types.step(run)
        types.step(run)
    assert [statement.parameters["queues"] for statement in asked] == [["default"]] * 2
    assert [record.getMessage() for record in caplog.records] == [
        "jobs of report wait in default, and no worker handles this type"
    ]


def test_a_gateway_names_a_type_when_it_waits_for_a_second_look(
    caplog: pytest.LogCaptureFixture,
) -> None:
    types = UnhandledTypes(HandlerRegistry(), ["default"], is_draining=False)
    with caplog.at_level(logging.WARNING):
        types.step(lambda statement: waiting(OTHER))
        assert not caplog.records
        types.step(lambda statement: waiting(OTHER))
    assert len(caplog.records) == 1
