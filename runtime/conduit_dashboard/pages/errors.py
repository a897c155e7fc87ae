"""The errors: groups of failed jobs, each with actions."""

import asyncio
import re
from dataclasses import replace
from datetime import timedelta

from conduit_runtime.model.dashboard.errors import ErrorExample, ErrorGroup, Errors
from conduit_runtime.model.text.masking import MASK
from conduit_runtime.payloads.masking import PayloadMask
from conduit_runtime.statements.dashboard.errors import error_groups

from ..masks import Masks, masks_of
from ..page import Page, Routes, Visit, page
from ..parameters import read_choice, read_id, read_text

PERIODS = {
    "1h": ("the last hour", timedelta(hours=1)),
    "24h": ("the last 24 hours", timedelta(days=1)),
    "7d": ("the last 7 days", timedelta(days=7)),
    "30d": ("the last 30 days", timedelta(days=30)),
}
"""The values of `last` in the address, each with its words and its length."""
_NUMBERS = re.compile(
    "0[xX][0-9a-fA-F]+|[0-9a-fA-F]{8,}(?:-[0-9a-fA-F]{4,})*|[0-9]+(?:[.,:-][0-9]+)*"
)
FRESH = 10.0
"""Seconds for which the groups are shown again: no other page costs as much."""
_LONGEST = 200
"""The most characters of a pattern."""


async def errors(visit: Visit) -> Page:
    """Failed jobs by type and error, with the numbers in the error replaced."""
    last = read_choice(visit.query, "last", PERIODS)
    queue, type_ = read_text(visit.query, "queue"), read_text(visit.query, "type")
    period = PERIODS[last][1] if last else None
    before = read_id(visit.query, "before")
    reading = error_groups(period, queue=queue, type=type_, before=before)
    found = await visit.database.recent(reading, seconds=FRESH)
    masks = await masks_of(visit, {group.type for group in found.groups})
    groups = await asyncio.to_thread(_shown, found, masks)
    return Page(
        "errors.html",
        "Errors",
        {
            "groups": groups,
            "more_groups": found.all_groups - len(groups),
            "read": found.read,
            "older": found.older,
            "searched_back_to": found.searched_back_to,
            "before": before,
            "since": found.since,
            "until": found.until,
            "periods": [("", "any time"), *((name, words) for name, (words, _) in PERIODS.items())],
            "filter": {"queue": queue, "type": type_, "last": last},
        },
    )


def _shown(found: Errors, masks: Masks) -> list[ErrorGroup]:
    """The groups without hidden values; masking may take long."""
    return [
        replace(group, pattern=_masked(masks.of(group.type, example.fingerprint), group, example))
        for group, example in zip(found.groups, found.examples, strict=True)
    ]


def _masked(mask: PayloadMask, group: ErrorGroup, example: ErrorExample) -> str:
    """The group's pattern without hidden values of the payload.

    The error is masked first: a hidden value with replaced numbers would not be found.
    """
    if not mask.hides_some:
        return group.pattern
    if example.payload is None:
        return MASK
    [line, *_] = mask.text(example.error, example.payload).split("\n")
    return _NUMBERS.sub("#", line)[:_LONGEST]


ROUTES: Routes = [page("/errors", errors)]
