"""Pairs that differ in the fields that a job captures."""

from uuid import UUID

from .pair import (
    DRAIN,
    EITHER,
    LOADED,
    NEVER,
    SEND_BOTH,
    SEND_TITLE,
    WEB,
    WORKERS,
    Pair,
    hooks,
    ticket,
)

SEND_JSON = ticket("title: string! body: json!", "Mail.send(self.title, self.body)")

FIELDS = [
    Pair("nothing changes", EITHER, SEND_TITLE, SEND_TITLE, seen=("Broken",)),
    Pair(
        "a field that no job captures is added",
        EITHER,
        SEND_TITLE,
        ticket("title: string! body: string!", "Mail.send(self.title)"),
        seen=("Broken",),
    ),
    Pair(
        "a captured field is captured no more",
        WORKERS,
        SEND_BOTH,
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
        SEND_TITLE,
        ticket("title: string! note: string?", "Mail.send(self.title, self.note)"),
        seen=("Broken", None),
    ),
    Pair(
        "a field with a default is captured",
        EITHER,
        SEND_TITLE,
        ticket(
            'title: string! body: string! @default("empty")', "Mail.send(self.title, self.body)"
        ),
        seen=("Broken", "empty"),
    ),
    Pair("a required field is captured", WEB, SEND_TITLE, SEND_BOTH),
    Pair(
        "a required field is captured beside the key",
        EITHER,
        ticket("title: string! body: string!", "Mail.send(self.id, self.title)"),
        ticket("title: string! body: string!", "Mail.send(self.id, self.title, self.body)"),
        table=LOADED,
        seen=(UUID(int=1), "Broken", "Long"),
    ),
    Pair(
        "a captured field is renamed",
        NEVER,
        SEND_TITLE,
        ticket("headline: string!", "Mail.send(self.headline)"),
    ),
    Pair(
        "a captured field beside the key is renamed",
        DRAIN,
        ticket("title: string!", "Mail.send(self.id, self.title)"),
        ticket("headline: string!", "Mail.send(self.id, self.headline)"),
        table="CREATE TABLE tickets (id uuid PRIMARY KEY, headline text);"
        "INSERT INTO tickets VALUES ('00000000-0000-0000-0000-000000000001', 'Today')",
        lossy=True,
        seen=(UUID(int=1), "Today"),
    ),
    Pair(
        "a nullable field is renamed",
        DRAIN,
        ticket("note: string?", "Mail.send(self.note)"),
        ticket("remark: string?", "Mail.send(self.remark)"),
        lossy=True,
        seen=(None,),
    ),
    Pair(
        "a captured field is renamed with @was",
        WORKERS,
        SEND_TITLE,
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
        SEND_TITLE,
        hooks(
            "title: string!",
            "@after create { let loud = self.title.upcase()",
            "@async { Mail.send(self.title, loud) } }",
        ),
    ),
    Pair(
        "a nullable field is stored in a local first",
        EITHER,
        ticket("note: string?", "Mail.send(self.note)"),
        hooks(
            "note: string?",
            "@after create { let text = self.note",
            "@async { Mail.send(text) } }",
        ),
        old_row={"note": "old"},
        seen=("old",),
    ),
    Pair(
        "a nullable local is computed in place of a field",
        DRAIN,
        ticket("note: string?", "Mail.send(self.note)"),
        hooks(
            "note: string?",
            "@after create { let text = self.note?.upcase()",
            "@async { Mail.send(text) } }",
        ),
        lossy=True,
        seen=(None,),
    ),
    Pair("a json value is captured", WEB, SEND_TITLE, SEND_JSON, new_row={"body": {"a": 1}}),
    Pair(
        "a nullable json value is captured",
        EITHER,
        SEND_TITLE,
        ticket("title: string! body: json?", "Mail.send(self.title, self.body)"),
        seen=("Broken", None),
    ),
    Pair(
        "a nullable json value is captured no more",
        EITHER,
        ticket("title: string! body: json?", "Mail.send(self.title, self.body)"),
        SEND_TITLE,
        seen=("Broken",),
    ),
    Pair(
        "a json value is captured no more",
        WORKERS,
        SEND_JSON,
        SEND_TITLE,
        old_row={"body": {"a": 1}},
        seen=("Broken",),
    ),
    Pair(
        "a local is captured no more",
        WORKERS,
        hooks(
            "title: string!",
            "@after create { let loud = self.title.upcase()",
            "@async { Mail.send(self.title, loud) } }",
        ),
        SEND_TITLE,
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
        SEND_TITLE,
        ticket("title: string!", "Mail.send(self.title, self.title_changed?)"),
    ),
    Pair(
        "change tracking is captured no more",
        WORKERS,
        ticket("title: string!", "Mail.send(self.title, self.title_changed?)"),
        SEND_TITLE,
        seen=("Broken",),
    ),
]
