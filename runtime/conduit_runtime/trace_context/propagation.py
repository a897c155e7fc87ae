"""Trace context from and to headers, by OpenTelemetry."""

from collections.abc import Mapping

from opentelemetry import context, propagate, trace
from opentelemetry.context import Context

from ..model.text.logs import get_logger

_log = get_logger("conduit.tracing")


def present() -> dict[str, str] | None:
    """The headers of the present trace, as the application's propagators write them."""
    headers: dict[str, str] = {}
    try:
        if trace.get_current_span().get_span_context().is_valid:
            propagate.inject(headers)
    except Exception:
        _log.warning("the trace of a job is left out", exc_info=True)  # no reason to lose the job
        return None
    return headers or None


def context_of(headers: Mapping[str, str] | None) -> Context:
    """The trace context in the headers; an empty one if they hold none."""
    try:
        return propagate.extract(headers or {}, context=Context())
    except Exception:
        _log.warning("the trace of a job cannot be read", exc_info=True)
        return Context()


def enter(headers: Mapping[str, str]) -> None:
    """Make the trace of these headers the present one, until the task ends."""
    context.attach(context_of(headers))
