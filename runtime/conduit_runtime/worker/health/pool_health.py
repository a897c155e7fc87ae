"""Whether a pool lives, and whether it is ready, for probes."""

from dataclasses import dataclass

STALE = 5.0
"""Seconds without a heartbeat after which the database, or the broker, is out of reach."""


@dataclass(frozen=True, slots=True)
class PoolHealth:
    """The health of a pool at one moment.

    `blocked` is the seconds for which its event loop has been blocked, 0 if it is not.
    `heartbeat_age` is the seconds since its last heartbeat reached the database, None before the
    first. `hub` is what takes the heartbeats: "database" or, behind a broker, "broker".
    """

    is_started: bool
    is_stopping: bool = False
    blocked: float = 0.0
    heartbeat_age: float | None = None
    hub: str = "database"

    @property
    def is_live(self) -> bool:
        """Whether its event loop runs, whatever the database does."""
        return not self.blocked

    @property
    def is_ready(self) -> bool:
        """Whether it claims jobs: it is registered, reaches the database, and does not stop."""
        return not self.reason

    @property
    def reason(self) -> str:
        """Why it is not ready; empty when it is."""
        if self.blocked:
            return f"the event loop has been blocked for {self.blocked:.1f} s"
        if self.is_stopping:
            return "the worker is stopping"
        if not self.is_started or self.heartbeat_age is None:
            return "the worker is not registered yet"
        if self.heartbeat_age > STALE:
            return f"the {self.hub} has not been reached for {self.heartbeat_age:.0f} s"
        return ""
