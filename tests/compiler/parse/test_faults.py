"""Planted faults: each gives one diagnostic at its place, and the rest is still read."""

import pytest

from conduit_async.diagnostics import Diagnostic, Problems
from conduit_async.parse import parse
from conduit_async.source import Source

_MEMBERS = """resource Post {
  id: uuid! @primary
  %s
  last: string!
  @after update @async { Email.send(self.id) }
}
resource User { id: uuid! }
"""
_STATEMENTS = """resource Post {
  id: uuid! @primary
  @after create {
    let first = 1
    %s
    Logger.info("last")
  }
  last: string!
}
resource User { id: uuid! }
"""


def findings(text: str) -> tuple[Diagnostic, ...]:
    problems = Problems()
    tree = parse(Source("post.conduit", text), problems)
    assert tree.span.source.text == text
    return problems.sorted()


def one(text: str) -> Diagnostic:
    found = findings(text)
    assert len(found) == 1, [(d.code, d.span, d.message) for d in found]
    return found[0]


@pytest.mark.parametrize(
    ("member", "code", "place", "message"),
    [
        ("title: string", "SYN005", "string", "does not say whether it may be nil"),
        ("a: { b: string }!", "SYN005", "string", "does not say"),
        ("title:", "SYN006", "title:", "a type is missing"),
        ("title string!", "SYN002", "string", "expected `:`"),
        ("title: string! = 5", "SYN001", "= 5", "takes no `=`"),
        ("a: array<>!", "SYN006", "array<>", "`array` needs one type"),
        ("a: array!", "SYN006", "array", "what it holds"),
        ("a: hash<string>!", "SYN006", "hash<string>", "type of values"),
        ("a: list<int>!", "SYN006", "list<int>", "takes no types"),
        ("a: enum [1]!", "SYN006", "enum [1]", "are strings"),
        ('a: enum("a")!', "SYN006", 'enum("a")', "are strings"),
        ("a: 5!", "SYN006", "5", "expected a type"),
        ("id: string!", "SYN013", "id", "declared twice"),
        ("s: { a: int! a: int! }!", "SYN013", "a", "declared twice"),
        ("naïve: string!", "SYN004", "naïve", "not a name"),
        ("наименование: string!", "SYN004", "наименование", "not a name"),
        ("1st: string!", "SYN008", "1st", "not a number"),
        ("@after craete @async { f() }", "SYN015", "craete", "no event"),
        ("@after { f() }", "SYN015", "@after", "does not say its event"),
        ("@aftr create { f() }", "SYN014", "aftr", "no hook timing"),
        ("@async { f() }", "SEM217", "@async", "is not allowed here"),
        ("title: string! @async", "SEM217", "@async", "is not allowed here"),
        ("@after create @async @async { f() }", "SYN001", "@async", "twice"),
        ("@after create", "SYN017", "create", "block"),
        ("@after create @async\n    f()\n  }", "SYN017", "@async", "block"),
        ("@function f(a string) -> int { 1 }", "SYN002", "string", "expected `:`"),
        ("@function f(a: int) -> { 1 }", "SYN001", "1", "expected a name"),
        ("a: User! { foreign_key: 1", "SYN011", "{", "not closed"),
        ("a: User! foreign_key: 1 }", "SYN011", "!", "`{` is missing"),
        ('@has_many "items"', "SYN001", '"items"', "expected a name"),
        ("foo()", "SYN001", "(", "is not allowed directly in a resource"),
        ("a: string!;", "SYN001", ";", "not needed"),
        ("@pattern_of(1)", "SYN012", "pattern_of", "unknown"),
        ("a: string! @pattern(/(/)", "VAL522", "/(/", "does not compile"),
    ],
)
def test_member(member: str, code: str, place: str, message: str) -> None:
    found = one(_MEMBERS % member)
    assert (found.code, found.span.text) == (code, place)
    assert message in found.message
    assert found.span.line >= 3


