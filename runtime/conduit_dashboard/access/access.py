"""What a visitor may see and do."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Literal, get_args

from conduit_runtime.model.arguments import check_type
from starlette.requests import Request

Action = Literal[
    "retry",
    "cancel",
    "delete",
    "run_now",
    "signal",
    "move",
    "priority",
    "enqueue",
    "pause",
    "resume",
    "limit",
    "share",
    "limit_type",
    "rate_limit",
    "run_schedule",
    "enable_schedule",
    "disable_schedule",
]
ACTIONS: frozenset[str] = frozenset(get_args(Action))
"""All actions of the dashboard; `conduit_audit` names them by these words."""


@dataclass(frozen=True, slots=True)
class Access:
    """What one visitor may do: nothing, read all pages, or also some or all of the `ACTIONS`.

    `conduit_audit` records the visitor's actions with the name `user`. Raises TypeError or
    ValueError for an invalid user or action.
    """

    user: str = "anonymous"
    may_read: bool = False
    actions: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        check_type(self.user, "user", str, "the name of a user, a text")
        if unknown := {*self.actions} - ACTIONS:
            raise ValueError(
                f"{min(unknown)!r} is no action of the dashboard: use {', '.join(sorted(ACTIONS))}"
            )
        object.__setattr__(self, "actions", frozenset(self.actions))  # given in any collection

    @classmethod
    def none(cls) -> "Access":
        """Allow nothing, not even reading."""
        return cls()

    @classmethod
    def read(cls, user: str = "anonymous") -> "Access":
        """Allow reading all pages, and no changes."""
        return cls(user, True)

    @classmethod
    def operate(cls, user: str, actions: Collection[str] = ACTIONS) -> "Access":
        """Allow reading all pages, and these actions (all by default).

        Raises ValueError for an unknown action.
        """
        return cls(user, True, frozenset(actions))

    def may(self, action: str) -> bool:
        """Whether the visitor may do this action."""
        return self.may_read and action in self.actions


Authorize = Callable[[Request], Access | Awaitable[Access]]
"""A function that decides for each request what its visitor may see and do."""
