"""Expressions and statements: one case for each rule of the language page."""

import pytest
from trees import dump

from conduit_async import ast
from conduit_async.diagnostics import Problems
from conduit_async.parse import parse
from conduit_async.source import Source


def block(statements: str) -> ast.Block:
    problems = Problems()
    text = f"resource R {{\n  @after create {{\n{statements}\n  }}\n}}\n"
    tree = parse(Source("a.conduit", text), problems)
    assert problems.sorted() == ()
    hook = tree.resources[0].members[0]
    assert isinstance(hook, ast.Hook)
    return hook.body


def trees(statements: str) -> list[str]:
    return [
        dump(statement.value if isinstance(statement, ast.ExprStatement) else statement)
        for statement in block(statements).statements
    ]


@pytest.mark.parametrize(
    ("source", "tree"),
    [
        ("1 + 2 * 3", "(Binary 1 + (Binary 2 * 3))"),
        ("1 - 2 - 3", "(Binary (Binary 1 - 2) - 3)"),
        ("-2 ** 2", "(Unary - (Binary 2 ** 2))"),
        ("2 ** -1", "(Binary 2 ** (Unary - 1))"),
        ("2 ** 3 ** 2", "(Binary 2 ** (Binary 3 ** 2))"),
        ("not a == b", "(Binary (Unary not a) == b)"),
        ("!a.b", "(Unary not (Member a b))"),
        ("a || b && c", "(Binary a or (Binary b and c))"),
        ("a or b and not c", "(Binary a or (Binary b and (Unary not c)))"),
        ("a ?? b || c", "(Binary a ?? (Binary b or c))"),
        ("a == b < c", "(Binary a == (Binary b < c))"),
        ("a in b == c not_in d", "(Binary (Binary a in b) == (Binary c not_in d))"),
        ("a < 1..2 + 3", "(Binary a < (Binary 1 .. (Binary 2 + 3)))"),
        ("a ? b : c ? d : e", "(Ternary a then=b otherwise=(Ternary c then=d otherwise=e))"),
        ("a ? b ? c : d : e", "(Ternary a then=(Ternary b then=c otherwise=d) otherwise=e)"),
        ("a ?? b ? c : d", "(Ternary (Binary a ?? b) then=c otherwise=d)"),
        ("(1 + 2) * 3", "(Binary (Binary 1 + 2) * 3)"),
        ("a?.b.c", "(Member (Member a b safe=True) c)"),
        ("a.b(1)[2]!", "(Unwrap (Index (Call (Member a b) [(Argument 1)]) 2))"),
        ("1...5", "(Binary 1 ... 5)"),
        ("5.abs()", "(Call (Member 5 abs))"),
        ("1_000.5e3", "1000500.0"),
        ("1.5.seconds", "(Duration 1.5 second)"),
        ("7.day + 1.weeks", "(Binary (Duration 7 day) + (Duration 1 week))"),
        ("[1, 2,]", "(ArrayLiteral [1 2])"),
        ('{ a: 1, "b c": 2, }', "(HashLiteral [(Entry 'a' 1) (Entry 'b c' 2)])"),
        ("{ (d): 3 }", "(HashLiteral [(Entry d 3)])"),
        ("f({})", "(Call f [(Argument (HashLiteral))])"),
        ("f(a, to: b,)", "(Call f [(Argument a) (Argument to b)])"),
    ],
)  # fmt: skip
def test_precedence_and_postfix(source: str, tree: str) -> None:
    assert trees(source) == [tree]


