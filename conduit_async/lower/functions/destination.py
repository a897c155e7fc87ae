"""Where the value of an expression or a block goes."""

from dataclasses import dataclass
from typing import Literal

from ...python.code import Code, Effect, Line, Precedence, assignment
from ...types import Type


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a value goes: into the variable `name`, out of the function, or nowhere.

    `annotation` is written at the first assignment of the variable. If the first value is
    `narrowed`, the annotation gets its own line, since type checkers widen an annotated value.
    `expected` is the type of the destination; an `unchecked` value is cast for type checkers.
    `first`: this is the variable's first value. `kept`: the variable has a value, which the new
    value may use, and which stays after an error. `unread`: nothing reads the variable.
    `composed`: the value is the query, not its rows.
    """

    kind: Literal["name", "return", "nowhere"]
    name: str = ""
    annotation: str | None = None
    expected: Type | None = None
    narrowed: bool = False
    first: bool = False
    kept: bool = False
    unchecked: bool = False
    unread: bool = False
    composed: bool = False

    def put(self, code: Code) -> list[Line]:
        """Return the line that puts a value there; without a destination or an effect, no line."""
        if self.kind == "return":
            return [Line(f"return {code.text}")]
        if self.kind == "name":
            declared = self.declared if self.narrowed else []
            kind = "" if declared else self.annotation or ""
            effect = Effect.ACTS if self.kept else code.effect
            return [*declared, assignment(self.name, code.text, kind, effect)]
        if not code.effect.is_observable and "(" not in code.text:
            return []
        is_call = code.text.endswith(")") and code.precedence in (
            Precedence.PRIMARY,
            Precedence.AWAIT,
        )
        return [Line(code.text if is_call else f"_ = {code.text}", effect=code.effect)]

    @property
    def declared(self) -> list[Line]:
        """The line that declares a variable which is assigned later."""
        if self.annotation is None:
            return []
        return [Line(f"{self.name}: {self.annotation}", effect=Effect.NONE)]


NOWHERE = Destination("nowhere")
UNREAD = Destination("nowhere", unread=True)
