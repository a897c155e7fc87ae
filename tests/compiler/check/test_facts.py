"""The checker's facts about correct code: types, resolutions, locals, jobs."""

import pytest

from conduit_async import ast
from conduit_async.check import check
from conduit_async.config import Config
from conduit_async.diagnostics import Problems
from conduit_async.parse import parse
from conduit_async.program import (
    FunctionCall,
    LibraryCall,
    Local,
    Program,
    RecordCall,
    RelationUse,
    SelfColumn,
    ServiceCall,
)
from conduit_async.source import Source

RESOURCES = """
    resource Post {
        id: uuid! @primary
        title: string!
        note: text?
        state: enum ["draft", "live"]!
        views: int!
        rating: float?
        price: decimal!
        tags: array<string>!
        meta: hash<string, int>!
        data: json?
        made: timestamp!
        day: date!
        place: { city: string! zip: string? }?
        author: User!
        editor: User?
        @has_many Item as "items" { foreign_key: "post_id" }
        @function loud(text: string, mark: string = "!") -> string { return text }
        @after update @async { %s }
    }
    resource User { id: uuid! @primary name: string! email: string? }
    resource Item { id: uuid! @primary amount: int! cost: decimal! post: Post! }
"""


def program(statements: str) -> Program:
    problems = Problems()
    source = Source("post.conduit", RESOURCES % statements)
    found = check([parse(source, problems)], Config(), problems)
    assert found is not None, [d.message for d in problems.sorted()]
    return found


def nodes(found: Program, text: str) -> list[ast.Node]:
    return [node for node in found.facts.types if node.span.text == text]


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("self.title", "string"),
        ("self.note", "string?"),
        ("self.state", "enum [draft, live]"),
        ("self.author", "User"),
        ("self.editor", "User?"),
        ("self.editor?.name", "string?"),
        ("self.author?.name", "string?"),
        ("self.author_id", "uuid"),
        ("self.items", "array<Item>"),
        ("self.place?.city.upcase()", "string?"),
        ("self.place!.city", "string"),
        ("self.tags[0]", "string?"),
        ('self.meta["a"]', "int?"),
        ("self.meta.a", "int?"),
        ("self.data?.a", "json"),
        ("self.views + 1", "int"),
        ("self.views / 2", "int"),
        ("self.views * 1.5", "float"),
        ("self.views + self.price", "decimal"),
        ("2 ** 3", "int"),
        ("2 ** -1", "float"),
        ('"a" * 3', "string"),
        ("self.made + 2.days", "timestamp"),
        ("self.made - self.made", "duration"),
        ("self.day - 1.day", "date"),
        ("1..3", "range of int"),
        ("self.note ?? self.title", "string"),
        ("self.note || self.title", "string"),
        ("self.note && 1", "string or int"),
        ("self.views > 1 && true", "bool"),
        ("!self.note", "bool"),
        ("self.views > 1 ? 1 : nil", "int?"),
        ("self.views > 1 ? 1 : 2.5", "float"),
        ('self.views > 1 ? 1 : "a"', "int or string"),
        ("[1, nil]", "array<int?>"),
        ('[1, "a"]', "array<int or string>"),
        ("{ a: 1, b: 2.5 }", "hash<string, int or float>"),
        ('match self.state { "draft" => 1, "live" => 2 }', "int"),
        ('match self.state { "draft" => 1 }', "int?"),
        ("self.tags.map(|t| { t.length() })", "array<int>"),
        ("self.tags.filter((t) => t).first()", "string?"),
        ("Number.round(self.price, 2)", "decimal"),
        ("Number.round(self.price)", "int"),
        ("Number.max(1, 2.5)", "float"),
        ('Env.get("A")', "string?"),
        ('Env.get("A", "b")', "string"),
        ("self.meta.merge({ b: 2 })", "hash<string, int>"),
        ("loud(self.title)", "string"),
        ("self.previous_value(:note)", "string?"),
        ("self.previous_value(:views)", "int"),
        ("Search.find(1).a[0]", "any"),
        ("Item.find(self.id)", "Item?"),
        ("Item.where(amount > 1)", "query of Item"),
        ("Item.where(amount > 1).all", "array<Item>"),
        ("Item.pluck(:amount)", "array<int>"),
        ("Item.pluck(:amount, :cost)", "array<array<decimal>>"),
        ("sum(Item, :cost)", "decimal"),
        ("avg(Item, :amount)", "decimal?"),
        ("max(Item, :amount)", "int?"),
        ("Item.count", "int"),
    ],
)
def test_the_type_of_an_expression(expression: str, kind: str) -> None:
    # `let` alone would warn of nothing and keep every type, even a query's
    found = program(f"let value = {expression}\n Email.send(1)")
    let = next(n for n in found.facts.declared if isinstance(n, ast.Let))
    assert str(found.facts.types[let.value]) == kind


