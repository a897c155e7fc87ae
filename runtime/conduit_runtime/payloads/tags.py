"""How a payload says what a value is where no type does.

Such a value is a hash of one key that names its type: `{"$decimal": "1.50"}`. `$value` holds
JSON as it is: a hash that looks like one of these, or what is not of the type that was expected.
"""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

TYPES: Mapping[str, type[Any]] = {
    "$decimal": Decimal,
    "$timestamp": datetime,  # before `$date`, which it is in Python
    "$date": date,
    "$time": time,
    "$duration": timedelta,
    "$uuid": UUID,
}
VALUE = "$value"


def tag_of(value: Any) -> str | None:
    """The tag of a value that JSON would write as text; None for any other."""
    return next((tag for tag, kind in TYPES.items() if isinstance(value, kind)), None)


def is_tagged(value: Any) -> bool:
    """Whether a value of JSON is, or looks like, one with a tag."""
    if not isinstance(value, Mapping) or len(value) != 1:
        return False
    (key,) = value
    return key == VALUE or key in TYPES
