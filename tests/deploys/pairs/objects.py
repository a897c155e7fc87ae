"""Pairs that differ in the fields of objects."""

from uuid import UUID

from .pair import EITHER, NEVER, PLACE, SEND_PLACE, SEND_TITLE, WEB, WORKERS, Pair, ticket

PEOPLE = """
resource Buyer { id: uuid! @primary  email: string! }
resource Seller { id: uuid! @primary  email: string! }
"""

OBJECTS = [
    Pair(
        "a struct gets a nullable field",
        EITHER,
        ticket(PLACE % "", SEND_PLACE),
        ticket(PLACE % "code: int?", SEND_PLACE),
        old_row={"place": {"street": "A"}},
        new_row={"place": {"street": "A", "code": 1}},
    ),
    Pair(
        "a struct gets a field with a default",
        EITHER,
        ticket(PLACE % "", SEND_PLACE),
        ticket(PLACE % 'country: string! @default("DE")', SEND_PLACE),
        old_row={"place": {"street": "A"}},
        new_row={"place": {"street": "A", "country": "FR"}},
    ),
    Pair(
        "a struct gets a required field",
        WEB,
        ticket(PLACE % "", SEND_PLACE),
        ticket(PLACE % "code: int!", SEND_PLACE),
        old_row={"place": {"street": "A"}},
        new_row={"place": {"street": "A", "code": 1}},
    ),
    Pair(
        "a struct loses a field",
        WORKERS,
        ticket(PLACE % "code: int!", SEND_PLACE),
        ticket(PLACE % "", SEND_PLACE),
        old_row={"place": {"street": "A", "code": 1}},
        new_row={"place": {"street": "A"}},
    ),
    Pair(
        "a field of a struct becomes a float",
        WORKERS,
        ticket(PLACE % "code: int!", SEND_PLACE),
        ticket(PLACE % "code: float!", SEND_PLACE),
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
        ticket("place: { street: string! }!", SEND_PLACE),
        ticket("place: { street: string! }?", SEND_PLACE),
        old_row={"place": {"street": "A"}},
        new_row={"place": None},
    ),
    Pair(
        "one value of a struct is captured instead of it",
        NEVER,
        ticket(PLACE % "", SEND_PLACE),
        ticket(PLACE % "", "Mail.send(self.place.street)"),
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
        SEND_TITLE,
        SEND_TITLE,
        new_settings='sensitive = ["Ticket.title"]',
    ),
    Pair(
        "a relation leads to another table",
        NEVER,
        PEOPLE + ticket("who: Buyer!", "Mail.send(self.who.email)"),
        PEOPLE + ticket("who: Seller!", "Mail.send(self.who.email)"),
        old_row={"who_id": UUID(int=2)},
        new_row={"who_id": UUID(int=2)},
        table="CREATE TABLE buyers (id uuid PRIMARY KEY, email text);"
        "CREATE TABLE sellers (id uuid PRIMARY KEY, email text);"
        "INSERT INTO buyers VALUES ('00000000-0000-0000-0000-000000000002', 'buyer');"
        "INSERT INTO sellers VALUES ('00000000-0000-0000-0000-000000000002', 'seller')",
        misread=True,
    ),
]
