"""After any edit, what is compiled in part is what a whole compilation gives, byte for byte."""

import json
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.projects import resource_name, source
from conduit_async import increment
from conduit_async.compiler import Output, Previous, compile
from conduit_async.config import Config
from conduit_async.output import Layouts
from conduit_async.parts import as_json, from_json
from conduit_async.render import as_text
from conduit_async.source import Source

SIZE = 6
STORE = """
/// Where things are kept.
resource Depot {
  id: uuid! @primary
  name: string!
  level: enum ["low", "high"]!
  address: { street: string! city: string? }!
  keeper: Customer? { foreign_key: "keeper_id" }
  @function label(prefix: string) -> string { return "#{prefix} #{self.name}" }
  @function told() { Audit.told(self.name) }
  @scope high { where: { level: "high" } }
  @validate { self.naem == 1 }
  @after create { @async { Warehousing.opened(self, label("new")) } }
}
resource Visit {
  id: uuid! @primary
  depot: Depot! { foreign_key: "depot_id" }
  @after create {
    @async {
      Webhook.visited(self.depot.label("seen"), by: self.depot.keeper?.contact)
      Webhook.open(Depot.high.count())
    }
  }
  @after delete { @async { self.depot.told() } }
}
"""
CONFIG = Config(
    externs=("notify",),
    sensitive=("Customer.contcat",),
    origin=Source("conduit.toml", 'sensitive = ["Customer.contcat"]'),
)
STATEMENTS = (
    "Audit.seen(self.id)",
    "Audit.seen(self.id, at: Time.now())",
    "Webhook.visited(self, 3)",
    "notify(self.id)",
    "SearchIndex.add(self)",
    "Depto.opened(self.id)",
    "Coment.create(self.id)",
    "Risk.of(Order.where(quantity > 3).count())",
    'Depot.create!({ name: "x", level: "low", address: { street: "a" } })',
    "Customer.update!(self.id, { quantity: 3 })",
    "Audit.seen(Visit.find(self.id)?.depot.label(String.upcase(self.id.to_string ?? self.id)))",
    "self.id == self.id",
    "return 3",
    "let x: { a: int! }! = { a: 1 }\n Audit.seen(x)",
    'let x: { a: string! }! = { a: "s" }\n Audit.seen(x)',
    "unknown.call(self.nothing)",
    "Audit.seen(Depot.first()?.label(\"p\"))",
    "Audit.seen(Depot.high.first()?.name)",
    "Depot.first()?.told()",
    "for depot in Depot.all { Audit.named(depot.name, depot.level) }",
)  # fmt: skip


def project() -> dict[str, str]:
    """Sources by path."""
    sources = {f"{resource_name(n).lower()}.conduit": source(n, SIZE) for n in range(SIZE)}
    return {**sources, "store/depot.conduit": STORE}


def before_last_brace(text: str, added: str) -> str:
    return f"{text.rstrip()[:-1].rstrip()}\n  {added}\n}}\n"


EDITS: tuple[Callable[[Random, str], str], ...] = (
    lambda random, text: before_last_brace(
        text,
        f"@after {random.choice(['create', 'update', 'delete', 'save'])} "
        f"{{ @async {{ {random.choice(STATEMENTS)} }} }}",
    ),
    lambda random, text: before_last_brace(
        text, f"@after delete {{ {random.choice(STATEMENTS)}\n @async {{ Audit.gone(self.id) }} }}"
    ),
    lambda random, text: text.replace(
        "@async {", f"@async {{ {random.choice(STATEMENTS)} ", random.randint(1, 2)
    ),
    lambda random, text: text.replace("Audit.", random.choice(["Risk.", "Adit.", "Depots."]), 1),
    lambda random, text: f"// a comment\n\n{text}",
    lambda random, text: text.replace("\n    @async", "\n    // why\n\n    @async", 1),
    lambda random, text: text.replace('name: "publish"', 'name: "announce"'),
    lambda random, text: text.replace("@after create", "@before create", 1),
    lambda random, text: text.replace("@before create", "@after create", 1),
    lambda random, text: before_last_brace(text, f"extra{random.randint(0, 99)}: int?"),
    lambda random, text: before_last_brace(text, "@function extra() -> int { return 1 }"),
    lambda random, text: text.replace("number", "nmber", 1),
    lambda random, text: text[: random.randint(0, len(text))],
)


