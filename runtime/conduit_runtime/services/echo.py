"""Services that only print how they are called."""

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from ..model import payload
from ..model.calls import job_here
from ..model.text.names import source_names
from ..model.text.printable import escape_controls
from ..model.values import ErrorValue
from .protocols import is_value
from .service_calls import BoundService, Protocols, source_names_of


class Echo:
    """Every service that the protocols name: each call is one line of JSON, its result is {}."""

    def __init__(self, protocols: Protocols, write: Callable[[str], None] | None = None) -> None:
        for attribute, protocol in protocols.items():
            service = BoundService(partial(_echo, write or _to_stdout, protocol, attribute))
            setattr(self, attribute, {} if is_value(protocol) else service)


def _echo(
    write: Callable[[str], None], protocol: type, attribute: str, method: str
) -> Callable[..., Any]:
    """A method that prints its calls."""
    service, name = source_names_of(protocol, attribute, method)
    parameters = source_names(vars(protocol).get(method))

    def call(*args: Any, **named: Any) -> dict[str, Any]:
        job = job_here()
        line = {
            "job_id": job and job.id,
            "type": job and job.type,
            "attempt": job and job.attempt,
            "service": service,
            "method": name,
            "args": [_shown(value) for value in args],
            "kwargs": {parameters.get(key, key): _shown(value) for key, value in named.items()},
        }
        write(escape_controls(payload.encode(line)) + "\n")
        return {}

    call.runs_inline = True  # type: ignore[attr-defined]
    return call


def _shown(value: object) -> object:
    return ErrorValue.of(value) if isinstance(value, BaseException) else value


def _to_stdout(line: str) -> None:
    """One write a line, in UTF-8 whatever the locale, so that lines of threads never mix."""
    sys.stdout.flush()
    sys.stdout.buffer.write(line.encode())
    sys.stdout.buffer.flush()
