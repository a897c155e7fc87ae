"""The tables of the shop; `resources/` names the same columns."""

from uuid import uuid4

from django.db import models


class Order(models.Model):
    """What a customer buys."""

    class State(models.TextChoices):
        """From the cart to the door."""

        OPEN = "open"
        PAID = "paid"
        SHIPPED = "shipped"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    number = models.TextField(unique=True)
    email = models.EmailField()
    total = models.DecimalField(max_digits=10, decimal_places=2)
    state = models.TextField(choices=State.choices, default=State.OPEN)
    tracking = models.TextField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        """The table that the resource `Order` has by default."""

        db_table = "orders"

    def __str__(self) -> str:
        return self.number
