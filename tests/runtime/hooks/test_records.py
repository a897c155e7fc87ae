"""The rows that a hook gets as arguments."""

from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from conduit_runtime import RecordError
from example_app import insert_order
from hook_drivers import Conn, Hook, after_create
from note_hooks import Note
from notes import insert_note


def test_a_missing_row_is_an_error(conn: Conn) -> None:
    row = insert_note(conn) | {"id": 99}
    with pytest.raises(RecordError, match="notes has no row with id = 99"):  # noqa: SIM117
        with Hook(conn, Note, row) as hook:
            hook.record.from_ = "you"


def test_records_may_be_objects_and_structs_json_text(conn: Conn) -> None:
    row = insert_order(conn)
    for address in (
        {"street": "s", "country": "FR", "further": 1},
        '{"street": "s", "country": "FR"}',
        SimpleNamespace(street="s", country="FR"),
    ):
        order = after_create(conn, SimpleNamespace(**row | {"address": address}))
        assert (order.address.street, order.address.country) == ("s", "FR")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"total": ...}, r'Order was given without its column "total".*RETURNING \*'),
        ({"total": "many"}, r"Order\.total: expected a decimal, got str"),
        ({"note": 5}, r"Order\.note: expected a string, got int"),
        ({"address": {"street": "s"}}, r"Order\.address\.country: is missing"),
        ({"address": None}, r"Order\.address: expected an object, got nil"),
    ],
)
def test_a_record_that_does_not_fit_names_its_column(
    conn: Conn, change: dict[str, Any], message: str
) -> None:
    row = {k: v for k, v in (insert_order(conn) | change).items() if v is not ...}
    with pytest.raises(RecordError, match=message):
        after_create(conn, row)


def test_a_tuple_is_no_record(conn: Conn) -> None:
    with pytest.raises(RecordError, match="dict_row"):
        after_create(conn, (uuid4(), "AB-1"))


def test_a_create_hook_has_no_previous_row(conn: Conn) -> None:
    with Hook(conn, Note, insert_note(conn)) as hook, pytest.raises(RecordError, match="previous"):
        _ = hook.previous
