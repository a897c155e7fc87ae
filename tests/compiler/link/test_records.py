"""`records.py`: no field or class hides the type of another field."""

from dataclasses import fields
from typing import Any

import pytest

from conduit_async.compiler import compile


def records(*resources: str) -> dict[str, Any]:
    """The names of `records.py`, run as Python."""
    hook = "@after create { @async { Api.send(self) } }"
    sources = {
        f"{number}.conduit": f"resource {each} {hook} }}" for number, each in enumerate(resources)
    }
    output = compile(sources)
    assert output.files, output.diagnostics
    names: dict[str, Any] = {"__name__": "records"}
    exec(output.files["records.py"], names)
    return names


@pytest.mark.parametrize("names", [("str",), ("str", "str_"), ("str_", "str")])
def test_a_field_does_not_hide_a_type_from_those_below(names: tuple[str, ...]) -> None:
    own = " ".join(f"{name}: string!" for name in names)
    found = fields(records(f"A {{ title: string! {own} body: string!")["A"])
    assert {field.name: field.type for field in found} == dict.fromkeys(
        ["title", *names, "body"], str
    )


def test_a_class_does_not_hide_a_type_from_another() -> None:
    found = records("str { title: string!", "A { title: string! str: string! body: string!")
    assert {field.type for field in fields(found["A"])} == {str}
    assert found["str_"].__name__ == "str_"
