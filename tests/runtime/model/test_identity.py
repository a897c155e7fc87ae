"""Records are equal if their table and key are equal, whatever their other fields."""

from dataclasses import dataclass

from conduit_runtime import Snapshot, named, table
from conduit_runtime.operators import contains, equal
from conduit_runtime.stdlib import Array


@named(key_="key")
@table("users", key="key")
@dataclass(slots=True)
class User:
    key_: int
    name: str
    tax: str


@named(key_="key")
@dataclass(frozen=True, slots=True)
class UserSnapshot(Snapshot[User]):
    key_: int
    name: str


@table("posts", key="key_")
@dataclass(slots=True)
class Post:
    key_: int
    name: str
    tax: str


@dataclass(slots=True)
class Struct:
    key_: int
    name: str


EVE = User(1, "Eve", "7")


def test_a_snapshot_equals_its_record() -> None:
    assert equal(UserSnapshot.of(EVE), EVE)
    assert equal(EVE, UserSnapshot(1, "Eva"))
    assert not equal(UserSnapshot(2, "Eve"), EVE)


def test_other_kinds_are_not_equal() -> None:
    assert not equal(EVE, Post(1, "Eve", "7"))
    assert not equal(EVE, None)
    assert not equal(None, EVE)
    assert not equal(EVE, Struct(1, "Eve"))


def test_structs_are_equal_by_their_fields() -> None:
    assert equal(Struct(1, "a"), Struct(1, "a"))
    assert not equal(Struct(1, "a"), Struct(1, "b"))


def test_arrays_find_records_by_their_keys() -> None:
    assert contains(EVE, [None, UserSnapshot(1, "Eva")])
    assert Array.contains([UserSnapshot(1, "Eva")], EVE)
    assert Array.unique([EVE, UserSnapshot(1, "Eva"), User(2, "Eve", "7"), EVE]) == [
        EVE,
        User(2, "Eve", "7"),
    ]
