"""The findings of checks."""

from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem: what is wrong, where, and what to do about it, as a command or as SQL.

    An error keeps jobs from running; a warning makes them slow, or may become an error. `about`
    names the `queue`, `type`, `key` or `schedule` if the problem concerns one. `quoted` is the part
    of the message that may hold values of payloads.
    """

    code: str
    severity: Severity
    message: str
    where: str
    action: str
    about: dict[str, str] = field(default_factory=dict)
    quoted: str = ""


def error(
    code: str, message: str, where: str, action: str, quoted: str = "", **about: str
) -> Finding:
    """A finding that keeps jobs from running."""
    return Finding(code, "error", message, where, action, about, quoted)


def warning(
    code: str, message: str, where: str, action: str, quoted: str = "", **about: str
) -> Finding:
    """A finding that makes jobs slow, or that may become an error."""
    return Finding(code, "warning", message, where, action, about, quoted)
