"""Filters whose choices are read without a look at the jobs."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib.admin import SimpleListFilter
from django.db import connections

from .. import database, settings


class _MetricsFilter(SimpleListFilter):
    """Filters by a column; its choices are the values in the metrics of the last 30 days."""

    column: ClassVar[str]

    def lookups(self, request: Any, model_admin: Any) -> Iterable[tuple[str, str]]:
        table = database.table("conduit_metrics")
        sql = f"SELECT DISTINCT {self.column} FROM {table}"  # noqa: S608  our own names
        with connections[settings.database()].cursor() as cursor:
            cursor.execute(sql)
            names = {name for (name,) in cursor.fetchall()}
        if (chosen := self.value()) is not None:
            names.add(chosen)
        return [(name, name) for name in sorted(names)]

    def queryset(self, request: Any, queryset: Any) -> Any:
        if (chosen := self.value()) is None:
            return queryset
        return queryset.filter(**{self.column: chosen})


class QueueFilter(_MetricsFilter):
    """Filters by queue."""

    title = "queue"
    parameter_name = column = "queue"


class TypeFilter(_MetricsFilter):
    """Filters by type."""

    title = "type"
    parameter_name = column = "type"
