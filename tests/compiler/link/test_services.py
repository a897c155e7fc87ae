"""The services that the application must provide: the union of all calls."""

import pytest

from conduit_async.compiler import compile, diagnose
from conduit_async.link.services import merged
from conduit_async.types import Enum


def sources(*blocks: str) -> dict[str, str]:
    return {
        f"{number}.conduit": f"resource R{number} {{ id: int! @primary name: string! note: text?\n"
        f"@after create @async {{ {block} }} }}"
        for number, block in enumerate(blocks)
    }


def services(*blocks: str) -> dict[str, dict[str, str]]:
    output = compile(sources(*blocks))
    assert output.files, output.diagnostics
    found = merged(each.services for each in output.summaries.values())
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
                        for p in method.named
                    ),
                ]
            )
            for method in service.methods
        }
        for service in found.values()
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
    assert [found.code for found in diagnose(sources(*blocks))] == ["GEN603"]


def test_the_types_of_an_argument_have_one_order() -> None:
    source = """
    resource A%d { id: int! @primary state: enum ["on", "off"]!
      @after create @async { Email.send(self.state) } }
    """
    output = compile({f"{number}.conduit": source % number for number in (3, 1, 2)})
    found = merged(each.services for each in [*output.summaries.values()][::-1])
    ((types,),) = [method.positional for method in found["Email"].methods]
    assert [kind.name for kind in types if isinstance(kind, Enum)] == [
        "A1State",
        "A2State",
        "A3State",
    ]


HOOK = """resource Order {
  id: uuid! @primary
  state: string!
  @function announce() -> json? { return Pager.page(self.id) }
  @after create {
    Statistics.count("orders")
    self.announce()
    @async { Email.send(self.state) %s }
  }
}
"""


def properties(text: str) -> dict[str, str]:
    """The attributes of `Services` with their types."""
    lines = text.partition("class Services")[2].splitlines()
    found = [line.split() for line in lines if line.startswith("    def ")]
    return {words[1].split("(")[0]: " ".join(words[3:]) for words in found}


@pytest.mark.parametrize(
    ("call", "is_for_hooks"),
    [("", True), ('Statistics.count("mails")', False), ("self.announce()", True)],
)
def test_a_service_that_no_job_calls_is_marked(call: str, is_for_hooks: bool) -> None:
    before = compile({"order.conduit": HOOK % ""})
    sources = {"order.conduit": HOOK % call}
    output = compile(sources, lock=before.lock)
    assert compile(sources, previous=before, lock=before.lock).files == output.files
    marked = 'Annotated[Statistics, "called by hooks only"]: ...'
    assert properties(output.files["services.py"]) == {
        "email": "Email: ...",
        "pager": "Pager: ..." if "announce" in call else marked.replace("Statistics", "Pager"),
        "statistics": marked if is_for_hooks else "Statistics: ...",
    }
