"""What was found out about the nodes of the syntax trees."""

from dataclasses import dataclass, field

from .. import ast
from ..types import Type
from .jobs import JobInfo
from .resolutions import Local, Resolution


@dataclass
class Facts:
    """What is known of the nodes that jobs and hooks reach.

    `types` has every expression reached. `resolutions` has every `NameRef`, `Member` and `Call`
    that means something by itself: for `self.title.upcase()` the call is a `LibraryCall`, its
    receiver `self.title` a `SelfColumn`, and the callee alone has none. `declared` has the local
    of every `Let`, `For` and `Rescue` node, and of every lambda parameter's `Name`. `jobs` has
    every `@async` block, and `known_at` what is known not to be nil where it stands: paths of
    `"self"` or a local and the names below it. `narrowed` has the reads of a nullable value that
    are known not to be nil there, and `certain` the reads of an entry that a
    literal is known to have. `assigned` has what locals are given after their first value.
    `unmatched` has every `match`, with the patterns that it lacks to take every value: without
    one, it gives nil there.
    """

    types: dict[ast.Node, Type] = field(default_factory=dict)
    resolutions: dict[ast.Node, Resolution] = field(default_factory=dict)
    declared: dict[ast.Node, Local] = field(default_factory=dict)
    jobs: dict[ast.Async, JobInfo] = field(default_factory=dict)
    known_at: dict[ast.Async, frozenset[tuple[object, ...]]] = field(default_factory=dict)
    narrowed: set[ast.Node] = field(default_factory=set)
    certain: set[ast.Node] = field(default_factory=set)
    assigned: dict[Local, list[ast.Expr]] = field(default_factory=dict)
    unmatched: dict[ast.Match, tuple[str, ...]] = field(default_factory=dict)
