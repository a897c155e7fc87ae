"""Random expressions over fields of every type."""

import re
from random import Random

RESOURCES = """resource Post {
  id: uuid! @primary
  title: string!
  note: text?
  status: enum ["draft", "published"]!
  views: int!
  rating: float?
  ratio: float!
  price: decimal(10,2)!
  active: bool!
  created_at: timestamp!
  published_at: timestamp?
  day: date!
  tags: array<string>!
  scores: array<int>?
  meta: hash<string, int>!
  data: json?
  prices: array<decimal>!
  address: { street: string! zip: string? geo: { lat: float! }? }!
  place: { city: string! }?
  author: User!
  editor: User?
  @has_many Item as "items" { foreign_key: "post_id" }
  @function loud(text: string) -> string { return text.upcase() }
  @function half(n: int) -> int? {
    if n % 2 == 0 { return n / 2 }
    return nil
  }
  @function found(text: string) -> string? { return Search.find(text) }
  @computed label: string! { "#{self.title}!" }
  @after update {
    BODY
  }
}
resource User {
  id: uuid! @primary name: string! email: email? age: int?
  @has_many Post as "posts" { foreign_key: "author_id" }
}
resource Item { id: uuid! @primary name: string! amount: int! post: Post! }
"""
SETTINGS = "let was = self.previous_value(:note)\nlet n = 3\nlet x = Search.get(self.title)\n"

_ATOMS = [
    *("self.title", "self.note", "self.status", "self.views", "self.rating", "self.ratio"),
    *("self.price", "self.active", "self.created_at", "self.published_at", "self.day"),
    *("self.tags", "self.scores", "self.meta", "self.data", "self.address.street"),
    *("self.address.zip", "self.address.geo", "self.place", "self.place?.city"),
    *("self.author.name", "self.author.email", "self.editor?.name", "self.editor", "self.label"),
    *("was", "n", "x", "x.a", 'x["b"]', "nil", "1", "2.5", '"a"', '""', "true", "[1, 2]"),
    *('["a"]', "[]", "{ a: 1 }", "{}", "3.days", "1..4", "Time.now()", "self.title_changed?"),
    *("self.previous_value(:views)", 'self.status_changed_to?("draft")', 'Cache.get("k")'),
    *('self.meta["a"]', "self.tags[0]", "self.address.geo?.lat", "half(self.views)", "self.id"),
    *("self.items", "Item.where(amount > 1)", "Item.find(self.id)?.name", "found(self.title)"),
    *("Post.where(author_id in User.where(age: 3)).count", "Item.where(amount in [1, nil]).all"),
    *('{ a: 1, b: "x" }.a', '{ a: 1, b: { c: "x" } }.b.c', '[1, "x"][1]', "[1, 2].last()"),
    *("[{ a: 1 }].map(|h| { h.a })", "x.length()", 'x.includes?("a")'),
    *("Context.current_user", "Context.current_user?.name"),
    *("[1, self.price]", "{ a: 1, b: self.price }", 'error("no")', "Item.where(amount > n)"),
    *("self.items.count", "self.items.where(amount > n).first?.name", "[1, 2.5, nil]"),
    *("self.author.posts.count", "self.editor?.posts.pluck(:title)", "self.items.pluck(:amount)"),
    *("self.address.geo?.lat.round(1)", "self.editor?.posts.first?.views", "self.prices"),
]
_OPERATORS = [
    *("+", "-", "*", "/", "%", "**", "==", "!=", "<", ">=", "&&", "||", "??", "in", "not_in"),
]
_METHODS = [
    *("upcase()", "length()", "first()", 'split(" ")', "abs()", "year()", "keys()", "trim()"),
    *("map(|v| { v })", "filter(|v| { v })", 'includes?("a")', "reverse()", "slugify()"),
    *('push("z")', "merge({ b: 2 })", 'get("a")', "round(1)", "add_days(2)", "format(2)"),
    *("unique()", "truncate(2)", "stringify()", "word_count()", 'join(",")', 'starts_with?("a")'),
    *("max(2)", "escape()", "concat([1])", "sort()", "map(|v| { v * 2 })", "last()", "empty?()"),
    *("map(|v| { v.upcase() })", "values()", "test(/a/)", "diff(Time.now())"),
    *("subtract(1.hour)", "map(|v| { let w = Search.find(v)  return w })"),
]
_STATEMENTS = [
    "Email.send(VALUE)",
    "if VALUE { Email.one(1) } else { Email.two(2) }",
    "let seenNUMBER = Email.ask(VALUE) rescue |err| { err.message }",
    "for each in VALUE { Email.send(each) }",
    "self.note = VALUE",
    "self.status = VALUE",
    "self.prices = VALUE",
    "self.rating = VALUE",
    "let keptNUMBER = VALUE  Email.send(keptNUMBER)",
    "let keptNUMBER = VALUE  keptNUMBER = OTHER  Email.send(keptNUMBER, [keptNUMBER])",
    "unless VALUE { return }",
    'if self.status == "draft" { Email.send(VALUE, self.status == "published") }',
    "if self.place?.city == self.title { Email.send(self.place.city, VALUE) }",
    "if self.active { let onNUMBER = self.active  onNUMBER = !VALUE  Email.send(onNUMBER) }",
    "let wideNUMBER: array<int?>? = self.scores  Email.send(wideNUMBER, VALUE)",
    "self.tags.map(|tag| { self.note = tag  VALUE })",
]
_WORD = re.compile("VALUE|OTHER|NUMBER")
_PATTERNS = ["nil", "1", '"a"', '"draft"', "1..3"]
_INDEXES = ["0", '"a"', "n"]


def expression(random: Random, depth: int) -> str:
    """A random expression, nested at most so deep; it may have errors."""
    if depth <= 0 or random.random() < 0.2:
        return random.choice(_ATOMS)

    def part() -> str:
        return expression(random, depth - 1)

    match random.randrange(14):
        case 0 | 1 | 2:
            return f"({part()} {random.choice(_OPERATORS)} {part()})"
        case 3 | 4:
            return f"{part()}.{random.choice(_METHODS)}"
        case 5:
            return f"{part()}?.{random.choice(_METHODS)}"
        case 6:
            return f"({part()} ? {part()} : {part()})"
        case 7:
            return f"!{part()}"
        case 8:
            return f"({part()})!"
        case 9:
            return f'"<#{{{part()}}}>"'
        case 10:
            return f"[{part()}, {part()}]"
        case 11:
            return f"loud({part()})"
        case 12:
            pattern = random.choice(_PATTERNS)
            return f"match {part()} {{ {pattern} => {part()}, _ => {part()} }}"
        case _:
            return f"({part()})[{random.choice(_INDEXES)}]"


def statements(random: Random, count: int) -> list[str]:
    """Random statements over random expressions."""
    found = []
    for number in range(count):
        value = expression(random, random.choice([1, 2, 2, 3]))
        other = expression(random, random.choice([1, 2]))
        form = random.choice(_STATEMENTS)
        words = {"VALUE": value, "OTHER": other, "NUMBER": str(number)}
        found.append(_WORD.sub(lambda word, words=words: words[word[0]], form))
    return found


def source(lines: list[str], *, in_job: bool) -> str:
    """A source that runs the statements in a hook or in a job."""
    body = SETTINGS + "\n".join(lines)
    body = f"@async {{ {body} }}" if in_job else f"{body}\n@async {{ Email.done(self.id) }}"
    return RESOURCES.replace("BODY", body)
