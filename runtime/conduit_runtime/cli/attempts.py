"""Metrics of attempts, for people and for programs."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..model.metrics.job_metrics import JobMetrics

ATTEMPTS = (
    *("queue", "type", "processed", "per_second", "failed", "retried"),
    *("p50", "p95", "p99", "wait_p50", "wait_p95", "wait_p99"),
)
"""What a table shows of `attempts_row`."""


def attempts_row(metrics: "JobMetrics") -> dict[str, Any]:
    """The metrics of a type's attempts; times are in seconds."""
    names = (
        *("queue", "type", "period", "processed", "succeeded", "failed", "retried", "discarded"),
        *("snoozed", "cancelled"),
    )
    row = {name: getattr(metrics, name) for name in names}
    row["period"] = round(metrics.period)
    row["per_second"] = _rounded(metrics.throughput)
    for prefix, distribution in (("", metrics.duration), ("wait_", metrics.wait)):
        for name in ("mean", "p50", "p95", "p99"):
            row[prefix + name] = _rounded(getattr(distribution, name))
    return row


def _rounded(value: float | None) -> float | None:
    """Three digits that count: more would only look exact."""
    return None if value is None else float(f"{value:.3g}")
