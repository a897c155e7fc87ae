"""What the jobs call. `conduit-jobs worker jobs --services services:services` finds it here."""

from typing import Any

from jobs.services import provides


class Language:
    """Guesses a language by a word."""

    def detect(self, text: str, /) -> str:
        return "de" if " nicht " in f" {text} " else "en"


class Mail:
    """Prints mails instead of sending them."""

    async def send(self, to: str, /, *, subject: str, lines: list[Any]) -> None:
        print(f"mail to {to}: {subject} {lines}", flush=True)


class Services:
    language = Language()
    mail = Mail()


services = provides(Services())
