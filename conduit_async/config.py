"""The configuration of a project: `[tool.conduit]` of `pyproject.toml`, or `conduit.toml`."""

from dataclasses import dataclass, field
from typing import Literal

from .source import Source

PRIORITIES = {"low": 0, "normal": 50, "high": 75, "urgent": 100}
"""The names of priorities, which are numbers from 0 to 100."""

BACKOFFS = ("exponential", "linear", "constant")
"""How the waits between attempts grow."""


@dataclass(frozen=True)
class Defaults:
    """The options of an `@async` block that sets none; durations are in seconds."""

    queue: str = "default"
    priority: int = 50
    max_attempts: int = 3
    backoff: str = "exponential"
    base: float | None = None
    timeout: float | None = None
    concurrency: int | None = None
    rate_limit: int | None = None
    per: float | None = None


@dataclass(frozen=True)
class BreakingLevel:
    """How `conduitc breaking` treats the findings of a rule, for one job type or for all, and why.

    It ignores them or gives them another verdict.
    """

    rule: str
    reason: str
    job: str | None = None
    level: Literal["ignore", "either", "workers-first", "web-first", "drain-first"] = "ignore"


@dataclass(frozen=True)
class Config:
    """Values that a command line may override; paths are relative to the configuration's folder."""

    sources: tuple[str, ...] = ()
    out: str | None = None
    connection: Literal["sync", "async"] = "sync"
    schema: str | None = None
    prefix: str | None = None
    externs: tuple[str, ...] = ()
    tables: dict[str, str] = field(default_factory=dict)
    sensitive: tuple[str, ...] = ()
    """Sensitive fields as `Resource.field`, or `field` for every resource."""
    upcasters: str | None = None
    """The module in which the application reads older payloads: `app.upcasters`."""
    defaults: Defaults = Defaults()
    breaking: tuple[BreakingLevel, ...] = ()
    origin: Source | None = field(default=None, compare=False)
    """The file of the configuration, for messages."""
