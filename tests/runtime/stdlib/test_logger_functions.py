"""`Logger`."""

import json
import logging
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from conduit_runtime.model.values import ErrorValue
from conduit_runtime.stdlib import Logger


@pytest.mark.parametrize(
    ("log", "level"),
    [
        (Logger.debug, "DEBUG"),
        (Logger.info, "INFO"),
        (Logger.warn, "WARNING"),
        (Logger.error, "ERROR"),
    ],
)
def test_levels(log: Callable[..., None], level: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "conduit")
    log("order shipped", number="AB-1", total=Decimal("9.50"))
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("conduit", level)
    assert record.getMessage() == "order shipped number=AB-1 total=9.50"
    assert record.filename == "test_logger_functions.py"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "nil"), (True, "true"), ("", '""'), ("a b", '"a b"'), ('a"b', '"a\\"b"'),
        ("a=b", '"a=b"'), ("a\nb", '"a\\nb"'), ("é", "é"), ([1, 2], "[1,2]"),
        ({"a": 1}, '"{\\"a\\":1}"'), (float("inf"), "inf"), ("100%s", "100%s"),
    ],
)  # fmt: skip
def test_how_values_read(value: object, text: str, caplog: pytest.LogCaptureFixture) -> None:
    Logger.warn("100%", value=value)
    assert caplog.records[0].getMessage() == f"100% value={text}"


def test_only_an_error_brings_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    error = OSError("disk full")
    Logger.error("mail failed", error=error, context={"id": 5})
    Logger.warn("mail is late", error=error)
    record, warning = caplog.records
    assert warning.exc_info is None
    assert record.getMessage() == (
        'mail failed context="{\\"id\\":5}" error="disk full" error_type=OSError'
    )
    assert record.exc_info == (OSError, error, None)


def test_a_rescued_error_is_a_message_and_a_kind(caplog: pytest.LogCaptureFixture) -> None:
    Logger.error("mail failed", error=ErrorValue("gone", "KeyError"))
    (record,) = caplog.records
    assert vars(record)["error"] == "gone"
    assert vars(record)["error_type"] == "KeyError"
    assert record.exc_info is None


def test_fields_reach_a_formatter_of_json(caplog: pytest.LogCaptureFixture) -> None:
    Logger.warn("hi", count=3, name="x", message="y", from_="z", args=[1], error="e", context=None)
    fields = vars(caplog.records[0])
    standard = vars(logging.makeLogRecord({})).keys() | {"message"}
    shown = {name: value for name, value in fields.items() if name not in standard}
    assert json.loads(json.dumps(shown)) == {
        "count": 3, "name_": "x", "message_": "y", "from": "z", "args_": [1], "error": "e",
    }  # fmt: skip


def test_a_message_may_be_any_value_but_nil(caplog: pytest.LogCaptureFixture) -> None:
    Logger.warn(Decimal("1.50"))
    assert caplog.records[0].getMessage() == "1.50"
    with pytest.raises(Exception, match=r"Logger\.info: `message` must be a string, not nil"):
        Logger.info(None)


def test_a_value_that_cannot_be_shown_fails_nothing(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def __str__(self) -> str:
            raise ValueError("no")

    value: Any = Broken()
    Logger.warn("hi", value=value)
    assert caplog.records[0].getMessage() == "hi value=Broken"


def test_a_message_below_the_level_costs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("ERROR", "conduit")
    Logger.info("quiet")
    assert caplog.records == []
