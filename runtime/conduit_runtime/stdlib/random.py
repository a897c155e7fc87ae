"""`Random`."""

import math
import secrets
import string
from typing import TypeAlias
from uuid import UUID, uuid4

from ._namespace import ArgumentError, namespace, properties

Int: TypeAlias = int
Float: TypeAlias = float

_LETTERS_AND_DIGITS = string.ascii_letters + string.digits
_SOURCE = secrets.SystemRandom()


@namespace
class Random:
    """Random values, from the operating system's secure source."""

    @staticmethod
    def int(min: Int, max: Int) -> Int:
        """An int from `min` to `max`, both included."""
        _ordered("Random.int", min, max)
        return min + secrets.randbelow(max - min + 1)

    @staticmethod
    def float(min: Float, max: Float) -> Float:
        """A float from `min` to `max`."""
        _ordered("Random.float", min, max)
        if not math.isfinite(max - min):
            raise ArgumentError("Random.float: the range from `min` to `max` is not finite")
        return _SOURCE.uniform(min, max)

    @staticmethod
    @properties("total")
    def uuid() -> UUID:
        """A new random UUID."""
        return uuid4()

    @staticmethod
    def hex(length: Int) -> str:
        """That many hexadecimal digits."""
        return _drawn("Random.hex", "0123456789abcdef", length)

    @staticmethod
    def alphanumeric(length: Int) -> str:
        """That many letters and digits of ASCII."""
        return _drawn("Random.alphanumeric", _LETTERS_AND_DIGITS, length)


def _ordered(call: str, least: Float, most: Float) -> None:
    if not least <= most:
        raise ArgumentError(f"{call}: `min` is {least}, more than `max`, {most}")


def _drawn(call: str, characters: str, length: Int) -> str:
    if length < 0:
        raise ArgumentError(f"{call}: `length` is {length}, less than 0")
    return "".join(secrets.choice(characters) for _ in range(length))