@pytest.mark.parametrize(
    ("statement", "code", "place", "message"),
    [
        ("if first { a() } else if b { c() } else { d() }", "SYN001", "else if", "one word"),
        ("if first { a() } elif b { c() }", "SYN001", "elif", "no `elif`"),
        ("first += 1", "SYN001", "+=", "no `+=`"),
        ("first /= 1", "SYN001", "/=", "no `/=`"),
        ("let x = ready? 1 : 2", "SYN001", "ready?", "belongs to the name"),
        ("return ready? a :b", "SYN001", "ready?", "belongs to the name"),
        ("let x = @async { f() }", "SYN001", "@async", "gives no value"),
        ("let let = 3", "SYN001", "let", "expected a name"),
        ("let x =\n    let y = 1", "SYN001", "=", "a value is missing"),
        ("let x = 1 +\n    let y = 1", "SYN001", "+", "a value is missing"),
        ("self.\n    let y = 1", "SYN001", ".", "a name is missing"),
        ("if first = 1 { a() }", "SYN001", "=", "cannot be a condition"),
        ("if first\n      a()\n    }", "SYN017", "first", "block"),
        ("if first\n    let x = 2", "SYN017", "first", "block"),
        ("else { a() }", "SYN001", "else", "expected a statement"),
        ("let x: int!= 5", "SYN001", "!=", "one operator"),
        ("let x = 1..2..3", "SYN001", "..", "chained"),
        ("let x = +1", "SYN001", "+", "no leading"),
        ("let x = 12abc", "SYN008", "12abc", "not a number"),
        ("let x = 1__0", "SYN008", "1__0", "not a number"),
        ("let x = 1e999", "SYN008", "1e999", "too large"),
        (r'let x = "a\q b"', "SYN009", r"\q", "not an escape"),
        (r'let x = "\u{D800}"', "SYN009", r"\u{D800}", "surrogate"),
        ('let x = "a#{}b"', "SYN009", "#{}", "empty"),
        ('Email.send("hello)', "SYN007", '"hello)', "not closed"),
        ('let s = "hello #{first"', "SYN007", '"hello #{first"', "not closed"),
        ("f(/abc)", "SYN007", "/abc)", "not closed on its line"),
        ("f(1, 2", "SYN011", "(", "not closed"),
        ("f(a: ", "SYN011", "(", "not closed"),
        ("let x = [1, 2)", "SYN011", ")", "cannot close"),
        ("f(1])", "SYN011", "]", "closes nothing"),
        ("f 1)", "SYN011", ")", "closes nothing"),
        ("f(a b)", "SYN002", "b", "`,` or `)`"),
        ("f(a = 1)", "SYN001", "=", "has a colon"),
        ('let h = { "a" => 1 }', "SYN001", "=>", "colon goes between"),
        ("f('abc')", "SYN001", "'abc'", "does not begin a string"),
        ("f(“abc”)", "SYN001", "“abc”", "does not begin a string"),
        ("let x = a & b", "SYN001", "&", "no operator"),
        ("let\u00a0x = 1", "SYN001", "\u00a0", "invisible character"),
        ("let r = /a/g", "VAL522", "g", "not a regex flag"),
        ("@transaction { f() }", "SEM218", "@transaction", "between a hook's event and its block"),
        ("@foo { f() }", "SYN001", "@foo", "is not allowed in a block"),
        ("f(g() rescue |e| { 1 })", "SYN001", "rescue", "is not allowed here"),
        ('let x = match a { "b" => 1 "c" => 2 }', "SYN002", '"c"', "separates the arms"),
        ("for x of y { z() }", "SYN002", "of", "expected `in`"),
        ("### never closed", "SYN010", "###", "comment is closed"),
    ],
)  # fmt: skip
def test_statement(statement: str, code: str, place: str, message: str) -> None:
    found = one(_STATEMENTS % statement)
    assert (found.code, found.span.text) == (code, place)
    assert message in found.message
    assert found.span.line >= 5 or code == "SYN010"


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("resource", "SYN010", 1),
        ("resource X", "SYN010", 1),
        ("resource 5 {\n}\n", "SYN003", 1),
        ("resource Pöst {\n}\n", "SYN003", 1),
        ("hello\nresource A {\n}\n", "SYN001", 1),
        ("resource A {\n  a: string!\n", "SYN010", 1),
        ("resource A {\n  a: string!\n}\n}\nresource B {\n}\n", "SYN011", 4),
        ("resource A {\n  a: string!\n\nresource B {\n}\n", "SYN011", 1),
        (
            "resource A {\n  @after create {\n    if a {\n      b()\n  }\n  c: int!\n"
            "  @after update { d() }\n}\n",
            "SYN011",
            3,
        ),
    ],
)
def test_file(text: str, code: str, line: int) -> None:
    found = one(text)
    assert (found.code, found.span.line) == (code, line)


def test_five_mistakes_give_five_diagnostics() -> None:
    text = """resource Post {
  title: string
  tags: array<>!
  @after craete @async { Email.send(self.id) }
  @after create {
    let x = 12abc
    foo(1, 2
    let y = x
  }
}
"""
    assert [(d.code, d.span.line) for d in findings(text)] == [
        ("SYN005", 2),
        ("SYN006", 3),
        ("SYN015", 4),
        ("SYN008", 6),
        ("SYN011", 7),
    ]


def test_what_follows_a_fault_is_kept() -> None:
    tree = parse(Source("a", _STATEMENTS % "let x = = 2"), Problems())
    assert [resource.name.text for resource in tree.resources] == ["Post", "User"]
    assert len(tree.resources[0].members) == 3


def test_at_most_a_hundred_are_reported() -> None:
    text = "resource R {\n" + "  a b c\n" * 500 + "}\n"
    assert len(findings(text)) == 100