def test_what_calls_and_names_mean() -> None:
    found = program("Email.send!(loud(self.title), self.title.upcase(), self.author, Item.count)")
    resolved = {n.span.text: r for n, r in found.facts.resolutions.items()}
    call = next(r for r in resolved.values() if isinstance(r, ServiceCall))
    assert (call.service, call.method) == ("Email", "send")
    function = resolved["loud(self.title)"]
    assert isinstance(function, FunctionCall)
    assert function.arguments[1] is None
    assert function.function.reached
    assert isinstance(resolved["self.title"], SelfColumn)
    library = resolved["self.title.upcase()"]
    assert isinstance(library, LibraryCall)
    assert library.signature.call == "String.upcase"
    assert isinstance(resolved["self.author"], RelationUse)
    assert isinstance(resolved["Item.count"], RecordCall)


def test_reads_that_are_known_not_to_be_nil() -> None:
    found = program("if self.note { Email.send(self.note) }\n Email.send(self.note)")
    reads = nodes(found, "self.note")
    assert [node in found.facts.narrowed for node in reads] == [False, True, False]


def test_an_optional_chain_is_nil_as_a_whole() -> None:
    found = program("Email.send(self.place?.city.upcase())")
    kinds = [str(found.facts.types[n]) for n in nodes(found, "self.place?.city")]
    assert kinds == ["string"]
    assert str(found.facts.types[nodes(found, "self.place?.city.upcase()")[0]]) == "string?"


def test_locals_know_their_job_and_their_python_name() -> None:
    found = program(
        """
        let class = 1
        if self.note { let total = class
          Email.send(total) }
        let total = "a"
        @async { let total = 2
          Email.send(total, class) }
        """
    )
    lets = [n for n in found.facts.declared if isinstance(n, ast.Let)]
    made = [found.facts.declared[n] for n in sorted(lets, key=lambda n: n.span.start)]
    assert [local.python for local in made] == ["class_", "total", "total_2", "total"]
    outer, inner = made[2].owner, made[3].owner
    assert outer is not None
    assert inner is not None
    assert inner.parent is outer
    assert list(found.facts.jobs.values()) == [outer, inner]


@pytest.mark.parametrize(
    ("statements", "kind"),
    [
        ("let x = 1\n x = 2.5", "float"),
        ("let x = 1\n x = nil", "int?"),
        ('let x = 1\n x = "a"', "int or string"),
        ("let x = nil\n x = 1", "any"),
        ("let x = self.note\n x = self.title", "string?"),
        ("let x = 0\n for t in self.tags { x = x + t.length() * 0.5 }", "float"),
    ],
)
def test_a_local_holds_whatever_it_is_assigned(statements: str, kind: str) -> None:
    found = program(f"{statements}\n Email.send(x)")
    local = next(r for r in found.facts.resolutions.values() if isinstance(r, Local))
    assert str(local.type) == kind


def test_tables_columns_and_relations() -> None:
    found = program("Email.send(1)")
    post = found.resources["Post"]
    assert (post.table, post.module, post.primary_key) == ("posts", "post", "id")
    assert list(post.columns)[-3:] == ["place", "author_id", "editor_id"]
    assert str(post.columns["editor_id"].type) == "uuid?"
    assert str(post.columns["place"].type) == "PostPlace?"
    assert list(found.structs["PostPlace"].fields) == ["city", "zip"]
    items = post.relations["items"]
    assert (items.kind, items.target, items.key) == ("to_many", "Item", "post_id")
