"""Gateways that run in a thread of the test's process."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from conduit_runtime import WorkerPool
from conduit_runtime.broker.gateway.gateway import Gateway


def gateway_of(
    dsn: str,
    broker_url: str,
    queues: str | Iterable[str] | Mapping[str, int | None] | None = None,
    *,
    types: Collection[str] | None = None,
    **options: Any,
) -> WorkerPool:
    """Return a gateway of a database; use it as a pool: `with gateway_of(…):`."""
    return WorkerPool(Gateway(dsn, None, broker_url, types=types), queues, workers=5, **options)
