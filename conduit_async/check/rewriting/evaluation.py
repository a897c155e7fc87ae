"""Which parts of an expression are evaluated whenever it is, in their order."""

from ... import ast
from ...analyses.raising import evaluated
from ...analyses.walk import is_safe, walk
from ...program import (
    ChangeCall,
    ErrorField,
    Extern,
    Facts,
    FunctionCall,
    LibraryCall,
    RecordCall,
    RecordColumn,
    SelfColumn,
    ServiceCall,
    StructField,
)
from ...types import (
    ANY,
    DATE,
    DECIMAL,
    DURATION,
    FLOAT,
    INT,
    STRING,
    TIME,
    TIMESTAMP,
    FunctionType,
    Query,
    Type,
    required,
)
from ..jobs.second_runs import Kind, Kinds
from ..queries.writes import WRITES

_LITERALS = (
    ast.Nil, ast.Bool, ast.Int, ast.Float, ast.Duration, ast.Symbol, ast.Regex, ast.SelfRef,
    ast.Lambda,
)  # fmt: skip
_CANNOT_FAIL = ("??", "or", "and", "==", "!=")
_ORDERED = ("<", "<=", ">", ">=")
_TYPED = (INT, FLOAT, DECIMAL, STRING, TIMESTAMP, DATE, TIME, DURATION)
"""For values of these types, total functions of the standard library do not fail."""


def value_of(statement: ast.Statement) -> ast.Expr | None:
    """The expression that a statement evaluates first, and whenever it runs.

    None for what a `rescue` tries: it may not fail outside of it.
    """
    match statement:
        case ast.Let(value=value) | ast.Assign(value=value) | ast.ExprStatement(value=value):
            node: ast.Expr | None = value
        case ast.Return(value=value):
            node = value
        case ast.Raise(message=message):
            node = message
        case ast.If(branches=branches):
            node = branches[0].condition
        case ast.For(iterable=iterable):
            node = iterable
        case _:
            return None
    if isinstance(node, ast.Match) and isinstance(statement, ast.ExprStatement):
        node = node.subject
    return None if isinstance(node, ast.Rescue) else node


class Evaluation:
    """How the expressions of a block are evaluated."""

    def __init__(self, facts: Facts, kinds: Kinds) -> None:
        self._facts = facts
        self._kinds = kinds

    def parts(self, node: ast.Expr) -> list[ast.Expr]:
        """The operands that an expression always evaluates, and a statement before it could."""
        use = self._facts.resolutions.get(node)
        if self.is_query(node) or isinstance(node, ast.Lambda):
            return []
        if isinstance(use, RecordCall):
            if use.operation not in WRITES or (use.receiver and self.is_query(use.receiver)):
                return []
            receiver = [] if use.receiver is None else [use.receiver]
            return [*receiver, *(each.value for each in use.arguments)]
        if is_safe(node):
            return [_start(node)]
        return [each for each in evaluated(self._facts, node) if not self._is_namespace(each)]

    def has_effect(self, node: ast.Expr) -> bool:
        """Whether an expression has an effect that is not one of its `parts`."""
        return bool(self._effects(node))

    def is_write(self, node: ast.Expr) -> bool:
        """Whether such effects of an expression are writes."""
        return not any(map(self._is_call, self._effects(node)))

    def _effects(self, node: ast.Expr) -> list[ast.Node]:
        if isinstance(node, ast.Lambda):  # its effects are those of the call that it is given to
            return []
        parts = (each for each in self.parts(node) if not isinstance(each, ast.Lambda))
        inside = {each for part in parts for each in walk(part)}
        return [each for each in self._kinds.effects(node) if each not in inside]

    def _is_call(self, node: ast.Node) -> bool:
        match self._facts.resolutions.get(node):
            case FunctionCall(function=function):
                return function.uses_services
            case ServiceCall() | LibraryCall():
                return True
        return False

    def is_query(self, node: ast.Expr) -> bool:
        """Whether an expression is a query, which runs where its rows are read."""
        return isinstance(required(self._facts.types.get(node, ANY)), Query)

    def may_be_lifted(self, node: ast.Expr) -> bool:
        """Whether a variable can hold the value of an expression."""
        kind = required(self._facts.types.get(node, ANY))
        return not isinstance(kind, Query | FunctionType) and node not in self._facts.raising

    def is_steady(self, node: ast.Expr) -> bool:
        """Whether an expression has the same value behind an effect, and never fails."""
        match node:
            case ast.NameRef():
                use = self._facts.resolutions.get(node)
                return not isinstance(use, Extern) and not self.is_query(node)
            case ast.Member(target=target):
                use = self._facts.resolutions.get(node)
                is_field = isinstance(use, SelfColumn | StructField | RecordColumn | ErrorField)
                is_known = is_field or isinstance(use, ChangeCall) or self._is_namespace(node)
                return is_known and self.is_steady(target)
            case ast.String(parts=parts):
                return all(isinstance(each, str) or self.is_steady(each) for each in parts)
            case ast.Binary(operator=operator, left=left, right=right):
                kinds = {self._type(left), self._type(right)}
                compares = operator in _ORDERED and kinds in ({INT}, {STRING})
                cannot_fail = compares or operator in _CANNOT_FAIL
                return cannot_fail and self.is_steady(left) and self.is_steady(right)
            case ast.Unary(operator="not", operand=operand):
                return self.is_steady(operand)
            case ast.Ternary(condition=condition, then=then, otherwise=otherwise):
                return all(map(self.is_steady, (condition, then, otherwise)))
            case ast.ArrayLiteral() | ast.HashLiteral():
                return all(map(self.is_steady, evaluated(self._facts, node)))
        match self._facts.resolutions.get(node):
            case ChangeCall():
                return True
            case LibraryCall(signature=called, arguments=arguments) if called.total:
                given = [each for each in arguments if each is not None]
                is_typed = all(self._type(each) in _TYPED for each in given)
                is_same = self._kinds.of(node) is Kind.SAME
                return is_typed and is_same and all(map(self.is_steady, given))
        return isinstance(node, _LITERALS)

    def _type(self, node: ast.Expr) -> Type:
        kind = self._facts.types.get(node, ANY)
        return required(kind) if node in self._facts.narrowed else kind

    def _is_namespace(self, node: ast.Expr) -> bool:
        """Whether a name is that of a service, a resource or a part of the standard library."""
        return isinstance(node, ast.NameRef) and node not in self._facts.resolutions


def _start(node: ast.Expr) -> ast.Expr:
    """The value whose nil ends a chain with a `?.` first."""
    found = node
    while isinstance(node, ast.Member | ast.Index | ast.Call):
        if isinstance(node, ast.Member) and node.safe:
            found = node.target
        node = node.callee if isinstance(node, ast.Call) else node.target
    return found
