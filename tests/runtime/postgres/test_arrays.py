"""Arrays as Postgres reads them."""

from typing import Any
from uuid import UUID

import psycopg
from conduit_runtime.postgres.arrays import array, integers, texts, uuids


def test_arrays() -> None:
    assert array([]) == "{}"
    assert array([1, None, 2.5]) == "{1,NULL,2.5}"
    assert array(["a", "", "NULL", 'x"y\\z,{}']) == '{"a","","NULL","x\\"y\\\\z,{}"}'
    assert integers([]) == "{}"
    assert integers([1, -2]) == "{1, -2}"


def test_arrays_of_uuids(conn: psycopg.Connection[Any]) -> None:
    for ids in ([], [UUID(int=1)], [UUID(int=2**128 - 1), UUID(int=0)]):
        assert conn.execute("SELECT %s::uuid[]", (uuids(ids),)).fetchone() == (ids,)


def test_arrays_of_texts(conn: psycopg.Connection[Any]) -> None:
    for given in ([], ["a"], ["", "NULL", 'x"y\\z,{}', "Zoë\n"]):
        assert conn.execute("SELECT %s::text[]", (texts(given),)).fetchone() == (given,)
