"""Handlers of the incidents: as they were, and as they are after a deploy that mends them."""

from dataclasses import dataclass
from decimal import Decimal

from conduit_runtime import HandlerRegistry, PlainContext


@dataclass
class Charge:
    amount: str


old, new = HandlerRegistry(), HandlerRegistry()


@old.handler("charge", queue="mail")
def charge(ctx: PlainContext, payload: Charge) -> None:
    Decimal(payload.amount)


@new.handler("charge", queue="mail")
def charge_with_commas(ctx: PlainContext, payload: Charge) -> None:
    Decimal(payload.amount.replace(",", "."))
