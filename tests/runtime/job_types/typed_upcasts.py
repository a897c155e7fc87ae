"""Upcasters as users write them, with the errors that a type checker must find.

This code never runs: a test runs mypy on it, which refuses an `ignore` that hides no error.
"""

from dataclasses import dataclass
from typing import Protocol, assert_type

from conduit_runtime import JobContext, job_type, require_upcasts, upcast


class Services(Protocol): ...


@dataclass(frozen=True, slots=True)
class EmailSend:
    headline: str


@dataclass(frozen=True, slots=True)
class Older:
    title: str


@job_type("post.after_update.email_send", "new", was=("post.after_update.mail",))
async def email_send(job: JobContext[Services], post: EmailSend) -> None: ...


@upcast(email_send, "1")
def _(old: Older) -> EmailSend:
    return EmailSend(old.title)


@upcast(email_send, "2")
async def _(old: Older) -> EmailSend:
    return EmailSend(old.title)


@upcast(email_send, "3")
async def _(old: Older, job: JobContext[Services]) -> EmailSend:
    return EmailSend(old.title)


@upcast(email_send, "4")
def from_older(old: Older, job: JobContext[Services]) -> EmailSend:
    return EmailSend(old.title)


@upcast(email_send, "5")
async def from_oldest(old: Older) -> EmailSend:
    return EmailSend(old.title)


async def call(job: JobContext[Services]) -> None:
    assert_type(from_older(Older(""), job), EmailSend)
    assert_type(await from_oldest(Older("")), EmailSend)


@upcast(email_send, "6")  # type: ignore[arg-type]
def _(old: Older) -> Older:
    return old


@upcast(email_send, "7")  # type: ignore[arg-type]
async def _(old: Older) -> str:
    return old.title


@upcast(email_send, "8")  # type: ignore[arg-type]
def _() -> EmailSend:
    return EmailSend("")


@upcast(email_send, "9")  # type: ignore[arg-type]
def _(old: Older, job: JobContext[Services], more: int) -> EmailSend:
    return EmailSend(old.title)


@upcast(email_send, "10")  # type: ignore[arg-type]
def _(old: Older, job: int) -> EmailSend:
    return EmailSend(old.title)


@upcast(email_send, 11)  # type: ignore[arg-type]
def _(old: Older) -> EmailSend:
    return EmailSend(old.title)


require_upcasts({email_send: ("1", "2")})
require_upcasts({"post.after_update.email_send": ("1", "2")})  # type: ignore[dict-item]
