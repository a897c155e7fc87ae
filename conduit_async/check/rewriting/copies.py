"""Copies code with other parts in it. What is known of a node is known of its copy."""

from collections.abc import Callable, Container, Mapping, MutableMapping
from types import MappingProxyType
from typing import Any, TypeAlias, TypeVar

from msgspec.structs import replace

from ... import ast
from ...analyses.walk import children, walk
from ...program import Facts, Local

NodeT = TypeVar("NodeT", bound=ast.Node)


def _same(local: Local) -> Local:
    return local


NewLocal: TypeAlias = Callable[[Local, ast.Expr | None], Local]
"""Gives the local that stands for one of a function, with its value in the block."""


class Copies:
    """The copies of the nodes of a block.

    `originals` gets each, with its node in the source, and `calls` the calls in whose place it
    stands, if it is of a function.
    """

    def __init__(
        self,
        facts: Facts,
        originals: MutableMapping[ast.Node, ast.Node],
        calls: MutableMapping[ast.Node, tuple[ast.Node, ...]],
    ) -> None:
        self._facts = facts
        self.originals = originals
        self.calls = calls

    def of(self, node: NodeT, parts: Mapping[ast.Node, ast.Node]) -> NodeT:
        """A node with some `parts` below it replaced; the node itself if it has none of them."""
        around = {inner: each for each in walk(node, ast.Async) for inner in children(each)}
        owners: set[ast.Node] = set()
        for part in parts:
            while (owner := around.get(part)) is not None and owner not in owners:
                owners.add(owner)
                part = owner
        found: NodeT = self._of(node, {**parts}, owners)
        return found

    def afresh(
        self, node: NodeT, locals_: dict[Local, Local], new_local: NewLocal, call: ast.Node
    ) -> NodeT:
        """A copy of the code of a function, in the place of its call: with locals of its own.

        `locals_` has those that are known, and gets the others.
        """
        within = (*self.calls.get(call, ()), self.originals.get(call, call))
        made: dict[ast.Node, ast.Node] = {}

        def local_of(local: Local) -> Local:
            if local not in locals_:
                value: Any = made.get(local.value) if local.value is not None else None
                locals_[local] = new_local(local, value)
            return locals_[local]

        def copy_of(node: Any) -> Any:
            changes = {}
            for name in node.__struct_fields__:
                value = getattr(node, name)
                if isinstance(value, ast.Node):
                    changes[name] = copy_of(value)
                elif isinstance(value, tuple):
                    changes[name] = tuple(
                        copy_of(each) if isinstance(each, ast.Node) else each for each in value
                    )
            made[node] = copied = replace(node, **changes)
            self.know(node, copied, made, local_of)
            self.calls[copied] = within
            if isinstance(copied, ast.Assign):
                local = self._facts.resolutions.get(copied.target)
                if isinstance(local, Local):
                    self._facts.assigned.setdefault(local, []).append(copied.value)
            return copied

        found: NodeT = copy_of(node)
        return found

    def _of(self, node: Any, made: dict[ast.Node, ast.Node], owners: Container[ast.Node]) -> Any:
        if node not in owners or node in made:
            return made.get(node, node)
        changes: dict[str, Any] = {}
        for name in node.__struct_fields__:
            value = getattr(node, name)
            if isinstance(value, ast.Node):
                copy: object = self._of(value, made, owners)
            elif isinstance(value, tuple):
                copy = tuple(
                    self._of(each, made, owners) if isinstance(each, ast.Node) else each
                    for each in value
                )
                if all(one is other for one, other in zip(copy, value, strict=True)):
                    copy = value
            else:
                continue
            if copy is not value:
                changes[name] = copy
        if not changes:
            return node
        made[node] = copied = replace(node, **changes)
        self.know(node, copied, made)
        return copied

    def know(
        self,
        node: Any,
        copy: Any,
        made: Mapping[ast.Node, ast.Node] = MappingProxyType({}),
        local_of: Callable[[Local], Local] = _same,
    ) -> None:
        """Know of a copy what is known of a node."""
        facts = self._facts
        self.originals[copy] = self.originals.get(node, node)
        if node in self.calls:
            self.calls[copy] = self.calls[node]
        if node in facts.resolutions:
            facts.resolutions[copy] = _with_copies(facts.resolutions[node], made, local_of)
        if node in facts.declared:
            facts.declared[copy] = local_of(facts.declared[node])
        tables: tuple[dict[Any, Any], ...] = (facts.types, facts.unmatched)
        for known in tables:
            if node in known:
                known[copy] = known[node]
        for noted in (facts.narrowed, facts.certain, facts.excluded, facts.raising):
            if node in noted:
                noted.add(copy)


def _with_copies(
    value: Any, made: Mapping[ast.Node, ast.Node], local_of: Callable[[Local], Local]
) -> Any:
    """What a name or a call means, with the copies of the nodes and locals that it holds."""
    if isinstance(value, ast.Node):
        return made.get(value, value)
    if isinstance(value, Local):
        return local_of(value)
    if isinstance(value, tuple):
        return tuple(_with_copies(each, made, local_of) for each in value)
    if isinstance(value, ast.Frozen):
        fields = {each: getattr(value, each) for each in value.__struct_fields__}
        found = {name: _with_copies(part, made, local_of) for name, part in fields.items()}
        changes = {name: part for name, part in found.items() if part is not fields[name]}
        return replace(value, **changes) if changes else value
    return value
