"""Checks of upcasters when they are imported."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from conduit_runtime import (
    GeneratedCodeError,
    JobContext,
    JobType,
    job_type,
    require_upcasts,
    upcast,
)
from conduit_runtime.model.lanes import is_unreadable, marked, original, readers
from conduit_runtime.worker.run.handler import Handler
from conduit_runtime.worker.run.handlers import HandlerRegistry

if TYPE_CHECKING:
    from decimal import Decimal


@dataclass(frozen=True, slots=True)
class EmailSend:
    headline: str


@dataclass(frozen=True, slots=True)
class EmailSend_0a:  # noqa: N801 - as generated
    title: str


@pytest.fixture
def email_send() -> JobType[Any, EmailSend]:
    @job_type("post.after_update.email_send", "f0", was=("post.after_update.mail",))
    async def email_send(job: JobContext[Any], post: EmailSend) -> None: ...

    return email_send


def test_its_lanes_are_those_of_all_its_names_and_shapes(
    email_send: JobType[Any, EmailSend],
) -> None:
    before = Handler.of_job_type(email_send).reader

    @upcast(email_send, "0a")
    def from_0a(old: EmailSend_0a) -> EmailSend:
        return EmailSend(old.title)

    new, old = "post.after_update.email_send", "post.after_update.mail"
    shapes = ("", "f0", "0a")
    registry = HandlerRegistry()
    registry.register_job_types([email_send])
    assert registry.lanes() == [(name, shape) for name in (new, old) for shape in shapes]
    assert from_0a(EmailSend_0a("t")) == EmailSend("t")
    assert email_send.upcasts["0a"].decode('{"title": "t"}') == EmailSend_0a("t")
    after = Handler.of_job_type(email_send).reader
    assert before != after
    assert len(after) == 8


def test_a_name_that_is_none_is_refused() -> None:
    async def work(job: JobContext[Any], post: EmailSend) -> None: ...

    with pytest.raises(TypeError, match="was is 'email': use a list"):
        job_type("a.b.c", "0", was="email")(work)
    with pytest.raises(ValueError, match="was"):
        job_type("a.b.c", "0", was=("",))(work)


def plain(old: EmailSend_0a) -> EmailSend:
    return EmailSend(old.title)


def takes_nothing() -> EmailSend:
    return EmailSend("")


def takes_too_much(old: EmailSend_0a, job: JobContext[Any], more: int) -> EmailSend:
    return EmailSend(old.title)


def takes_text(old: str) -> EmailSend:
    return EmailSend(old)


def takes_anything(old) -> EmailSend:  # type: ignore[no-untyped-def]
    return EmailSend(old.title)


def returns_another(old: EmailSend_0a) -> EmailSend_0a:
    return old


def returns_nothing(old: EmailSend_0a):  # type: ignore[no-untyped-def]
    return EmailSend(old.title)


def hides(old: EmailSend_0a, job: "Decimal") -> EmailSend:
    return EmailSend(old.title)


WANTED = r"write `def _\(old: EmailSend_0a\) -> EmailSend`"


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (3, f"is no function: {WANTED}"),
        (takes_nothing, rf"takes \(\) -> .*EmailSend.*: {WANTED}, with a second parameter"),
        (takes_too_much, rf"more: int\) -> .*EmailSend.*: {WANTED}, with a second parameter"),
        (takes_text, f"the type of the first parameter of .* is not a dataclass: {WANTED}"),
        (takes_anything, f"is not a dataclass: {WANTED}"),
        (returns_another, f"does not say that it returns EmailSend: {WANTED}"),
        (returns_nothing, f"does not say that it returns EmailSend: {WANTED}"),
        (hides, r"cannot be read \(name 'Decimal' is not defined\): import that name outside of"),
    ],
)
def test_what_is_no_upcaster_is_refused(
    email_send: JobType[Any, EmailSend], function: Callable[..., Any], message: str
) -> None:
    with pytest.raises(TypeError, match=message) as caught:
        upcast(email_send, "0a")(function)
    assert "post.after_update.email_send" in str(caught.value)
    assert not email_send.upcasts


@pytest.mark.parametrize(
    ("fingerprint", "message"),
    [
        ("f0", "f0 is the present shape of post.after_update.email_send, which needs no upcaster"),
        ("", "'' is no fingerprint: jobs.lock has those of post.after_update.email_send"),
        ("0a!1", "is no fingerprint"),
        (7, "fingerprint is 7: use the text that names the older shape in jobs.lock"),
    ],
)
def test_what_is_no_older_shape_is_refused(
    email_send: JobType[Any, EmailSend], fingerprint: Any, message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        upcast(email_send, fingerprint)(plain)


def test_a_second_upcaster_of_a_shape_is_refused(email_send: JobType[Any, EmailSend]) -> None:
    upcast(email_send, "0a")(plain)
    with pytest.raises(TypeError, match=f"has an upcaster of 0a already, in {__name__}: keep one"):
        upcast(email_send, "0a")(plain)


def test_what_is_no_job_type_is_refused() -> None:
    with pytest.raises(TypeError, match="use a JobType of a generated package"):
        upcast("email_send", "0a")(plain)  # type: ignore[arg-type]


def test_a_package_needs_an_upcaster_of_each_older_shape(
    email_send: JobType[Any, EmailSend],
) -> None:
    upcast(email_send, "0a")(plain)
    require_upcasts({email_send: ["0a"]})
    with pytest.raises(GeneratedCodeError) as missing:
        require_upcasts({email_send: ("0a", "0b")})
    assert str(missing.value) == (
        "nothing reads the older payload 0b of post.after_update.email_send: write "
        '`@upcast(email_send, "0b")` above `def _(old: EmailSend_0b) -> EmailSend` in the module '
        "that `upcasters` names, or remove the shape by `conduitc lock prune` once no such job "
        "is left"
    )
    with pytest.raises(
        GeneratedCodeError, match=r"payload 0a of .*, but jobs.lock has no .*, only 0b"
    ):
        require_upcasts({email_send: ("0b",)})


def test_the_readers_of_a_job_are_remembered() -> None:
    assert (original("f0"), readers("f0"), original(""), readers("")) == ("f0", (), "", ())
    assert (is_unreadable("f0"), is_unreadable("!r1")) == (False, True)
    assert marked("f0", "r1") == "f0!r1"
    assert marked("f0!r1", "r2") == "f0!r1!r2"
    assert marked("f0!r1", "r1") == "f0!r1"
    assert marked("", "r1") == "!r1"
    many = "f0"
    for number in range(20):
        many = marked(many, f"r{number}")
    assert (original(many), readers(many)) == ("f0", tuple(f"r{n}" for n in range(12, 20)))
