"""The configuration of a project: `[tool.conduit]` of `pyproject.toml`, or `conduit.toml`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from .job_options import OptionValue
from .source import Source


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
    defaults: Mapping[str, OptionValue] = field(default_factory=dict)
    """The options of `@async` blocks that set none."""
    breaking: tuple[BreakingLevel, ...] = ()
    origin: Source | None = field(default=None, compare=False)
    """The file of the configuration, for messages."""
