"""Three etcd nodes, which agree on the leader of the database."""

import json
import urllib.request
from pathlib import Path

from ports import free_ports
from replication import find
from server_process import ServerProcess, own_folder
from waiting import until


class EtcdNodes:
    """Three nodes that run from `start` to `close`; clients connect to `ports`."""

    def __init__(self, folder: Path, count: int = 3) -> None:
        ports = free_ports(2 * count)
        self.ports, peers = ports[:count], ports[count:]
        members = ",".join(f"etcd{n}=http://127.0.0.1:{port}" for n, port in enumerate(peers))
        self._nodes = [
            ServerProcess(
                f"etcd{n}",
                own_folder(folder / f"etcd{n}"),
                [
                    *(find("etcd") or "etcd", "--name", f"etcd{n}", "--data-dir", "data"),
                    *("--listen-client-urls", f"http://127.0.0.1:{client}"),
                    *("--advertise-client-urls", f"http://127.0.0.1:{client}"),
                    *("--listen-peer-urls", f"http://127.0.0.1:{peer}"),
                    *("--initial-advertise-peer-urls", f"http://127.0.0.1:{peer}"),
                    *("--initial-cluster", members, "--initial-cluster-state", "new"),
                    # A busy machine must not cause an election.
                    *("--heartbeat-interval", "200", "--election-timeout", "2000"),
                    *("--unsafe-no-fsync", "--log-level", "warn"),
                ],
            )
            for n, (client, peer) in enumerate(zip(self.ports, peers, strict=True))
        ]

    def start(self) -> None:
        """Start all nodes, and wait until they agree on a version, which Patroni asks for."""
        for node in self._nodes:
            node.start()
        until(lambda: all(map(_has_version, self.ports)))

    def close(self) -> None:
        for node in self._nodes:
            node.kill()


def _has_version(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/version", timeout=2) as response:
            return bool(json.load(response)["etcdcluster"] != "not_decided")
    except OSError:
        return False
