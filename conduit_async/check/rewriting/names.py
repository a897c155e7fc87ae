"""Names for the variables of lifted values: readable ones, which the source does not use."""

from collections.abc import Iterator
from functools import cached_property
from itertools import count

from ... import ast
from ...analyses.walk import walk
from ...names import local_name, snake_case
from ...program import Facts, FunctionCall, Local, RecordCall, ServiceCall
from ..queries.writes import WRITES


class Names:
    """The names of one block. Within a statement, lifted values have distinct names."""

    def __init__(self, facts: Facts, body: ast.Node) -> None:
        self._facts = facts
        self._body = body

    @cached_property
    def _locals(self) -> set[Local]:
        facts = self._facts
        nodes = [*walk(self._body)]
        found = (facts.resolutions.get(each) for each in nodes)
        locals_ = {facts.declared[each] for each in nodes if each in facts.declared}
        return locals_ | {each for each in found if isinstance(each, Local)}

    @cached_property
    def _in_source(self) -> set[str]:
        return {each.name for each in self._locals}

    @cached_property
    def _in_python(self) -> set[str]:
        return {each.python for each in self._locals} | self._in_source

    def take(self, node: ast.Expr, taken: set[str]) -> tuple[str, str]:
        """A name for the value of an expression, and that of its variable in Python.

        `taken` are the names in the statement, to which the name is added. It is what a record
        calls the value, so it does not depend on other statements.
        """
        hint = self._hint(node)
        name = next(each for each in _numbered(hint) if each not in self._in_source | taken)
        taken.add(name)
        return name, self.python(hint)

    def python(self, hint: str) -> str:
        """A name for a variable in Python."""
        names = map(local_name, _numbered(hint))
        python = next(each for each in names if each not in self._in_python)
        self._in_python.add(python)
        return python

    def _hint(self, node: ast.Expr) -> str:
        match self._facts.resolutions.get(node):
            case RecordCall(resource=resource, operation=operation) if operation in WRITES:
                return snake_case(resource)
            case ServiceCall(service=service, method=method):
                return snake_case(service if method.startswith("__") else method)
            case FunctionCall(function=function):
                return snake_case(function.name)
        match node:
            case ast.Call(callee=ast.Member(name=name)) | ast.Member(name=name):
                return snake_case(name.text)
            case ast.Call(callee=ast.NameRef(name=text)) | ast.NameRef(name=text):
                return snake_case(text)
            case ast.Unwrap(operand=inner) | ast.Index(target=inner) | ast.Rescue(operand=inner):
                return self._hint(inner)
            case ast.Binary(left=inner) | ast.Ternary(then=inner):
                return self._hint(inner)
            case ast.String():
                return "text"
        return "value"


def _numbered(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}_{number}" for number in count(2))
