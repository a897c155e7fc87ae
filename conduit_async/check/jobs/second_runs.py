"""Says what a second run of some code would do: the same, something else, or an effect again."""

from collections.abc import Iterator
from enum import IntEnum

from ... import ast
from ...analyses.reached import function_roots, reached_from
from ...analyses.walk import own_nodes, walk
from ...program import (
    Extern,
    FunctionCall,
    FunctionInfo,
    LibraryCall,
    Local,
    Program,
    RaiseCall,
    RecordCall,
    RelationUse,
    ServiceCall,
)
from ...types import Query
from ..queries.writes import WRITES


class Kind(IntEnum):
    """What a second run of some code would do."""

    SAME = 0  # the same again, without a trace
    OTHER = 1  # it may get other values, or leave another trace, such as a line in a log
    EFFECT = 2  # it would repeat an effect


_SAME_EACH_TIME = frozenset(
    {"", "String", "Text", "Number", "Array", "Hash", "Time", "UUID", "HTML", "JSON", "Regex"}
    | {"Context"}
)
_NEW_EACH_TIME = frozenset({"Time.now", "Time.today", "UUID.generate"})


class Kinds:
    """The kinds of nodes, which are remembered."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._functions: dict[FunctionInfo, Kind] = {}
        self._nodes: dict[ast.Node, Kind] = {}
        self._raising: dict[FunctionInfo, bool] = {}

    def of(self, *nodes: ast.Node) -> Kind:
        """The greatest kind of the code at and below some nodes, without that of further jobs."""
        found = Kind.SAME
        for node in nodes:
            found = max(found, self._of_node(node))
            if found is Kind.EFFECT:
                break
        return found

    def _of_node(self, node: ast.Node) -> Kind:
        if node not in self._nodes:
            kinds = (self._at(each) for each in self._run(node))
            self._nodes[node] = max(kinds, default=Kind.SAME)
        return self._nodes[node]

    def effects(self, node: ast.Node) -> Iterator[ast.Node]:
        """The nodes with an effect, in the order of the source."""
        return (each for each in self._run(node) if self._at(each) is Kind.EFFECT)

    def _run(self, node: ast.Node) -> Iterator[ast.Node]:
        """The nodes of code that runs, without those of further jobs.

        A query that a variable is given runs where the variable is read.
        """
        facts = self._program.facts
        given: set[ast.Node] = set()
        for each in own_nodes(node):
            local = facts.declared.get(each)  # none for code that an error leaves unchecked
            if local is not None and isinstance(each, ast.Let) and isinstance(local.type, Query):
                parts = walk(each.value)
                given |= {part for part in parts if isinstance(facts.types.get(part), Query)}
            if each not in given:
                yield each

    def _at(self, node: ast.Node) -> Kind:
        match self._program.facts.resolutions.get(node):
            case FunctionCall(function=function):
                return self._of_function(function, node.span.source.path)
        return self._alone(node)

    def calls_services(self, node: ast.Node) -> bool:
        """Whether code may call a service, also in a function."""
        uses = (self._program.facts.resolutions.get(each) for each in own_nodes(node))
        return any(
            isinstance(use, ServiceCall)
            or (isinstance(use, FunctionCall) and use.function.uses_services)
            for use in uses
        )

    def ends_with_effect(self, statement: ast.Statement) -> bool:
        """Whether a statement evaluates its values, and then has its only effect."""
        node: ast.Node = statement
        if isinstance(statement, ast.ExprStatement):
            node = statement.value
        return [*self.effects(statement)] == [node]

    def only_write(self, *nodes: ast.Node) -> bool:
        """Whether code writes records, and calls no service."""
        return self.of(*nodes) is Kind.EFFECT and not any(map(self.calls_services, nodes))

    def may_raise(self, *nodes: ast.Node) -> bool:
        """Whether code raises errors itself, or in a function. One of another source may."""
        resolutions = self._program.facts.resolutions
        for node in (each for root in nodes for each in own_nodes(root)):
            match resolutions.get(node):
                case FunctionCall(function=function):
                    if self._function_raises(function, node.span.source.path):
                        return True
                case _ if self._raises(node):
                    return True
        return False

    def _raises(self, node: ast.Node) -> bool:
        facts = self._program.facts
        is_call = isinstance(facts.resolutions.get(node), RaiseCall)
        return is_call or isinstance(node, ast.Raise) or node in facts.raising

    def _function_raises(self, function: FunctionInfo, path: str) -> bool:
        if function.body.span.source.path != path:
            return True
        if function not in self._raising:
            reached = reached_from(self._program, function_roots(function))
            others = (each.body.span.source.path != path for each in reached.functions)
            self._raising[function] = any(others) or any(map(self._raises, reached.nodes()))
        return self._raising[function]

    def _alone(self, node: ast.Node) -> Kind:
        """The kind of a node without that of the function that it calls."""
        if isinstance(node, ast.Assign) and isinstance(node.target, ast.Member):
            return Kind.EFFECT
        match self._program.facts.resolutions.get(node):
            case ServiceCall():
                return Kind.EFFECT
            case RecordCall(operation=operation):
                return Kind.EFFECT if operation in WRITES else Kind.OTHER
            case RelationUse() | Extern() | Local(type=Query()):
                return Kind.OTHER
            case LibraryCall(signature=called) if called.namespace == "Job":
                return Kind.EFFECT
            case LibraryCall(signature=called):
                is_new = f"{called.namespace}.{called.name}" in _NEW_EACH_TIME
                is_same = called.namespace in _SAME_EACH_TIME and not is_new
                return Kind.SAME if is_same else Kind.OTHER
        return Kind.SAME

    def _of_function(self, function: FunctionInfo, path: str) -> Kind:
        """The kind of a function that a source calls."""
        if function.body.span.source.path != path:
            # An incremental run does not look into the functions of other sources.
            has_effect = function.uses_services or function.uses_database
            return Kind.EFFECT if has_effect else Kind.OTHER
        if function not in self._functions:
            self._functions[function] = Kind.SAME  # what it calls is searched with it
            nodes = reached_from(self._program, function_roots(function)).nodes()
            kinds = [self._at(each) for each in nodes if each.span.source.path == path]
            self._functions[function] = max(kinds, default=Kind.SAME)
        return self._functions[function]
