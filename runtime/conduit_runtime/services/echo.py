"""Services that only print how they are called."""

import sys
from collections.abc import Callable
from typing import Any

from ..model import payload
from ..model.calls import job_here
from ..model.text.names import source_names
from ..model.text.printable import escape_controls
from ..model.values import ErrorValue
from .protocols import is_value
from .service_calls import Protocols, source_names_of


class Echo:
    """Every service that the protocols name: each call is one line of JSON, its result is {}."""

    def __init__(self, protocols: Protocols, write: Callable[[str], None] | None = None) -> None:
        for attribute, protocol in protocols.items():
            service = _EchoService(attribute, protocol, write or _to_stdout)
            setattr(self, attribute, {} if is_value(protocol) else service)


class _EchoService:
    def __init__(self, attribute: str, protocol: type, write: Callable[[str], None]) -> None:
        self.__attribute = attribute
        self.__protocol = protocol
        self.__write = write

    def __call__(self, *args: Any, **named: Any) -> dict[str, Any]:
        """Print a call of a service that is a function itself."""
        result: dict[str, Any] = self.__getattr__("__call__")(*args, **named)
        return result

    def __getattr__(self, method: str) -> Callable[..., Any]:
        service, name = source_names_of(self.__protocol, self.__attribute, method)
        parameters = source_names(vars(self.__protocol).get(method))
        write = self.__write

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
