"""`JSON`."""

import json
import math
from typing import Annotated, Any, NoReturn

import msgspec

from ..model.errors import PayloadError
from ..model.payload import encode
from ._namespace import ArgumentError, namespace, properties


@namespace
class JSON:
    """Reading and writing JSON."""

    @staticmethod
    def parse(text: str) -> Annotated[Any, "json"]:
        """The value that a JSON text gives."""
        try:
            return _parsed(text)
        except RecursionError:
            raise ArgumentError("JSON.parse: the text is nested too deep") from None
        except ValueError as error:
            raise ArgumentError(f"JSON.parse: the text is not JSON: {error}") from None

    @staticmethod
    @properties("method")
    def stringify(data: Any, pretty: bool = False) -> str:
        """The value as JSON, compact or indented by two spaces.

        Values without a JSON type of their own are written as in a job's payload: decimals, times
        and uuids as strings, records as objects.
        """
        try:
            text = encode(data)
        except PayloadError as error:
            problem = str(error).removeprefix("payload")
            raise ArgumentError(f"JSON.stringify: `data`{problem}") from None
        return msgspec.json.format(text, indent=2) if pretty else text

    @staticmethod
    @properties("never_raises")
    def validate(value: object | None) -> bool:
        """Whether this is a JSON text."""
        try:
            _parsed(value)
        except (ValueError, TypeError, RecursionError):
            return False
        return isinstance(value, str)


def _parsed(text: Any) -> Any:
    return json.loads(text, parse_constant=_refuse, parse_float=_float)


def _float(digits: str) -> float:
    value = float(digits)
    return value if math.isfinite(value) else _refuse(digits)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number that JSON can hold")
