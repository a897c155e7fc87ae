"""Where the value of an expression or a block goes."""

from dataclasses import dataclass
from typing import Literal

from ...python.code import Code, Effect, Line, Precedence, assignment
from ...types import Type


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a value goes: to the variable `name`, out of the function, or nowhere.

    `annotation` is written where the variable is first assigned; on a line of its own when the
    first value is `narrowed`, since type checkers take an annotated value for any of its type.
    `expected` is the type of the destination, which type checkers have to be told where the value
    is `unchecked`. `first`: the variable begins with it. `kept`: it has a value already, which the
    new one may be made of, and which stays if that fails. `unread`: nothing reads the variable.
    `composed`: a query is its value, not the rows.
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
        """The line that puts a value there; one without effect goes nowhere."""
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
        """The line that declares the variable, where it is assigned later."""
        if self.annotation is None:
            return []
        return [Line(f"{self.name}: {self.annotation}", effect=Effect.NONE)]


NOWHERE = Destination("nowhere")
UNREAD = Destination("nowhere", unread=True)