@pytest.mark.parametrize(
    ("source", "tree"),
    [
        ("ready? ? 1 : 2", "(Ternary ready? then=1 otherwise=2)"),
        ("ready ? 1 : 2", "(Ternary ready then=1 otherwise=2)"),
        ("x?.y ?? x??y", "(Binary (Binary (Member x y safe=True) ?? x) ?? y)"),
        ("self.title_changed?", "(Member self title_changed?)"),
        ("Context.authenticated?()", "(Call (Member Context authenticated?))"),
        ("create!(1)", "(Call create! [(Argument 1)])"),
        ("x!.y", "(Member (Unwrap x) y)"),
        ("f(x)!", "(Unwrap (Call f [(Argument x)]))"),
        ("a != b", "(Binary a != b)"),
        ("a && !(b)", "(Binary a and (Unary not b))"),
    ],
)
def test_question_and_exclamation_marks(source: str, tree: str) -> None:
    assert trees(source) == [tree]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a\n- b", ["(Binary a - b)"]),
        ("a\n&& b", ["(Binary a and b)"]),
        ("a\n  .b()\n  ?.c", ["(Member (Call (Member a b)) c safe=True)"]),
        ("a\n-1", ["a", "(Unary - 1)"]),
        ("a\n(b)", ["a", "b"]),
        ("a\n[b]", ["a", "(ArrayLiteral [b])"]),
        ("a\n!b", ["a", "(Unary not b)"]),
        ("a\n/b/", ["a", "/b/"]),
        ("a\n/ b", ["(Binary a / b)"]),
        ("a\n:b", ["a", ":b"]),
        ("c ? a :b", ["(Ternary c then=a otherwise=b)"]),
        ("c\n  ? a\n  : b", ["(Ternary c then=a otherwise=b)"]),
        ("f(a\n-1)", ["(Call f [(Argument (Binary a - 1))])"]),
        ("f(a\n(b))", ["(Call f [(Argument (Call a [(Argument b)]))])"]),
        ("[a\n[0]]", ["(ArrayLiteral [(Index a 0)])"]),
        ("return\nfoo", ["(Return)", "foo"]),
        ("return foo", ["(Return foo)"]),
        ("return // why\nfoo", ["(Return)", "foo"]),
        ("if a { b } -1", ["(If [(Branch a (Block [(ExprStatement b)]))])", "(Unary - 1)"]),
        ("a b", ["a", "b"]),
    ],
)  # fmt: skip
def test_where_statements_end(source: str, expected: list[str]) -> None:
    assert trees(source) == expected


@pytest.mark.parametrize(
    ("source", "tree"),
    [
        ("a / b / c", "(Binary (Binary a / b) / c)"),
        ("f(/a\\/b[/]c/xi)", "(Call f [(Argument /a/b[/]c/ix)])"),
        ("x == /a b/ ", "(Binary x == /a b/)"),
        ("a[1] / b[2] / c", "(Binary (Binary (Index a 1) / (Index b 2)) / c)"),
    ],
)
def test_regex_and_division(source: str, tree: str) -> None:
    assert trees(source) == [tree]


@pytest.mark.parametrize(
    ("source", "tree"),
    [
        (r'"\n\t\r\\\"\0\#\u{1F600}"', repr('\n\t\r\\"\0#\N{GRINNING FACE}')),
        ('"a # b {c}"', "'a # b {c}'"),
        ('"Hi #{user.name}!"', "(String ['Hi ' (Member user name) '!'])"),
        ('"#{f("}", "#{b}")}"', "(String [(Call f [(Argument '}') (Argument (String [b]))])])"),
        ('"#{ { a: "}" } }"', "(String [(HashLiteral [(Entry 'a' '}')])])"),
        ('"#{a}#{b}"', "(String [a b])"),
        ('"a\nb"', repr("a\nb")),
        ('""', "''"),
    ],
)  # fmt: skip
def test_strings(source: str, tree: str) -> None:
    assert trees(source) == [tree]


@pytest.mark.parametrize("word", ["if", "let", "nil", "in", "match", "when", "self", "and", "for"])
def test_reserved_words_are_names_after_a_dot_and_before_a_colon(word: str) -> None:
    assert trees(f"a.{word}") == [f"(Member a {word})"]
    assert trees(f"f({word}: 1)") == [f"(Call f [(Argument {word} 1)])"]
    assert trees(f"f({{ a: 1, {word}: 2 }})") == [
        f"(Call f [(Argument (HashLiteral [(Entry 'a' 1) (Entry '{word}' 2)]))])"
    ]


