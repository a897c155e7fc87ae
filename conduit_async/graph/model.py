"""The graph: its nodes are hooks, jobs, tables and services."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

NodeKind: TypeAlias = Literal["hook", "job", "service", "table"]
EdgeKind: TypeAlias = Literal["calls", "enqueues", "reads", "writes"]


@dataclass(frozen=True, order=True, slots=True)
class Node:
    """A hook, a job type, a table, or a method of a service.

    `id` is unique and depends only on the name. `file` and `line` (from 1) are the place of the
    declaration; for a service, of the first call.
    """

    id: str
    kind: NodeKind
    label: str
    file: str
    line: int


@dataclass(frozen=True, order=True, slots=True)
class Edge:
    """What one node does with another; both are given by their ids."""

    source: str
    target: str
    kind: EdgeKind


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes sorted by id, and edges sorted by their ends."""

    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
