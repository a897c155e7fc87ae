"""The shop over HTTP. Each request is a transaction (ATOMIC_REQUESTS), so rows and jobs are one."""

import json
from copy import copy
from typing import Any
from uuid import UUID

from conduit_runtime.adapters import django_connection
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from store.jobs import order as hooks
from store.models import Order
from store.tasks import sum_sales


def shown(order: Order) -> dict[str, Any]:
    return {
        "id": order.id,
        "number": order.number,
        "total": order.total,
        "state": order.state,
        "tracking": order.tracking,
    }


@csrf_exempt
@require_POST
def create_order(request: HttpRequest) -> HttpResponse:
    """Store an order, and the job that sends its mail."""
    given = json.loads(request.body)
    order = Order(number=given["number"], email=given["email"], total=given["total"])
    order.full_clean()
    order.save()
    hooks.after_create(django_connection(connection), order)
    return JsonResponse(shown(order), status=201)


@require_GET
def show_order(request: HttpRequest, id: UUID) -> HttpResponse:
    return JsonResponse(shown(get_object_or_404(Order, id=id)))


@csrf_exempt
@require_POST
def pay_order(request: HttpRequest, id: UUID) -> HttpResponse:
    """Note that an order is paid, and store the job that ships it."""
    order = get_object_or_404(Order.objects.select_for_update(), id=id, state=Order.State.OPEN)
    previous = copy(order)
    order.state = Order.State.PAID
    order.save()
    hooks.after_update(django_connection(connection), order, previous)
    return JsonResponse(shown(order))


@csrf_exempt
@require_POST
def create_report(request: HttpRequest) -> HttpResponse:
    """Have a worker sum the sales."""
    result = sum_sales.enqueue(request.GET.get("state", "shipped"))
    return JsonResponse({"id": result.id}, status=202)


@require_GET
def show_report(request: HttpRequest, id: UUID) -> HttpResponse:
    """The sums, once a worker has them."""
    result = sum_sales.get_result(str(id))
    sums = result.return_value if result.status == "SUCCESSFUL" else None
    return JsonResponse({"status": result.status, "sums": sums})
