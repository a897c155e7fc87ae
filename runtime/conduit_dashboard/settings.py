"""What the application or the command says about the dashboard."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of a dashboard.

    `trace_url` is the address of a trace with `{trace_id}` in it, or None.
    """

    title: str = "Conduit"
    read_only: bool = False
    trace_url: str | None = None
