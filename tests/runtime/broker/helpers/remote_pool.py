"""Pools of workers that know a broker and no database."""

from typing import Any

from conduit_runtime import Broker, WorkerPool


def remote_pool(broker_url: str, **options: Any) -> WorkerPool:
    """A pool with two slots, unless the options say more."""
    return WorkerPool(Broker(broker_url), **{"workers": 2, **options})
