"""The name that a hint suggests."""

import json
import os
import subprocess
import sys

import pytest

from conduit_async.hints.name_typos import is_typo
from conduit_async.suggest import nearest

FIELDS = (
    "title",
    "total",
    "status",
    "created_at",
    "updated_at",
    "username",
    "email",
    "tag",
    "tags",
)

MEANT = {
    "titel": "title",
    "tilte": "title",
    "Title": "title",
    "totl": "total",
    "stauts": "status",
    "created": "created_at",
    "createdAt": "created_at",
    "udpated_at": "updated_at",
    "user": "username",
    "emial": "email",
    "tga": "tag",
    "taks": "tags",
    "id": None,
    "window": None,
    "quantity": None,
    "": None,
}


@pytest.mark.parametrize("written", MEANT)
def test_the_nearest_name_is_suggested(written: str) -> None:
    assert nearest(written, FIELDS) == MEANT[written]


def test_equally_near_names_are_told_apart_by_first_letter_and_then_by_order() -> None:
    assert nearest("cost", ("post", "cast")) == "cast"
    assert nearest("test", ("text", "tent")) == nearest("test", ("tent", "text"))


def test_a_name_is_no_suggestion_for_itself() -> None:
    assert nearest("title", ("title",)) is None
    assert nearest("title", ()) is None


@pytest.mark.parametrize(
    ("written", "known", "expected"),
    [
        ("Emial", "Email", True),
        ("Emails", "Email", False),  # a longer word
        ("Mailr", "Mail", False),
        ("Maler", "Mailer", True),
        ("Text", "Test", False),  # both short
        ("Backup1", "Backup2", False),
        ("Mailer", "Mailer", False),
    ],
)
def test_a_typo_is_one_letter(written: str, known: str, expected: bool) -> None:
    assert is_typo(written, known) is expected


@pytest.mark.parametrize("implementation", ["cpp", "python"])
def test_suggestions_are_the_same_on_every_machine(implementation: str) -> None:
    # On a platform without a build, rapidfuzz runs as plain Python.
    program = (
        "import json, sys; from conduit_async.suggest import nearest; "
        "written, known = json.load(sys.stdin); "
        "print(json.dumps([nearest(each, known) for each in written]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps([list(MEANT), FIELDS]),
        env={**os.environ, "RAPIDFUZZ_IMPLEMENTATION": implementation},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == list(MEANT.values())
