"""Narrowing of nullable values by conditions and assignments."""

from collections.abc import Iterable, Iterator, Sequence

from ... import ast
from ...analyses.walk import walk
from ...library import ENDS
from ...program import (
    FunctionCall,
    KeyAccess,
    LibraryCall,
    Local,
    RecordColumn,
    RelationUse,
    SelfColumn,
    StructField,
)
from ...types import ANY, Array, Enum, Hash, Optional, Type, required
from ..body import Body
from ..coercion import constant_key
from ..lattice import may_be_nil, without_entries
from ..narrowing import SELF, Excluded, Narrowing, Path

_STEPS = (SelfColumn, StructField, RecordColumn, RelationUse, FunctionCall, KeyAccess)


def path_of(body: Body, node: ast.Expr) -> Path | None:
    """The path that an expression reads, if it reads one."""
    names: list[object] = []
    while (step := _step(body, node)) is not None:
        node, name = step
        names.append(name)
    if isinstance(node, ast.SelfRef):
        return (SELF, *reversed(names))
    if isinstance(node, ast.NameRef):
        local = body.facts.resolutions.get(node)
        return (local, *reversed(names)) if isinstance(local, Local) else None
    return None


def _step(body: Body, node: ast.Expr) -> tuple[ast.Expr, str | int] | None:
    """The receiver of a read, and the name, key or position that it reads."""
    use = body.facts.resolutions.get(node)
    match node:
        case ast.Member(target=target, name=name) if isinstance(use, _STEPS):
            return target, name.text
        case ast.Index(target=target, index=index):
            key = constant_key(index)
            return None if key is None else (target, key)
        case ast.Call() if isinstance(use, LibraryCall) and use.signature.call in ENDS:
            items = use.arguments[0]
            return None if items is None else (items, ENDS[use.signature.call])
    return None


def entry_paths(body: Body, node: ast.Expr, *keys: str | int) -> frozenset[Path]:
    """The paths of entries of a collection, if an existing entry is not nil."""
    path, kind = path_of(body, node), required(body.type_of(node))
    item = kind.value if isinstance(kind, Hash) else kind.item if isinstance(kind, Array) else ANY
    if path is None or may_be_nil(item):
        return frozenset()
    return frozenset((*path, key) for key in keys)


def narrow_by_test(body: Body, node: ast.Call, call: LibraryCall) -> None:
    """Note the narrowing by a test of a collection: `h.has_key?("a")`, `xs.empty?()`."""
    match call.signature.call, call.arguments:
        case "Hash.has_key?" | "Hash.has_key", (ast.Node() as owner, ast.Node() as key):
            found = constant_key(key)
            true = entry_paths(body, owner, found) if found is not None else frozenset[Path]()
            body.narrowings[node] = Narrowing(true | not_nil(body, node))
        case "Array.empty?", (ast.Node() as items,) if node not in body.short_circuits:
            body.narrowings[node] = Narrowing(when_false=ends_of(body, items))


def ends_of(body: Body, node: ast.Expr) -> frozenset[Path]:
    """The paths of the first and the last item, which are not nil when an array is not empty."""
    is_array = isinstance(required(body.type_of(node)), Array)
    return entry_paths(body, node, *ENDS.values()) if is_array else frozenset()


def by_values(body: Body, node: ast.Expr, values: Sequence[str]) -> Narrowing:
    """The narrowing by a test whether an enum's value is one of several."""
    path = path_of(body, node)
    return Narrowing() if path is None else by_values_at(path, body.type_of(node), values)


def by_values_at(path: Path, kind: Type, values: Sequence[str]) -> Narrowing:
    """The narrowing by a test whether the value at a path is one of several."""
    if not isinstance(kind := required(kind), Enum):
        return Narrowing()
    return Narrowing(_excluding(path, set(kind.values) - set(values)), _excluding(path, values))


def note_excluded(body: Body, node: ast.Expr, path: Path, value: str) -> None:
    """Note whether a comparison tests an enum's value for one that it is known not to be."""
    if (*path, Excluded(value)) in body.non_nil:
        body.facts.excluded.add(node)
    else:
        body.facts.excluded.discard(node)


