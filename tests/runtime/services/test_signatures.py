"""Whether the methods of services accept the calls of the sources."""

import functools
import inspect
import itertools
import logging
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock, Mock, create_autospec

import pytest
from conduit_runtime import ServiceError
from conduit_runtime.model.package import calls_of
from conduit_runtime.services.loading import Echo
from conduit_runtime.services.protocols import check_complete
from conduit_runtime.services.signatures import unfit_calls

AT = "order.conduit:7"


def unfit(function: Any, *calls: str) -> list[str]:
    """Return what is wrong with these calls of a method, without their places in the source."""
    services = SimpleNamespace(email=SimpleNamespace(send=function))
    lines = unfit_calls(services, dict.fromkeys(calls, AT))
    heads = tuple(f"{AT} calls {call}, which " for call in calls)
    assert all(line.startswith(heads) for line in lines)
    return [line.partition(", which ")[2] for line in lines]


class Mailer:
    def send(self, to: str, *, cc: str = "") -> None: ...
    async def later(self, to: str, *, cc: str = "") -> None: ...
    @classmethod
    def of_class(cls, to: str, *, cc: str = "") -> None: ...
    @staticmethod
    def of_none(to: str, *, cc: str = "") -> None: ...
    @property
    def made(self) -> Callable[..., None]:
        return self.send

    def __call__(self, to: str, *, cc: str = "") -> None: ...


class Letter:
    def __init__(self, to: str, *, cc: str = "") -> None: ...


