"""RabbitMQ for the measurements: a single node, and a cluster of three, as the tests start them."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "tests"))
from paths import HELPERS

sys.path.extend(HELPERS)
from rabbitmq import Epmd, Node
from rabbitmq_cluster import RabbitCluster
from servers import MISSING, has_rabbitmq

__all__ = ["ALONE", "CLUSTER", "MISSING", "ONE", "THREE", "has_rabbitmq", "nodes"]

ONE, THREE = "one node", "three nodes"
_VHOST = "benchmark"


ALONE, CLUSTER = "alone", "cluster"
"""The folders of their data."""


@contextmanager
def nodes(folder: Path) -> Iterator[Mapping[str, str]]:
    """Addresses of a vhost: at a single node, and at the first of three."""
    with ExitStack() as stack:
        alone = folder / ALONE
        alone.mkdir()
        epmd = Epmd(alone)
        stack.callback(epmd.stop)
        node = Node(alone, epmd, vhosts=[_VHOST])
        stack.callback(node.kill)
        node.start()
        cluster = RabbitCluster(folder / CLUSTER, [_VHOST])
        stack.callback(cluster.stop)
        cluster.start()
        node.wait()
        yield {ONE: node.url(_VHOST), THREE: cluster.nodes[0].url(_VHOST)}
