"""Pairs of sources, an old and a new one, with the order in which the change can be deployed.

`either`: workers or web processes first. `workers-first`, `web-first`: only that order leaves no
job unread. `drain-first`: neither order does, unless the old jobs end first. `never`: neither
order does, and only an upcaster helps.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

EITHER, WORKERS, WEB, DRAIN, NEVER = "either", "workers-first", "web-first", "drain-first", "never"

LOADED = "CREATE TABLE tickets (id uuid PRIMARY KEY, title text, body text, size bigint)"
"""The table of a pair whose new code loads what old payloads lack."""


@dataclass(frozen=True)
class Pair:
    """A change of a source, and its verdict.

    The rows hold what differs from `VALUES`; `settings` are further lines of `conduit.toml`.
    """

    name: str
    verdict: str
    old: str
    new: str
    old_row: Mapping[str, Any] = field(default_factory=dict)
    new_row: Mapping[str, Any] = field(default_factory=dict)
    old_settings: str = ""
    new_settings: str = ""
    table: str = ""
    upcasters: str = ""
    seen: tuple[Any, ...] | None = None
    """What the service is given for an old job by new code; None: it is not compared."""


def ticket(fields: str, block: str, options: str = "", members: str = "") -> str:
    """A resource whose only hook enqueues one unnamed job."""
    given = f"({options})" if options else ""
    return f"""
resource Ticket {{
  id: uuid! @primary
  {fields}
  @after create {{ @async{given} {{ {block} }} }}
  {members}
}}
"""


def hooks(fields: str, *written: str) -> str:
    """A resource with hooks that are written out."""
    members = "\n  ".join(written)
    return f"""
