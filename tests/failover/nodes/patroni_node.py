"""A PostgreSQL under Patroni."""

import json
import os
import shutil
import signal
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml
from disk import Disk
from haproxy import way_to_etcd
from psycopg.conninfo import make_conninfo
from replication import find
from server_process import ServerProcess, descendants, own_folder, signal_tree

DYNAMIC = {
    "ttl": 20,  # the least that Patroni allows
    "loop_wait": 2,
    "retry_timeout": 6,
    "maximum_lag_on_failover": 64 * 1024 * 1024,
    "primary_start_timeout": 5,
    "synchronous_mode": True,
    "postgresql": {
        "use_pg_rewind": True,
        "use_slots": True,
        "parameters": {
            "fsync": "off",  # the machine stays up, and what was written outlives PostgreSQL
            "max_connections": 200,
            "track_commit_timestamp": "on",
            "wal_level": "replica",
            "min_wal_size": "32MB",
            "max_wal_size": "96MB",
            "max_slot_wal_keep_size": "128MB",
        },
    },
}
"""Settings of all nodes; `docs/how-to/scale-out/failover.md` gives the reasons."""


class PatroniNode:
    """Patroni and the PostgreSQL that it runs: killed, frozen and cut off together.

    `etcd` is the node's own way to etcd.
    """

    def __init__(self, name: str, folder: Path, ports: tuple[int, int], etcd: list[int]) -> None:
        self.name = name
        self.port, self.rest = ports
        self.folder = own_folder(folder / name)
        self.disk = Disk(self.folder / "disk")
        self.data = self.disk.folder / "data"
        self.etcd = way_to_etcd(folder, name, etcd)
        self._configuration = self.folder / "patroni.yml"
        self._configuration.write_text(yaml.safe_dump(self._settings()))
        if os.geteuid() == 0:
            shutil.chown(self._configuration, "postgres")
        command = [find("patroni") or "patroni", str(self._configuration)]
        self._patroni = ServerProcess(name, self.folder, command)

    def _settings(self) -> Mapping[str, Any]:
        trust = ["local all all trust", "host all all 127.0.0.1/32 trust"]
        return {
            "scope": "conduit",
            "name": self.name,
            "restapi": {
                "listen": f"127.0.0.1:{self.rest}",
                "connect_address": f"127.0.0.1:{self.rest}",
            },
            "etcd3": {"hosts": [f"127.0.0.1:{self.etcd.port}"], "use_proxies": True},
            "bootstrap": {
                "dcs": DYNAMIC,
                "initdb": [{"encoding": "UTF8"}, {"locale": "C"}, {"auth": "trust"}, "no-sync"],
            },
            "postgresql": {
                "listen": f"127.0.0.1:{self.port}",
                "connect_address": f"127.0.0.1:{self.port}",
                "data_dir": str(self.data),
                "bin_dir": str(Path(find("initdb") or "initdb").resolve().parent),
                "pgpass": str(self.folder / "pgpass"),
                "pg_hba": [*trust, "host replication all 127.0.0.1/32 trust"],
                "parameters": {"unix_socket_directories": ""},
                "basebackup": [{"checkpoint": "fast"}, "no-sync"],
                "authentication": {
                    "superuser": {"username": "postgres"},
                    "replication": {"username": "replicator"},
                },
                "remove_data_directory_on_rewind_failure": True,
                "remove_data_directory_on_diverged_timelines": True,
            },
        }

    @property
    def dsn(self) -> str:
        """The connection string of this node, whether it leads or not."""
        return make_conninfo(
            host="127.0.0.1",
            port=self.port,
            user="postgres",
            dbname="postgres",
            connect_timeout=2,
        )

    def start(self) -> None:
        """Start the node, or start it again."""
        if not self.etcd.is_running:
            self.etcd.start()
        self._patroni.start()

    def kill(self) -> None:
        """End Patroni and every process of PostgreSQL with signal 9."""
        self._signal(signal.SIGKILL)
        self._patroni.kill()

    def freeze(self) -> None:
        """Stop every process; sockets stay open."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let every process continue."""
        self._signal(signal.SIGCONT)

    def signal_senders(self, number: signal.Signals) -> None:
        """Send a signal to the processes that send the WAL to the standbys."""
        if (server := self._postmaster()) is not None:
            for pid in descendants(server, lambda command: "walsender" in command):
                with suppress(ProcessLookupError):
                    os.kill(pid, number)

    def status(self) -> Mapping[str, Any]:
        """The cluster as Patroni's REST interface describes it; empty if that does not respond."""
        with suppress(OSError, ValueError):
            address = f"http://127.0.0.1:{self.rest}/cluster"
            with urllib.request.urlopen(address, timeout=2) as response:
                status: Mapping[str, Any] = json.load(response)
                return status
        return {}

    def close(self) -> None:
        """End the node and its way to etcd, and unmount its disk."""
        self.thaw()
        self.kill()
        self.etcd.signal(signal.SIGCONT)
        self.etcd.kill()
        self.disk.close()

    def _signal(self, number: signal.Signals) -> None:
        server = self._postmaster()  # before Patroni could start another one
        self._patroni.signal(number)
        if server is not None:
            signal_tree(server, number)

    def _postmaster(self) -> int | None:
        with suppress(OSError, ValueError, IndexError):
            pid = int((self.data / "postmaster.pid").read_text().split()[0])
            if Path(f"/proc/{pid}/comm").read_text().startswith("postgres"):
                return pid
        return None

    @property
    def configuration(self) -> Path:
        """The configuration for `patronictl`."""
        return self._configuration
