"""The older payloads that new code reads, and how."""

from dataclasses import replace

import pytest

from conduit_async.lock.model import FieldType, Unreadable
from conduit_async.lock.upcast import (
    NIL_CONSTANT,
    Constant,
    Conversion,
    Converted,
    Items,
    Load,
    Loaded,
    NewField,
    Object,
    Upcast,
    Value,
)
from conduit_async.lock.upcasting import lost_values, plan_upcast, sources_of, widening
from conduit_async.types import KINDS


def scalar(text: str) -> FieldType:
    return FieldType("scalar", text.rstrip("?"), nullable=text.endswith("?"))


KEY = scalar("uuid")


def array(item: FieldType, *, nullable: bool = False) -> FieldType:
    return FieldType("array", nullable=nullable, item=item)


def struct(**fields: str | FieldType) -> FieldType:
    kinds = {name: scalar(k) if isinstance(k, str) else k for name, k in fields.items()}
    return FieldType("struct", "Address", fields=kinds)


def enum(*values: str) -> FieldType:
    return FieldType("enum", values=values)


def new(kind: FieldType) -> NewField:
    """A field of which only the type is known, as of its nested fields."""
    inner = kind
    while inner.item is not None:
        inner = inner.item
    return NewField(kind, fields={name: new(each) for name, each in inner.fields.items()})


def value(old: dict[str, FieldType], field: NewField) -> Value:
    plan = plan_upcast(old, {"x": field})
    assert isinstance(plan, Upcast)
    return plan.values["x"]


def unreadable(old: FieldType, field: NewField) -> str:
    plan = plan_upcast({"x": old}, {"x": field})
    assert isinstance(plan, Unreadable)
    return str(plan)


def step(old: FieldType, kind: FieldType) -> object:
    found = value({"x": old}, new(kind))
    assert isinstance(found, Converted)
    return found.conversion.step


def test_a_field_of_the_same_type_is_copied() -> None:
    assert step(scalar("uuid"), scalar("uuid")) == "same"
    assert step(scalar("uuid"), scalar("uuid?")) == "same"
    assert step(array(scalar("int?")), array(scalar("int?"), nullable=True)) == "same"
    assert step(scalar("string"), replace(scalar("string"), sensitive=True)) == "same"


def test_an_enum_is_a_string() -> None:
    assert step(enum("a", "b"), scalar("string")) == "same"
    assert step(enum("a", "b"), enum("b")) == "same"
    assert step(scalar("string"), enum("b")) == "same"


@pytest.mark.parametrize(
    ("old", "kind"), [(old.name, kind) for old in KINDS.values() for kind in old.widens]
)
def test_a_safe_widening_converts(old: str, kind: str) -> None:
    how = widening(old, kind)
    assert how is not None
    assert step(scalar(old), scalar(kind)) == how
    assert step(scalar(f"{old}?"), scalar(f"{kind}?")) == how
    inside = step(array(scalar(old)), array(scalar(kind)))
    assert inside == Items(Conversion(scalar(old), scalar(kind), how))


@pytest.mark.parametrize(
    ("old", "kind"),
    [
        ("string", "int"), ("float", "int"), ("decimal", "float"), ("date", "timestamp"),
        ("timestamp", "date"), ("bool", "int"), ("bool", "string"), ("string", "uuid"),
        ("json", "string"), ("duration", "int"),
    ],
)  # fmt: skip
def test_what_may_lose_something_is_unreadable(old: str, kind: str) -> None:
    reason = f"x: was {old} in older payloads, and is {kind} now"
    assert unreadable(scalar(old), new(scalar(kind))) == reason


def test_json_holds_anything() -> None:
    assert step(struct(street="string"), scalar("json")) == "same"
    assert step(scalar("string?"), scalar("any")) == "same"
    assert value({}, new(scalar("json?"))) == NIL_CONSTANT
    assert value({}, new(scalar("any"))) == NIL_CONSTANT
    missing = Unreadable("x", "is missing in older payloads, and never nil")
    assert plan_upcast({}, {"x": new(scalar("json"))}) == missing


def test_a_missing_field_is_nil_or_its_default() -> None:
    assert value({}, new(scalar("string?"))) == NIL_CONSTANT
    assert value({}, NewField(scalar("int"), default=Constant(3))) == Constant(3)
    assert value({}, NewField(scalar("int?"), default=Constant(3))) == NIL_CONSTANT
    plan = plan_upcast({}, {"x": new(scalar("int"))})
    assert plan == Unreadable("x", "is missing in older payloads, and never nil")


def test_a_value_that_may_no_longer_be_nil_needs_a_default() -> None:
    found = value({"x": scalar("int?")}, NewField(scalar("float"), default=Constant(1)))
    assert found == Converted(
        "x", Conversion(scalar("int?"), scalar("float"), "float", default=Constant(1))
    )
    reason = "x: may be nil in older payloads, and is never nil now"
    assert unreadable(scalar("int?"), new(scalar("int"))) == reason


def test_a_field_is_found_by_its_earlier_names() -> None:
    field = NewField(scalar("string"), was=("title", "name"))
    assert value({"name": scalar("string")}, field).name == "name"  # type: ignore[union-attr]
    both = {"x": scalar("string"), "title": scalar("string")}
    assert value(both, field).name == "x"  # type: ignore[union-attr]


def test_a_column_is_loaded_by_the_key_in_the_payload() -> None:
    load = Load("Post", ("id", "post_id"), scalar("uuid"), ("slug",))
    field = NewField(scalar("string"), load=load)
    assert value({"id": scalar("uuid")}, field) == Loaded(load, "id")
    assert value({"id": scalar("int"), "post_id": scalar("uuid")}, field) == Loaded(load, "post_id")


