"""Tests of which messages are acknowledged, and in how many frames."""

from conduit_runtime.broker.remote.acks import Acks


def acks(delivered: int, *done: int) -> Acks:
    found = Acks()
    for tag in range(1, delivered + 1):
        found.delivered(tag)
    for tag in done:
        found.done(tag)
    return found


def test_one_frame_acknowledges_all_messages_up_to_the_first_that_is_held() -> None:
    found = acks(5, 3, 1, 2, 5)
    assert found.take() == [(3, True), (5, False)]
    assert found.take() == []
    found.done(4)
    assert found.take() == [(4, True)]


def test_a_message_behind_one_that_is_held_is_acknowledged_alone() -> None:
    assert acks(3, 2, 3).take() == [(2, False), (3, False)]


def test_a_rejected_message_is_in_the_way_of_none() -> None:
    found = acks(3, 2, 3)
    found.forget(1)
    assert found.take() == [(3, True)]
