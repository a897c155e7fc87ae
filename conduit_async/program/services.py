"""What the application must provide, as far as the calls of it tell."""

from dataclasses import dataclass

from ..types import Type


@dataclass(frozen=True)
class ServiceParameter:
    """A named parameter of a service's method; `optional` when some call leaves it out."""

    name: str
    python: str
    types: tuple[Type, ...]
    optional: bool


CALL = "__call__"
"""The method of a service that is a function itself: `notify(…)`, one of the `externs`."""


@dataclass(eq=False)
class MethodInfo:
    """A method of a service: its name in the source, and the union of all its calls."""

    name: str
    python: str
    positional: list[tuple[Type, ...]]
    required_positional: int
    named: dict[str, ServiceParameter]


@dataclass(eq=False)
class ServiceInfo:
    """An external service: `name` as in the source, `python` its attribute (`search_index`).

    One without methods is a value, one of the `externs`.
    """

    name: str
    python: str
    methods: dict[str, MethodInfo]
