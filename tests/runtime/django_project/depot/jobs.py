"""Handlers that are written by hand."""

from typing import Any

from conduit_runtime import JobContext
from conduit_runtime.contrib.django import handler

from depot.models import Item


@handler("depot.note")
def note(context: JobContext, payload: dict[str, Any]) -> None:
    text = context.services.texts.upper(payload["text"])
    Item.objects.filter(id=payload["id"]).update(note=text)


@handler("depot.anote")
async def anote(context: JobContext, payload: dict[str, Any]) -> None:
    item = await Item.objects.aget(id=payload["id"])
    item.note = payload["text"]
    await item.asave()
