"""The names of a Python function's variables."""

from dataclasses import dataclass, field
from typing import TypeAlias

from ... import ast
from ...library import OF_UNKNOWN
from ...names import local_name, snake_case, unclashed
from ...program import Local
from .module import Module

IMPORTABLE_NAMES = frozenset({
    "add", "bound_value", "cast", "contains", "dataclass", "date", "datetime", "divide",
    "enum_value", "equal", "fail", "item", "iterate", "job_type", "member", "multiply", "named",
    "negate", "of_type", "only", "ordered", "power", "re", "remainder", "replace", "subtract",
    "suppress", "table", "text", "time", "timedelta", "unwrap",
    *(each.python for each in OF_UNKNOWN.values()),
})  # fmt: skip
"""Names that any module may import; generated variables avoid them."""

AMBIGUOUS = frozenset("lOI")
"""Names that look like a digit, which linters reject."""


Hint: TypeAlias = str | ast.Expr
"""What a variable holds: its name, or the expression whose value it is."""


@dataclass
class Naming:
    """The names of one function's variables, which avoid the names of its module.

    `used` are the names that are taken.
    """

    module: Module
    used: set[str] = field(default_factory=set)
    _numbers: dict[str, int] = field(default_factory=dict, init=False)
    _locals: dict[Local, str] = field(default_factory=dict, init=False)
    _kinds: dict[str, tuple[str, str]] = field(default_factory=dict, init=False)

    def fresh(self, hint: Hint) -> str:
        """Return a new variable, named after its content."""
        hint = hint if isinstance(hint, str) else _name_for(hint)
        name = hint = local_name(snake_case(hint) if hint[:1].isupper() else hint)
        while self.is_taken(name):
            number = self._numbers[hint] = self._numbers.get(hint, 1) + 1
            name = f"{hint}_{number}"
        self.used.add(name)
        self.module.imports.avoid(name)
        return name

    def local(self, local: Local) -> str:
        """Return the variable of a local; locals of the same name and type share it."""
        known = self._locals.get(local)
        if known is None:
            kind = local.python, str(local.type)
            known = f"{local.python}_" if local.python in AMBIGUOUS else local.python
            while self._kinds.get(known, None if self.is_taken(known, own=True) else kind) != kind:
                known = unclashed(f"{known}_", self.module.defined)
            self.used.add(known)
            self.module.imports.avoid(known)
            self._kinds[known] = kind
            self._locals[local] = known
        return known

    def name_local(self, local: Local, name: str) -> None:
        """Set the variable of a local that exists already, such as a parameter."""
        self._locals[local] = name

    def is_taken(self, name: str, own: bool = False) -> bool:
        """Whether a name is taken; a variable of the source (`own`) may have an importable name."""
        imports = self.module.imports
        if name in self.used or name in self.module.defined or imports.binds(name):
            return True
        return not own and (name in IMPORTABLE_NAMES or name in imports.records)


def _name_for(node: ast.Expr) -> str:
    """Return a name for a variable that holds an expression's value."""
    for _ in range(8):
        match node:
            case ast.Member():
                return snake_case(node.name.text)
            case ast.Call(callee=callee):
                node = callee
            case ast.Binary(operator="??" | "or" | "+", left=left):
                node = left
            case ast.Unwrap(operand=inner) | ast.Rescue(operand=inner) | ast.Index(target=inner):
                node = inner
            case ast.NameRef(name=name):
                return snake_case(name)
            case _:
                break
    return "value"
