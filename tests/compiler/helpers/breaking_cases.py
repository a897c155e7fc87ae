"""Pairs of sources, each with the findings of `conduitc breaking` and the order of the deploy."""

from collections.abc import Mapping

NOTHING: Mapping[str, str] = {}


def post(fields: str, *used: str) -> str:
    """A resource with a job that captures some of its fields."""
    calls = ", ".join(f"self.{name}" for name in used)
    return f"""
resource Post {{
  id: uuid! @primary
  {fields}
  @after create @async {{ Email.send([{calls}]) }}
}}
"""


def one(kind: str, name: str = "x", more: str = "") -> str:
    """A job that captures a field of a type."""
    return post(f"{name}: {kind} {more}", name)


STRUCT = "{ street: string! city: string%s }!"
WHOLE = """
resource Post {
  id: uuid! @primary
  title: string!
  %s
  @after create @async { Search.put(self) }
}
"""
LOCAL = """
resource Post {
  id: uuid! @primary
  count: int!
  day: date!
  total: decimal!
  @after create {
    let x = %s
    @async { Email.send(x) }
  }
}
"""

RELATION = """
resource Buyer { id: uuid! @primary  email: string! }
resource Seller { id: uuid! @primary  email: string! }
resource Post {
  id: uuid! @primary
  who: %s
  @after create { @async { Email.send(self.who.email) } }
}
"""
OF_VARIABLE = RELATION.replace("@async { Email.send(self", "let row = self @async { Email.send(row")
BEFORE = """
resource Post {
  id: uuid! @primary
  x: string?
  @after create {
    let y = %s
    @async { Email.send([y]) }
  }
}
"""

LOSSY: Mapping[str, tuple[str, str, Mapping[str, str]]] = {
    "a nullable field is renamed without saying so": (
        one("string?", "x"),
        one("string?", "y"),
        {"BRK101 x": "either", "BRK112 y": "drain-first"},
    ),
    "a field that can be loaded is renamed without saying so": (
        post("x: string!", "id", "x"),
        post("y: string!", "id", "y"),
        {"BRK101 x": "workers-first", "BRK112 y": "drain-first"},
    ),
    "a field with a default is renamed without saying so": (
        one("string!", "x"),
        one("string!", "y", '@default("a")'),
        {"BRK101 x": "workers-first", "BRK112 y": "drain-first"},
    ),
    "a struct's nullable field is renamed without saying so": (
        one("{ a: int! b: string? }!"),
        one("{ a: int! c: string? }!"),
        {"BRK101 x.b": "either", "BRK112 x.c": "drain-first"},
    ),
    "a variable is captured no more, but the field that it held": (
        BEFORE % "self.x",
        one("string?", "x"),
        {"BRK101 y": "either", "BRK112 x": "drain-first"},
    ),
    "a variable with another value is captured in place of a field": (
        one("string?", "x"),
        BEFORE % "self.x?.upcase()",
        {"BRK101 x": "either", "BRK112 y": "drain-first"},
    ),
}
"""Upcasters read the old jobs, but may not have the value that such a job captured."""

