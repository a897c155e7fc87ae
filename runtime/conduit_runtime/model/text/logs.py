"""Loggers whose records are one line each, whatever the text of a name or an exception."""

import logging
from collections.abc import Mapping
from typing import Any

from ..calls import job_here
from ..headers import NO_HEADERS
from ..values import error_message
from .printable import one_line, one_word


def get_logger(name: str) -> logging.Logger:
    """The logger of that name, for messages of the runtime itself."""
    logger = logging.getLogger(name)
    logger.addFilter(_escape_arguments)
    return logger


def enable_loggers() -> None:
    """Enable our loggers again after a configuration of logging that does not name them.

    `logging.config` disables them unless told otherwise, and `django.setup()` calls it.
    """
    for name in [*logging.root.manager.loggerDict]:
        if f"{name}.".startswith("conduit."):
            logging.getLogger(name).disabled = False


def _escape_arguments(record: logging.LogRecord) -> bool:
    if isinstance(record.args, tuple):
        record.args = tuple(map(_shown, record.args))
    return True


def _shown(value: Any) -> Any:
    if isinstance(value, BaseException):
        value = error_message(value)
    return one_line(value) if isinstance(value, str) else value


class OneLineFormatter(logging.Formatter):
    """Writes each record on one line, even a traceback: its newlines become `\\n`.

    The headers of the record's job follow, as in `tenant=acme`.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line without control characters."""
        words = [f"{name}={one_word(value)}" for name, value in _headers(record).items()]
        return " ".join([one_line(super().format(record)), *words])


def _headers(record: logging.LogRecord) -> Mapping[str, str]:
    """The headers that our loggers gave the record, or else those of the job that runs here."""
    if record.name.partition(".")[0] == "conduit":
        found: Mapping[str, str] = getattr(record, "headers", NO_HEADERS)
        return found
    return job.headers if (job := job_here()) else NO_HEADERS
