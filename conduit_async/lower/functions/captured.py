"""The values of the code around it that a Python function was given."""

from dataclasses import dataclass, field

from ...program import Capture, CaptureKind, Local
from ...python.code import Code, Effect, Precedence


@dataclass
class Captured:
    """What was captured: attributes of `payload` or, without one, parameters.

    `variables` replace the values that were assigned since.
    """

    captures: tuple[Capture, ...] = ()
    payload: str | None = None
    variables: dict[Capture, str] = field(default_factory=dict)

    def find(
        self, kind: CaptureKind, path: tuple[str, ...], local: Local | None = None
    ) -> Capture | None:
        """What was captured under a path."""
        for each in self.captures:
            if each.kind == kind and each.path == path and each.local is local:
                return each
        return None

    def value(self, capture: Capture) -> Code:
        """A captured value, or the variable that replaces it after an assignment."""
        if capture in self.variables:
            return Code(self.variables[capture], effect=Effect.READS)
        if self.payload is None:
            return Code(capture.python)
        return Code(f"{self.payload}.{capture.python}", Precedence.PRIMARY)

    def get(
        self, kind: CaptureKind, path: tuple[str, ...], local: Local | None = None
    ) -> Code | None:
        """The value that was captured under a path."""
        found = self.find(kind, path, local)
        return None if found is None else self.value(found)

    def around(self, path: tuple[str, ...]) -> tuple[Capture, int] | None:
        """What was captured of `self` that holds the value at a path, and how long its own is."""
        for length in range(len(path), 0, -1):
            if (found := self.find("self_path", path[:length])) is not None:
                return found, length
        whole = next((each for each in self.captures if each.kind == "snapshot"), None)
        return None if whole is None else (whole, 0)
