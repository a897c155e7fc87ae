"""The list of jobs in Django's admin: newest first, to read, retry and cancel."""

import json
import typing
from collections.abc import Iterable
from functools import cached_property
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin import SimpleListFilter
from django.core.paginator import Paginator
from django.db import connections
from django.db.models import QuerySet
from django.utils.html import format_html, format_html_join
from django.utils.translation import ngettext

from ...model.text.masking import MASK
from ...payloads.sensitive import is_sensitive
from . import discovery, jobs_database, settings
from .models import Job


class _MetricsFilter(SimpleListFilter):
    """Filters by a column; its choices are the values in the metrics of the last 30 days."""

    column: ClassVar[str]

    def lookups(self, request: Any, model_admin: Any) -> Iterable[tuple[str, str]]:
        table = jobs_database.table("conduit_metrics")
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


MOST = 10_000
"""The most rows that the list counts and divides into pages."""


class BoundedPaginator(Paginator):
    """Counts at most `MOST` rows; users find older rows with filters and the search."""

    @cached_property
    def count(self) -> int:
        """How many rows the pages show."""
        number: int = self.object_list.order_by()[:MOST].count()
        return number


def shown(type: str, payload: Any) -> str:
    """The payload as JSON text; values that the configuration calls sensitive are masked."""
    if isinstance(payload, dict):
        hidden = _sensitive_fields(type)
        payload = {key: MASK if key in hidden else value for key, value in payload.items()}
    return json.dumps(payload, indent=2, ensure_ascii=False)


def _sensitive_fields(type: str) -> set[str]:
    for job_type in discovery.job_types():
        if type in (job_type.name, *job_type.was):
            hints = typing.get_type_hints(job_type.payload, include_extras=True)
            return {name for name, hint in hints.items() if is_sensitive(hint)}
    return set()


_LARGE = ("payload", "errors")


class JobAdmin(admin.ModelAdmin):
    """Shows jobs, and retries and cancels them through the queue; it makes no other changes.

    The permissions `view_payload`, `retry_job` and `cancel_job` each allow what they name.
    """

    list_display = ("id", "type", "queue", "status", "tries", "run_at", "created_at", "reason")
    list_filter = ("status", QueueFilter, TypeFilter)
    search_fields = ("id", "type")
    search_help_text = "An id, or the beginning of a type"
    ordering = ("-id",)
    sortable_by = ()
    show_full_result_count = False
    paginator = BoundedPaginator
    list_per_page = 50
    list_max_show_all = 200
    actions = ("retry", "cancel")
    fields = (
        *("id", "type", "queue", "status", "priority", "tries", "created_at", "run_at"),
        *("started_at", "completed_at", "locked_by", "locked_at", "shown_payload"),
        *("error", "shown_errors"),
    )
    readonly_fields = fields

    def get_queryset(self, request: Any) -> Any:
        """The jobs in their database; large columns are read only when they are shown."""
        return Job.objects.defer(*_LARGE)

    def get_search_results(self, request: Any, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Search by the id, or by the beginning of the type."""
        term = search_term.strip()
        if not term:
            return queryset, False
        try:
            return queryset.filter(id=UUID(term)), False
        except ValueError:
            return queryset.filter(type__startswith=term), False

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:
        """Allow no filter by a column that only some may see: the list would reveal its values."""
        return lookup.partition("__")[0] not in _LARGE and bool(
            super().lookup_allowed(lookup, value, request)
        )

    def has_add_permission(self, request: Any) -> bool:
        """Return False: code enqueues jobs."""
        return False

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        """Return False: the fields of a job are read-only."""
        return False

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        """Return False: `manage.py conduit jobs purge` deletes jobs."""
        return False

    def has_retry_permission(self, request: Any) -> bool:
        """Whether the user may retry jobs."""
        return bool(request.user.has_perm("conduit.retry_job"))

    def has_cancel_permission(self, request: Any) -> bool:
        """Whether the user may cancel jobs."""
        return bool(request.user.has_perm("conduit.cancel_job"))

    def get_fields(self, request: Any, obj: Any = None) -> list[str]:
        """The fields, with the payload only for users who may see it."""
        may_see = request.user.has_perm("conduit.view_payload")
        return [name for name in self.fields if may_see or name != "shown_payload"]

    @admin.display(description="attempts")
    def tries(self, job: Job) -> str:
        """The number of attempts so far, and the most that the job may have."""
        return f"{job.attempts} of {job.max_attempts}"

    @admin.display(description="error")
    def reason(self, job: Job) -> str:
        """The beginning of the last error."""
        first = (job.error or "").partition("\n")[0]
        return first if len(first) <= 80 else f"{first[:79]}…"

    @admin.display(description="payload")
    def shown_payload(self, job: Job) -> str:
        """The payload as JSON, sensitive values masked."""
        return str(format_html("<pre>{}</pre>", shown(job.type, job.payload)))

    @admin.display(description="errors")
    def shown_errors(self, job: Job) -> str:
        """The traceback of each failed attempt that is kept."""
        errors = [each for each in job.errors or () if isinstance(each, dict)]
        lines = [
            (each.get("attempt", ""), each.get("traceback") or each.get("error", ""))
            for each in errors
        ]
        return str(format_html_join("", "<p>Attempt {}</p><pre>{}</pre>", lines))

    @admin.action(description="Retry selected jobs", permissions=["retry"])
    def retry(self, request: Any, queryset: "QuerySet[Job]") -> None:
        self._apply(request, queryset, "retry", "retried")

    @admin.action(description="Cancel selected jobs", permissions=["cancel"])
    def cancel(self, request: Any, queryset: "QuerySet[Job]") -> None:
        self._apply(request, queryset, "cancel", "cancelled")

    def _apply(self, request: Any, queryset: Any, operation: str, done: str) -> None:
        jobs = list(queryset.only("id", "type")[: MOST + 1])
        apply = getattr(jobs_database.queue(), operation)
        changed = [job for job in jobs[:MOST] if apply(job.id)]
        self._log(request, changed, done)
        count = len(changed)
        text = ngettext(f"{count} job was {done}.", f"{count} jobs were {done}.", count)
        if unchanged := len(jobs[:MOST]) - count:
            text += f" {unchanged} had ended or are gone."
        if len(jobs) > MOST:
            text += (
                f" Only the first {MOST:,} were taken: repeat it, or use manage.py conduit jobs."
            )
        self.message_user(request, text, messages.SUCCESS if count else messages.WARNING)

    def _log(self, request: Any, jobs: list[Job], done: str) -> None:
        from django.contrib.admin.models import CHANGE, LogEntry

        if jobs:
            LogEntry.objects.log_actions(request.user.pk, jobs, CHANGE, change_message=done)


admin.site.register(Job, JobAdmin)
