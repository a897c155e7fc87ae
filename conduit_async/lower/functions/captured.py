"""The values that a Python function received from the code around it."""

from dataclasses import dataclass, field

from ...program import Capture, CaptureKind, Local
from ...python.code import Code, Effect, Precedence


@dataclass
class Captured:
    """The captured values: attributes of `payload` or, without one, parameters.

    `variables` replace values that were assigned since.
    """

    captures: tuple[Capture, ...] = ()
    payload: str | None = None
    variables: dict[Capture, str] = field(default_factory=dict)

    def find(
        self, kind: CaptureKind, path: tuple[str, ...], local: Local | None = None
    ) -> Capture | None:
        """Return what was captured under a path, if anything."""
        for each in self.captures:
            if each.kind == kind and each.path == path and each.local is local:
                return each
        return None

    def value(self, capture: Capture) -> Code:
        """Return a captured value, or the variable that replaces it after an assignment."""
        if capture in self.variables:
            return Code(self.variables[capture], effect=Effect.READS)
        if self.payload is None:
            return Code(capture.python)
        return Code(f"{self.payload}.{capture.python}", Precedence.PRIMARY)

    def get(
        self, kind: CaptureKind, path: tuple[str, ...], local: Local | None = None
    ) -> Code | None:
        """Return the value that was captured under a path, if any."""
        found = self.find(kind, path, local)
        return None if found is None else self.value(found)

    def around(self, path: tuple[str, ...]) -> tuple[Capture, int] | None:
        """Return the capture of `self` that contains a path, and the length of its own path."""
        for length in range(len(path), 0, -1):
            if (found := self.find("self_path", path[:length])) is not None:
                return found, length
        whole = next((each for each in self.captures if each.kind == "snapshot"), None)
        return None if whole is None else (whole, 0)