@pytest.mark.parametrize(
    "word",
    [
        "text",
        "when",
        "enum",
        "as",
        "through",
        "under",
        "resource",
        "error",
        "order",
        "status",
        "by",
    ],
)
def test_soft_words_are_ordinary_names(word: str) -> None:
    assert trees(f"let {word} = {word}.a({word}: {word}) + {word}") == [
        f"(Let {word} (Binary (Call (Member {word} a) [(Argument {word} {word})]) + {word}))"
    ]


@pytest.mark.parametrize(
    ("source", "tree"),
    [
        ("f(|x, y| { x })", "(Call f [(Argument (Lambda [x y] (Block [(ExprStatement x)])))])"),
        ("f(||{ x })", "(Call f [(Argument (Lambda (Block [(ExprStatement x)])))])"),
        ("f((x) => x)", "(Call f [(Argument (Lambda [x] (Block [(ExprStatement x)])))])"),
        ("f(() => {})", "(Call f [(Argument (Lambda (Block [(ExprStatement (HashLiteral))])))])"),
        ("f((x), y)", "(Call f [(Argument x) (Argument y)])"),
    ],
)  # fmt: skip
def test_lambdas(source: str, tree: str) -> None:
    assert trees(source) == [tree]


@pytest.mark.parametrize(
    ("arms", "patterns"),
    [
        ('"a" => 1, _ => 2', ["'a'", "(Wildcard)"]),
        ("-5..-1 => 1, 1.5 => 2,", ["(Binary (Unary - 5) .. (Unary - 1))", "1.5"]),
        ("when :a, B.c { 1 } else { 2 }", [":a (Member B c)", "(Wildcard)"]),
        ("when => 2", ["when"]),
        ("when when { 1 }, nil => 2, else => 3", ["when", "nil", "(Wildcard)"]),
    ],
)
def test_match(arms: str, patterns: list[str]) -> None:
    for subject in ("x", "{ a: 1 }"):
        (statement,) = block(f"match {subject} {{ {arms} }}").statements
        assert isinstance(statement, ast.ExprStatement)
        assert isinstance(statement.value, ast.Match)
        found = [" ".join(map(dump, arm.patterns)) for arm in statement.value.arms]
        assert found == patterns


@pytest.mark.parametrize(
    ("source", "tree"),
    [
        ("let x: int! = 5", "(Let x int! 5)"),
        ("self.a.b = 1", "(Assign (Member (Member self a) b) 1)"),
        ("unless a { b }", "(If [(Branch a (Block [(ExprStatement b)]))] negated=True)"),
        ("error(\"no\")", "(Raise 'no')"),
        ("f() rescue { 1 }", "(Rescue (Call f) (Block [(ExprStatement 1)]))"),
        ("let x = a rescue |e| { 1 }", "(Let x (Rescue a error=e (Block [(ExprStatement 1)])))"),
        ("return f() rescue { 1 }", "(Return (Rescue (Call f) (Block [(ExprStatement 1)])))"),
        ("for x in xs { f(x) }", "(For x xs (Block [(ExprStatement (Call f [(Argument x)]))]))"),
        ("@async(a: 1) { b }", "(Async options=[(Argument a 1)] (Block [(ExprStatement b)]))"),
    ],
)  # fmt: skip
def test_statements(source: str, tree: str) -> None:
    assert trees(source) == [tree]


def test_comments() -> None:
    assert trees("a // b\n# c\n### d\ne ###\n#### f\nb") == ["a", "b"]


def test_both_forms_of_async_are_the_same_tree() -> None:
    assert dump(block("@async { f() }")) == "(Block [(Async (Block [(ExprStatement (Call f))]))])"
    problems = Problems()
    tree = parse(Source("a", "resource R { @after create @async { f() } }"), problems)
    hook = tree.resources[0].members[0]
    assert isinstance(hook, ast.Hook)
    assert dump(hook.body) == dump(block("@async { f() }"))
    assert hook.header.text == "@after create @async"
