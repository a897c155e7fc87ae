"""HAProxy, as the way to the leading node, and as each node's own way to etcd."""

from collections.abc import Sequence
from pathlib import Path

from ports import free_ports
from replication import find
from server_process import ServerProcess, own_folder

_LEADER = """
defaults
  mode tcp
  timeout connect 2s
  timeout client 30m
  timeout server 30m
  timeout check 1s
  retries 0
listen leader
  bind 127.0.0.1:{port}
  option httpchk OPTIONS /primary
  http-check expect status 200
  default-server inter 1s fastinter 300ms fall 2 rise 1 on-marked-down shutdown-sessions
{servers}
"""
"""As in docs/how-to/scale-out/failover.md: Patroni's REST interface says which node leads."""
_ETCD = """
defaults
  mode tcp
  timeout connect 2s
  timeout client 30m
  timeout server 30m
listen etcd
  bind 127.0.0.1:{port}
  default-server check inter 1s
{servers}
"""


class HAProxy(ServerProcess):
    """An HAProxy that listens on `port`."""

    def __init__(self, name: str, folder: Path, template: str, servers: Sequence[str]) -> None:
        [self.port] = free_ports(1)
        folder = own_folder(folder / name)
        lines = "\n".join(f"  server node{n} {server}" for n, server in enumerate(servers))
        configuration = folder / "haproxy.cfg"
        configuration.write_text(template.format(port=self.port, servers=lines))
        configuration.chmod(0o644)
        super().__init__(name, folder, [find("haproxy") or "haproxy", "-f", str(configuration)])


def way_to_leader(folder: Path, nodes: Sequence[tuple[int, int]]) -> HAProxy:
    """The way to the primary; `nodes` are the ports of PostgreSQL and Patroni."""
    servers = [f"127.0.0.1:{postgres} check port {rest}" for postgres, rest in nodes]
    return HAProxy("haproxy", folder, _LEADER, servers)


def way_to_etcd(folder: Path, node: str, ports: Sequence[int]) -> HAProxy:
    """A node's own way to etcd: freezing it cuts the node off."""
    return HAProxy(f"etcd-of-{node}", folder, _ETCD, [f"127.0.0.1:{port}" for port in ports])
