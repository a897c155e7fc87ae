"""The type of the fixture `timed`."""

from typing import Protocol


class Timed(Protocol):
    """Gives the pools that start from now on other times, in seconds, by the names of `Timing`."""

    def __call__(self, **seconds: float) -> None: ...
