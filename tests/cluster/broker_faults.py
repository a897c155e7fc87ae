"""The faults of a cluster run: of gateways, workers, databases and the broker between them."""

import random
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

import psycopg
from history import Disturbance
from parts import Database, Part, Parts
from postgres_crash import crash_postgres
from rabbitmq import Node
from rabbitmq_cluster import RabbitCluster, is_parted, members
from waiting import until


class Faults(threading.Thread):
    """Causes faults from a shuffled deck, each once before any comes again.

    `done` lists the faults of all databases. Each comes with the database it concerns, if it
    concerns only one.
    """

    def __init__(self, name: str, seed: int, pause: float) -> None:
        super().__init__(name=name, daemon=True)
        self.random = random.Random(f"{name} {seed}")
        self.done: list[tuple[Disturbance, Database | None]] = []
        self.decks = 0
        self.error: BaseException | None = None
        self._pause = pause
        self._stopping = threading.Event()

    def deck(self) -> list[Callable[[], None]]:
        """The faults of one deck, each as often as it occurs there."""
        raise NotImplementedError

    def run(self) -> None:
        try:
            while True:
                deck = self.deck()
                self.random.shuffle(deck)
                for fault in deck:
                    if self._stopping.wait(self.random.uniform(0, 2 * self._pause)):
                        return
                    fault()
                self.decks += 1
        except BaseException as error:
            self.error = error

    def stop(self) -> None:
        """Wait until the last fault is over. Raises the error that ended the thread, if any."""
        self._stopping.set()
        self.join(180)
        if self.error is not None:
            raise self.error

    def last(self, shortest: float, longest: float) -> None:
        """Wait for a random time, in seconds, while a fault lasts."""
        time.sleep(self.random.uniform(shortest, longest))

    @contextmanager
    def noted(self, process: str, kind: str, database: Database | None = None) -> Iterator[None]:
        """Record a fault of a process, or with "" of all processes."""
        began = datetime.now(UTC)
        yield
        self.done.append((Disturbance(process, kind, began, datetime.now(UTC)), database))


class PartFaults(Faults):
    """Disturbs gateways, workers and databases. When a part ends, another one is started."""

    def __init__(self, seed: int, parts: Parts, databases: Sequence[Database]) -> None:
        super().__init__("parts", seed, pause=1.5)
        self._parts = parts
        self._databases = databases

    def deck(self) -> list[Callable[[], None]]:
        return [
            *[lambda: self._kill(self._worker())] * 3,
            *[lambda: self._freeze(self._worker(), 0.5, 8)] * 2,
            lambda: self._stop_gently(self._worker()),
            *[lambda: self._cut(self._worker())] * 2,
            lambda: self._stall(self._worker()),
            *[lambda: self._kill(self._gateway())] * 2,
            lambda: self._freeze(self._gateway(), 0.5, 8),
            lambda: self._stop_gently(self._gateway()),
            lambda: self._cut(self._gateway()),
            lambda: self._stall(self._gateway()),
            lambda: self._cut_from_database(self._gateway()),
            self._crash_database,
        ]

    def _worker(self) -> Part:
        return self.random.choice(self._parts.running())

    def _gateway(self) -> Part:
        return self.random.choice(self._parts.running(self.random.choice(self._databases)))

    def _follow(self, part: Part) -> None:
        """Start another part of the same kind."""
        if part.database is None:
            self._parts.start_worker()
        else:
            self._parts.start_gateway(part.database)

    def _kill(self, part: Part) -> None:
        with self.noted(part.name, "kill"):
            part.kill()
        self._follow(part)

    def _freeze(self, part: Part, shortest: float, longest: float) -> None:
        with self.noted(part.name, "freeze"):
            part.send(signal.SIGSTOP)
            self.last(shortest, longest)
            part.send(signal.SIGCONT)

    def _stop_gently(self, part: Part) -> None:
        with self.noted(part.name, "stop"):
            part.send(signal.SIGTERM)
            self._follow(part)
            part.process.wait(90)

    def _cut(self, part: Part) -> None:
        with self.noted(part.name, "cut"):
            part.link.cut()
            self.last(0, 4)
            part.link.mend()

    def _stall(self, part: Part) -> None:
        """Hold up the traffic between the part and the broker."""
        with self.noted(part.name, "freeze"):
            part.link.stall()
            self.last(1, 8)
            part.link.mend()

    def _cut_from_database(self, gateway: Part) -> None:
        assert gateway.database is not None
        with (
            self.noted(gateway.name, "cut"),
            psycopg.connect(gateway.database.dsn) as connection,
        ):
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s",
                (gateway.name,),
            )

    def _crash_database(self) -> None:
        database = self.random.choice(self._databases)
        with self.noted("", "crash", database):
            crash_postgres(database.dsn, database.data)


class BrokerFaults(Faults):
    """Disturbs one node after another; with `loses_data`, all nodes lose their data once."""

    def __init__(self, seed: int, broker: RabbitCluster, *, loses_data: bool) -> None:
        super().__init__("broker", seed, pause=5)
        self._broker = broker
        self._loses_data = loses_data

    def deck(self) -> list[Callable[[], None]]:
        loss = [self._lose_everything] if self._loses_data and not self.decks else []
        return [*[self._kill] * 2, self._freeze, self._part, self._fill_disk, *loss]

    def _kill(self) -> None:
        node = self.random.choice(self._broker.nodes)
        with self.noted("", "kill"):
            self._broker.kill(node)
            self.last(0, 5)
            self._broker.restart(node)

    def _freeze(self) -> None:
        node = self.random.choice(self._broker.nodes)
        with self.noted("", "freeze"):
            self._broker.leave_out(node)
            node.freeze()
            self.last(1, 12)
            node.thaw()
            self._reunite(node)
        self._broker.take_in(node)

    def _part(self) -> None:
        node = self.random.choice(self._broker.nodes)
        with self.noted("", "cut"):
            self._broker.part(node)
            self.last(3, 12)
            self._broker.join(node)
            self._reunite(node)

    def _fill_disk(self) -> None:
        node = self.random.choice(self._broker.nodes)
        with self.noted("", "alarm"):
            self._broker.fill_disk(node)
            self.last(2, 10)
            self._broker.empty_disk(node)

    def _lose_everything(self) -> None:
        with self.noted("", "kill"):
            self._broker.lose_everything()

    def _reunite(self, node: Node) -> None:
        """Wait until all nodes see each other; restart those that stay parted, `node` first."""
        nodes = self._broker.nodes
        until(lambda: all(members(each) == len(nodes) for each in nodes), 120)
        for parted in dict.fromkeys([node, *nodes]):
            if not any(map(is_parted, nodes)):
                return
            self._broker.kill(parted)
            self._broker.restart(parted)
