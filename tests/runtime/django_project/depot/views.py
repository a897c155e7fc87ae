"""Views that enqueue."""

from conduit_runtime import Job
from conduit_runtime.contrib.django import queue
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from depot.models import Item


def add_item(request: HttpRequest) -> HttpResponse:
    """Store an item and a job about it, or neither."""
    with transaction.atomic():
        item = Item.objects.create(name=request.GET["name"])
        queue().enqueue(Job(type="depot.note", payload={"id": item.id, "text": item.name}))
        if "fail" in request.GET:
            raise ValueError("the view fails")
    return HttpResponse(str(item.id))
