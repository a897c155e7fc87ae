"""What a worker can run."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lanes:
    """A job type that a worker handles, and in how many payload shapes."""

    type: str
    shapes: int
