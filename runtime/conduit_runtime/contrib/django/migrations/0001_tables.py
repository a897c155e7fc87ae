"""The tables of version 1, which `conduit-jobs migrate` may have made already."""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import migrations, models
from django.db.models.functions import Now

from conduit_runtime.contrib.django.jobs_database import table
from conduit_runtime.contrib.django.tables import CreateTables
from conduit_runtime.model.job import new_id

_STATUSES = ("pending", "running", "completed", "failed", "cancelled")
_JOB = migrations.CreateModel(
    name="Job",
    fields=[
        ("id", models.UUIDField(default=new_id, editable=False, primary_key=True, serialize=False)),
        ("queue", models.TextField(default="default")),
        ("type", models.TextField()),
        ("payload", models.JSONField(default=dict, encoder=DjangoJSONEncoder)),
        ("status", models.TextField(choices=[(s, s) for s in _STATUSES], default="pending")),
        ("priority", models.IntegerField(default=50)),
        ("attempts", models.IntegerField(default=0)),
        ("max_attempts", models.IntegerField(default=3)),
        ("error", models.TextField(null=True)),
        ("errors", models.JSONField(null=True)),
        ("created_at", models.DateTimeField(db_default=Now())),
        ("run_at", models.DateTimeField(db_default=Now())),
        ("started_at", models.DateTimeField(null=True)),
        ("completed_at", models.DateTimeField(null=True)),
        ("locked_by", models.TextField(null=True)),
        ("locked_at", models.DateTimeField(null=True)),
    ],
    options={
        "db_table": table("jobs"),
        "ordering": ("-id",),
        "permissions": (
            ("view_payload", "Can see the payloads of jobs"),
            ("retry_job", "Can retry jobs"),
            ("cancel_job", "Can cancel jobs"),
        ),
        "default_permissions": ("view",),
        "required_db_vendor": "postgresql",
    },
)


class Migration(migrations.Migration):
    """Makes our tables in the database, and adds the model of jobs to Django's state."""

    initial = True
    atomic = False  # another connection makes the tables
    dependencies = ()
    operations = (
        migrations.SeparateDatabaseAndState(
            database_operations=[CreateTables()], state_operations=[_JOB]
        ),
    )
