"""The faults of a leader: killed, frozen, cut off, switched over, its disk full."""

import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from patroni_node import PatroniNode
from postgres_cluster import PostgresCluster


@dataclass(frozen=True)
class Fault:
    """A way to make a leader fail, and how to undo that; `undo` may be called more than once.

    Without `lasts` another node leads in the end. `lasts` is for a full disk: the disk gets free
    space again after so many seconds. Then the leader continues, unless it could not write its WAL.
    """

    kind: str
    do: Callable[[PatroniNode], None]
    undo: Callable[[PatroniNode], None]
    lasts: float | None = None


class Faults:
    """Deals faults from a shuffled deck, in which each kind occurs once.

    `left_out` says which faults are left out, and why.
    """

    def __init__(self, cluster: PostgresCluster, pick: random.Random, *kinds: str) -> None:
        self._cluster = cluster
        self._pick = pick
        self._deck: list[Fault] = []
        self.left_out = ""
        known = (
            Fault("killed", self._kill, PatroniNode.start),
            Fault("frozen", PatroniNode.freeze, PatroniNode.thaw),
            Fault("cut off from etcd", _cut_off, _join),
            Fault("switched over", self._switch_over, lambda node: None),
            Fault("disk full", lambda node: node.disk.fill(), lambda node: node.disk.free(), 8.0),
        )
        self._known = [each for each in known if not kinds or each.kind in kinds]
        if not all(node.disk.is_limited for node in cluster.nodes):
            self._known = [each for each in self._known if each.kind != "disk full"]
            self.left_out = "no disk is filled: only root may mount a small one"
        if not self._known:
            raise SystemExit(self.left_out or f"no fault has one of these kinds: {kinds}")

    def next(self) -> Fault:
        """The next fault."""
        if not self._deck:
            self._deck = [*self._known]
            self._pick.shuffle(self._deck)
        return self._deck.pop()

    def _kill(self, leader: PatroniNode) -> None:
        """Kill the leader while its standbys lag behind."""
        leader.signal_senders(signal.SIGSTOP)
        time.sleep(self._pick.uniform(0.2, 1))  # how far they lag, not a wait
        leader.kill()

    def _switch_over(self, leader: PatroniNode) -> None:
        self._cluster.switch_over(leader)


def _cut_off(leader: PatroniNode) -> None:
    leader.etcd.signal(signal.SIGSTOP)


def _join(node: PatroniNode) -> None:
    node.etcd.signal(signal.SIGCONT)
