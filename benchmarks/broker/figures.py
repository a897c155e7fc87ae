"""The group `broker`: each measurement by turns, direct and through the broker."""

import sys
import tempfile
from pathlib import Path

from ..measure import Options, Results
from . import costs, delays, rates
from .nodes import MISSING, has_rabbitmq, nodes


def broker(server: str, options: Options, results: Results) -> None:
    """Measure with a single RabbitMQ node and a cluster of three, on this machine."""
    if not has_rabbitmq():
        print(f"broker left out: {MISSING}", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory(prefix="conduit-broker-") as name:
        folder = Path(name)
        with nodes(folder) as urls:
            rates.rates(server, urls, folder, options, results)
            delays.delays(server, urls, options, results)
            costs.costs(server, urls, options, results)
