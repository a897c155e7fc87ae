"""A checked program: every name resolved, every type known, every capture decided.

Made by `check`, read by `plan`. The syntax tree stays as it is; what was found out about its
nodes stands in `Facts`, keyed by node.
"""

from dataclasses import dataclass, field

from .. import ast
from ..types import Type
from .declarations import CALL as CALL
from .declarations import Capture as Capture
from .declarations import CaptureKind as CaptureKind
from .declarations import Column as Column
from .declarations import FunctionInfo as FunctionInfo
from .declarations import HookInfo as HookInfo
from .declarations import JobInfo as JobInfo
from .declarations import Local as Local
from .declarations import MethodInfo as MethodInfo
from .declarations import ParameterInfo as ParameterInfo
from .declarations import RelationInfo as RelationInfo
from .declarations import ResourceInfo as ResourceInfo
from .declarations import Resources as Resources
from .declarations import ServiceInfo as ServiceInfo
from .declarations import StructInfo as StructInfo
from .resolutions import ChangeCall as ChangeCall
from .resolutions import ComputedUse as ComputedUse
from .resolutions import ErrorField as ErrorField
from .resolutions import Extern as Extern
from .resolutions import FunctionCall as FunctionCall
from .resolutions import KeyAccess as KeyAccess
from .resolutions import LambdaCall as LambdaCall
from .resolutions import LibraryCall as LibraryCall
from .resolutions import RaiseCall as RaiseCall
from .resolutions import RecordCall as RecordCall
from .resolutions import RecordColumn as RecordColumn
from .resolutions import RelationUse as RelationUse
from .resolutions import Resolution as Resolution
from .resolutions import SelfColumn as SelfColumn
from .resolutions import ServiceCall as ServiceCall
from .resolutions import StructField as StructField


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


@dataclass
class Program:
    """Everything that `plan` needs; resources in the order of files and sources.

    `class_names` are the Python names of inline structs and enums.
    """

    resources: Resources
    structs: dict[str, StructInfo]
    services: dict[str, ServiceInfo]
    facts: Facts
    class_names: dict[ast.TypeExpr, str] = field(default_factory=dict)
