"""The reason why a job waits, in words."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from conduit_dashboard.job.starting import reasons
from conduit_runtime.model.dashboard.job import StartFacts

NOW = datetime(2026, 11, 27, tzinfo=UTC)
DUE = StartFacts(UUID(int=1), "pending", "mail", "send", 0, 3, NOW, NOW, serving=2, knowing=1)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, ["It is due, and starts when a worker has a slot for it."]),
        ({"status": "completed"}, []),
        ({"status": "running", "locked_by": "w\n1"}, ["It runs in worker w\\n1."]),
        ({"status": "blocked", "waits_for": 1_200}, ["It waits for 1,200 jobs of its flow."]),
        ({"run_at": NOW + timedelta(minutes=5)}, ["It is due in 5 minutes."]),
        (
            {"run_at": NOW + timedelta(seconds=9), "attempts": 1, "is_paused": True},
            ["Attempt 2 of 3 is due in 9 s.", "The queue mail is paused."],
        ),
        ({"serving": 0}, ["No live worker serves the queue mail."]),
        ({"knowing": 0}, ["No live worker of the queue mail handles the type send."]),
        (
            {"queue_limit": 1, "running_in_queue": 1},
            ["The queue mail may run 1 job at once, and as many run."],
        ),
        (
            {"type_limit": 2, "running_of_type": 3},
            ["The type send may run 2 jobs at once, and as many run."],
        ),
        ({"has_rate": True}, ["It is due. Its type may start only so many jobs within a period."]),
        (
            {"run_at": NOW + timedelta(seconds=18), "is_refused": True, "serving": 0},
            [
                "Postgres refused its last claim: the error says why.",
                "A worker tries it again in 18 s.",
                "No live worker serves the queue mail.",
            ],
        ),
        (
            {"is_refused": True, "attempts": 1},
            [
                "Postgres refused its last claim: the error says why.",
                "A worker tries it again now.",
                "It is due, and starts when a worker has a slot for it.",
            ],
        ),
        (
            {"is_unreadable": True, "is_paused": True},
            [
                "No worker could read its payload. Deploy code that reads it, or enqueue it again "
                "with an edited payload."
            ],
        ),
    ],
)
def test_reasons(facts: dict[str, Any], words: list[str]) -> None:
    assert [*reasons(replace(DUE, **facts))] == words
