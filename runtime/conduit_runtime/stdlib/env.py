"""`Env`."""

import os
from typing import overload

from ..model.text.names import named
from ._namespace import ArgumentError, namespace, properties


@namespace
class Env:
    """The environment variables of the process."""

    @overload
    @staticmethod
    def get(key: str, default: None = None) -> str | None: ...
    @overload
    @staticmethod
    def get(key: str, default: str) -> str: ...
    @staticmethod
    @properties("fallback=default")
    def get(key: str, default: str | None = None) -> str | None:
        """The environment variable, or the default."""
        return os.environ.get(key, default)

    @staticmethod
    @properties("effect")
    def set(key: str, value: str) -> None:
        """Set the environment variable of this process."""
        try:
            os.environ[key] = value
        except (ValueError, OSError) as error:
            raise ArgumentError(f"Env.set: {error}") from None

    @staticmethod
    @named("has?")
    def has(key: str) -> bool:
        """Whether there is such an environment variable."""
        return key in os.environ
