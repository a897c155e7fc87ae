"""The orders."""

from uuid import uuid4

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = ()
    operations = (
        migrations.CreateModel(
            name="Order",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("number", models.TextField(unique=True)),
                ("email", models.EmailField(max_length=254)),
                ("total", models.DecimalField(decimal_places=2, max_digits=10)),
                (
                    "state",
                    models.TextField(
                        choices=[("open", "Open"), ("paid", "Paid"), ("shipped", "Shipped")],
                        default="open",
                    ),
                ),
                ("tracking", models.TextField(blank=True, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={"db_table": "orders"},
        ),
    )