def _excluding(path: Path, values: Iterable[str]) -> frozenset[Path]:
    return frozenset((*path, Excluded(value)) for value in values)


def learn_value(body: Body, path: Path, kind: Type, value: ast.Expr) -> None:
    """Note what an enum's value is not after an assignment, as type checkers do."""
    if not isinstance(kind := required(kind), Enum):
        return
    source = path_of(body, value)
    if (values := _constants(value)) is not None:
        body.non_nil |= _excluding(path, set(kind.values) - values)
    elif source is not None:
        body.non_nil |= {
            (*path, known[-1])
            for known in body.non_nil
            if known[:-1] == source and isinstance(known[-1], Excluded)
        }


def _constants(node: ast.Expr) -> set[str] | None:
    """The constant strings that an expression may give, if it gives nothing else."""
    found: set[str] = set()
    pending = [node]
    while pending:
        match pending.pop():
            case ast.Ternary(then=then, otherwise=otherwise):
                pending += [then, otherwise]
            case each:
                if (value := ast.constant_text(each)) is None:
                    return None
                found.add(value)
    return found


def narrowed(body: Body, node: ast.Expr, kind: Type) -> Type:
    """The type of a read, without nil if its path is narrowed."""
    if isinstance(kind, Optional) and body.non_nil and path_of(body, node) in body.non_nil:
        body.facts.narrowed.add(node)
        return required(kind)
    body.facts.narrowed.discard(node)
    return kind


def reads_nil(body: Body, node: ast.Expr) -> bool:
    """Whether a value may be nil; a related row may be gone when a job reads it."""
    reads_relation = isinstance(body.facts.resolutions.get(node), RelationUse)
    return may_be_nil(body.type_of(node)) or reads_relation


def not_nil(body: Body, node: ast.Expr) -> frozenset[Path]:
    """The paths that are not nil if an expression is not: its own, and those before each `?.`."""
    found: set[Path] = set()
    while True:
        if (path := path_of(body, node)) is not None and path != (SELF,):
            found.add(path)
        if isinstance(node, ast.Member):
            if not node.safe and node.target not in body.short_circuits:
                break
            node = node.target
        elif isinstance(node, ast.Call) and isinstance(node.callee, ast.Member):
            node = node.callee.target
        else:
            break
    return frozenset(found)


def narrowing_of(body: Body, node: ast.Expr) -> Narrowing:
    """The narrowing by a checked condition; a truthy value is not nil."""
    if node not in body.narrowings:
        body.narrowings[node] = Narrowing(not_nil(body, node) | ends_of(body, node))
    return body.narrowings[node]


def forget(body: Body, path: Path) -> None:
    """Drop what is known of an assigned value and of the values below it."""
    size = len(path)
    body.non_nil = frozenset(known for known in body.non_nil if known[:size] != path)


def forget_assigned(body: Body, block: ast.Block) -> None:
    """Drop what is known of the values that a block assigns, for instance before a loop."""
    for target in _assigned_in(block):
        forget(body, assigned_path(body, target))


def item_type(body: Body, name: ast.Name, kind: Type, block: ast.Block) -> Type:
    """The type of a loop's variable, without known entries if the block assigns it."""
    targets = (each.name for each in _assigned_in(block) if isinstance(each, ast.NameRef))
    return without_entries(kind) if name.text in targets else kind


def _assigned_in(block: ast.Block) -> Iterator[ast.Expr]:
    """The targets that code assigns."""
    for node in walk(block, ast.Async):
        if isinstance(node, ast.Assign):
            yield node.target


def assigned_path(body: Body, target: ast.Expr) -> Path:
    """The path of a target by its names; it starts with None if its local is not declared."""
    names: list[str] = []
    while isinstance(target, ast.Member):
        names.append(target.name.text)
        target = target.target
    root = body.scope.find(target.name) if isinstance(target, ast.NameRef) else SELF
    return (root, *reversed(names))
