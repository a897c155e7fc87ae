"""`Job`."""

from datetime import timedelta
from typing import Any, NoReturn

from ..model.values import ConduitError
from ._namespace import namespace, properties


@namespace
class Job:
    """The job of an `@async` block. Generated code calls methods of its context instead."""

    @staticmethod
    @properties("effect")
    def sleep(duration: timedelta) -> None:
        """Let the job sleep. It holds no worker, and goes on here when the time is over."""
        _refuse("Job.sleep")

    @staticmethod
    @properties("effect")
    def wait(name: str, timeout: timedelta) -> Any:
        """Let the job wait for a signal. The signal's value; nil after the timeout."""
        _refuse("Job.wait")


def _refuse(call: str) -> NoReturn:
    raise ConduitError(f"{call}: in Python, call the method of a handler's context")
