"""A task that says whose its jobs are, and how much they count."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, TypeVar

from ....model.errors import PayloadError
from ....model.job_key import key_text
from .api import InvalidTask, Task

S = TypeVar("S", bound="ConduitTask")


@dataclass(frozen=True, kw_only=True)
class ConduitTask(Task):
    """A task of our backend: `task.using(key=customer.id).enqueue()`.

    `key`, `weight` and `expires` are those of a Job. The key becomes its text. Without `expires`,
    the option of the backend holds.
    """

    key: Any = None
    weight: int | None = None
    expires: timedelta | None = None

    def __post_init__(self) -> None:
        """Check the task. Raises InvalidTask."""
        try:
            object.__setattr__(self, "key", key_text(self.key))
        except PayloadError as error:
            raise InvalidTask(str(error)) from error
        super().__post_init__()

    @property
    def stored(self) -> dict[str, Any]:
        """What a payload has of the task, beside the options of its job: for `stored_as`."""
        expires = None if self.expires is None else self.expires.total_seconds()
        own = {"weight": self.weight, "expires": expires}
        return {name: value for name, value in own.items() if value is not None}

    @staticmethod
    def stored_as(key: str | None, payload: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of a task whose job has this key and this payload."""
        expires = payload.get("expires")
        return {
            "key": key,
            "weight": payload.get("weight"),
            "expires": None if expires is None else timedelta(seconds=expires),
        }

    def using(
        self: S,
        *,
        key: Any = None,
        weight: int | None = None,
        expires: timedelta | None = None,
        **changes: Any,
    ) -> S:
        """A task with other defaults; what is None stays."""
        own = {"key": key, "weight": weight, "expires": expires}
        task: S = super().using(**changes)
        return replace(task, **{name: value for name, value in own.items() if value is not None})
