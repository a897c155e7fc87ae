"""What an operation on a value of unknown type gives, of which some types are known."""

import pytest

from conduit_async.compiler import diagnose

EITHER = "let v = Out.echo() && { a: 1 } "


@pytest.mark.parametrize(
    "statements",
    [
        "for item in v { self.tags = [item] }",
        "self.tags = [v[0]!]",
        "self.tags = [v.name!]",
        "self.tags = [v()]",
        "self.ratio = -v",
    ],
)
def test_it_is_of_another_type(statements: str) -> None:
    source = f"""resource Post {{
      id: int!
      tags: array<string>!
      ratio: float!
      @after create @async {{ {EITHER} {statements} }}
    }}"""
    assert [(each.code, each.message) for each in diagnose({"post.conduit": source})] == []


def test_the_value_itself_is_not() -> None:
    source = f"""resource Post {{
      id: int!
      title: string!
      @after create @async {{ {EITHER} self.title = v }}
    }}"""
    (diagnostic,) = diagnose({"post.conduit": source})
    assert diagnostic.code == "TYP102"
