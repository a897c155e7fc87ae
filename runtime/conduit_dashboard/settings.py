"""The settings that the application or the command gives the dashboard."""

from dataclasses import dataclass

from conduit_runtime.model.arguments import check_type, describe_argument


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

    def __post_init__(self) -> None:
        check_type(self.title, "title", str, "a text")
        check_type(self.read_only, "read_only", bool, "True or False")
        if self.trace_url is not None:
            check_type(self.trace_url, "trace_url", str, "a text")
            is_address = self.trace_url.startswith(("https://", "http://"))
            if not is_address or "{trace_id}" not in self.trace_url:
                wanted = "an address of http or https with {trace_id} in it"
                raise ValueError(describe_argument("trace_url", self.trace_url, wanted))
