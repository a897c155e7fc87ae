"""The types that a worker handles."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lanes:
    """A job type that a worker handles, and the number of its payload shapes."""

    type: str
    shapes: int
