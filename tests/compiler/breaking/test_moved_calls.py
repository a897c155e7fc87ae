"""Calls and writes that the waiting jobs of a type no longer make."""

import pytest
from changed import findings

MANY = """
resource Log { id: uuid! @primary @auto  text: string! }
resource Post {
  id: uuid! @primary
  title: string!
  state: string!
  @function tell() { Email.send(self.title) }
  @function tell_all() { self.tell()  self.tell() }
  %s
}
"""
OLD = '@after create @async(name: "old")'
BOTH = f"{OLD} {{ Search.put(self.title)  Email.send(self.title) }}"
PUT = f"{OLD} {{ Search.put(self.title) }}"
SEND = "@after create @async { Email.send(self.title) }"
NO_LONGER = "its jobs no longer call `%s`"
MOVED_OF_TWO = f"{NO_LONGER} (1 of 2 places), but other code does now"
MOVED = f"{NO_LONGER}, but other code does now"
CASES = {
    "a block is split": (BOTH, f"{PUT} {SEND}", {"drain-first": MOVED % "Email.send"}),
    "one of two places of a call moves": (
        f"{OLD} {{ Email.send(self.title)  Email.send(self.state) }}",
        f"{OLD} {{ Email.send(self.title) }} @after create @async {{ Email.send(self.state) }}",
        {"drain-first": MOVED_OF_TWO % "Email.send"},
    ),
    "one of two calls of a function moves": (
        f"{OLD} {{ self.tell_all() }}",
        f"{OLD} {{ self.tell() }} @after create @async {{ self.tell() }}",
        {"drain-first": MOVED_OF_TWO % "Email.send"},
    ),
    "one of two writes moves": (
        f'{OLD} {{ Log.create!({{ text: "x" }})  Log.create!({{ text: "y" }}) }}',
        f'{OLD} {{ Log.create!({{ text: "x" }}) }} '
        '@after create @async { Log.create!({ text: "y" }) }',
        {"drain-first": MOVED_OF_TWO % "Log.create"},
    ),
    "two places of a call become one": (
        f"{OLD} {{ if self.title {{ Email.send(1) }} else {{ Email.send(2) }} }}",
        f"{OLD} {{ Email.send(self.title ? 1 : 2) }}",
        {"either": f"{NO_LONGER} (1 of 2 places)" % "Email.send"},
    ),
    "a call moves to another event": (
        BOTH,
        f"{PUT} {SEND.replace('create', 'update')}",
        {"drain-first": MOVED % "Email.send"},
    ),
    "a call moves to the hook": (
        BOTH,
        f"{PUT} @after create {{ Email.send(self.title)  @async {{ Pager.alert(1) }} }}",
        {"drain-first": MOVED % "Email.send"},
    ),
    "a call moves to a further job": (
        BOTH,
        f"{OLD} {{ Search.put(self.title)  @async {{ Email.send(self.title) }} }}",
        {},
    ),
    "a call moves to a function": (
        BOTH,
        f"{OLD} {{ Search.put(self.title)  self.tell() }}",
        {},
    ),
    "a call is gone": (BOTH, PUT, {"either": NO_LONGER % "Email.send"}),
    "a call that another block made before is gone": (
        f"{BOTH} {SEND.replace('create', 'update')}",
        f"{PUT} {SEND.replace('create', 'update')}",
        {"either": NO_LONGER % "Email.send"},
    ),
    "a write moves": (
        f'{OLD} {{ Email.send(self.title)  Log.create!({{ text: "x" }}) }}',
        f"{OLD} {{ Email.send(self.title) }} "
        '@after create @async { Log.create!({ text: "x" }) }',
        {"drain-first": MOVED % "Log.create"},
    ),
    "an assignment moves": (
        f'{OLD} {{ Email.send(self.title)  self.state = "sent" }}',
        f'{OLD} {{ Email.send(self.title) }} @after create @async {{ self.state = "sent" }}',
        {"drain-first": MOVED % "Post.update(state)"},
    ),
    "two blocks become one": (
        f"{PUT} @after create @async {{ Email.send(1) }}",
        f"{OLD} {{ Search.put(self.title)  Email.send(1) }}",
        {"drain-first": "its jobs call `Email.send` now, as jobs of a removed type did"},
    ),
    "a block is renamed": (
        '@after create @async(name: "a") { Email.send(self.title) }',
        '@after create @async(name: "b", was: "a") { Search.put(self.title) }',
        {"either": NO_LONGER % "Email.send"},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_call_that_jobs_no_longer_make(case: str) -> None:
    old, new, expected = CASES[case]
    found = findings(MANY % old, MANY % new)
    said = {each.verdict: each.message for each in found if each.code == "BRK125"}
    assert said == expected
