"""Views that enqueue."""

from conduit_runtime import Job
from conduit_runtime.contrib.django import queue
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from depot.models import Item

if settings.HAS_TASKS:
    from depot.tasks import task

    @task
    def count_items() -> int:
        """A task beside the views."""
        return Item.objects.count()


def add_item(request: HttpRequest) -> HttpResponse:
    """Store an item and a job about it, or neither."""
    with transaction.atomic():
        item = Item.objects.create(name=request.GET["name"])
        queue().enqueue(Job(type="depot.note", payload={"id": item.id, "text": item.name}))
        if "fail" in request.GET:
            raise ValueError("the view fails")
    return HttpResponse(str(item.id))
