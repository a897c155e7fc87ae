"""The settings that the application or the command gives the dashboard."""

from dataclasses import dataclass, field

from conduit_runtime.doctor.checked_database import Limits
from conduit_runtime.model.arguments import check_type, describe_argument
from conduit_runtime.statements.dashboard.reach import Reach


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds(Reach):
    """How much the pages show and read, and how long that may take. Only tests have other bounds.

    `limits` are those from which on something is a concern.
    """

    limits: Limits = field(default_factory=Limits)
    rows: int = 50
    """Jobs of a page."""
    scans: int = 25
    """The most scans of a search that finds too little; each reads 20,000 jobs."""
    search: float = 2.0
    """Seconds after which no further scan begins."""
    patience: float = 2.0
    """Seconds that each part of the overview, and a chart, may take to read."""
    flow_jobs: int = 5_000
    """The most jobs of a flow that are read."""
    schedules: int = 500
    """The most schedules that are shown."""
    actions: int = 5
    """The most actions in the background that one process runs at once."""
    action_step: float = 10.0
    """Timeout of a statement of such an action, in seconds."""
    soon: float = 1.0
    """Seconds that a visitor waits for such an action; most end in time."""
    form: float = 60.0
    """Seconds within which a form must arrive."""
    send: float = 30.0
    """Seconds after which a viewer that does not read is disconnected."""
    stream: float = 300.0
    """Seconds after which a stream ends. The browser opens another, and is authorized again."""
    alive: int = 4
    """Seconds between signs of life to a browser, which gives up after ten without one."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of a dashboard.

    `trace_url` is the address of a trace with `{trace_id}` in it, or None. `has_logout` says that
    visitors may have a cookie of ours. Raises TypeError or ValueError for an invalid value.
    """

    title: str = "Conduit"
    read_only: bool = False
    trace_url: str | None = None
    has_logout: bool = False
    bounds: Bounds = field(default_factory=Bounds)

    def __post_init__(self) -> None:
        check_type(self.title, "title", str, "a text")
        check_type(self.read_only, "read_only", bool, "True or False")
        if self.trace_url is not None:
            check_type(self.trace_url, "trace_url", str, "a text")
            is_address = self.trace_url.startswith(("https://", "http://"))
            if not is_address or "{trace_id}" not in self.trace_url:
                wanted = "an address of http or https with {trace_id} in it"
                raise ValueError(describe_argument("trace_url", self.trace_url, wanted))
