"""`Context`."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass
from typing import Any

from ..model.text.names import named
from ._namespace import ArgumentError, namespace, properties


@dataclass(frozen=True, slots=True)
class ContextValues:
    """The user and the request: any values of the application, None if unknown."""

    current_user: Any = None
    current_request: Any = None


_NOTHING = ContextValues()
_current: ContextVar[ContextValues] = ContextVar("conduit_context", default=_NOTHING)


@namespace
class Context:
    """The request that is being served in this task or thread.

    The application binds it: for a block with `with Context.use(user=…, request=…):`, or with
    `bind` and `unbind` if a framework calls one function before a request and another one after it.
    """

    @staticmethod
    def current_user() -> Any:
        """Who makes the request, nil when the user is unknown."""
        return _current.get().current_user

    @staticmethod
    @properties("effect")
    @named("current_user!")
    def require_current_user() -> Any:
        """Who makes the request; an error when the user is unknown."""
        user = _current.get().current_user
        if user is None:
            raise ArgumentError("Context.current_user!: nobody is signed in")
        return user

    @staticmethod
    @named("authenticated?")
    def is_authenticated() -> bool:
        """Whether it is known who makes the request."""
        return _current.get().current_user is not None

    @staticmethod
    def current_request() -> Any:
        """The request, nil outside of one."""
        return _current.get().current_request

    @classmethod
    def values(cls) -> ContextValues:
        """The user and the request together; a hook takes them as `context=`."""
        return _current.get()

    @classmethod
    def bind(cls, *, user: Any = None, request: Any = None) -> Token[ContextValues]:
        """Set the context of this task or thread, until `unbind` gets the returned token."""
        return _current.set(ContextValues(user, request))

    @classmethod
    def unbind(cls, token: Token[ContextValues]) -> None:
        """Restore the context from before `bind`."""
        _current.reset(token)

    @classmethod
    @contextmanager
    def use(cls, *, user: Any = None, request: Any = None) -> Iterator[ContextValues]:
        """Set the context for the statements of a `with` block."""
        token = cls.bind(user=user, request=request)
        try:
            yield _current.get()
        finally:
            cls.unbind(token)
