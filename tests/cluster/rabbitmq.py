"""A private RabbitMQ node for the tests: on loopback, and gone with the tests."""

import copy
import json
import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

from ports import free_ports
from servers import RABBITMQ
from supervised import Supervised
from waiting import until

ADMINISTRATOR = "admin"
PASSWORD = "loopback"
GATEWAY = {"configure": r"^conduit\.", "write": r"^conduit\.", "read": r"^conduit\."}
WORKER = {
    "configure": r"^conduit\.worker\.",
    "write": r"^conduit\.(outcomes|requests|fleet|worker\..*)$",
    "read": r"^conduit\.(jobs\..*|control|worker\..*)$",
}
USERS = {
    ADMINISTRATOR: {"configure": ".*", "write": ".*", "read": ".*"},
    "gateway": GATEWAY,
    "worker": WORKER,
}
"""The permissions of each user in every vhost. All users have the same password."""
_CONFIGURATION = """\
listeners.tcp.1 = 127.0.0.1:{port}
loopback_users = none
collect_statistics_interval = 60000
load_definitions = {definitions}
log.file = false
log.console = true
log.console.level = warning
cluster_partition_handling = pause_minority
default_queue_type = quorum
"""


class Epmd:
    """The name server of Erlang nodes, for the nodes of one folder."""

    def __init__(self, folder: Path, users: int = subprocess.PIPE) -> None:
        (port,) = free_ports(1)
        self.environment = {
            "ERL_EPMD_PORT": str(port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
            "PATH": os.environ["PATH"],
        }
        program = shutil.which("epmd") or "epmd"
        log = folder / "epmd.log"
        self._process = Supervised([program], log=log, environment=self.environment, users=users)

    def stop(self) -> None:
        self._process.kill()


class Node:
    """One node, with its data in `folder`/NAME; `start` starts it.

    `vhosts` exist from the first start, with the users of `USERS`. `settings` are lines of
    rabbitmq.conf. Nodes with the same `epmd` and folder have the same cookie, so they can form a
    cluster.
    """

    def __init__(
        self,
        folder: Path,
        epmd: Epmd,
        *,
        name: str = "rabbit",
        vhosts: Iterable[str] = (),
        settings: str = "",
    ) -> None:
        self.name = f"{name}@localhost"
        self.folder = folder / name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port, distribution = free_ports(2)
        definitions = self.folder / "definitions.json"
        definitions.write_text(json.dumps(_definitions(vhosts)))
        configuration = _CONFIGURATION.format(port=self.port, definitions=definitions) + settings
        (self.folder / "rabbitmq.conf").write_text(configuration)
        (self.folder / "enabled_plugins").write_text("[].")
        (self.folder / "environment").write_text("")
        cookie = folder / ".erlang.cookie"
        if not cookie.exists():
            cookie.write_text(secrets.token_hex(16))
            cookie.chmod(0o400)
        self.cookie = cookie.read_text()
        self.log = self.folder / "log"
        self._process: Supervised | None = None
        self._environment = {
            **epmd.environment,
            "RABBITMQ_NODENAME": self.name,
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(self.folder / "advanced.config"),
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "environment"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            # Otherwise a shell stays in front of the node and does not pass signals on.
            "RUNNING_UNDER_SYSTEMD": "true",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}"
            " -kernel net_ticktime 8",
        }

    def handle(self) -> Self:
        """A copy for another process, which can do everything but start and end the node."""
        other = copy.copy(self)
        other._process = None
        return other

    def start(self, users: int = subprocess.PIPE) -> None:
        """Start the node without waiting; `users` is as in `Supervised`."""
        self.log.write_bytes(b"")
        command = [str(RABBITMQ / "rabbitmq-server")]
        self._process = Supervised(
            command, log=self.log, environment=self._environment, users=users
        )

    def wait(self, seconds: float = 180) -> None:
        """Wait until the node serves clients. If it fails to, raise with the end of its log."""

        def is_ready() -> bool:
            assert self._process is not None
            log = self.log.read_text(errors="replace")
            if self._process.has_ended:
                raise AssertionError(f"{self.name} ended:\n{log[-3000:]}")
            return "completed with" in log

        until(is_ready, seconds)

    def kill(self) -> None:
        """Kill the node, as a power cut would; its data stays."""
        if self._process is not None:
            self._process.kill()

    def wipe(self) -> None:
        """Delete the data of a killed node."""
        shutil.rmtree(self.folder / "data")

    def freeze(self) -> None:
        """Stop the process: its connections stay open, and nothing responds."""
        assert self._process is not None
        self._process.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let the process continue."""
        assert self._process is not None
        self._process.signal(signal.SIGCONT)

    def evaluate(self, expression: str) -> str:
        """Evaluate an expression of Erlang in the node; try again if that hangs."""

        def call() -> str | None:
            with suppress(subprocess.TimeoutExpired):
                done = subprocess.run(
                    ["erl_call", "-n", self.name, "-c", self.cookie, "-R", "-e"],
                    input=f"{expression}.\n",
                    env=self._environment,
                    capture_output=True,
                    text=True,
                    check=False,
                    timeout=20,
                )
                return done.stdout or None
            return None

        output = until(call, 60)
        assert output.startswith("{ok, "), f"{expression}: {output}"
        return output.removeprefix("{ok, ").removesuffix("}")

    def url(self, vhost: str, user: str = ADMINISTRATOR) -> str:
        """The address of a vhost."""
        return f"amqp://{user}:{PASSWORD}@127.0.0.1:{self.port}/{vhost}"

    def add_vhosts(self, new: Iterable[str], old: Iterable[str] = ()) -> None:
        """Delete old vhosts with their contents; make new ones with the permissions of `USERS`."""
        by = '<<"tests">>'
        calls = [f"rabbit_vhost:delete(<<{_text(name)}>>, {by})" for name in old]
        for name in new:
            calls.append(f"rabbit_vhost:add(<<{_text(name)}>>, {by})")
            for user, allowed in USERS.items():
                texts = [user, name, allowed["configure"], allowed["write"], allowed["read"]]
                binaries = ", ".join(f"<<{_text(text)}>>" for text in texts)
                calls.append(f"rabbit_auth_backend_internal:set_permissions({binaries}, {by})")
        self.evaluate(", ".join(calls))


def _definitions(vhosts: Iterable[str]) -> Mapping[str, object]:
    """The definitions that a node loads at its first start."""
    vhosts = list(vhosts)
    return {
        "users": [{"name": name, "password": PASSWORD, "tags": []} for name in USERS],
        "vhosts": [{"name": name} for name in vhosts],
        "permissions": [
            {"user": user, "vhost": vhost, **allowed}
            for vhost in vhosts
            for user, allowed in USERS.items()
        ],
    }


def _text(text: str) -> str:
    """Quote a text as a string of Erlang."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
