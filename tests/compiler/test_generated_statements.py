"""Statements do what the language says, in a hook and in its jobs."""

from pathlib import Path

import psycopg
from things import ran

BODY = """
self.count = self.count + 1
let total = 0
for n in self.numbers { if n == 2 { total = total + 10 } else { total = total + n } }
Recorder.value(1, [self.count, total])
let rescued = 1 / self.zero rescue |error| { return error.message.length() > 3 }
Recorder.value(2, rescued)
self.place.city = "Bonn"

@async(name: "captured") { Recorder.value(3, [self.count, total, self.place.city, rescued]) }
self.count = 99

@async(name: "assigned") {
  self.note = "written"
  if self.count == 99 { self.count = 100 }
  self.place.city = "Trier"
  Recorder.value(4, [self.note, self.count, self.place.city, self.place.spot?.x])
  @async(name: "nested") { Recorder.value(5, [self.note, self.count, self.place.city]) }
}
@async(name: "returned") {
  for n in 1..5 {
    if n == 3 { Recorder.value(6, n)  return }
  }
  Recorder.value(7, "never")
}
@async(name: "raised") {
  Recorder.broken(1) rescue |error| { Recorder.value(8, error.message) }
  let fallback = Recorder.broken(1) rescue { "fallback" }
  let kind = Recorder.broken(1) rescue |error| {
    if error.message == "x" { 1 } else { return error.type }
  }
  Recorder.value(9, [fallback, kind])
}
@async(name: "early") {
  let first = Recorder.broken(1) rescue |error| {
    if self.zero { return "never" }
    for n in self.numbers { for tag in self.tags { if tag == "b" && n == 2 { return [tag, n] } } }
    "never"
  }
  let unread = Recorder.broken(1) rescue { return 1 }
  Recorder.value(14, first)
}
@async(name: "outside") {
  unless self.flag { Recorder.value(10, "never") } else { Recorder.value(10, "flag") }
  let label = match self.count { 1..50 => "low", 51...99 => "middle", 99 => "exact", _ => "high" }
  let parts = []
  for tag in self.tags { parts = parts + ["#{tag}#{label}"] }
  Recorder.value(11, parts)
  Thing.update!(self.id, { title: "changed", place: { city: "Ulm" } })
  Thing.increment!(self.id, :zero, by: 3)
  Recorder.value(12, Thing.find_by(title: "changed")?.zero)
}
@async(name: "assigned_again") {
  let data = self.data
  data = data.missing ?? data.nil ?? data.name
  let kept = 1
  self.tags.map(|tag| { kept = self.note ?? Recorder.broken(1) }) rescue { nil }
  Recorder.value(15, [data, kept])
}
if self.count == 99 { return }
Recorder.value(13, "never")
"""


def test_statements(dsn: str, tmp_path: Path) -> None:
    with ran(BODY, dsn, tmp_path) as recorder:
        assert recorder.values == {
            1: [8, 14],
            2: True,
            3: [8, 14, "Bonn", True],
            4: ["written", 100, "Trier", 4],
            5: ["written", 100, "Trier"],
            6: 3,
            8: "it is broken",
            9: ["fallback", "ValueError"],
            10: "flag",
            11: ["aexact", "bexact", "cexact"],
            12: 3,
            14: ["b", 2],
            15: ["n", 1],
        }
    with psycopg.connect(dsn) as conn:
        row = conn.execute("SELECT count, note, title FROM things WHERE id = 1").fetchone()
    assert row == (100, "written", "changed")
