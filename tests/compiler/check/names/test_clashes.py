"""Names that differ in a source and are the same in Python, or in a file system."""

import pytest

from conduit_async.compiler import diagnose

HOOK = "@after create @async { Mail.send() }"


def found(*resources: str) -> list[str]:
    diagnostics = diagnose({f"{n}.conduit": text for n, text in enumerate(resources)})
    return [f"{d.code} {d.span.text}" for d in diagnostics]


@pytest.mark.parametrize("name", ["Services", "Records"])
def test_a_module_that_the_package_needs_itself(name: str) -> None:
    assert found(f"resource {name} {{ id: int! {HOOK} }}") == [f"GEN601 {name}"]
    assert not found(f"resource {name} {{ id: int! }}")


@pytest.mark.parametrize("other", ["LINEITEM", "Line_Item", "Lineitem", "LineITEM"])
def test_resources_that_differ_only_in_writing(other: str) -> None:
    first = f"resource LineItem {{ id: int! {HOOK} }}"
    diagnostics = found(first, f"resource {other} {{ id: int! {HOOK} }}")
    assert diagnostics == [f"GEN601 {other}"]


def test_two_resources_of_one_name() -> None:
    resource = f"resource Post {{ id: int! {HOOK} }}"
    assert found(resource, resource) == ["SEM207 Post"]


def test_fields_that_are_one_in_python() -> None:
    assert found(f"resource Post {{ id: int! from: int! from_: int! {HOOK} }}") == ["GEN602 from_"]
    assert not found("resource Post { id: int! from: int! from_: int! }")


def test_fields_of_a_struct_that_are_one_in_python() -> None:
    fields = "place: { class: int! class_: int! }!"
    assert found(f"resource Post {{ id: int! {fields} {HOOK} }}") == ["GEN602 class_"]


def test_functions_that_are_one_in_python() -> None:
    functions = "@function ok() -> int { return 1 } @function ok?() -> int { return 1 }"
    assert [
        d.partition(" ")[0] for d in found(f"resource Post {{ id: int! {functions} {HOOK} }}")
    ] == ["GEN602"]