resource Ticket {{
  id: uuid! @primary
  {fields}
  {members}
}}
"""


_SEND_TITLE = ticket("title: string!", "Mail.send(self.title)")
_SEND_BOTH = ticket("title: string! body: string!", "Mail.send(self.title, self.body)")
_PLACE = "place: { street: string! %s }!"
_SEND_PLACE = "Mail.send(self.place)"
_TWO = (
    "title: string! @after create { @async%s { Mail.send(self.title) } "
    "@async%s { Sms.send(self.title) } }"
)

FIELDS = [
    Pair("nothing changes", EITHER, _SEND_TITLE, _SEND_TITLE, seen=("Broken",)),
    Pair(
        "a field that no job captures is added",
        EITHER,
        _SEND_TITLE,
        ticket("title: string! body: string!", "Mail.send(self.title)"),
        seen=("Broken",),
    ),
    Pair(
        "a captured field is captured no more",
        WORKERS,
        _SEND_BOTH,
        ticket("title: string! body: string!", "Mail.send(self.title)"),
        seen=("Broken",),
    ),
    Pair(
        "a nullable field is captured no more",
        EITHER,
        ticket("title: string! note: string?", "Mail.send(self.title, self.note)"),
        ticket("title: string! note: string?", "Mail.send(self.title)"),
        seen=("Broken",),
    ),
    Pair(
        "a nullable field is captured",
        EITHER,
        _SEND_TITLE,
        ticket("title: string! note: string?", "Mail.send(self.title, self.note)"),
        seen=("Broken", None),
    ),
    Pair(
        "a field with a default is captured",
        EITHER,
        _SEND_TITLE,
        ticket(
            'title: string! body: string! @default("empty")', "Mail.send(self.title, self.body)"
        ),
        seen=("Broken", "empty"),
    ),
    Pair("a required field is captured", WEB, _SEND_TITLE, _SEND_BOTH),
    Pair(
        "a required field is captured beside the key",
        EITHER,
        ticket("title: string! body: string!", "Mail.send(self.id, self.title)"),
        ticket("title: string! body: string!", "Mail.send(self.id, self.title, self.body)"),
        table=LOADED,
    ),
    Pair(
        "a captured field is renamed",
        NEVER,
        _SEND_TITLE,
        ticket("headline: string!", "Mail.send(self.headline)"),
    ),
    Pair(
        "a captured field is renamed with @was",
        WORKERS,
        _SEND_TITLE,
        ticket('headline: string! @was("title")', "Mail.send(self.headline)"),
        seen=("Broken",),
    ),
    Pair(
        "a captured field is renamed back and forth",
        WORKERS,
        ticket("body: string!", "Mail.send(self.body)"),
        ticket('headline: string! @was("title", "body")', "Mail.send(self.headline)"),
        seen=("Long",),
    ),
    Pair(
        "a nullable field is renamed with @was",
        EITHER,
        ticket("note: string?", "Mail.send(self.note)"),
        ticket('remark: string? @was("note")', "Mail.send(self.remark)"),
        old_row={"note": "old"},
        seen=("old",),
    ),
    Pair(
        "one captured field goes, a required one comes",
        NEVER,
        ticket("title: string! body: string!", "Mail.send(self.title)"),
        ticket("title: string! body: string!", "Mail.send(self.body)"),
    ),
    Pair(
        "one captured field goes, a nullable one comes",
        WORKERS,
        ticket("title: string! note: string?", "Mail.send(self.title)"),
        ticket("title: string! note: string?", "Mail.send(self.note)"),
        seen=(None,),
    ),
    Pair(
        "a local is captured",
        WEB,
        _SEND_TITLE,
        hooks(
            "title: string!",
            "@after create { let loud = self.title.upcase()",
            "@async { Mail.send(self.title, loud) } }",
        ),
    ),
    Pair(
        "a local is captured no more",
        WORKERS,
        hooks(
            "title: string!",
            "@after create { let loud = self.title.upcase()",
            "@async { Mail.send(self.title, loud) } }",
        ),
        _SEND_TITLE,
        seen=("Broken",),
    ),
    Pair(
        "a captured local is renamed",
        NEVER,
        hooks(
            "title: string!",
            "@after create { let loud = self.title.upcase()",
            "@async { Mail.send(loud) } }",
        ),
        hooks(
            "title: string!",
            "@after create { let shout = self.title.upcase()",
            "@async { Mail.send(shout) } }",
        ),
    ),
    Pair(
        "change tracking is captured",
        WEB,
        _SEND_TITLE,
        ticket("title: string!", "Mail.send(self.title, self.title_changed?)"),
    ),
    Pair(
        "change tracking is captured no more",
        WORKERS,
        ticket("title: string!", "Mail.send(self.title, self.title_changed?)"),
        _SEND_TITLE,
        seen=("Broken",),
    ),
]

TYPES = [
    Pair(
        "an int becomes a float",
        WORKERS,
        ticket("size: int!", "Mail.send(self.size)"),
        ticket("size: float!", "Mail.send(self.size)"),
        new_row={"size": 2.5},
        seen=(3.0,),
    ),
    Pair(
        "a float becomes an int",
        WEB,
        ticket("size: float!", "Mail.send(self.size)"),
        ticket("size: int!", "Mail.send(self.size)"),
        old_row={"size": 2.5},
    ),
    Pair(
        "an int becomes a decimal",
        WORKERS,
        ticket("size: int!", "Mail.send(self.size)"),
        ticket("size: decimal!", "Mail.send(self.size)"),
        new_row={"size": "2.5"},
    ),
    Pair(
        "an int becomes a string",
        WORKERS,
        ticket("size: int!", "Mail.send(self.size)"),
        ticket("size: string!", "Mail.send(self.size)"),
        new_row={"size": "large"},
        seen=("3",),
    ),
    Pair(
        "a string becomes an int",
        NEVER,
        ticket("size: string!", "Mail.send(self.size)"),
        ticket("size: int!", "Mail.send(self.size)"),
        old_row={"size": "large"},
    ),
    Pair(
        "a uuid becomes a string",
        WORKERS,
        ticket("other: uuid!", "Mail.send(self.other)"),
        ticket("other: string!", "Mail.send(self.other)"),
        new_row={"other": "none"},
    ),
    Pair(
        "a bool becomes an int",
        NEVER,
        ticket("size: bool!", "Mail.send(self.size)"),
        ticket("size: int!", "Mail.send(self.size)"),
        old_row={"size": True},
    ),
    Pair(
        "a date becomes a timestamp",
        NEVER,
        ticket("day: date!", "Mail.send(self.day)"),
        ticket("day: timestamp!", "Mail.send(self.day)"),
        new_row={"day": "2026-01-02T03:04:05+00:00"},
    ),
    Pair(
        "a string becomes text",
        EITHER,
        _SEND_TITLE,
        ticket("title: text!", "Mail.send(self.title)"),
        seen=("Broken",),
    ),
    Pair(
        "a field becomes nullable",
        WORKERS,
        _SEND_TITLE,
        ticket("title: string?", "Mail.send(self.title)"),
        new_row={"title": None},
        seen=("Broken",),
    ),
    Pair(
        "a nullable field becomes required",
        WEB,
        ticket("title: string?", "Mail.send(self.title)"),
        _SEND_TITLE,
        old_row={"title": None},
    ),
    Pair(
        "a nullable field becomes required, with a default",
        EITHER,
        ticket("title: string?", "Mail.send(self.title)"),
        ticket('title: string! @default("none")', "Mail.send(self.title)"),
        old_row={"title": None},
        seen=("none",),
    ),
    Pair(
        "an enum gets a value",
        EITHER,
        ticket('state: enum ["open", "done"]!', "Mail.send(self.state)"),
        ticket('state: enum ["open", "done", "late"]!', "Mail.send(self.state)"),
        new_row={"state": "late"},
        seen=("open",),
    ),
    Pair(
        "an enum loses a value",
        EITHER,
        ticket('state: enum ["open", "done", "late"]!', "Mail.send(self.state)"),
        ticket('state: enum ["open", "done"]!', "Mail.send(self.state)"),
        old_row={"state": "late"},
        seen=("late",),
    ),
    Pair(
        "an enum becomes a string",
        EITHER,
        ticket('state: enum ["open", "done"]!', "Mail.send(self.state)"),
        ticket("state: string!", "Mail.send(self.state)"),
        new_row={"state": "anything"},
        seen=("open",),
    ),
    Pair(
        "the items of an array become floats",
        WORKERS,
        ticket("sizes: array<int>!", "Mail.send(self.sizes)"),
        ticket("sizes: array<float>!", "Mail.send(self.sizes)"),
        new_row={"sizes": [1.5]},
        seen=([1.0, 2.0],),
    ),
    Pair(
        "the items of an array become strings",
        WORKERS,
        ticket("sizes: array<int>!", "Mail.send(self.sizes)"),
        ticket("sizes: array<string>!", "Mail.send(self.sizes)"),
        new_row={"sizes": ["large"]},
        seen=(["1", "2"],),
    ),
    Pair(
        "the values of a hash become nullable",
        WORKERS,
        ticket("limits: hash<string, int>!", "Mail.send(self.limits)"),
        ticket("limits: hash<string, int?>!", "Mail.send(self.limits)"),
        new_row={"limits": {"a": None}},
        seen=({"a": 1},),
    ),
    Pair(
        "a value becomes an array",
        NEVER,
        _SEND_TITLE,
        ticket("title: array<string>!", "Mail.send(self.title)"),
        new_row={"title": ["Broken"]},
    ),
]

OBJECTS = [
    Pair(
        "a struct gets a nullable field",
        EITHER,
        ticket(_PLACE % "", _SEND_PLACE),
        ticket(_PLACE % "code: int?", _SEND_PLACE),
        old_row={"place": {"street": "A"}},
        new_row={"place": {"street": "A", "code": 1}},
    ),
    Pair(
        "a struct gets a field with a default",
        EITHER,
        ticket(_PLACE % "", _SEND_PLACE),
        ticket(_PLACE % 'country: string! @default("DE")', _SEND_PLACE),
        old_row={"place": {"street": "A"}},
        new_row={"place": {"street": "A", "country": "FR"}},
    ),
    Pair(
        "a struct gets a required field",
        WEB,
        ticket(_PLACE % "", _SEND_PLACE),
        ticket(_PLACE % "code: int!", _SEND_PLACE),
        old_row={"place": {"street": "A"}},
        new_row={"place": {"street": "A", "code": 1}},
    ),
    Pair(
        "a struct loses a field",
        WORKERS,
        ticket(_PLACE % "code: int!", _SEND_PLACE),
        ticket(_PLACE % "", _SEND_PLACE),
        old_row={"place": {"street": "A", "code": 1}},
        new_row={"place": {"street": "A"}},
    ),
    Pair(
        "a field of a struct becomes a float",
        WORKERS,
        ticket(_PLACE % "code: int!", _SEND_PLACE),
        ticket(_PLACE % "code: float!", _SEND_PLACE),
        old_row={"place": {"street": "A", "code": 1}},
        new_row={"place": {"street": "A", "code": 1.5}},
    ),
    Pair(
        "a struct in an array gets a nullable field",
        EITHER,
        ticket("stops: array<{ name: string! }>!", "Mail.send(self.stops)"),
        ticket("stops: array<{ name: string! minutes: int? }>!", "Mail.send(self.stops)"),
        old_row={"stops": [{"name": "A"}]},
        new_row={"stops": [{"name": "A", "minutes": 2}]},
    ),
    Pair(
        "a struct becomes nullable",
        WORKERS,
        ticket("place: { street: string! }!", _SEND_PLACE),
        ticket("place: { street: string! }?", _SEND_PLACE),
        old_row={"place": {"street": "A"}},
        new_row={"place": None},
    ),
    Pair(
        "one value of a struct is captured instead of it",
        NEVER,
        ticket(_PLACE % "", _SEND_PLACE),
        ticket(_PLACE % "", "Mail.send(self.place.street)"),
        old_row={"place": {"street": "A"}},
        new_row={"place": {"street": "A"}},
    ),
    Pair(
        "a snapshot gets a nullable field",
        EITHER,
        ticket("title: string!", "Mail.send(self)"),
        ticket("title: string! note: string?", "Mail.send(self)"),
    ),
    Pair(
        "a snapshot loses a nullable field",
        EITHER,
        ticket("title: string! note: string?", "Mail.send(self)"),
        ticket("title: string!", "Mail.send(self)"),
    ),
    Pair(
        "a snapshot loses a field",
        WORKERS,
        ticket("title: string! body: string!", "Mail.send(self)"),
        ticket("title: string!", "Mail.send(self)"),
    ),
    Pair(
        "a field of a snapshot becomes sensitive",
        WORKERS,
        ticket("title: string! body: string!", "Mail.send(self)"),
        ticket("title: string! body: string!", "Mail.send(self)"),
        new_settings='sensitive = ["Ticket.body"]',
    ),
    Pair(
        "a captured field becomes sensitive",
        EITHER,
        _SEND_TITLE,
        _SEND_TITLE,
        new_settings='sensitive = ["Ticket.title"]',
    ),
]

JOBS = [
    Pair(
        "a line is added at the top of a block",
        EITHER,
        _SEND_TITLE,
        ticket("title: string!", "Pager.alert(self.title)\n Mail.send(self.title)"),
    ),
    Pair(
        "blocks change places",
        EITHER,
        hooks(_TWO % ("", "")),
        hooks(
            "title: string! @after create { @async { Sms.send(self.title) } "
            "@async { Mail.send(self.title) } }"
        ),
    ),
    Pair(
        "a block is added",
        WORKERS,
        _SEND_TITLE,
        hooks(_TWO % ("", "")),
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
    Pair("a block is removed", WEB, hooks(_TWO % ("", "")), _SEND_TITLE),
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
        _SEND_TITLE,
        ticket("title: string!", "Mail.send(self.title)", 'name: "mail_send"'),
        seen=("Broken",),
    ),
    Pair(
        "a block moves to another event",
        DRAIN,
        _SEND_TITLE,
        hooks("title: string!", "@after save { @async { Mail.send(self.title) } }"),
    ),
    Pair(
        "a job enqueues a further one",
        EITHER,
        _SEND_TITLE,
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
        _SEND_TITLE,
        _SEND_TITLE,
        new_settings='defaults = { queue = "work" }',
    ),
    Pair(
        "a job becomes more urgent",
        EITHER,
        _SEND_TITLE,
        ticket("title: string!", "Mail.send(self.title)", 'priority: "high"'),
        seen=("Broken",),
    ),
    Pair(
        "a job gets more attempts and a timeout",
        EITHER,
        _SEND_TITLE,
        ticket("title: string!", "Mail.send(self.title)", "max_attempts: 9, timeout: 1.minute"),
        seen=("Broken",),
    ),
    Pair(
        "a job waits for an hour",
        EITHER,
        _SEND_TITLE,
        ticket("title: string!", "Mail.send(self.title)", "delay: 1.hour"),
        seen=("Broken",),
    ),
    Pair(
        "a job becomes unique",
        EITHER,
        _SEND_TITLE,
        ticket("title: string!", "Mail.send(self.title)", "unique: self.title"),
        seen=("Broken",),
    ),
    Pair(
        "every job type gets a prefix",
        DRAIN,
        _SEND_TITLE,
        _SEND_TITLE,
        new_settings='prefix = "shop"',
    ),
    Pair(
        "the tables move to another schema",
        DRAIN,
        _SEND_TITLE,
        _SEND_TITLE,
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

SERVICES = [
    Pair(
        "a call gets a further argument",
        EITHER,
        _SEND_TITLE,
        ticket("title: string!", 'Mail.send(self.title, "now")'),
        seen=("Broken", "now"),
    ),
    Pair(
        "a call loses an argument",
        EITHER,
        ticket("title: string!", 'Mail.send(self.title, "now")'),
        _SEND_TITLE,
        seen=("Broken",),
    ),
    Pair(
        "a call gets a named argument",
        EITHER,
        _SEND_TITLE,
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
        _SEND_TITLE,
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
        _SEND_TITLE,
    ),
]

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
        _SEND_TITLE,
        ticket("headline: string!", "Mail.send(self.headline)"),
        upcasters=UPCASTER,
        seen=("Broken",),
    ),
]

PAIRS = [*FIELDS, *TYPES, *OBJECTS, *JOBS, *SERVICES, *UPCAST]
