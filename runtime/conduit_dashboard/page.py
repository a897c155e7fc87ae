"""Pages and actions: the types that modules of `pages/` use."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from conduit_runtime.postgres.statement import Statement
from conduit_runtime.statements.dashboard import audit
from starlette.datastructures import FormData, QueryParams

from .access.access import Access
from .database import Database, Writing
from .settings import Bounds, Settings

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Visit:
    """The argument of a page: what a visitor asks for, and what the visitor may do.

    `root` is the path at which the dashboard is mounted, "" or as in "/ops/jobs".
    """

    database: Database
    access: Access
    settings: Settings
    root: str
    path: Mapping[str, Any]
    query: QueryParams

    @property
    def bounds(self) -> Bounds:
        """How much pages read and show."""
        return self.settings.bounds

    async def read(self, statement: Statement[T]) -> T:
        """The result of a statement that changes nothing, as `Database.read` returns it."""
        return await self.database.read(statement)

    def url(self, path: str, **query: Any) -> str:
        """The address of a page of the dashboard; values that are None are left out.

        `path` begins with a slash; the caller quotes parts of it that come from outside.
        """
        given = [
            (name, each)
            for name, value in query.items()
            for each in (value if isinstance(value, list | tuple) else [value])
            if each is not None
        ]
        return self.root + path + (f"?{urlencode(given)}" if given else "")


@dataclass(frozen=True, slots=True)
class Page:
    """The result of a page: `data` for the template, or as JSON for a client that asks for it."""

    template: str
    title: str
    data: Mapping[str, Any]
    status: int = 200


@dataclass(slots=True)
class Change:
    """A change of `target` in progress; `count` says how many things it changes.

    `id` is the id of its record in `conduit_audit`, once the record is written.
    """

    writing: Writing
    target: Mapping[str, Any]
    count: int = 1
    id: int | None = None

    async def run(self, statement: Statement[T]) -> T:
        """Run a statement in the transaction of the change."""
        return await self.writing.run(statement)


@dataclass(frozen=True, slots=True)
class Act(Visit):
    """The argument of an action: a visit, the fields of the form, and the name of the action."""

    form: FormData = field(default_factory=FormData)
    name: str = ""
    changes: list[Change] = field(default_factory=list)

    @classmethod
    def of(cls, visit: Visit, form: FormData, name: str) -> "Act":
        """The action of this name in a visit, with the fields of its form."""
        return cls(
            visit.database,
            visit.access,
            visit.settings,
            visit.root,
            visit.path,
            visit.query,
            form,
            name,
        )

    @asynccontextmanager
    async def change(
        self, target: Mapping[str, Any], *, name: str | None = None, **record: Any
    ) -> AsyncIterator[Change]:
        """A transaction for the change, which also records who did what to `target`.

        `target` names what is changed, as in {"queue": "mail"}; it must contain no secrets. `name`
        is the recorded name of the action, by default the name of the right. `record` has further
        fields of the record.
        """
        async with self.database.writing() as writing:
            change = Change(writing, target)
            yield change
            user = self.access.user
            name = name or self.name
            record_it = audit.record(user, name, target, change.count, **record)
            change.id = await writing.run(record_it)
        self.database.forget()
        self.changes.append(change)


@dataclass(frozen=True, slots=True)
class Done:
    """The result of an action: the page to go back to, a path of the dashboard.

    `hint` is the name in `notice.HINTS` of the reason why nothing was done.
    """

    back: str
    hint: str | None = None


View = Callable[[Visit], Awaitable[Page]]
Operation = Callable[[Act], Awaitable[Done | Page]]
"""An action. It returns a page if the visitor has to fill in the form again."""


@dataclass(frozen=True, slots=True)
class PageRoute:
    """A page at a path."""

    path: str
    view: View


@dataclass(frozen=True, slots=True)
class ActionRoute:
    """An action at a path, and the right that it needs."""

    path: str
    action: str
    operation: Operation


def page(path: str, view: View) -> PageRoute:
    """A page for GET, as HTML and as JSON."""
    return PageRoute(path, view)


def action(path: str, name: str, operation: Operation) -> ActionRoute:
    """An action for POST, for visitors with the right of this name."""
    return ActionRoute(path, name, operation)


Routes = Sequence[PageRoute | ActionRoute]


def segment(text: str) -> str:
    """A text from outside as one segment of a path."""
    return quote(text, safe="")
