"""A value from outside that a block or a function uses."""

from dataclasses import dataclass

from ... import ast
from ...program import Capture, CaptureKind, Local
from ...source import Span
from ...types import Type


@dataclass(frozen=True)
class CaptureUse:
    """A value that is captured, and where it is used; `sensitive` names its sensitive column."""

    capture: Capture
    span: Span
    sensitive: str | None = None

    @property
    def key(self) -> tuple[object, ...]:
        """The identity of the captured value, equal for all uses of it."""
        return self.capture.kind, self.capture.path, self.capture.local


def use_of(
    span: Span,
    what: CaptureKind,
    path: tuple[str, ...],
    kind: Type,
    local: Local | None = None,
    *,
    name: str | None = None,
    node: ast.Expr | None = None,
    sensitive: str | None = None,
) -> CaptureUse:
    """The use of a value; by default its name is its path."""
    name = name or "_".join(part.rstrip("?!") for part in path)
    return CaptureUse(Capture(name, name, kind, what, path, node, local), span, sensitive)
