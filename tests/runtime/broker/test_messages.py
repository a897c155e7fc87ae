"""Tests of which messages are refused, since Postgres stores their contents."""

from typing import Any
from uuid import uuid4

import pytest
from conduit_runtime.broker.decoding import (
    Malformed,
    decode_each_outcome,
    decode_hello,
    decode_outcomes,
)
from conduit_runtime.broker.messages import VERSION, OutcomeEntry, Outcomes, encode
from conduit_runtime.model.new_job import NewJob
from msgspec import json


def hello(**fields: Any) -> bytes:
    usual: dict[str, Any] = {
        "version": VERSION, "worker": "w", "host": "h", "pid": 1, "package": None,
        "queues": {"a": None}, "concurrency": 10, "lanes": [("t", "")],
    }  # fmt: skip
    return json.encode(usual | fields)


def outcomes(*children: NewJob) -> bytes:
    entries = [
        OutcomeEntry(uuid4(), uuid4(), "t", "q", 0, 1, 1, children=[child]) for child in children
    ]
    return encode(Outcomes(VERSION, "w", entries))


def child(**fields: Any) -> NewJob:
    return NewJob(uuid4(), "q", "t", "{}", 50, 3, **fields)


def test_child_jobs_may_have_what_a_job_may_have() -> None:
    body = outcomes(child(delay=-1.0, timeout=1e300), child(delay=3.2e10))
    first, second = decode_outcomes(body).outcomes
    assert (first.children[0].delay, first.children[0].timeout) == (-1.0, 1e300)
    assert second.children[0].delay == 3.2e10


def test_an_outcome_that_is_refused_leaves_the_others() -> None:
    body = outcomes(child(delay=1.0), child(delay=1e300), child(delay=2.0))
    with pytest.raises(Malformed):
        decode_outcomes(body)
    message, refused = decode_each_outcome(body)
    assert [entry.children[0].delay for entry in message.outcomes] == [1.0, 2.0]
    assert (message.version, message.worker) == (VERSION, "w")
    assert ["delay" in str(error) for error in refused] == [True]


@pytest.mark.parametrize(
    "changes",
    [
        {"lanes": [("a\0b", "")]},
        {"lanes": [("t", "\\\0")]},
        {"lanes": [("t", "x" * 501)]},
        {"descriptions": [{"type": "t\0", "fingerprint": "", "queue": "", "description": {}}]},
        {"limits": {"t": {"concurrency": 2**40}}},
        {"limits": {"t": {"concurrency": 0}}},
        {"limits": {"t": {"starts": 2**31, "seconds": 1.0}}},
        {"limits": {"t": {"starts": 1, "seconds": 1e9}}},
        {"limits": {"t": {"starts": 1, "seconds": 0.0}}},
        {"limits": {"t": {"starts": 1}}},
    ],
)
def test_what_postgres_refuses_of_a_worker_is_no_announcement(changes: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        decode_hello(hello(**changes))


def test_what_a_worker_may_say() -> None:
    limits = {"t": {"concurrency": 1, "starts": 2, "seconds": 0.5}, "u": {"concurrency": 3}}
    decoded = decode_hello(hello(lanes=[("x" * 500, "\\u0000")], limits=limits))
    assert decoded.lanes == [("x" * 500, "\\u0000")]
    assert (decoded.limits["t"].starts, decoded.limits["u"].concurrency) == (2, 3)
