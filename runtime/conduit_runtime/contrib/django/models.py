"""The jobs as a model, for the admin and for queries."""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models.functions import Now

from ...model.job import JobPriority, JobStatus, new_id
from .jobs_database import table
from .settings import database, schema

STATUSES = [(status.value, status.value) for status in JobStatus]


class JobManager(models.Manager):
    """Finds the jobs in the database that holds them."""

    def get_queryset(self) -> "models.QuerySet[Job]":
        """The jobs; `using` names another database."""
        found = super().get_queryset()
        return found if self._db else found.using(database())


class Job(models.Model):
    """A row of `jobs`, with its stable columns. Retry and cancel jobs through the queue.

    To save a new row enqueues a job, as a plain INSERT does.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    queue = models.TextField(default="default")
    type = models.TextField()
    payload = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    status = models.TextField(choices=STATUSES, default=JobStatus.PENDING.value)
    priority = models.IntegerField(default=int(JobPriority.NORMAL))
    attempts = models.IntegerField(default=0)
    max_attempts = models.IntegerField(default=3)
    error = models.TextField(null=True)
    errors = models.JSONField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    run_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    locked_by = models.TextField(null=True)
    locked_at = models.DateTimeField(null=True)

    objects = JobManager()

    class Meta:
        """Django manages the table's data, not its definition."""

        db_table = table("jobs")
        # Django empties the table in `flush` and TransactionTestCase. It does not find a table in
        # another schema, so it must not try to make that table.
        required_db_vendor = "postgresql" if schema() is None else "none"
        ordering = ("-id",)  # ids grow with time
        default_permissions = ("view",)
        permissions = (
            ("view_payload", "Can see the payloads of jobs"),
            ("retry_job", "Can retry jobs"),
            ("cancel_job", "Can cancel jobs"),
        )

    def __str__(self) -> str:
        return f"{self.type} {self.pk}"
