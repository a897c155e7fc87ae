"""The graph: hooks, jobs, tables and services, and what leads from one to another."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

NodeKind: TypeAlias = Literal["hook", "job", "service", "table"]
EdgeKind: TypeAlias = Literal["calls", "enqueues", "reads", "writes"]


@dataclass(frozen=True, order=True, slots=True)
class Node:
    """A hook, a job type, a table, or a method of a service.

    `id` is unique and stays the same as long as the name does. `file` and `line` (from 1) are
    where it is declared; for a service, where it is first called.
    """

    id: str
    kind: NodeKind
    label: str
    file: str
    line: int


@dataclass(frozen=True, order=True, slots=True)
class Edge:
    """What one node does with another; both are ids."""

    source: str
    target: str
    kind: EdgeKind


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes by their ids, and edges by their ends."""

    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
