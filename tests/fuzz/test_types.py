"""Type checkers report nothing in code that is generated from any source."""

from pathlib import Path
from random import Random

import pytest
from expressions import source
from oracle import well_typed
from probe import check_types, check_with_pyright
from sizes import sized

from conduit_async.compiler import compile

pytestmark = pytest.mark.slow

PACKAGES = sized(6)
STATEMENTS = 20
HARD = [
    "self.day = Array.first([]) ?? self.day",
    "self.status = [1].map((v) => self.status).first() or match n { 1 => x, _ => self.status }",
    "if self.place?.city == self.title { Email.send(self.place.city, [loud(self.place?.city)]) }",
    "Email.send(match self.place { 1..3 => self.place?.city, _ => 1 })",
    "Email.send([{ a: self.scores?.first(), b: 1 }, self.active ? { a: 1 } : {}])",
    "Email.send(self.editor?.name ? self.editor : true)",
    "Email.send([1, self.price] ? self.title : self.items.first?.name)",
    "Email.send(2.5 ? self.items.count : self.title)",
    "Email.send(self.data.escape(), (x % self.price).filter(|v| { v }))",
    'if x.a { for each in error("no").sort() { Email.send(each) } }',
    'if x.a { Email.send(match (error("no") || self.rating) { 1 => 2, _ => 3 }) }',
    'if x.a { Email.send(error("no")?.reverse())  self.tags.map(|tag| { Search.find(tag)?.id }) }',
    'if x.a { Email.send([Time.now(), error("no")][0], self.active ? self.meta : error("no")) }',
    'if x.a { let kept = error("no") ? self.title : loud(self.status)  Email.send(kept) }',
    'if self.status == "draft" { Email.send(error("no")) }  if self.status == "draft" { return }',
    'Email.send(self.status_changed_to?("draft"))',
    'if self.status_changed_to?("draft") { Email.send(self.status == "published") }',
    "Email.send([] ? self.items : Item.where(amount > 1), (1 ? [1].last() : [1]) != self.title)",
    "Email.send((self.items.count ? [1, nil] : {}) == self.title, self.title in ([1, 2.5, nil])!)",
    "let empty = ({})!  let some = (self.status ? nil : self.rating)!  Email.send(empty, some)",
    "let left = !self.title  left = nil  Email.send(left, [left])  Email.send(self.tags)",
    "let y = x.a  Email.send(y?.a)  for each in y.map(|v| { v.upcase() }) { Email.send(each) }",
    "if loud(Context.current_user?.name ?? nil) { Email.send(loud(self.data ?? self.ratio)) }",
    "self.prices = self.address.geo ?? self.data[0]",
    'Email.send(loud(x.a ?? x.b), self.price && self.meta.get("a"), self.views?.abs()?.max(2))',
    "if self.scores && self.prices { let wide: array<int?>? = self.scores  Email.send(wide) }",
    "Email.send(true || self.editor?.posts.pluck(:title), nil && self.items.pluck(:amount))",
    "if self.prices || self.items.pluck(:amount) { Email.send(!(self.scores || [1.day, {}])) }",
    "if self.editor?.posts.pluck(:title).last() { Email.send(self.editor?.posts.count ? 1 : 2) }",
    "if (1..4) && self.author.posts.count { Email.send(self.active && Search.find(self.title)) }",
    "if [self.price] && ([1, self.price] && self.place) { Email.send(self.place.city) }",
    "if self.active { let on = self.active  on = !(self.rating ? self.active : self.status) }",
    "Email.send(nil && self.items)  Email.send([self.items.all, self.title.split(self.title)])",
    'Email.send([Item.where(amount > 1).all, ""?.split(" ")]!, [[self.items.all, self.tags]])',
]
"""Statements of which a type checker knows more, or less, than the language says."""


def test_random_packages(tmp_path: Path) -> None:
    for seed in range(PACKAGES + 2):
        random = Random(seed)
        lines = HARD if seed >= PACKAGES else well_typed(random, STATEMENTS)
        text = source(lines, in_job=bool(seed % 2))
        (folder := tmp_path / f"package_{seed}").mkdir()
        for name, module in compile({"a.conduit": text}).modules.items():
            (folder / name).write_text(module, "utf-8")
    check_types(*sorted(path for path in tmp_path.iterdir() if path.is_dir()))
    check_with_pyright(tmp_path)
