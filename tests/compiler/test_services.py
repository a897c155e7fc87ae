"""What the application must provide: the union of all calls."""

import pytest

from conduit_async.check import check
from conduit_async.config import Config
from conduit_async.diagnostics import Problems
from conduit_async.parse import parse
from conduit_async.program import Program
from conduit_async.source import Source
from conduit_async.types import Enum


def checked(*blocks: str) -> tuple[Program | None, list[str]]:
    problems = Problems()
    files = [
        parse(
            Source(
                f"{number}.conduit",
                f"resource R{number} {{ id: int! @primary name: string! note: text?\n"
                f"@after create @async {{ {block} }} }}",
            ),
            problems,
        )
        for number, block in enumerate(blocks)
    ]
    return check(files, Config(), problems), [d.code for d in problems.sorted()]


def services(*blocks: str) -> dict[str, dict[str, str]]:
    program, problems = checked(*blocks)
    assert program is not None, problems
    return {
        service.python: {
            method.python: ", ".join(
                [
                    *(
                        " | ".join(map(str, types))
                        + ("" if i < method.required_positional else "=")
                        for i, types in enumerate(method.positional)
                    ),
                    *(
                        f"{p.python}: {' | '.join(map(str, p.types))}{'=' if p.optional else ''}"
                        for p in method.named.values()
                    ),
                ]
            )
            for method in service.methods.values()
        }
        for service in program.services.values()
    }


def test_services_and_methods_are_named_in_snake_case_and_sorted() -> None:
    assert services("SearchIndex.update!(self.id)", "Email.send() SearchIndex.busy?()") == {
        "email": {"send": ""},
        "search_index": {"busy": "", "update": "int"},
    }


def test_parameters_are_the_union_over_all_calls_of_all_resources() -> None:
    assert services(
        'Email.send(self.id, "x", to: self.name)',
        "Email.send(self.name, to: self.note, from: 1)",
        "Email.send(self.id, to: self.name)",
    ) == {"email": {"send": "int | string, string=, from_: int=, to: string | string?"}}


@pytest.mark.parametrize(
    "blocks",
    [
        ("Email.sendNow() Email.send_now()",),
        ("HTTPClient.get()", "HttpClient.get()"),
        ("Email.send(class: 1, class_: 2)",),
    ],
)
def test_names_that_are_one_in_python_are_an_error(blocks: tuple[str, ...]) -> None:
    _, problems = checked(*blocks)
    assert problems == ["GEN603"]


def test_the_types_of_an_argument_have_one_order() -> None:
    source = """
    resource A%d { id: int! @primary state: enum ["on", "off"]!
      @after create @async { Email.send(self.state) } }
    """
    problems = Problems()
    files = [parse(Source(f"{n}.conduit", source % n), problems) for n in (3, 1, 2)]
    program = check(files, Config(), problems)
    assert program is not None
    (types,) = program.services["Email"].methods["send"].positional
    assert [kind.name for kind in types if isinstance(kind, Enum)] == [
        "A1State",
        "A2State",
        "A3State",
    ]
