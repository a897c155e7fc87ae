"""Pairs whose new code has an upcaster."""

from .pair import SEND_TITLE, WORKERS, Pair, ticket

UPCASTER = """
from new_jobs.ticket import MailSend, mail_send
from new_jobs.ticket import MailSend_OLD

from conduit_runtime import upcast


@upcast(mail_send, "OLD")
def _(old: MailSend_OLD) -> MailSend:
    return MailSend(headline=old.title)
"""

UPCAST = [
    Pair(
        "a captured field is renamed, with an upcaster",
        WORKERS,
        SEND_TITLE,
        ticket("headline: string!", "Mail.send(self.headline)"),
        upcasters=UPCASTER,
        seen=("Broken",),
    ),
]
