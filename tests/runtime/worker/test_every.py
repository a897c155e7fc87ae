"""When a step that a thread does from time to time is due."""

import pytest
from conduit_runtime.worker.every import Every


def test_a_step_is_due_at_once_and_then_after_its_time() -> None:
    done: list[str] = []
    rare, always = Every(3_600.0, done.append), Every(0.0, done.append)
    for _ in range(3):
        rare.if_due("rare")
        always.if_due("always")
    assert done == ["rare", "always", "always", "always"]


def test_a_step_may_be_due_earlier() -> None:
    done: list[str] = []
    step = Every(3_600.0, done.append)
    step.if_due("first")
    step.soon(0.0)
    step.if_due("second")
    step.soon(3_600.0)
    step.if_due("third")
    assert done == ["first", "second"]


def test_a_step_that_takes_more_than_its_share_is_due_later() -> None:
    done: list[str] = []
    step = Every(0.0, done.append, share=1e-9)
    step.if_due("first")
    step.if_due("second")
    assert done == ["first"]


def test_a_step_that_raises_is_due_again_after_its_time() -> None:
    def fail() -> None:
        raise ValueError("no")

    step = Every(3_600.0, fail)
    with pytest.raises(ValueError, match="no"):
        step.if_due()
    step.if_due()
