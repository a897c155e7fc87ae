"""A pair of sources with its verdict, and the resources that pairs consist of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

EITHER, WORKERS, WEB, DRAIN, NEVER = "either", "workers-first", "web-first", "drain-first", "never"

LOADED = "CREATE TABLE tickets (id uuid PRIMARY KEY, title text, body text, size bigint)"
"""A table for pairs whose new code loads what old payloads lack."""


@dataclass(frozen=True)
class Pair:
    """A change of a source, and its verdict.

    The rows hold the values that differ from `VALUES`; `settings` are further lines of
    `conduit.toml`.
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
    misread: bool = False
    """Whether old workers run new jobs with the row of another table."""
    drops: bool = False
    """Whether new workers run old jobs without a call that these made."""
    lossy: bool = False
    """Whether new workers run old jobs, but without a value that these captured."""
    stops: bool = False
    """Whether jobs that are stopped behind a step wait, so that the order is to drain first."""
    seen: tuple[Any, ...] | None = None
    """The service's arguments when new code runs an old job; None if they are not compared."""


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
    """A resource with these hooks."""
    members = "\n  ".join(written)
    return f"""
resource Ticket {{
  id: uuid! @primary
  {fields}
  {members}
}}
"""


SEND_TITLE = ticket("title: string!", "Mail.send(self.title)")
SEND_BOTH = ticket("title: string! body: string!", "Mail.send(self.title, self.body)")
PLACE = "place: { street: string! %s }!"
SEND_PLACE = "Mail.send(self.place)"
TWO = (
    "title: string! @after create { @async%s { Mail.send(self.title) } "
    "@async%s { Sms.send(self.title) } }"
)
