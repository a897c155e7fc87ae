"""Durations on the command line."""

import re
from datetime import timedelta
from typing import Any

import click

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class _Duration(click.ParamType[timedelta]):
    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        if isinstance(value, timedelta):
            return value
        match = re.fullmatch(r"(\d{1,6})([smhdw])", value)
        if match is None:
            self.fail(f"{value!r} is not a duration: use 90s, 15m, 12h, 30d or 4w", param, ctx)
        return timedelta(**{_UNITS[match[2]]: int(match[1])})


DURATION = _Duration()
