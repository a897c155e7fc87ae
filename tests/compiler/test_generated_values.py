"""Expressions have the values that the language says: compiled, run, and seen by a service."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from things import ran

AT = datetime(2024, 2, 29, 12, tzinfo=UTC)

VALUES: list[tuple[str, Any]] = [
    # arithmetic
    ("1 + 2 * 3 - (4 - 5) - 6", 2),
    ("2 ** 3 + 3 ** 2 ** 2 - -2 ** 2", 93),
    ("[2 ** 30, -self.count ** 2]", [1073741824, -49]),
    ("(1 + 2) * 3", 9),
    ("7 / 2", 3),
    ("-7 / 2", -3),
    ("-7 % 3", -1),
    ("7 % -3", 1),
    ("7.0 / 2", 3.5),
    ("self.count / 2.0", 3.5),
    ("-2 ** 2", -4),
    ("2 ** 3 ** 2", 512),
    ("2 ** -1", 0.5),
    ("- -self.count", 7),
    ("self.big + 1", 9007199254740994),
    ("self.price * 2", Decimal("21.00")),
    ("self.price + 1", Decimal("11.50")),
    ("self.ratio + 1", 3.5),
    ('"a" + self.empty + "b"', "ab"),
    ('"ab" * 3', "ababab"),
    ("self.tags + [self.empty]", ["a", "b", "c", ""]),
    ("[0] + self.numbers", [0, 1, 2, 3]),
    # comparison
    ("1 == 1.0", True),
    ("self.price > 10", True),
    ("self.data.one == true", False),
    ("self.data.one == 1", True),
    ("self.data.nil == nil", True),
    ("self.data.missing == nil", True),
    ("self.note == nil", True),
    ("self.note != nil", False),
    ('self.state == "open"', True),
    ("self.count in 1..7", True),
    ("self.count in 1...7", False),
    ("self.count not_in 1...7", True),
    ('"b" in self.tags', True),
    ('"z" not_in self.tags', True),
    ('"Zoë" in self.title', True),
    ('"low" in self.limits', True),
    ("3 < self.count", True),
    ("!(self.count > 3)", False),
    ('self.tags == ["a"]', False),
    ("self.numbers == [1, 2, 3]", True),
    # logic
    ('self.empty || "x"', "x"),
    ('self.zero && "x"', 0),
    ("self.flag && self.count", 7),
    ("!self.zero", True),
    ("!!self.count", True),
    ("self.zero > 0 && 1 / self.zero > 0", False),
    ('self.note ?? "none"', "none"),
    ('self.note ?? self.data.missing ?? "third"', "third"),
    ("self.flag ? (self.zero > 0 ? 1 : 2) : 3", 2),
    ("self.count > 9 ? 1 : self.count > 8 ? 2 : 3", 3),
    # access
    ("self.tags[0]", "a"),
    ("self.tags[9]", None),
    ('self.limits["high"]', 9),
    ("self.limits.low", 1),
    ("self.limits.missing", None),
    ("self.data.list[1].deep", True),
    ("self.data.missing?.deeper.still", None),
    ("self.place.city", "Köln"),
    ("self.place.spot?.x", 4),
    ("self.note?.upcase()", None),
    ("self.note?.upcase().length()", None),
    ("self.parent?.title", "Parent"),
    ("self.parent?.parent?.title", None),
    ('self.parent?.parent?.title ?? "top"', "top"),
    ("self.tags.first()!", "a"),
    # strings
    ("self.title", 'it\'s "Zoë" {x} \\ end'),
    (r'"q\"q \\ {{ x }} {y} \n \t \0 \u{1F600} %s"', 'q"q \\ {{ x }} {y} \n \t \0 \U0001f600 %s'),
    ('"<#{self.title}>"', '<it\'s "Zoë" {x} \\ end>'),
    ('"#{self.note}|#{self.flag}|#{self.ratio}|#{self.price}|#{self.count}"', "|true|2.5|10.50|7"),
    ('"#{self.at}|#{self.day}"', "2024-02-29T12:00:00Z|2024-02-29"),
    ('"#{self.tags}#{self.limits}"', '["a","b","c"]{"low":1,"high":9}'),
    (r'"{#{self.flag ? "it\"s" : "\n"}}"', '{it"s}'),
    ('"a#{"b#{"c#{self.count}"}"}"', "abc7"),
    (r'self.flag ? "x#{"y' "'" r'\"#{self.title}"}\n" : ""', 'xy\'"it\'s "Zoë" {x} \\ end\n'),
    (":sym", "sym"),
    ('self.title.replace(/[^a-z]+/, "-")', "it-s-o-x-end"),
    ('"Ab".downcase() + "c".upcase()', "abC"),
    # times
    ("self.at + 1.5.hours", AT + timedelta(hours=1.5)),
    ("self.at - self.at", timedelta()),
    ("self.day + 1.day", date(2024, 3, 1)),
    ("90.seconds", timedelta(seconds=90)),
    # collections
    ("[1, [2, self.zero], { a: { b: nil } }]", [1, [2, 0], {"a": {"b": None}}]),
    ('{ "x y": 1, from: 2, (self.tags[1]): 3 }', {"x y": 1, "from": 2, "b": 3}),
    ("self.numbers.map((n) => n * self.count)", [7, 14, 21]),
    ("self.numbers.filter(|n| { n > 1 })", [2, 3]),
    ("self.numbers.map(|n| { let m = n + 1  return m * 2 })", [4, 6, 8]),
    ("self.tags + self.tags.map(|t| { t.upcase() })", ["a", "b", "c", "A", "B", "C"]),
    ('(self.data.missing ?? ["x"]) + ["y"]', ["x", "y"]),
    ('(self.note?.split("-") || ["x"]) + ["y"]', ["x", "y"]),
    ('["y"] + (self.flag ? self.tags : [])', ["y", "a", "b", "c"]),
    (
        'self.tags.map(|t| { t.split(",").first() ?? t }).filter(|t| { t != "b" })',
        ["a", "c"],
    ),
    (
        'self.note?.split("-").map(|t| { t.split(",").first() ?? t }).filter(|t| { t })',
        None,
    ),
    ('self.parent?.tags.map(|t| { match t { "a" => 1, _ => t.length() + 1 } })', [1, 2, 2]),
    ('self.parent!.tags.map(|t| { match t { "a" => 1, _ => t.length() + 1 } })', [1, 2, 2]),
    # functions
    ("double()", 42),
    ("self.double(self.count)", 14),
    ('named("hi")', 'hi it\'s "Zoë" {x} \\ end'),
    ("self.size(0) + self.size(5) + self.size(50) + self.size(500)", "nonefewsomelarge"),
    ("self.shout.length()", 20),
    ("self.above()", "Parent"),
    ("self.parent?.shout", "PARENT"),
    # choices
    ('match self.count { 1 => "one", 5..9 => "some", _ => "many" }', "some"),
    ('match self.state { "open" => 1, "paid" => 2 }', 1),
    ("match self.data.one { true => 1, 1 => 2, _ => 3 }", 2),
    ('(match self.flag { true => "t", _ => "f" }) + "!"', "t!"),
    # queries
    ("Thing.count", 2),
    ("Thing.where(id > 1).first?.title", "Parent"),
    ('Thing.where(title in ["Parent", "x"]).pluck(:id)', [7]),
    ("Thing.exists?(id: 99)", False),
    ("sum(Thing, :id)", 8),
    ("max(Thing.where(id < 5), :id)", 1),
    ("Thing.find(99)?.title", None),
    ('Thing.find_by(title: "Parent")?.id', 7),
    ('Thing.order_by("id DESC").limit(1).offset(1).pluck(:id)', [1]),
    ('Thing.where(id in Thing.where(title: "Parent")).pluck(:id)', [7]),
    ("Thing.where(parent_id in Thing.where(id > 1).limit(1)).pluck(:id)", [1]),
    ("Thing.where(parent_id not_in Thing.where(id: 7)).pluck(:id)", [7]),
    ('Thing.where(parent_id in [nil, 7]).order_by("id").pluck(:id)', [1, 7]),
    ("Thing.where(parent_id not_in [nil, 9]).pluck(:id)", [1]),
    ("Thing.where(parent_id in [self.parent?.parent_id]).pluck(:id)", [7]),
    ("Thing.where(parent_id in [self.parent?.parent_id, self.parent_id]).count", 2),
    # lambdas that wait
    ("self.numbers.map(|n| { Thing.where(id: n).count })", [1, 0, 0]),
    ('self.numbers.map(|n| { let t = Thing.find(n)  return t?.id ?? "no" })', [1, "no", "no"]),
    ("self.numbers.filter(|n| { let t = Thing.find(n)  t })", [1]),
    ("self.limits.values().map(|n| { [n].map(|m| { Thing.exists?(id: m) }) })", [[True], [False]]),
    # the library
    ("Number.max(1, 2, 9, 3)", 9),
    ("- - -self.count", -7),
    ("nothing(1)", None),
    # functions of a record that did not change
    ("self.touched()", True),
    ("self.parent?.touched()", False),
]

ERRORS: list[tuple[str, str]] = [
    ("1 / self.zero", "zero"),
    ("1 % self.zero", "zero"),
    ("self.note!", "self.note"),
    ("self.data.one.x", "x"),
    ('match self.count { 1 => 2, _ => error("no #{self.count}") }', "no 7"),
    ('self.note ?? error("no note")', "no note"),
    ('self.numbers.map((n) => error("no"))', "no"),
]


def calls(rows: list[tuple[str, Any]]) -> str:
    """A statement for each expression that passes its value or its error to the service."""
    return "\n".join(
        f"Recorder.value({number}, {expression}) rescue |error| {{"
        f" Recorder.failed({number}, error.message) }}"
        for number, (expression, _) in enumerate(rows)
    )


@pytest.mark.parametrize("place", ["hook", "async hook", "job"])
def test_values(place: str, dsn: str, tmp_path: Path) -> None:
    body = calls(VALUES)
    if place == "job":
        body = f"@async {{ {body} }}"
    else:
        body = f"{body}\n@async {{ Recorder.value(-1, 0) }}"
    with ran(body, dsn, tmp_path, awaits=place == "async hook") as recorder:
        seen = {
            VALUES[number][0]: value for number, value in recorder.values.items() if number >= 0
        }
        assert recorder.errors == {}
        assert seen == dict(VALUES)
        for expression, value in VALUES:
            assert type(seen[expression]) is type(value), expression


def test_errors(dsn: str, tmp_path: Path) -> None:
    with ran(f"@async {{ {calls(ERRORS)} }}", dsn, tmp_path) as recorder:
        assert recorder.values == {}
        for number, (expression, part) in enumerate(ERRORS):
            assert part in recorder.errors[number], expression
