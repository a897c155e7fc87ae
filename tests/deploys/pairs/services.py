"""Pairs that differ in services."""

from .pair import EITHER, SEND_TITLE, WEB, Pair, hooks, ticket

SERVICES = [
    Pair(
        "a call gets a further argument",
        EITHER,
        SEND_TITLE,
        ticket("title: string!", 'Mail.send(self.title, "now")'),
        seen=("Broken", "now"),
    ),
    Pair(
        "a call loses an argument",
        EITHER,
        ticket("title: string!", 'Mail.send(self.title, "now")'),
        SEND_TITLE,
        seen=("Broken",),
    ),
    Pair(
        "a call gets a named argument",
        EITHER,
        SEND_TITLE,
        ticket("title: string!", "Mail.send(self.title, urgent: true)"),
    ),
    Pair(
        "another method is called",
        EITHER,
        ticket("title: string!", "Mail.send(self.title)", 'name: "tell"'),
        ticket("title: string!", "Mail.deliver(self.title)", 'name: "tell"'),
    ),
    Pair(
        "another service is called",
        EITHER,
        ticket("title: string!", "Mail.send(self.title)", 'name: "tell"'),
        ticket("title: string!", "Letters.send(self.title)", 'name: "tell"'),
    ),
    Pair(
        "a hook without a job is added",
        EITHER,
        SEND_TITLE,
        hooks(
            "title: string!",
            "@after create { @async { Mail.send(self.title) } }",
            '@after delete { Logger.info("gone") }',
        ),
    ),
    Pair(
        "a hook with a job is removed",
        WEB,
        hooks(
            "title: string!",
            "@after create { @async { Mail.send(self.title) } }",
            "@after create { @async { Sms.send(self.title) } }",
        ),
        SEND_TITLE,
    ),
]
