"""A replicated Postgres on the loopback interface: etcd, Patroni, HAProxy."""

import json
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from etcd_nodes import EtcdNodes
from haproxy import way_to_leader
from patroni_node import PatroniNode
from ports import free_ports
from psycopg.conninfo import make_conninfo
from replication import find
from waiting import until

STARTING = 90.0
"""Seconds within which all nodes must be up."""
HEALING = 120.0
"""Seconds within which all nodes must follow the leader after a fault."""


class PostgresCluster:
    """Three nodes, one of which leads; `nodes` are in no order."""

    def __init__(self, folder: Path) -> None:
        self._stack = ExitStack()
        self._etcd = EtcdNodes(folder)
        ports = free_ports(6)
        self.nodes = [
            PatroniNode(f"node{n + 1}", folder, (ports[n], ports[n + 3]), self._etcd.ports)
            for n in range(3)
        ]
        self._proxy = way_to_leader(folder, [(node.port, node.rest) for node in self.nodes])

    def start(self) -> None:
        """Start all servers, and wait until two nodes follow the third."""
        self._stack.callback(self._etcd.close)
        for node in self.nodes:
            self._stack.callback(node.close)
        self._etcd.start()
        for node in self.nodes:
            node.start()
        self._stack.callback(self._proxy.kill)
        self._proxy.start()
        until(self.is_healthy, STARTING)
        until(lambda: _answers(self.dsn("haproxy")), STARTING)

    def close(self) -> None:
        """End all servers."""
        self._stack.close()

    def dsn(self, way: str, dbname: str = "postgres") -> str:
        """The connection string to the leader: by `haproxy`, or by a list of `hosts`."""
        if way == "haproxy":
            hosts: dict[str, Any] = {"host": "127.0.0.1", "port": self._proxy.port}
        else:
            hosts = {
                "host": ",".join("127.0.0.1" for _ in self.nodes),
                "port": ",".join(str(node.port) for node in self.nodes),
                "target_session_attrs": "read-write",
            }
        return make_conninfo("", **hosts, user="postgres", dbname=dbname)

    def members(self) -> list[dict[str, Any]]:
        """What Patroni says of each node: `name`, `role`, `state`, `timeline`, …"""
        for node in self.nodes:
            if members := node.status().get("members"):
                return list(members)
        return []

    def leader(self) -> PatroniNode | None:
        """The node that holds the leader's lock."""
        for member in self.members():
            if member["role"] == "leader":
                return next(node for node in self.nodes if node.name == member["name"])
        return None

    def is_healthy(self) -> bool:
        """Whether one node leads and the others follow it, one of them as settings ask for."""
        members = self.members()
        roles = sorted(member["role"] for member in members)
        standbys = [member for member in members if member["role"] != "leader"]
        timelines = {member.get("timeline") for member in members}
        return (
            roles in (["leader", "replica", "replica"], ["leader", "replica", "sync_standby"])
            and ("sync_standby" in roles) == self._is_synchronous()
            and all(member["state"] in ("streaming", "running") for member in standbys)
            and len(timelines) == 1
        )

    def heal(self) -> None:
        """Wait until the cluster is whole again."""
        until(self.is_healthy, HEALING)

    def set_synchronous(self, is_synchronous: bool) -> None:
        """Switch to synchronous replication, or to asynchronous."""
        node = until(self.leader, HEALING)
        body = json.dumps({"synchronous_mode": is_synchronous}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{node.rest}/config", body, method="PATCH"
        )
        urllib.request.urlopen(request, timeout=10).close()
        self.heal()

    def _is_synchronous(self) -> bool:
        for node in self.nodes:
            try:
                address = f"http://127.0.0.1:{node.rest}/config"
                with urllib.request.urlopen(address, timeout=2) as response:
                    return bool(json.load(response).get("synchronous_mode"))
            except (OSError, ValueError):
                continue
        return False

    def switch_over(self, leader: PatroniNode) -> str:
        """Make another node lead, as an operator does; return the output of patronictl."""
        command = [find("patronictl") or "patronictl", "-c", str(leader.configuration)]
        command += ["switchover", "conduit", "--leader", leader.name, "--force"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        return done.stdout + done.stderr


@contextmanager
def postgres_cluster(folder: Path) -> Iterator[PostgresCluster]:
    """Run a cluster for the block."""
    folder.chmod(0o755)
    cluster = PostgresCluster(folder)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.close()


def _answers(dsn: str) -> bool:
    try:
        psycopg.connect(dsn, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
