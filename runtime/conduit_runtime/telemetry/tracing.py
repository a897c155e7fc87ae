"""Whether a worker is traced. Imports OpenTelemetry only when it is."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider as TracerProvider

    from .spans import JobTracer


def job_tracer(provider: "TracerProvider | None") -> "JobTracer | None":
    """A tracer of jobs, of this provider or the process's; None if neither is set up."""
    if provider is None:
        if "opentelemetry.trace" not in sys.modules:
            return None
        from opentelemetry import trace

        provider = trace.get_tracer_provider()
        if isinstance(provider, trace.ProxyTracerProvider | trace.NoOpTracerProvider):
            return None
    from .spans import JobTracer

    return JobTracer(provider)
