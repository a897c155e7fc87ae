import asyncio
import re
from datetime import timedelta
from typing import Any

import pytest
from conduit_runtime import Discard, JobStatus, Retry, Snooze
from conduit_runtime.model.attempts.outcome import Outcome, clean, decide, describe
from conduit_runtime.model.attempts.retry import (
    DEFAULT_POLICY,
    ErrorType,
    RetryPolicy,
    check_error_types,
)
from conduit_runtime.model.errors import PayloadMismatch
from hypothesis import given
from hypothesis import strategies as st


def decided(error: BaseException, attempt: int = 1, max_attempts: int = 3) -> Outcome:
    return decide(attempt, max_attempts, error, DEFAULT_POLICY, 0.0)


@pytest.mark.parametrize(
    ("attempt", "minutes"), [(1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, 32), (11, 1024)]
)
def test_the_wait_doubles(attempt: int, minutes: int) -> None:
    assert DEFAULT_POLICY.delay(attempt, 0.0) == minutes * 60
    assert DEFAULT_POLICY.delay(attempt, 1.0) == pytest.approx(minutes * 66)


def test_other_backoffs() -> None:
    assert [RetryPolicy("linear", 10).delay(n, 0) for n in (1, 2, 3)] == [10, 20, 30]
    assert [RetryPolicy("constant", 10).delay(n, 0) for n in (1, 2, 3)] == [10, 10, 10]


@given(st.integers(1, 2**31 - 1), st.floats(0, 1))
def test_the_wait_is_bounded(attempt: int, jitter: float) -> None:
    wait = DEFAULT_POLICY.delay(attempt, jitter)
    assert 60 <= wait <= timedelta(days=365).total_seconds() * 1.1


def test_the_last_attempt_fails_the_job() -> None:
    assert decided(ValueError("x"), 2).status is JobStatus.PENDING
    assert decided(ValueError("x"), 3).status is JobStatus.FAILED
    assert decided(Retry(after=1), 3).status is JobStatus.FAILED
    assert decided(ValueError(), 7, 3).status is JobStatus.FAILED


def test_what_a_retry_cannot_help_fails_at_once() -> None:
    assert decided(Discard("no")).status is JobStatus.FAILED
    assert decided(PayloadMismatch("order.total is missing")).status is JobStatus.FAILED


class Refused(ConnectionError):
    """A user's class of errors."""


@pytest.mark.parametrize(
    ("retry_on", "discard_on", "error", "discarded"),
    [
        ((), (), ValueError(), False),
        ((), (ValueError,), ValueError(), True),
        ((), (ValueError,), KeyError(), False),
        ((OSError,), (), TimeoutError(), False),
        ((OSError,), (), ValueError(), True),
        (("OSError",), (), Refused(), False),
        (("Refused",), (), Refused(), False),
        (("Refused",), (), ConnectionError(), True),
        # the nearest of several matching classes decides
        ((OSError,), (Refused,), Refused(), True),
        ((OSError,), (Refused,), ConnectionError(), False),
        ((Refused,), (OSError,), Refused(), False),
        ((Refused,), ("Exception",), ValueError(), True),
        ((Refused, "KeyError"), ("LookupError",), KeyError(), False),
        # not an Exception: raised by the handler to control its job, or to end it
        ((OSError,), ("Exception",), Retry(after=1), False),
        ((OSError,), ("Exception",), Snooze(1), False),
        ((OSError,), ("Exception",), asyncio.CancelledError(), False),
    ],
)
def test_errors_that_are_not_retried(
    retry_on: tuple[ErrorType, ...],
    discard_on: tuple[ErrorType, ...],
    error: BaseException,
    discarded: bool,
) -> None:
    policy = RetryPolicy("constant", 5, retry_on, discard_on)
    outcome = decide(1, 3, error, policy, 0.0)
    assert outcome.discarded is discarded
    assert outcome.status is (JobStatus.FAILED if discarded else JobStatus.PENDING)
    if discarded:
        assert outcome.detail is not None
    last = decide(3, 3, error, policy, 0.0)
    assert last.discarded is discarded


@pytest.mark.parametrize(
    ("retry_on", "discard_on", "message"),
    [
        (("smtplib.SMTPException",), (), "retry_on is 'smtplib.SMTPException': use a class"),
        ((), ("Discard",), "discard_on is 'Discard': use a class"),
        ((), ("KeyboardInterrupt",), "discard_on is"),
        (("",), (), "retry_on is"),
        ((KeyError,), ("KeyError",), "both name KeyError"),
        (("KeyError",), (KeyError,), "both name KeyError"),
        ((KeyError,), (KeyError,), "both name KeyError"),
    ],
)
def test_bad_names_of_errors(retry_on: Any, discard_on: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        check_error_types(retry_on, discard_on)


@pytest.mark.parametrize("bad", [5, [5], [int], [BaseException], [Retry], None, {"a": 1}])
def test_what_is_no_class_of_errors(bad: Any) -> None:
    with pytest.raises(TypeError, match=r"^retry_on is "):
        check_error_types(bad, ())


def test_classes_of_errors() -> None:
    other = type("KeyError", (Exception,), {})
    assert check_error_types(KeyError, "OSError") == ((KeyError,), ("OSError",))
    assert check_error_types([KeyError], iter([other])) == ((KeyError,), (other,))


def test_a_snooze_does_not_count() -> None:
    assert decided(Snooze(5), 3) == Outcome(JobStatus.PENDING, delay=5.0, counted=False)


def test_a_retry_sets_its_own_wait() -> None:
    assert decided(Retry(after=timedelta(minutes=7))).delay == 420
    assert decided(Retry()).delay == 60
    assert decided(Retry(after=-5)).delay == 0


@given(st.text(alphabet=st.characters(), max_size=300), st.integers(20, 100))
def test_clean_text_can_be_stored(text: str, limit: int) -> None:
    cleaned = clean(text, limit)
    assert "\0" not in cleaned
    cleaned.encode()
    assert len(cleaned) < limit + 40


def test_a_description_never_raises() -> None:
    class Hostile(Exception):
        def __str__(self) -> str:
            raise KeyboardInterrupt

    text, trace = describe(Hostile())
    assert text.startswith("Hostile")
    assert trace
