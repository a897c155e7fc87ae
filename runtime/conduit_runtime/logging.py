"""Formatters for the standard `logging` that write a record as a line of JSON or of text.

`conduit-jobs worker --log-format json` uses them; applications may use them too.
"""

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from .model.calls import entered_job
from .model.text.job_fields import job_fields
from .model.text.logs import OneLineFormatter
from .model.text.masking import mask, secrets_of
from .model.text.printable import escape_controls

__all__ = ["JsonFormatter", "OneLineFormatter", "configure"]

TEXT = "%(asctime)s %(levelname)s %(message)s"
_FIRST = frozenset({"time", "level", "logger"})
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """Writes each record as one line of JSON.

    The keys `time` (UTC, RFC 3339), `level`, `logger` and `message` come first; the record's
    `extra` follows. A record that any logger writes while a job runs has `job_id`, `job_type`,
    `queue`, `attempt` and, if the job has them, `key`, `headers` and `trace_id`. An exception
    becomes `error_type`, `error` and `traceback`. An `extra` with the name of one of the first four
    keys gets a trailing `_`. Sensitive values that the job has read are masked. A value that JSON
    cannot hold is written as its `str()`.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as a line without control characters."""
        # Our own loggers name the job themselves: the runner also logs about jobs other than the
        # current.
        job = None if record.name.startswith("conduit.") else entered_job.get(None)
        fields = {
            "time": _time(record.created),
            "level": record.levelname,
            "logger": record.name,
            "message": _message(record),
            **({} if job is None else job_fields(job)),
            **{
                _key(name): _encodable(value)
                for name, value in vars(record).items()
                if name not in _STANDARD
            },
        }
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            fields |= {"error_type": type(error).__name__, "error": _text(error)}
            fields["traceback"] = self.formatException(record.exc_info)
        elif record.exc_text:
            fields["traceback"] = record.exc_text
        if record.stack_info:
            fields["stack"] = self.formatStack(record.stack_info)
        secrets = secrets_of(entered_job.get(None))
        if secrets:
            fields = {name: _masked(value, secrets) for name, value in fields.items()}
        return escape_controls(json.dumps(fields, ensure_ascii=False, default=_text))


def configure(form: str = "text", level: str = "info") -> None:
    """Make the root logger write to stderr as `text` or `json`, unless it has handlers already."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if form == "json" else OneLineFormatter(TEXT))
    logging.basicConfig(level=level.upper(), handlers=[handler])


def _time(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _message(record: logging.LogRecord) -> str:
    """The message; for Conduit's `Logger` without the values, which have keys of their own."""
    event: Any = record.msg
    if isinstance(getattr(event, "fields", None), Mapping):
        return str(event.message)
    try:
        return record.getMessage()
    except Exception:  # logging would print a traceback of several lines, with the arguments
        return f"{_text(event)} (its arguments do not fit)"


def _key(name: str) -> str:
    """The key of an attribute, without the `_` that Conduit's `Logger` appends to `name`, say."""
    if name in _FIRST:
        return f"{name}_"
    return name.removesuffix("_") if name.removesuffix("_") in _STANDARD else name


def _encodable(value: Any) -> Any:
    """The value, or its text if JSON cannot hold it."""
    if value is None or isinstance(value, str):
        return value
    try:
        json.dumps(value, allow_nan=False, default=_text)
    except (TypeError, ValueError, RecursionError):
        return _text(value)
    return value


def _masked(value: Any, secrets: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    text = value if isinstance(value, str) else _text(value)
    shown = mask(text, secrets)
    return value if shown == text else shown


def _text(value: object) -> str:
    try:
        return str(value)
    except Exception:  # a log line must not fail for an object whose `str()` does
        return type(value).__name__