CASES: Mapping[str, tuple[str, str, Mapping[str, str], str]] = {
    "nothing": (one("string!"), "\n// news\n" + one("string!"), NOTHING, "either"),
    "a field is removed": (
        post("x: string! y: int!", "x", "y"),
        post("x: string! y: int!", "x"),
        {"BRK101 y": "workers-first"},
        "workers-first",
    ),
    "a nullable field is removed": (
        post("x: string! y: int?", "x", "y"),
        post("x: string! y: int?", "x"),
        {"BRK101 y": "either"},
        "either",
    ),
    "a json field is removed": (
        post("x: string! y: json!", "x", "y"),
        post("x: string! y: json!", "x"),
        {"BRK101 y": "workers-first"},
        "workers-first",
    ),
    "a field is added": (
        post("x: string! y: int!", "x"),
        post("x: string! y: int!", "x", "y"),
        {"BRK102 y": "web-first"},
        "web-first",
    ),
    "a nullable field is added": (
        post("x: string! y: int?", "x"),
        post("x: string! y: int?", "x", "y"),
        {"BRK102 y": "either"},
        "either",
    ),
    "a field with a default is added": (
        post("x: string! y: int! @default(3)", "x"),
        post("x: string! y: int! @default(3)", "x", "y"),
        {"BRK102 y": "either"},
        "either",
    ),
    "a json field is added": (
        post("x: string! y: json!", "x"),
        post("x: string! y: json!", "x", "y"),
        {"BRK102 y": "web-first"},
        "web-first",
    ),
    "another type of a field that can be loaded": (
        post("x: string!", "id", "x"),
        post("x: int!", "id", "x"),
        {"BRK104 x": "never"},
        "never",
    ),
    "never nil, and could be loaded": (
        post("x: string?", "id", "x"),
        post("x: string!", "id", "x"),
        {"BRK105 x": "web-first"},
        "web-first",
    ),
    "a nullable field is captured in place of another one": (
        post("x: string? y: string?", "x"),
        post("x: string? y: string?", "y"),
        {"BRK101 x": "either", "BRK102 y": "either"},
        "either",
    ),
    "a captured field is stored in a variable first": (
        one("string?", "x"),
        BEFORE % "self.x",
        {"BRK103 y": "either"},
        "either",
    ),
    "a captured field is also stored in a variable": (
        one("string?", "x"),
        (BEFORE % "self.x").replace("[y]", "[y, self.x]"),
        {"BRK102 y": "either"},
        "either",
    ),
    "a field that can be loaded is added": (
        post("x: string! y: int!", "x", "id"),
        post("x: string! y: int!", "x", "id", "y"),
        {"BRK102 y": "either"},
        "either",
    ),
    "a field is renamed": (
        one("string!", "x"),
        one("string!", "y", '@was("x")'),
        {"BRK103 y": "workers-first"},
        "workers-first",
    ),
    "a nullable field is renamed": (
        one("string?", "x"),
        one("string?", "y", '@was("x")'),
        {"BRK103 y": "either"},
        "either",
    ),
    "a field is renamed without saying so": (
        one("string!", "x"),
        one("string!", "y"),
        {"BRK101 x": "workers-first", "BRK102 y": "web-first", "BRK110": "never"},
        "never",
    ),
    "a field is renamed and another one added": (
        one("string!", "x"),
        post('y: string! @was("x")\n z: int!', "y", "z"),
        {"BRK103 y": "workers-first", "BRK102 z": "web-first", "BRK110": "never"},
        "never",
    ),
    "a relation to another table": (
        RELATION % "Buyer!",
        RELATION % "Seller!",
        {"BRK104 who_id": "never"},
        "never",
    ),
    "a relation of a variable to another table": (
        OF_VARIABLE % "Buyer!",
        OF_VARIABLE % "Seller!",
        {"BRK104 row_who_id": "never"},
        "never",
    ),
    "int to float": (one("int!"), one("float!"), {"BRK104 x": "workers-first"}, "workers-first"),
    "int to decimal": (
        one("int!"),
        one("decimal!"),
        {"BRK104 x": "workers-first"},
        "workers-first",
    ),
    "float to decimal": (
        one("float!"),
        one("decimal!"),
        {"BRK104 x": "workers-first"},
        "workers-first",
    ),
    "int to string": (one("int!"), one("string!"), {"BRK104 x": "workers-first"}, "workers-first"),
    "date to string": (
        one("date!"),
        one("string!"),
        {"BRK104 x": "workers-first"},
        "workers-first",
    ),
    "float to int": (one("float!"), one("int!"), {"BRK104 x": "web-first"}, "web-first"),
    "decimal to int": (one("decimal!"), one("int!"), {"BRK104 x": "web-first"}, "web-first"),
    "string to uuid": (one("string!"), one("uuid!"), {"BRK104 x": "web-first"}, "web-first"),
    "json to string": (one("json!"), one("string!"), {"BRK104 x": "web-first"}, "web-first"),
    "string to json": (
        one("string!"),
        one("json!"),
        {"BRK104 x": "workers-first"},
        "workers-first",
    ),
    "string to int": (one("string!"), one("int!"), {"BRK104 x": "never"}, "never"),
    "bool to string": (one("bool!"), one("string!"), {"BRK104 x": "never"}, "never"),
    "string to text": (one("string!"), one("text!"), NOTHING, "either"),
    "string to enum": (one("string!"), one('enum ["a"]!'), {"BRK104 x": "either"}, "either"),
    "enum to string": (one('enum ["a"]!'), one("string!"), {"BRK104 x": "either"}, "either"),
    "an array of other items": (
        one("array<int>!"),
        one("array<decimal>!"),
        {"BRK104 x[]": "workers-first"},
        "workers-first",
    ),
    "a hash of other values": (
        one("hash<string, string>!"),
        one("hash<string, int>!"),
        {"BRK104 x[]": "never"},
        "never",
    ),
    "an array becomes a hash": (
        one("array<int>!"),
        one("hash<string, int>!"),
        {"BRK104 x": "never"},
        "never",
    ),
    "json is never nil": (one("json?"), one("json!"), {"BRK105 x": "either"}, "either"),
    "json may be nil": (one("json!"), one("json?"), {"BRK106 x": "either"}, "either"),
    "never nil": (one("string?"), one("string!"), {"BRK105 x": "web-first"}, "web-first"),
    "never nil, with a default": (
        one("string?"),
        one("string!", more='@default("a")'),
        {"BRK105 x": "either"},
        "either",
    ),
    "perhaps nil": (one("string!"), one("string?"), {"BRK106 x": "workers-first"}, "workers-first"),
    "another type that may be nil": (
        one("int!"),
        one("decimal?"),
        {"BRK106 x": "workers-first", "BRK104 x": "workers-first"},
        "workers-first",
    ),
    "a value of an enum is removed": (
        one('enum ["a", "b"]!'),
        one('enum ["a"]!'),
        {"BRK107 x": "either"},
        "either",
    ),
    "a value of an enum is added": (
        one('enum ["a"]?'),
        one('enum ["b", "a"]?'),
        {"BRK108 x": "either"},
        "either",
    ),
    "a value of an enum in an array": (
        one('array<enum ["a"]>!'),
        one('array<enum ["a", "b"]>!'),
        {"BRK108 x[]": "either"},
        "either",
    ),
    "a struct's field is removed": (
        one(STRUCT % "! zip: int!"),
        one(STRUCT % "!"),
        {"BRK101 x.zip": "workers-first"},
        "workers-first",
    ),
    "a struct's field is added": (
        one(STRUCT % "!"),
        one(STRUCT % "! zip: int!"),
        {"BRK102 x.zip": "web-first"},
        "web-first",
    ),
    "a struct's field may be nil": (
        one(STRUCT % "!"),
        one(STRUCT % "?"),
        {"BRK106 x.city": "workers-first"},
        "workers-first",
    ),
    "a struct's nullable field is added": (
        one(STRUCT % "!"),
        one(STRUCT % "! zip: int?"),
        {"BRK102 x.zip": "either"},
        "either",
    ),
    "a struct's field is renamed": (
        one(STRUCT % "!"),
        one('{ street: string! town: string! @was("city") }!'),
        {"BRK103 x.town": "workers-first"},
        "workers-first",
    ),
    "a struct in an array": (
        one("array<{ sku: string! count: int! }>!"),
        one("array<{ sku: string! count: string! price: decimal? }>!"),
        {"BRK104 x[].count": "workers-first", "BRK102 x[].price": "either"},
        "workers-first",
    ),
    "a snapshot's column is removed": (
        WHOLE % "y: int!",
        WHOLE % "",
        {"BRK101 post.y": "workers-first"},
        "workers-first",
    ),
    "a snapshot's column is added, and loaded": (
        WHOLE % "",
        WHOLE % "y: int!",
        {"BRK102 post.y": "either"},
        "either",
    ),
    "a local of another type": (
        LOCAL % "self.count",
        LOCAL % "self.total",
        {"BRK104 x": "workers-first"},
        "workers-first",
    ),
    "a hash of mixed values with a date for a decimal": (
        LOCAL % '{ name: "a", total: self.total }',
        LOCAL % '{ name: "a", total: self.day }',
        {"BRK104 x": "never"},
        "never",
    ),
    "a hash of mixed values with a further decimal": (
        LOCAL % '{ name: "a", total: self.total }',
        LOCAL % '{ name: "a", total: self.total, count: self.total }',
        {"BRK104 x": "web-first"},
        "web-first",
    ),
}
