"""A payload goes through a form: untouched values stay, typed values are checked."""

from typing import Any

import pytest
from conduit_dashboard.job.editing import as_sent, controls_of, read_payload
from conduit_runtime.model.text.masking import MASK
from conduit_runtime.model.type_description import FieldShape

STRING = FieldShape("string")
INT = FieldShape("int")
FIELDS = {
    "title": STRING,
    "note": FieldShape("string", nullable=True),
    "count": INT,
    "rate": FieldShape("float", nullable=True),
    "total": FieldShape("decimal"),
    "done": FieldShape("bool"),
    "state": FieldShape("enum", nullable=True, values=("new", "old")),
    "lines": FieldShape("array", item=FieldShape("struct", fields={"name": STRING, "pin": INT})),
    "secret": FieldShape("int", sensitive=True),
    "more": FieldShape("any"),
}
STORED: dict[str, Any] = {
    "title": "a\r\nb",
    "note": None,
    "count": 3,
    "rate": 0.1,
    "total": "1.50",
    "done": False,
    "state": "new",
    "lines": [{"name": "x", "pin": 1234}, {"name": "y", "pin": 99}],
    "secret": 42,
    "more": "text",
}
MASKED = {
    **STORED,
    "lines": [{"name": "x", "pin": MASK}, {"name": "y", "pin": MASK}],
    "secret": MASK,
}


def shown() -> dict[str, str]:
    """What a browser sends for an untouched form."""
    form = {}
    for control in controls_of(MASKED, FIELDS):
        form[control.name] = control.value.replace("\r\n", "\n").replace("\n", "\r\n")
        if control.nil_name and control.is_nil:
            form[control.nil_name] = "on"
    return form


def read(**typed: str | None) -> Any:
    form = shown()
    for name, text in typed.items():
        form.pop(f"nil.field.{name}", None)
        if text is None:
            form[f"nil.field.{name}"] = "on"
        else:
            form[f"field.{name}"] = text
    return read_payload(form, STORED, MASKED, FIELDS)


def test_an_untouched_form_is_the_stored_payload() -> None:
    edited = read_payload(shown(), STORED, MASKED, FIELDS)
    assert (edited.payload, edited.problems) == (STORED, [])


def test_no_hidden_value_is_in_the_form() -> None:
    text = " ".join(shown().values())
    assert "1234" not in text
    assert "42" not in text


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("title", "c\r\nd", "c\nd"),
        ("title", "7", "7"),
        ("title", "", ""),
        ("note", "x", "x"),
        ("note", "", ""),
        ("count", " 12 ", 12),
        ("rate", "", None),
        ("rate", "2", 2),
        ("total", "9.99", "9.99"),
        ("done", "true", True),
        ("state", "old", "old"),
        ("state", "", None),
        ("secret", "43", 43),
        ("more", '{"a": [1]}', {"a": [1]}),
        ("more", "null", None),
    ],
)
def test_what_is_typed(name: str, text: str, value: Any) -> None:
    edited = read(**{name: text})
    assert edited.problems == []
    assert edited.payload == {**STORED, name: value}
    assert type(edited.payload[name]) is type(value)


def test_hidden_values_within_an_array_stay() -> None:
    edited = read(lines='[{"name": "z", "pin": "[sensitive]"}, {"name": "y", "pin": 5}]')
    assert edited.problems == []
    assert edited.payload["lines"] == [{"name": "z", "pin": 1234}, {"name": "y", "pin": 5}]


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("count", "x", "count: is not of type int"),
        ("count", "1.5", "count: expected an int, got float"),
        ("count", "", "count: is not of type int"),
        ("count", "true", "count: expected an int, got bool"),
        ("total", "x", "total: expected a decimal, got str"),
        ("state", "gone", "state: expected one of new, old"),
        ("secret", '"x"', "secret: expected an int, got str"),
        ("more", "{", "more: is not JSON"),
        ("more", "\ud800", "more: is not JSON"),
        ("lines", '[{"name": 1, "pin": 2}]', "lines[0].name: expected a string, got int"),
        ("lines", '[{"name": "x"}]', "lines[0].pin: is missing"),
        ("lines", '[{"name": "x", "pin": 1, "x": 1}]', "lines[0].x: there is no such field"),
        ("lines", "{}", "lines: expected an array, got dict"),
        (
            "lines",
            '[{"name": "y", "pin": "[sensitive]"}]',
            "lines: has hidden values, so keep its number of items or type each value anew",
        ),
    ],
)
def test_what_does_not_fit(name: str, text: str, problem: str) -> None:
    assert read(**{name: text}).problems == [problem]


def test_a_value_and_nil() -> None:
    form = shown() | {"field.note": "x", "nil.field.note": "on"}
    edited = read_payload(form, STORED, MASKED, FIELDS)
    assert edited.problems == ["note: a value is typed, and nil is checked: choose one"]


def test_what_was_typed_is_shown_again() -> None:
    form = {"field.count": "x", "nil.field.note": "on"}
    again = {each.label: each for each in as_sent(controls_of(MASKED, FIELDS), form)}
    assert again["count"].value == "x"
    assert again["note"].is_nil


def test_a_payload_of_any_shape_is_json() -> None:
    (control,) = controls_of({"a": 1}, None)
    assert (control.name, control.kind) == ("payload", "json")
    same = read_payload({"payload": control.value}, {"a": 1}, {"a": 1}, None)
    assert (same.payload, same.problems) == ({"a": 1}, [])
    typed = read_payload({"payload": "[1]"}, {"a": 1}, {"a": 1}, None)
    assert (typed.payload, typed.problems) == ([1], [])
    wrong = read_payload({"payload": "{"}, {"a": 1}, {"a": 1}, None)
    assert wrong.problems == ["payload: is not JSON"]


def test_fields_of_another_shape() -> None:
    stored = {"title": "x", "gone": 1}
    form = {"field.title": "x", "field.count": ""}
    edited = read_payload(form, stored, stored, {"title": STRING, "count": INT})
    assert edited.problems == ["count: is missing"]
    form["field.count"] = "1"
    edited = read_payload(form, stored, stored, {"title": STRING, "count": INT})
    assert edited.payload == {"title": "x", "count": 1}


def test_a_payload_that_is_no_hash() -> None:
    edited = read_payload({"field.title": "x"}, [1], [1], {"title": STRING})
    assert (edited.payload, edited.problems) == ({"title": "x"}, [])