KINDS = {
    "method": Mailer().send,
    "coroutine method": Mailer().later,
    "class method": Mailer.of_class,
    "static method": Mailer().of_none,
    "property": Mailer().made,
    "callable": Mailer(),
    "class": Letter,
    "partial": functools.partial(Mailer.send, None),
    "function": lambda to, *, cc="": None,
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_method_is_compared_with_its_calls(kind: str) -> None:
    function = KINDS[kind]
    assert unfit(function, "email.send(_)", "email.send(_, cc=)") == []
    assert unfit(function, "email.send(_, bcc=)") == ["has no parameter bcc"]
    assert unfit(function, "email.send(_, _)") == ["takes 1 positional argument"]
    assert unfit(function, "email.send()") == ["needs to"]


def test_all_that_does_not_fit_is_named() -> None:
    def send(to: str, /, *, copy: str) -> None: ...

    assert unfit(send, "email.send(_, cc=)") == ["has no parameter cc and needs copy"]
    assert unfit(send, "email.send(copy=, to=)") == ["takes to by position and needs to"]
    assert unfit(lambda to, copy: None, "email.send(_, to=, copy=)") == [
        "gets to by position already"
    ]


@pytest.mark.parametrize("function", [dict, print, max, object.__new__, lambda *a, **k: None])
def test_what_takes_anything_or_has_no_signature_is_accepted(function: Any) -> None:
    assert unfit(function, "email.send(_, _)") == []


def test_echo_accepts_every_call() -> None:
    class Email:
        def send(self) -> Any: ...

    assert unfit_calls(Echo({"email": Email}), {"email.send(_, cc=)": AT, "email(_)": AT}) == []


def test_each_call_of_a_missing_method_is_named_with_its_place() -> None:
    services = SimpleNamespace(email=object())
    calls = {"email.send(_)": "b.conduit:2", "email(_)": "a.conduit:1", "geo.find()": "c.conduit:3"}
    assert unfit_calls(services, calls) == [
        "a.conduit:1 calls email(_), which is missing",
        "b.conduit:2 calls email.send(_), which is missing",
        "c.conduit:3 calls geo.find(), which is missing",
    ]


def test_it_agrees_with_what_python_accepts() -> None:
    def functions() -> list[Callable[..., None]]:
        shapes = ("", "a", "a, b", "a, b=1", "a, /, b", "a, *, b", "*a, b", "a=1, **k", "a, /, **k")
        return [eval(f"lambda {shape}: None") for shape in shapes]

    names = [(), ("a",), ("b",), ("a", "b"), ("c",)]
    for function, count, given in itertools.product(functions(), range(4), names):
        call = f"email.send({', '.join([*['_'] * count, *(f'{each}=' for each in given)])})"
        try:
            inspect.signature(function).bind(*range(count), **dict.fromkeys(given))
        except TypeError:
            assert unfit(function, call), (inspect.signature(function), call)
        else:
            assert unfit(function, call) == [], (inspect.signature(function), call)


def retried(function: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(function)
    def call(*args: Any, **named: Any) -> None:
        function(None, *args, **named)

    return call


def test_a_decorated_method_is_only_warned_about(caplog: pytest.LogCaptureFixture) -> None:
    """The check does not know how the decorator changes the arguments."""
    services = SimpleNamespace(email=SimpleNamespace(send=retried(lambda session, to: None)))
    with caplog.at_level(logging.WARNING):
        check_complete(services, {}, {"email.send(_)": AT})
    assert f"{AT} calls email.send(_), which needs to" in caplog.text


def declaring(function: Callable[..., None]) -> Callable[..., None]:
    """Return a decorated function that declares the signature of `function`."""
    call = retried(function)
    call.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]
    return call


class Proxy:
    """Looks like a function, as proxies of wrapt do, and passes it one more argument."""

    def __init__(self, function: Callable[..., None]) -> None:
        object.__setattr__(self, "function", function)

    @property
    def __class__(self) -> Any:  # type: ignore[override]
        return type(object.__getattribute__(self, "function"))

    def __getattr__(self, name: str) -> Any:
        return getattr(object.__getattribute__(self, "function"), name)

    def __call__(self, *args: Any) -> None:
        self.function(None, *args)


class Static:
    @staticmethod
    def __call__(to: str) -> None: ...


class OfClass:
    @classmethod
    def __call__(cls, to: str) -> None: ...


class Partly:
    __call__ = functools.partial(lambda to: None)


class Meta(type):
    def __call__(cls, *args: Any) -> None: ...  # type: ignore[override]


class Made(metaclass=Meta):
    def __init__(self, session: object, to: str) -> None: ...


class New:
    def __new__(cls, *args: Any) -> Any:
        return None

    def __init__(self, session: object, to: str) -> None: ...


class Raising:
    """Like a proxy that is used outside of a request."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)

    def __call__(self, to: str) -> None: ...


OPAQUE = {
    "declared": declaring(lambda session, to: None),
    "declared within": functools.wraps(declaring(lambda: None))(lambda to: None),
    "proxy": Proxy(lambda session, to: None),
    "static call": Static(),
    "class call": OfClass(),
    "partial call": Partly(),
    "metaclass": Made,
    "new": New,
    "raising": Raising(),
    "mock": Mock(),
    "magic mock": MagicMock(),
    "autospec": create_autospec(lambda to: None),
    "impossible partial": functools.partial(lambda to: None, 1, 2),
    "cached": functools.lru_cache(lambda to: None),
    "dispatched": functools.singledispatch(lambda to: None),
}


@pytest.mark.parametrize("kind", OPAQUE)
def test_only_what_a_call_takes_for_certain_is_a_reason_to_refuse_it(kind: str) -> None:
    """The check ignores what a decorator or proxy declares, and what it cannot know."""
    services = SimpleNamespace(email=SimpleNamespace(send=OPAQUE[kind]))
    check_complete(services, {}, {"email.send(_)": AT})


class Later:
    @property
    def send(self) -> Any:
        raise RuntimeError("no request yet")


RAISING: dict[str, Any] = {
    "method": SimpleNamespace(email=Later(), region="eu"),
    "service": SimpleNamespace(email=Raising(), region="eu"),
    "services": Raising(),
}


@pytest.mark.parametrize("kind", RAISING)
def test_an_attribute_that_raises_now_may_be_there_in_a_job(kind: str) -> None:
    class Email:
        def send(self, to: str) -> Any: ...

    protocols: Any = {"email": Email, "region": Any}
    check_complete(RAISING[kind], protocols, {"email.send(_)": AT})


def test_the_error_has_a_line_for_each_call() -> None:
    services = SimpleNamespace(email=SimpleNamespace(send=lambda to: None))
    with pytest.raises(ServiceError) as caught:
        check_complete(services, {}, {"email.send(_, cc=)": AT, "email.send()": "a.conduit:1"})
    assert str(caught.value).splitlines() == [
        "the services do not accept the calls of the jobs:",
        "  a.conduit:1 calls email.send(), which needs to",
        f"  {AT} calls email.send(_, cc=), which has no parameter cc",
    ]


def test_a_module_of_no_generated_package_has_no_calls() -> None:
    assert calls_of("json.decoder") == {}
