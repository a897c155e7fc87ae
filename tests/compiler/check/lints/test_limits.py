"""The warnings are found quickly in long chains and in functions that call others often."""

import pytest

from conduit_async.compiler import diagnose

pytestmark = pytest.mark.slow

LONG = 2_000


def codes(hook: str, functions: str = "") -> set[str]:
    text = f"""resource Post {{
  id: uuid! @primary
  title: string!
  note: text?
  views: int!
  {functions}
  @after update {{ {hook} }}
}}
"""
    found = diagnose({"post.conduit": text})
    assert not [each for each in found if each.severity == "error"]
    return {each.code for each in found}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        pytest.param(" || ".join(["self.views == 1"] * LONG), {"ASY907", "ASY910"}, id="or"),
        pytest.param(" && ".join(["self.note"] * LONG), {"ASY907", "ASY910"}, id="and"),
        pytest.param(" || ".join(["self.title_changed?"] * LONG), {"ASY910"}, id="changes"),
        pytest.param("!" * LONG + "self.views", {"ASY907", "ASY910"}, id="not"),
    ],
)
def test_a_long_condition(condition: str, expected: set[str]) -> None:
    job = f'@async(delay: 1.hour) {{ if {condition} {{ self.title = "x" }} }}'
    assert codes(f"if {condition} {{ {job} }}") == expected


@pytest.mark.parametrize(
    ("job", "expected"),
    [
        pytest.param("self.note ? Api.a() : " * LONG + "Api.b()", set[str](), id="alternatives"),
        pytest.param(
            " ".join(f"if self.views == {n} {{ Api.a({n}) return }}" for n in range(LONG)),
            set[str](),
            id="guards",
        ),
        pytest.param(
            " ".join(f"let x{n} = Api.a({n})" for n in range(LONG)), set[str](), id="queries"
        ),
    ],
)
def test_many_calls(job: str, expected: set[str]) -> None:
    assert codes(f"@async {{ {job} }}") == expected


def test_functions_that_call_others_twice() -> None:
    functions = "\n  ".join(
        f"@function f{number}() {{ f{number + 1}() f{number + 1}() }}" for number in range(40)
    )
    last = "@function f40() { Api.send(1) }"
    assert codes("@async { f0() }", f"{functions}\n  {last}") == {"ASY909"}
    assert codes("@async { f0() }", f"{functions}\n  @function f40() {{ f0() }}") == set()
