"""What the jobs call: a worker finds `services` here."""

from types import SimpleNamespace

from conduit_runtime import current_call
from django.core.mail import EmailMessage


class Mail:
    """Sends by Django's mail backend."""

    def send(self, to: str, /, *, subject: str, lines: list[str]) -> None:
        message = EmailMessage(subject, "\n".join(lines), to=[to])
        # The same in every attempt: what receives the mail may drop the second one.
        message.extra_headers["Message-ID"] = f"<{current_call().key}@shop.example>"
        message.send()


class Warehouse:
    """Stands for a warehouse that has an API."""

    def ship(self, number: str, /) -> str:
        return f"TRACK-{number}"


services = SimpleNamespace(mail=Mail(), warehouse=Warehouse())