@pytest.mark.parametrize("kind", ["int", "string?"])
def test_a_captured_value_is_never_loaded_in_its_place(kind: str) -> None:
    load = Load("Post", ("id",), KEY, ("x",))
    field = NewField(scalar("string" if "?" in kind else "bool"), load=load)
    assert isinstance(plan_upcast({"id": KEY, "x": scalar(kind)}, {"x": field}), Unreadable)


LOST = [
    ({"f": "string?"}, new(scalar("string?")), ["f"]),
    ({"f": "string"}, new(scalar("string?")), ["f"]),
    ({"f": "int?"}, new(scalar("string?")), []),
    ({"f": "string?", "g": "string?"}, new(scalar("string?")), ["f", "g"]),
    ({"f": "string?"}, NewField(scalar("string?"), others={"f"}), []),
    ({"f": "string?"}, NewField(scalar("string?"), was=("f",)), []),
    ({"f": "string?"}, NewField(scalar("string?"), same=("f",)), []),
    ({"x": "string?", "f": "string?"}, new(scalar("string?")), []),
]


@pytest.mark.parametrize(("old", "field", "lost"), LOST)
def test_a_new_field_may_be_a_field_that_is_gone(
    old: dict[str, str], field: NewField, lost: list[str]
) -> None:
    fields = {name: scalar(kind) for name, kind in old.items()}
    assert [*lost_values(fields, {"x": field})] == [("x", name) for name in lost]
    inside = array(struct(**fields)), new(array(struct(x=field.type)))
    if not (field.was or field.same or field.others):
        found = [*lost_values({"y": inside[0]}, {"y": inside[1]})]
        assert found == [("y[].x", name) for name in lost]


def test_two_new_fields_may_hold_the_value_of_one_old_field() -> None:
    old, field = {"f": scalar("string")}, new(scalar("string"))
    assert sources_of(old, {"f": field, "c": replace(field, same=("f",))}) == {"f": "f", "c": "f"}
    assert sources_of(old, {"c": replace(field, same=("f",))}) == {"c": "f"}
    assert isinstance(plan_upcast({"id": scalar("uuid?")}, {"x": field}), Unreadable)


def test_a_default_is_preferred_to_the_row() -> None:
    load = Load("Post", ("id",), scalar("uuid"), ("slug",))
    field = NewField(scalar("string"), default=Constant("none"), load=load)
    assert value({"id": scalar("uuid")}, field) == Constant("none")


def test_structs_are_converted_field_by_field() -> None:
    old = struct(town="string", number="int", gone="bool")
    fields = {
        "city": NewField(scalar("string"), was=("town",)),
        "number": NewField(scalar("string")),
        "country": NewField(scalar("string"), default=Constant("DE")),
    }
    kind = struct(**{name: each.type for name, each in fields.items()})
    made = Object(
        {
            "city": Converted("town", Conversion(scalar("string"), scalar("string"), "same")),
            "number": Converted("number", Conversion(scalar("int"), scalar("string"), "str")),
            "country": Constant("DE"),
        }
    )
    assert value({"x": old}, NewField(kind, fields=fields)) == Converted(
        "x", Conversion(old, kind, made)
    )
    listed = value({"x": array(old)}, NewField(array(kind), fields=fields))
    assert listed == Converted(
        "x", Conversion(array(old), array(kind), Items(Conversion(old, kind, made)))
    )


def test_an_unreadable_field_is_named_by_its_path() -> None:
    old = array(struct(a="string", inner=struct(b="int?")))
    kind = array(struct(a="string", inner=struct(b="int")))
    assert unreadable(old, new(kind)) == (
        "x[].inner.b: may be nil in older payloads, and is never nil now"
    )


def test_types_in_words() -> None:
    assert str(array(scalar("string?"), nullable=True)) == "array<string?>?"
    assert str(enum("a")) == "enum"
    assert str(struct()) == "Address"


def test_an_earlier_name_of_a_field_is_no_other_field() -> None:
    fields = {"headline": NewField(scalar("string"), was=("title",)), "title": new(scalar("int?"))}
    plan = plan_upcast({"title": scalar("string")}, fields)
    assert isinstance(plan, Upcast)
    assert plan.values["title"] == NIL_CONSTANT
    assert sources_of({"title": scalar("string"), "headline": scalar("string")}, fields) == {
        "headline": "headline",
        "title": "title",
    }


def test_a_variable_beside_a_field_of_its_name_is_another() -> None:
    text = scalar("string?")
    alone = {"title": NewField(text, variable="title")}
    both = {"title": new(text), "title_": NewField(text, variable="title")}
    assert sources_of({"title": text, "title_": text}, alone) == {"title": "title_"}
    assert sources_of({"title_": text}, alone) == {"title": None}
    assert sources_of({"title": text, "title_": text}, both) == {
        "title": "title",
        "title_": "title_",
    }
    reason = "title_: may be `title` in older payloads"
    assert str(plan_upcast({"title": text}, both)) == reason


def test_the_row_of_a_variable_is_loaded_by_the_key_of_the_variable() -> None:
    load = Load("User", ("user_id",), scalar("uuid"), ("name",))
    field = NewField(scalar("string"), load=load, variable="user_name")
    old = {"user_id": scalar("uuid"), "user_id_": scalar("uuid")}
    assert value({"user_id": scalar("uuid")}, field) == Loaded(load, "user_id")
    assert value(old, field) == Loaded(load, "user_id_")
    assert value(old, replace(field, variable="")) == Loaded(load, "user_id")
