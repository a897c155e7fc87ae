"""Sees when a node becomes the primary, by polling all nodes."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg
from patroni_node import PatroniNode
from waiting import until

PERIOD = 0.05
"""Seconds between questions to a node."""


@dataclass(frozen=True)
class Promotion:
    """A node became the primary, and accepts writes."""

    node: PatroniNode
    at: datetime


class Promotions:
    """Watches the nodes from its construction until `close`, over connections of its own."""

    def __init__(self, nodes: Sequence[PatroniNode]) -> None:
        self._seen: list[Promotion] = []
        self._closing = threading.Event()
        for node in nodes:
            threading.Thread(target=self._watch, args=(node,), daemon=True).start()

    def after(self, began: datetime, seconds: float) -> Promotion:
        """Wait for the first promotion after a time, at most so many seconds."""
        return until(lambda: next((each for each in self._seen if each.at > began), None), seconds)

    def close(self) -> None:
        """Stop watching."""
        self._closing.set()

    def _watch(self, node: PatroniNode) -> None:
        was_primary = self._is_primary_now(node)
        while not self._closing.wait(PERIOD):
            try:
                with psycopg.connect(node.dsn, autocommit=True) as connection:
                    while not self._closing.wait(PERIOD):
                        is_primary = _is_primary(connection)
                        if is_primary and not was_primary:
                            self._seen.append(Promotion(node, datetime.now(UTC)))
                        was_primary = is_primary
            except psycopg.OperationalError:
                was_primary = False

    def _is_primary_now(self, node: PatroniNode) -> bool:
        try:
            with psycopg.connect(node.dsn, autocommit=True) as connection:
                return _is_primary(connection)
        except psycopg.OperationalError:
            return False


def _is_primary(connection: psycopg.Connection) -> bool:
    [(in_recovery,)] = connection.execute("SELECT pg_is_in_recovery()")
    return not in_recovery
