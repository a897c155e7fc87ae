"""A cluster of RabbitMQ nodes, and its faults."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rabbitmq import Epmd, Node

NAMES = ("first", "second", "third")
_SETTINGS = """\
cluster_formation.peer_discovery_backend = classic_config
cluster_formation.classic_config.nodes.1 = first@localhost
cluster_formation.classic_config.nodes.2 = second@localhost
cluster_formation.classic_config.nodes.3 = third@localhost
cluster_formation.target_cluster_size_hint = 3
"""


class RabbitCluster:
    """Three nodes in one folder; a load balancer would choose from those in `reachable`."""

    def __init__(self, folder: Path, vhosts: Iterable[str] = ()) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        vhosts = list(vhosts)
        self._epmd = Epmd(folder)
        self.nodes = [
            Node(folder, self._epmd, name=name, vhosts=vhosts, settings=_SETTINGS) for name in NAMES
        ]
        self.reachable: list[Node] = []

    def start(self) -> None:
        """Start all nodes, and wait until they serve as one cluster."""
        for node in self.nodes:
            node.start()
        with ThreadPoolExecutor() as pool:
            list(pool.map(Node.wait, self.nodes))
        self.reachable = list(self.nodes)

    def ports(self) -> list[int]:
        """The ports that clients connect to."""
        return [node.port for node in self.reachable]

    def kill(self, node: Node) -> None:
        """Kill a node."""
        self.leave_out(node)
        node.kill()

    def restart(self, node: Node) -> None:
        """Restart a killed node, and wait until it serves clients."""
        node.start()
        node.wait(120)
        self.take_in(node)

    def leave_out(self, node: Node) -> None:
        """Send no new clients to a node."""
        self.reachable = [each for each in self.reachable if each is not node]

    def take_in(self, node: Node) -> None:
        """Send clients to the node again."""
        if node not in self.reachable:
            self.reachable = [*self.reachable, node]

    def part(self, node: Node) -> None:
        """Cut a node off from the others: neither side accepts the other."""
        self._set_cookie_for_others(node, "no")
        node.evaluate("[erlang:disconnect_node(Node) || Node <- nodes()]")

    def join(self, node: Node) -> None:
        """Let the node find the others again."""
        self._set_cookie_for_others(node, node.cookie)

    def _set_cookie_for_others(self, node: Node, cookie: str) -> None:
        others = [each.name for each in self.nodes if each is not node]
        node.evaluate(", ".join(f"erlang:set_cookie('{name}', '{cookie}')" for name in others))

    def fill_disk(self, node: Node) -> None:
        """Make a node believe that its disk is full: the whole cluster blocks publishers."""
        node.evaluate("rabbit_disk_monitor:set_disk_free_limit(1000000000000000)")

    def empty_disk(self, node: Node) -> None:
        """Let clients publish again."""
        node.evaluate("rabbit_disk_monitor:set_disk_free_limit(50000000)")

    def lose_everything(self) -> None:
        """Kill all nodes, delete their data, and start them again."""
        self.reachable = []
        for node in self.nodes:
            node.kill()
            node.wipe()
        self.start()

    def stop(self) -> None:
        """End all processes."""
        for node in self.nodes:
            node.kill()
        self._epmd.stop()


def members(node: Node) -> int:
    """The number of running nodes in its cluster, as the node sees it."""
    return int(node.evaluate("length(rabbit_nodes:list_running())"))


def is_parted(node: Node) -> bool:
    """Whether the node's Mnesia was parted from that of others, which lasts until a restart.

    That happens to a node that was frozen for about as long as the others wait for it.
    """
    return node.evaluate("rabbit_node_monitor:partitions()") != "[]"
