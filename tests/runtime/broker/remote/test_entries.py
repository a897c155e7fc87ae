"""Tests of jobs as they come in messages, and of outcomes as they leave in them."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from conduit_runtime import Job, chain
from conduit_runtime.broker.decoding import decode_jobs, decode_outcomes
from conduit_runtime.broker.gateway.grouping import entry_of
from conduit_runtime.broker.messages import VERSION, Jobs, Outcomes
from conduit_runtime.broker.messages import encode as encoded
from conduit_runtime.broker.remote.entries import claimed_jobs, outcome_entries, too_large
from conduit_runtime.model.attempts.outcome import Outcome
from conduit_runtime.model.claimed import Claimed
from conduit_runtime.model.job import JobStatus
from conduit_runtime.statements.flows import ChildJobs
from conduit_runtime.statements.outcomes import Attempt
from conduit_runtime.statements.results import Result
from played_gateway import entry


def claimed(**fields: object) -> Claimed:
    message = Jobs(VERSION, "d", "g", 1, "mail", "greet", [entry('{"a": 1.50}', **fields)])
    [job] = claimed_jobs(decode_jobs(encoded(message)))
    return job


def sent(attempt: Attempt) -> Outcomes:
    return decode_outcomes(encoded(Outcomes(VERSION, "w", outcome_entries([attempt], 100.0))))


def test_a_job_is_what_the_gateway_claimed() -> None:
    flow, headers = uuid4(), '{"tenant":"acme"}'
    given = entry(rescues=1, timeout=2.5, flow=flow, fingerprint="abc", priority=75)
    given.headers = headers
    [job] = claimed_jobs(decode_jobs(encoded(Jobs(VERSION, "d", "g", 1, "mail", "greet", [given]))))
    assert (job.id, job.token, job.queue, job.type) == (given.id, given.token, "mail", "greet")
    assert (job.rescues, job.timeout, job.flow, job.headers) == (1, 2.5, flow, headers)
    assert (job.fingerprint, job.priority, job.attempts, job.max_attempts) == ("abc", 75, 1, 3)


def test_a_payload_is_the_very_text_that_the_database_has() -> None:
    assert claimed().payload == '{"a": 1.50}'
    assert claimed().headers is None


@pytest.mark.parametrize("payload", ["[" * 6_000 + "]" * 6_000, f'["{"[" * 2_000}"]', "[[1], {}]"])
def test_a_payload_is_the_same_however_deep_it_is(payload: str) -> None:
    given = entry_of(Claimed(uuid4(), uuid4(), "greet", "mail", payload))
    [job] = claimed_jobs(decode_jobs(encoded(Jobs(VERSION, "d", "g", 1, "mail", "greet", [given]))))
    assert job.payload == payload


def test_a_completed_attempt_has_its_times_and_result() -> None:
    job = claimed()
    [found] = sent(Attempt(job, 0.5, result=Result("[1]", 60.0), started=99.0)).outcomes
    assert (found.id, found.token, found.outcome) == (job.id, job.token, None)
    assert (found.elapsed, found.ago, found.result) == (0.5, 1.0, ("[1]", 60.0))
    assert found.payload is None


def test_child_jobs_are_those_that_a_statement_would_insert() -> None:
    children = ChildJobs()
    when = datetime(2030, 1, 2, tzinfo=UTC)
    children.append(Job(type="a", payload={"x": 1}, run_at=when, unique="k", priority=75))
    children.append(Job(type="b", delay=timedelta(seconds=3), timeout=4.0))
    children.add_flow(chain(Job(type="c"), Job(type="d")))
    [found] = sent(Attempt(claimed(), enqueued=children.rows())).outcomes
    a, b, c, d = found.children
    assert (a.type, a.payload, a.run_at, a.priority) == ("a", '{"x":1}', when, 75)
    assert a.digest is not None
    assert (b.delay, b.timeout, b.digest) == (3.0, 4.0, None)
    assert [*d.dependencies] == [(c.id, d.id)]
    assert c.flow == d.flow is not None


def test_a_failed_attempt_has_the_payload_and_the_error() -> None:
    outcome = Outcome(JobStatus.FAILED, error="no", detail={"attempt": 1}, discarded=True)
    [found] = sent(Attempt(claimed(), outcome=outcome)).outcomes
    assert found.outcome == outcome
    assert found.payload == '{"a": 1.50}'


def test_a_retried_attempt_leaves_the_payload_behind() -> None:
    [found] = sent(Attempt(claimed(), outcome=Outcome(JobStatus.PENDING, delay=1.0))).outcomes
    assert found.payload is None


def test_what_is_too_large_fails_in_words() -> None:
    outcome = too_large(Attempt(claimed()), 20_000_000, 15_000_000).outcome
    assert outcome is not None
    assert outcome.status is JobStatus.FAILED
    assert "20,000,000 bytes" in (outcome.error or "")
