"""Tasks in Django's own form."""

from django.db.models import Count, Sum

try:
    from django.tasks import task
except ImportError:  # before Django 6.0, the package django-tasks has them
    from django_tasks import task

from store.models import Order


@task
def sum_sales(state: str) -> dict[str, object]:
    """How many orders there are of a state, and their total."""
    found = Order.objects.filter(state=state).aggregate(orders=Count("id"), total=Sum("total"))
    return {"orders": found["orders"], "total": str(found["total"] or 0)}
