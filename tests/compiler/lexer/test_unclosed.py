"""An unclosed bracket hides no mistakes in the lines after it."""

import pytest

from conduit_async.compiler import diagnose
from conduit_async.diagnostics import Diagnostic

MEMBERS = """resource Post {
  id: uuid! @primary
  %s
  second: string
  third: strng!
  fourth: text! @max(3)
  @has_many Comment as "comments" { foreign_key: "post_id" }
  fifth: enum [1]!
  @after create @async { Email.send(self.fourth) }
}
resource Comment { id: uuid! @primary post_id: uuid! }
"""
IN_MEMBERS = ["second: string", "third: strng!", "fifth: enum [1]!"]
STATEMENTS = """resource Post {
  id: uuid! @primary
  title: string!
  tags: array<string>!
  @after create @async {
    let n = 1
    %s
    Email.send(self.second)
    self.title = self.third
    if self.fifth { Email.send(1) }
  }
  last: strng!
}
"""
IN_STATEMENTS = ["self.second", "self.third", "self.fifth", "last: strng!"]


def mistakes(sample: str, planted: str) -> tuple[list[str], list[Diagnostic]]:
    """The later lines with diagnostics, and the diagnostics of the planted mistake itself."""
    text = sample % planted
    first = text.count("\n", 0, text.index(planted)) + 1
    last = first + planted.count("\n")
    found = diagnose({"post.conduit": text})
    lines = text.splitlines()
    after = [lines[each.span.line - 1].strip() for each in found if each.span.line > last]
    return after, [each for each in found if first <= each.span.line <= last]


@pytest.mark.parametrize(
    "member",
    [
        "body: text! @min(5",
        "body: text! @min(5 @max(7)",
        "body: text! @default([1, 2",
        "body: text! @default({a: 1",
        "body: text! @default(f(1",
        'body: text! @pattern("abc"',
        "body: text! @pattern(/abc",
        "body: string(5!",
        'body: enum ["a", "b"!',
        "body: array<string!",
        "body: array<array<string>!",
        "body: array<string @index",
        "body: hash<string, array<int>!",
        "body: { a: int!",
        "body: { a: int!\n    b: string(5!\n  }!",
        'body: Comment! { foreign_key: "x"',
        "@on create: [auth, rate(5",
        "@on create: [auth",
        "@operations [list, get",
        "@middleware [a, b(1)",
        "@function f(a: int -> int { return 1 }",
        "@function f(a: int",
        "@function f(\n    a: int,\n    b: string",
        "@scope s(a: int",
        '@has_many Comment as "xs" { foreign_key: "post_id"',
        '@after create @async(queue: "x"',
        '@after create @async(queue: "x" { Email.send(1) }',
        "@validate {",
        '@constraint foo { on: [create when: 1 condition: true error: "x" }',
    ],
)
def test_a_member(member: str) -> None:
    after, own = mistakes(MEMBERS, member)
    assert after == IN_MEMBERS
    assert len(own) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "Email.send(n",
        "Email.send(",
        "Email.send(n,",
        "Email.send([n, 2",
        "Email.send([n, 2)",
        "Email.send(n, {a: 1",
        "Email.send(n, {a: 1)",
        "Email.send(\n      n,\n      2",
        "let y = (n + 1",
        "let y = [1, 2",
        "let y = {a: {b: 1}",
        'self.title = ("a"',
        "n = (n + 1",
        "if (n > 1 {\n      Email.send(n)\n    }",
        "if n > 1 {\n      Email.send(n)",
        "for x in [1, 2 {\n      Email.send(x)\n    }",
        "Email.send(n) rescue |e| {",
        "match n {\n      1 => 2,",
        "let z = self.tags.map(|t| { t }",
        'let z = "a #{f(n}"',
        "let z = self.tags[0",
    ],
)
def test_a_statement(statement: str) -> None:
    after, own = mistakes(STATEMENTS, statement)
    assert all(any(part in line for line in after) for part in IN_STATEMENTS), after
    assert len(after) == len(IN_STATEMENTS)
    assert len(own) == 1


@pytest.mark.parametrize(
    "member",
    [
        '@after update @async(\n  queue: "mail",\n  max_attempts: 5) { Email.send(1) }',
        "@function f(\na: int!,\nb: string?\n) -> int { return a }",
        "@function f(a: { b: int!\n c: string! }) -> int { return a.b }",
        "@on create: [\n  auth,\n  rate_limit(\n  5,\n  per: minute\n  )\n  ]",
        'tags: array<string>! @default([\n  "a",\n  "b"\n  ])',
        "@after update @async {\n  let a = f(\n  self.id,\n  [\n  1,\n  2\n  ]\n  )\n"
        "  Email.send(a\n  + 1)\n  }"
        "\n  @function f(a: uuid, b: array<int>) -> int { return 1 }",
        "address: {\nstreet: string!\ncity: string(5)!\n}!",
    ],
)
def test_lines_inside_brackets_stay_there(member: str) -> None:
    text = "resource Post {\n  id: uuid! @primary\n  %s\n  @after create @async { A.b() }\n}\n"
    assert diagnose({"post.conduit": text % member}) == ()


def test_a_comma_that_is_missing_is_no_bracket() -> None:
    _, own = mistakes(STATEMENTS, "Email.send(n\n      n)")
    assert [each.code for each in own] == ["SYN002"]
    _, own = mistakes(STATEMENTS, "Email.send(n\n    n)")
    assert [each.code for each in own] == ["SYN002"]
