"""Things in the depot."""

from django.db import models


class Item(models.Model):
    """A thing."""

    id = models.BigAutoField(primary_key=True)
    name = models.TextField()
    note = models.TextField(default="")

    def __str__(self) -> str:
        return self.name
