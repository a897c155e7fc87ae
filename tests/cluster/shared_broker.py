"""One RabbitMQ node for all processes of a test run, with a vhost for each test that needs one."""

import fcntl
import os
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rabbitmq import ADMINISTRATOR, Epmd, Node

_BATCH = 16
"""The number of vhosts that are made at a time."""


class SharedBroker:
    """The node of `folder`: the first process that needs it starts it, and it ends with the last.

    Each process holds the named pipe `users` open to write, and the node's supervisor reads it.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._pipe = folder / "users"
        self._users: int | None = None

    def close(self) -> None:
        """Release this process's hold on the node."""
        if self._users is not None:
            os.close(self._users)

    @contextmanager
    def lend(self) -> Iterator["Vhost"]:
        """Lend an empty vhost for the block."""
        with self._state() as state:
            node = self._join(state)
            if not state.free:
                state.made += 1
                state.free = _names(state.made)
                node.add_vhosts(state.free, old=state.used)
                state.used = []
            vhost = state.free.pop()
        yield Vhost(node, vhost)
        with self._state() as state:
            state.used.append(vhost)

    def _join(self, state: "_State") -> Node:
        """Hold the node; start it if no process holds it."""
        if self._users is not None and state.node is not None:
            return state.node
        try:
            self._users = os.open(self._pipe, os.O_WRONLY | os.O_NONBLOCK)
            assert state.node is not None
            return state.node
        except FileNotFoundError:
            os.mkfifo(self._pipe)
        except OSError:  # no process reads it: the node has ended
            pass
        reading = os.open(self._pipe, os.O_RDONLY | os.O_NONBLOCK)
        os.set_blocking(reading, True)
        self._users = os.open(self._pipe, os.O_WRONLY)
        state.free = _names(0)
        folder = self._folder / f"node{state.made}"
        folder.mkdir(exist_ok=True)
        node = Node(folder, Epmd(folder, reading), vhosts=state.free)
        node.start(reading)
        os.close(reading)
        try:
            node.wait()
        except BaseException:  # another test may try again
            node.kill()
            os.close(self._users)
            self._users = None
            raise
        state.node = node.handle()
        return node

    @contextmanager
    def _state(self) -> Iterator["_State"]:
        """Lock the state that the processes share, for one process at a time."""
        with (self._folder / "state").open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            data = file.read()
            state = pickle.loads(data) if data else _State()
            yield state
            file.truncate(0)
            file.write(pickle.dumps(state))


@dataclass(frozen=True)
class Vhost:
    """A vhost of a node."""

    node: Node
    name: str

    def url(self, user: str = ADMINISTRATOR) -> str:
        """Its address for a user, one of `rabbitmq.USERS`."""
        return self.node.url(self.name, user)


class _State:
    """The node, and its vhosts: unused ones, and those of tests that have ended."""

    def __init__(self) -> None:
        self.node: Node | None = None
        self.made = 0
        self.free: list[str] = []
        self.used: list[str] = []


def _names(batch: int) -> list[str]:
    return [f"test-{batch}-{number}" for number in range(_BATCH)]
