"""Log records as lines of JSON."""

import contextlib
import json
import logging
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from conduit_runtime import Job, JobContext, Queue
from conduit_runtime.logging import JsonFormatter
from conduit_runtime.stdlib import Logger
from pools import NewPool
from waiting import until

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


class Lines(logging.Handler):
    """Keeps the line that a formatter makes of each record."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonFormatter())
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(self.format(record))

    def of(self, logger: str) -> list[dict[str, Any]]:
        return [line for text in self.texts if (line := json.loads(text))["logger"] == logger]


@pytest.fixture
def lines() -> Iterator[Lines]:
    root = logging.getLogger()
    before, handler = root.level, Lines()
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)
    root.setLevel(before)


def test_a_record_is_one_line_with_its_fields(lines: Lines) -> None:
    logging.getLogger("app").warning(
        "two\nlines %s", "ü\x1b", extra={"count": 2, "at": UUID(int=1)}
    )
    [text] = lines.texts
    assert "\n" not in text
    line = json.loads(text)
    assert line["message"] == "two\nlines ü\x1b"
    assert (line["level"], line["logger"], line["count"]) == ("WARNING", "app", 2)
    assert line["at"] == str(UUID(int=1))
    assert line["time"].endswith("Z")


def test_an_exception_has_its_type_and_traceback(lines: Lines) -> None:
    try:
        raise ValueError("no")
    except ValueError:
        logging.getLogger("app").exception("it failed")
    [line] = lines.of("app")
    assert (line["error_type"], line["error"]) == ("ValueError", "no")
    assert "raise ValueError" in line["traceback"]


def test_what_cannot_be_shown_fails_no_line(lines: Lines) -> None:
    class Bad:
        def __str__(self) -> str:
            raise RuntimeError

    logging.getLogger("app").info("x", extra={"bad": Bad(), "set": {1}})
    [line] = lines.of("app")
    assert (line["bad"], line["set"]) == ("Bad", "{1}")


def test_every_line_is_json_whatever_the_values(lines: Lines) -> None:
    circle: list[object] = []
    circle.append(circle)
    values = {
        "huge": 10**5000,
        "nan": float("nan"),
        "circle": circle,
        "keys": {(1, 2): 3},
        "deep": {"x": [1.5]},
    }
    logging.getLogger("app").info("x", extra={**values, "level": 3, "time": "now", "logger": 1})

    class Bad(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    logging.getLogger("app").error("y", exc_info=Bad())
    line, failed = lines.of("app")
    assert line["huge"] == "int"
    assert (line["nan"], line["circle"], line["keys"]) == ("nan", "[[...]]", "{(1, 2): 3}")
    assert (line["deep"], line["level"], line["level_"]) == ({"x": [1.5]}, "INFO", 3)
    assert (line["time_"], line["logger_"]) == ("now", 1)
    assert (failed["error_type"], failed["error"]) == ("Bad", "Bad")


def test_arguments_that_do_not_fit_fail_no_line() -> None:
    record = logging.LogRecord("app", logging.INFO, __file__, 1, "%d\n", ("secret",), None)
    line = json.loads(JsonFormatter().format(record))
    assert line["message"] == "%d\n (its arguments do not fit)"
    assert "secret" not in str(line)


def test_a_name_of_records_own_gets_its_field_back(lines: Lines) -> None:
    Logger.info("shipped", name="parcel", number="A1")
    [line] = lines.of("conduit")
    assert (line["message"], line["name"], line["number"]) == ("shipped", "parcel", "A1")


def test_every_line_of_a_job_names_it(queue: Queue, new_pool: NewPool, lines: Lines) -> None:
    pool = new_pool("mail")

    @pool.handler("send")
    async def send(context: JobContext, payload: object) -> None:
        logging.getLogger("app").info("from the application")
        context.log.info("from the context")
        Logger.info("from the source", queue="theirs")

    @pool.handler("fail")
    def fail(context: JobContext, payload: object) -> None:
        logging.getLogger("app").info("from a thread")
        raise ValueError("no")

    trace = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    headers = {"tenant": "acme"}
    good = queue.enqueue(Job("mail", "send", {"secret": 1}, trace=trace, headers=headers))
    with pool:
        until(lambda: queue.stats().completed)
        bad = queue.enqueue(Job("mail", "fail", {"secret": 1}))
        until(lambda: (queue.get(bad.id) or bad).error)
    fields = {"job_id": str(good.id), "job_type": "send", "queue": "mail", "attempt": 1}
    app, thread = lines.of("app")
    assert app.items() >= {**fields, "trace_id": TRACE, "headers": headers}.items()
    assert (thread["job_id"], thread["job_type"]) == (str(bad.id), "fail")
    assert not {"trace_id", "headers"} & thread.keys()
    [own] = lines.of("conduit.job")
    assert own.items() >= {**fields, "trace_id": TRACE, "headers": headers}.items()
    [source] = lines.of("conduit")
    assert source.items() >= {**fields, "queue": "theirs"}.items()
    worker = [*lines.of("conduit.worker"), *lines.of("conduit.worker.attempts")]
    done, *again = [line for line in worker if line.get("job_id") == str(good.id)]
    assert len(again) == (0 if new_pool.is_direct else 1)  # the gateway logs the outcome as well
    assert (done["level"], done["trace_id"]) == ("DEBUG", TRACE)
    assert 0 <= done["duration"] < 10
    failed = [line for line in worker if line.get("job_id") == str(bad.id)]
    assert [line["level"] for line in failed] == ["WARNING", "DEBUG", *["DEBUG" for _ in again]]
    assert failed[0].items() >= {"job_type": "fail", "queue": "mail", "attempt": 1}.items()
    assert 0 <= failed[0]["duration"] < 10
    assert all("job_id" not in line for line in worker if "works on" in line["message"])
    assert not any("secret" in text for text in lines.texts)


def test_a_job_has_no_line_above_debug(
    queue: Queue, new_pool: NewPool, caplog: pytest.LogCaptureFixture
) -> None:
    pool = new_pool()
    pool.register("t", lambda context, payload: None)
    queue.enqueue_many([Job(type="t") for _ in range(20)])
    with caplog.at_level(logging.INFO), pool:
        until(lambda: queue.stats().completed == 20)
    assert len([each for each in caplog.records if each.name.startswith("conduit.worker")]) <= 2


def test_sensitive_values_are_masked(lines: Lines) -> None:
    from contextvars import copy_context

    from conduit_runtime.model.calls import entered_job
    from conduit_runtime.model.claimed import Claimed

    job = Claimed(UUID(int=1), UUID(int=2), "t", "default")
    job.secrets = {"hunter2"}

    def log() -> None:
        entered_job.set(job)
        with contextlib.suppress(ValueError):
            try:
                raise ValueError("hunter2 is wrong")
            except ValueError:
                logging.getLogger("app").exception("for hunter2", extra={"word": ["hunter2"]})

    copy_context().run(log)
    [text] = lines.texts
    assert "hunter2" not in text.replace('raise ValueError(\\"hunter2 is wrong', "")
    assert json.loads(text)["message"] == "for [sensitive]"
