"""The items, and a job that the migration enqueues."""

from django.db import migrations, models


def enqueue_job(apps: object, schema_editor: object) -> None:
    from conduit_runtime import Job
    from conduit_runtime.contrib.django import queue

    queue().enqueue(Job(type="depot.migrated"))


class Migration(migrations.Migration):
    initial = True
    dependencies = (("conduit", "0001_tables"),)
    operations = (
        migrations.CreateModel(
            name="Item",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("name", models.TextField()),
                ("note", models.TextField(default="")),
            ],
        ),
        migrations.RunPython(enqueue_job, migrations.RunPython.noop),
    )
