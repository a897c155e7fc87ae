"""A project of several sources, and random edits of it."""

import re
from collections.abc import Callable
from random import Random

from benchmarks.projects import resource_name, source
from conduit_async.config import Config
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


FIELDS = (
    "extra{}: int?",
    'level{}: enum ["low", "high"]?',
    'place{}: {{ street: string! kind: enum ["a", "b"]? }}?',
    "depot{}: Depot?",
    "customer{}: Customer?",
    "date: date?\n  due{}: date?",
    "CustomerPlace: string?",
)
NEW = (
    STORE.replace("Depot", "Ware").replace("Visit", "Call").replace("label", "tag"),
    "resource Decimal { id: int! @primary\n price: decimal! "
    "@after create @async { Audit.seen(self) } }",
    "resource Adit { id: int! @primary }",
    "resource Finish { id: int! @primary "
    "@after delete @async { Risk.gone(self, Customer.first()) } }",
    'resource CustomerPlace { id: int! @primary\n order: Order! { foreign_key: "order_id" } }',
    "resource Depto { id: int! @primary @scope opened { where: { id: 1 } } }",
)


def edited(random: Random, sources: dict[str, str]) -> dict[str, str]:
    """The sources after one or two edits, each of a source or of the set of files."""
    changed = dict(sources)
    for _ in range(random.choice([1, 1, 1, 2])):
        path = random.choice(sorted(changed))
        match random.randrange(10):
            case 0:
                del changed[path]
            case 1:
                changed[f"new/{random.randrange(9)}.conduit"] = random.choice(NEW)
            case 2 | 3 | 4:
                field = random.choice(FIELDS).format(random.randrange(3))
                changed[path] = changed[path].replace("\n  id:", f"\n  {field}\n  id:", 1)
            case 5:
                lines = changed[path].split("\n")
                found = [n for n, line in enumerate(lines) if re.match(r"  \w+: [\w()]+[?!]", line)]
                if found:
                    del lines[random.choice(found)]
                changed[path] = "\n".join(lines)
            case _:
                changed[path] = random.choice(EDITS)(random, changed[path])
    return changed