def edited(random: Random, sources: dict[str, str]) -> dict[str, str]:
    """The sources after an edit of one of them, or of two."""
    changed = dict(sources)
    for _ in range(random.choice([1, 1, 1, 2])):
        path = random.choice(sorted(changed))
        changed[path] = random.choice(EDITS)(random, changed[path])
    if random.random() < 0.05:
        del changed[random.choice(sorted(changed))]
    return changed


def previous_of(output: Output) -> Previous:
    """What is known of a compilation, stored and read again."""
    stored = json.loads(json.dumps({path: as_json(part) for path, part in output.parts.items()}))
    parts = {path: from_json(part) for path, part in stored.items()}
    return Previous(parts, output.files, output.diagnostics)


def told(output: Output) -> tuple[object, ...]:
    parts = {path: as_json(part) for path, part in output.parts.items()}
    diagnostics = as_text(output.diagnostics, color=False)
    return output.files, list(output.files), diagnostics, output.job_types, parts


@pytest.mark.property
@given(st.randoms(use_true_random=False))
@settings(max_examples=8, deadline=None)
def test_an_edit_gives_what_a_whole_compilation_gives(random: Random) -> None:
    sources = project()
    before = compile(sources, CONFIG)
    assert before.files, as_text(before.diagnostics, color=False)
    for _ in range(3):
        changed = edited(random, sources)
        whole = compile(changed, CONFIG)
        assert told(compile(changed, CONFIG, previous=previous_of(before))) == told(whole)
        if whole.files:
            sources, before = changed, whole


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: before_last_brace(text, "@after delete @async { Audit.removed(self.id) }"),
        lambda text: f"// a comment\n\n{text}",
        lambda text: text.replace("Summary", "In short"),
        lambda text: text.replace("self.quantity *", "2 *"),
        lambda text: text.replace('name: "finish"', 'name: "complete"'),
        lambda text: text.replace(" @async", " self.id == nil\n @async", 1),
    ],
)
def test_a_change_of_hooks_needs_no_whole_compilation(
    edit: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = project()
    before = previous_of(compile(sources, CONFIG))
    path = f"{resource_name(3).lower()}.conduit"
    sources[path] = edit(sources[path])
    whole = compile(sources, CONFIG)
    read: list[str] = []
    parse = increment.parse
    monkeypatch.setattr(
        increment,
        "parse",
        lambda source, found: (read.append(source.path), parse(source, found))[1],
    )
    found = increment.recompile(sources, CONFIG, before, Layouts({}))
    assert found is not None
    assert told(found) == told(whole)
    assert path in read
    assert len(read) <= 3


def test_a_service_that_may_be_a_slip_is_told_as_by_a_whole_compilation() -> None:
    sources = project()
    before = previous_of(compile(sources, CONFIG))
    path = f"{resource_name(3).lower()}.conduit"
    hook = "@after delete @async { Adit.removed(self.id) Audit.removed(self.id) }"
    sources[path] = before_last_brace(sources[path], hook)
    whole = compile(sources, CONFIG)
    assert "PAT406" in {found.code for found in whole.diagnostics}
    assert told(compile(sources, CONFIG, previous=before)) == told(whole)


def test_resources_whose_classes_meet_are_compiled_as_a_whole() -> None:
    sources = {
        "order.conduit": "resource Order { id: int! }",
        "snapshot.conduit": "resource OrderSnapshot { id: int! }",
        "user.conduit": "resource User { id: int! @after create @async { Mail.send(self) } }",
    }
    before = compile(sources)
    previous = Previous(before.parts, before.files, before.diagnostics)
    hook = "@after create @async { Mail.send(self) }"
    changed = sources | {"order.conduit": f"resource Order {{ id: int! {hook} }}"}
    for output in (compile(changed), compile(changed, previous=previous)):
        assert [each.code for each in output.diagnostics] == ["GEN601"]
