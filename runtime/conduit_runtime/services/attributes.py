"""Attributes of the application's services, looked at before any job calls them."""

from typing import Any


class _Anything:
    """Stands for an attribute that raises now: in a job it may be there."""

    def __getattr__(self, name: str) -> "_Anything":
        return self

    def __call__(self, *args: object, **named: object) -> None: ...


_ANYTHING: Any = _Anything()


def attribute_of(owner: object, name: str, default: object = None) -> Any:
    """The attribute, or `default` if there is none; if it raises, an object that accepts any call.

    A proxy may have its attributes only while a request or a job runs, a property only later.
    """
    try:
        return getattr(owner, name, default)
    except Exception:
        return _ANYTHING
