"""What the variables of a Python function are called."""

from dataclasses import dataclass, field

from ...names import local_name, snake_case, unclashed
from ...program import Local
from .module import Module

OURS = frozenset({
    "add", "bound_value", "cast", "contains", "dataclass", "date", "datetime", "divide",
    "enum_value", "equal", "fail", "includes_item", "item", "iterate", "job_type", "length_of",
    "member", "multiply", "named", "negate", "ordered", "power", "re", "remainder", "replace",
    "subtract", "suppress", "table", "text", "time", "timedelta", "unwrap",
})  # fmt: skip
"""Functions and types that any module may import, so that no variable of ours takes their name."""

AMBIGUOUS = frozenset("lOI")
"""Names that look like a digit, which linters refuse."""


@dataclass
class Naming:
    """The names of one function's variables, which stay clear of those of its module.

    `used` are those that are taken.
    """

    module: Module
    used: set[str] = field(default_factory=set, kw_only=True)
    _numbers: dict[str, int] = field(default_factory=dict, init=False)
    _locals: dict[Local, str] = field(default_factory=dict, init=False)
    _annotations: dict[str, str] = field(default_factory=dict, init=False)

    def fresh(self, hint: str) -> str:
        """A new variable, named after what it holds."""
        name = hint = local_name(snake_case(hint) if hint[:1].isupper() else hint)
        while self._is_taken(name):
            number = self._numbers[hint] = self._numbers.get(hint, 1) + 1
            name = f"{hint}_{number}"
        self.used.add(name)
        self.module.imports.avoid(name)
        return name

    def local(self, local: Local) -> str:
        """The variable of a local; two of one name share it when their types allow that."""
        known = self._locals.get(local)
        if known is None:
            kind = str(local.type)
            known = f"{local.python}_" if local.python in AMBIGUOUS else local.python
            while (
                self._annotations.get(known, "" if self._is_taken(known, own=True) else kind)
                != kind
            ):
                known = unclashed(f"{known}_", self.module.defined)
            self.used.add(known)
            self.module.imports.avoid(known)
            self._annotations[known] = kind
            self._locals[local] = known
        return known

    def name_local(self, local: Local, name: str) -> None:
        """Give a local a variable that is there already: a parameter."""
        self._locals[local] = name

    def _is_taken(self, name: str, own: bool = False) -> bool:
        imports = self.module.imports
        if name in self.used or name in self.module.defined or imports.binds(name):
            return True
        return not own and (name in OURS or name in imports.records)
