"""Handlers that are written by hand."""

import os
from typing import Any

from conduit_runtime import JobContext
from conduit_runtime.contrib.django import handler

from depot.models import Item

SHARES = "DEPOT_SHARES" in os.environ
"""Whether coroutines share processes of their own."""


@handler("depot.note")
def note(context: JobContext, payload: dict[str, Any]) -> None:
    text = context.services.texts.upper(payload["text"])
    Item.objects.filter(id=payload["id"]).update(note=text)


@handler("depot.anote", isolated=SHARES, process_concurrency=2 if SHARES else None)
async def anote(context: JobContext, payload: dict[str, Any]) -> None:
    item = await Item.objects.aget(id=payload["id"])
    item.note = payload["text"]
    await item.asave()
