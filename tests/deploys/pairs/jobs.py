"""Pairs that differ in jobs, their names and their options."""

from .pair import DRAIN, EITHER, SEND_TITLE, TWO, WEB, WORKERS, Pair, hooks, ticket

JOBS = [
    Pair(
        "a line is added at the top of a block",
        EITHER,
        SEND_TITLE,
        ticket("title: string!", "Pager.alert(self.title)\n Mail.send(self.title)"),
    ),
    Pair(
        "blocks change places",
        EITHER,
        hooks(TWO % ("", "")),
        hooks(
            "title: string! @after create { @async { Sms.send(self.title) } "
            "@async { Mail.send(self.title) } }"
        ),
    ),
    Pair(
        "a block is added",
        WORKERS,
        SEND_TITLE,
        hooks(TWO % ("", "")),
    ),
    Pair(
        "a block is added in front of one like it",
        WORKERS,
        ticket("title: string!", "Mail.send(self.title)"),
        hooks(
            'title: string! @after create { @async { Mail.send("first", self.title) }',
            "@async { Mail.send(self.title) } }",
        ),
    ),
    Pair(
        "a block is split in two",
        DRAIN,
        ticket("title: string!", "Mail.send(self.title)\n Sms.send(self.title, 1)", 'name: "tell"'),
        hooks(
            'title: string! @after create { @async(name: "tell") { Mail.send(self.title) }',
            "@async { Sms.send(self.title, 1) } }",
        ),
        seen=("Broken",),
        drops=True,
    ),
    Pair(
        "a part of a block moves to a further job",
        EITHER,
        ticket("title: string!", "Mail.send(self.title)\n Sms.send(self.title, 1)", 'name: "tell"'),
        ticket(
            "title: string!",
            "Mail.send(self.title)\n @async { Sms.send(self.title, 1) }",
            'name: "tell"',
        ),
        stops=True,
        seen=("Broken", 1),
    ),
    Pair("a block is removed", WEB, hooks(TWO % ("", "")), SEND_TITLE),
    Pair(
        "a block gets another name",
        DRAIN,
        ticket("title: string!", "Mail.send(self.title)", 'name: "tell"'),
        ticket("title: string!", "Mail.send(self.title)", 'name: "report"'),
    ),
    Pair(
        "a block gets another name, with was",
        WORKERS,
        ticket("title: string!", "Mail.send(self.title)", 'name: "tell"'),
        ticket("title: string!", "Mail.send(self.title)", 'name: "report", was: "tell"'),
        seen=("Broken",),
    ),
    Pair(
        "a block gets another name and captures less, with was",
        WORKERS,
        ticket("title: string! body: string!", "Mail.send(self.title, self.body)", 'name: "tell"'),
        ticket(
            "title: string! body: string!", "Mail.send(self.title)", 'name: "report", was: "tell"'
        ),
        seen=("Broken",),
    ),
    Pair(
        "a block gets the name that it had",
        EITHER,
        SEND_TITLE,
        ticket("title: string!", "Mail.send(self.title)", 'name: "mail_send"'),
        seen=("Broken",),
    ),
    Pair(
        "a block moves to another event",
        DRAIN,
        SEND_TITLE,
        hooks("title: string!", "@after save { @async { Mail.send(self.title) } }"),
    ),
    Pair(
        "a block moves to another event, with was, and another one takes its place",
        WORKERS,
        SEND_TITLE,
        hooks(
            "title: string! note: string?",
            '@after update { @async(was: "ticket.after_create.mail_send") '
            "{ Mail.send(self.title) } }",
            "@after create { @async { Mail.send(self.note) } }",
        ),
        seen=("Broken",),
    ),
    Pair(
        "a job enqueues a further one",
        EITHER,
        SEND_TITLE,
        ticket("title: string!", "Mail.send(self.title)\n @async { Sms.send(self.title) }"),
    ),
    Pair(
        "a job that another one enqueues captures less",
        EITHER,
        ticket(
            "title: string! body: string!",
            "Mail.send(self.title, self.body)\n"
            '@async(name: "tell") { Sms.send(self.title, self.body) }',
        ),
        ticket(
            "title: string! body: string!",
            'Mail.send(self.title, self.body)\n@async(name: "tell") { Sms.send(self.title) }',
        ),
    ),
    Pair(
        "a queue gets another name",
        DRAIN,
        ticket("title: string!", "Mail.send(self.title)", 'queue: "mail"'),
        ticket("title: string!", "Mail.send(self.title)", 'queue: "email"'),
    ),
    Pair(
        "the default queue gets another name",
        DRAIN,
        SEND_TITLE,
        SEND_TITLE,
        new_settings='defaults = { queue = "work" }',
    ),
    Pair(
        "a job becomes more urgent",
        EITHER,
        SEND_TITLE,
        ticket("title: string!", "Mail.send(self.title)", 'priority: "high"'),
        seen=("Broken",),
    ),
    Pair(
        "a job gets more attempts and a timeout",
        EITHER,
        SEND_TITLE,
        ticket("title: string!", "Mail.send(self.title)", "max_attempts: 9, timeout: 1.minute"),
        seen=("Broken",),
    ),
    Pair(
        "a job waits for an hour",
        EITHER,
        SEND_TITLE,
        ticket("title: string!", "Mail.send(self.title)", "delay: 1.hour"),
        seen=("Broken",),
    ),
    Pair(
        "a job becomes unique",
        EITHER,
        SEND_TITLE,
        ticket("title: string!", "Mail.send(self.title)", "unique: self.title"),
        seen=("Broken",),
    ),
    Pair(
        "every job type gets a prefix",
        DRAIN,
        SEND_TITLE,
        SEND_TITLE,
        new_settings='prefix = "shop"',
    ),
    Pair(
        "the tables move to another schema",
        DRAIN,
        SEND_TITLE,
        SEND_TITLE,
        new_settings='schema = "other"',
    ),
    Pair(
        "one job captures less, another more",
        DRAIN,
        hooks(
            'title: string! body: string! @after create { @async(name: "a") '
            '{ Mail.send(self.title, self.body) } @async(name: "b") { Sms.send(self.title) } }'
        ),
        hooks(
            'title: string! body: string! @after create { @async(name: "a") '
            '{ Mail.send(self.title) } @async(name: "b") { Sms.send(self.title, self.body) } }'
        ),
    ),
]
