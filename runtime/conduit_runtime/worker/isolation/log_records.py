"""Log records of a child, which its worker writes: the worker's configuration decides how."""

import logging
from collections.abc import Mapping
from contextvars import copy_context
from typing import Any

from ...model.calls import entered_job
from ...model.claimed import Claimed
from ...model.text.masking import mask, secrets_of
from ...stdlib.logger import Event
from .messages import Logged, Pipe, key_of

LONGEST = 1_000
"""The most characters of a last message that an error quotes."""
MOST = 1_000_000
"""The most characters of a message or a field that the worker gets: it holds them in its memory."""


def present_levels() -> dict[str, int]:
    """The levels of the loggers of this process that have one, by name."""
    loggers = {"": logging.root, **logging.root.manager.loggerDict}
    return {
        name: each.level
        for name, each in loggers.items()
        if isinstance(each, logging.Logger) and each.level
    }


def forward_records(pipe: Pipe, levels: Mapping[str, int]) -> None:
    """Send the records of this process to the worker, in place of every handler of its own."""
    for each in [logging.root, *logging.root.manager.loggerDict.values()]:
        if isinstance(each, logging.Logger):
            each.handlers.clear()
            each.propagate = True
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    logging.root.addHandler(_Forwarding(pipe))


class _Forwarding(logging.Handler):
    def __init__(self, pipe: Pipe) -> None:
        super().__init__()
        self._pipe = pipe
        self._formatter = logging.Formatter()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            job = entered_job.get(None)
            secrets = secrets_of(job)
            message = record.getMessage()
            if secrets:
                message = mask(message, secrets)
            shown = record.msg if isinstance(record.msg, Event) else message
            attributes = vars(record) | {"msg": shown, "args": None, "exc_info": None}
            if record.exc_info and not record.exc_text:
                text = self._formatter.formatException(record.exc_info)
                attributes["exc_text"] = mask(text, secrets) if secrets else text
            attributes = {name: _crossing(value) for name, value in attributes.items()}
            key = key_of(job) if isinstance(job, Claimed) else None
            self._pipe.send(Logged(attributes, message[:LONGEST], key))
        except Exception:
            self.handleError(record)


def _crossing(value: Any) -> Any:
    """The value; what JSON does not have crosses as its text, so that no class has to."""
    if value is None or type(value) in {int, float, bool}:
        return value
    if isinstance(value, Event):
        return Event(str(value.message), _crossing({**value.fields}))
    if isinstance(value, dict):
        return {str(name): _crossing(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [*map(_crossing, value)]
    text = str(value)
    return text if len(text) <= MOST else f"{text[:MOST]}… ({len(text):,} characters)"


def write_record(logged: Logged, job: Claimed | None) -> None:
    """Write a record of a child, as if it was logged here while this job ran."""
    record = logging.makeLogRecord(logged.record)
    context = copy_context()
    if job is not None:
        context.run(entered_job.set, job)
    context.run(logging.getLogger(record.name).handle, record)
