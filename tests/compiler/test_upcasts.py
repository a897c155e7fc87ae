"""Generated upcasters turn an older payload's JSON into the new payload."""

import asyncio
import inspect
import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import psycopg
import pytest
from conduit_runtime import Queue, WorkerPool
from generated import imported

from conduit_async.compiler import Output, compile
from conduit_async.config import Config
from conduit_async.render import as_text

DAY, NOW = "2026-01-02", "2026-01-02T12:30:00Z"
KEY = "0f0e0d0c-0b0a-0908-0706-050403020100"

RULES = {
    "copied": ("x: uuid!", "x: uuid!", KEY, KEY),
    "becomes nullable": ("x: int!", "x: int?", 5, 5),
    "int to float": ("x: int!", "x: float!", 5, 5.0),
    "int to decimal": ("x: int!", "x: decimal!", 5, "5"),
    "float to decimal": ("x: float!", "x: decimal!", 0.1, "0.1"),
    "int to string": ("x: int!", "x: string!", -5, "-5"),
    "uuid to string": ("x: uuid!", "x: string!", KEY, KEY),
    "decimal to string": ("x: decimal!", "x: string!", "0.0000001", "0.0000001"),
    "timestamp to string": ("x: timestamp!", "x: string!", NOW, NOW),
    "date to string": ("x: date!", "x: string!", DAY, DAY),
    "time to string": ("x: time!", "x: string!", "12:30:00", "12:30:00"),
    "enum to string": ('x: enum ["a"]!', "x: string!", "a", "a"),
    "string to enum": ("x: string!", 'x: enum ["a"]!', "b", "b"),
    "enum without a value": ('x: enum ["a", "b"]!', 'x: enum ["b"]!', "a", "a"),
    "to json": ("x: array<date>?", "x: json!", [DAY], [DAY]),
    "struct to json": ("x: { at: date! }!", "x: json!", {"at": DAY}, {"at": DAY}),
    "nil stays": ("x: int?", "x: float?", None, None),
    "nil becomes the default": ("x: int?", "x: float! @default(2)", None, 2.0),
    "a value instead of the default": ("x: int?", "x: float! @default(2)", 3, 3.0),
    "items": ("x: array<int>!", "x: array<decimal?>!", [1, 2], ["1", "2"]),
    "nullable items": ("x: array<int?>!", "x: array<float?>!", [1, None], [1.0, None]),
    "values of a hash": (
        "x: hash<string, date>!",
        "x: hash<string, string>!",
        {"a": DAY},
        {"a": DAY},
    ),
    "arrays of hashes": (
        "x: array<hash<string, array<int>>>!",
        "x: array<hash<string, array<string>>>!",
        [{"a": [1]}, {}],
        [{"a": ["1"]}, {}],
    ),
    "structs": (
        "x: { a: int! gone: bool! from: { c: string! }? }!",
        'x: { b: float! @was("a") new: string? kind: string! @default("k")'
        ' from: { d: string! @was("c") }? }!',
        {"a": 1, "gone": True, "from": {"c": "z"}},
        {"b": 1.0, "new": None, "kind": "k", "from": {"d": "z"}},
    ),
    "structs in arrays": (
        "x: array<{ a: array<{ b: int! }>! }?>!",
        "x: array<{ a: array<{ b: decimal! }>! }?>!",
        [{"a": [{"b": 1}]}, None],
        [{"a": [{"b": "1"}]}, None],
    ),
}
"""By rule: the field in the old and in the new source, its value in both payloads."""


def source(field: str, captured: str = "self.x", more: str = "") -> str:
    return f"""
resource Post {{
  id: uuid! @primary
  {field}
  {more}

  @after update @async(name: "send") {{ Email.send({captured}) }}
}}
"""


def compiled(text: str, lock: str | None = None, config: Config | None = None) -> Output:
    output = compile({"post.conduit": text}, config, lock=lock)
    assert output.files, as_text(output.diagnostics, color=False)
    return output


class Context:
    """The part of a JobContext that an upcaster needs."""

    def __init__(self, rows: Mapping[str, Mapping[str, Any]]) -> None:
        self.rows = rows

    async def get(self, record: type[Any], key: object) -> Any:
        return type("Row", (), dict(self.rows[f"{record.__name__} {key}"]))


def upcast(
    old: str, new: str, payload: object, folder: Path, rows: Mapping[str, Mapping[str, Any]] = {}
) -> Any:
    """Turn an older payload into the JSON of the new one, with the generated code."""
    before = compiled(old)
    after = compiled(new, before.lock)
    assert compiled(new, after.lock).files == after.files
    with imported(after.modules, folder) as package:
        (job_type,) = package.JOBS
        (found,) = job_type.upcasts.values()
        older = found.decode(json.dumps(payload))
        made = found.function(older, Context(rows)) if found.takes_job else found.function(older)
        if inspect.isawaitable(made):
            made = asyncio.run(_awaited(made))
        made = job_type.decode(json.dumps(job_type.job(made).payload))
        return job_type.job(made).payload


async def _awaited(made: Any) -> Any:
    return await made


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_gives_the_new_payload(rule: str, tmp_path: Path) -> None:
    old, new, before, after = RULES[rule]
    # a further field changes the shape, since the rule alone may not
    payload = {"x": before, "note": "n"}
    found = upcast(
        source(old, "self.x, self.note", "note: string!"),
        source(new, "self.x, self.note, self.more", "note: string!\n  more: int?"),
        payload,
        tmp_path,
    )
    assert found == {"x": after, "note": "n", "more": None}


@pytest.mark.slow
def test_an_earlier_name_is_followed_through_paths_and_changes(tmp_path: Path) -> None:
    used = "self.{0}.{1}, self.{2}_changed?, self.previous_value(:{2})"
    found = upcast(
        source("at: { road: string! }!", used.format("at", "road", "name"), "name: string!"),
        source(
            'place: { street: string! @was("road") }! @was("at")',
            used.format("place", "street", "title"),
            'title: string! @was("name")',
        ),
        {"at_road": "R", "name_changed": True, "previous_name": "old"},
        tmp_path,
    )
    assert found == {"place_street": "R", "title_changed": True, "previous_title": "old"}


def test_a_relation_follows_its_earlier_name(tmp_path: Path) -> None:
    user = "resource User { id: uuid! @primary name: string! }"
    found = upcast(
        source("author: User!", "self.author.name") + user,
        source('writer: User! @was("author")', "self.writer.name") + user,
        {"author_id": KEY},
        tmp_path,
    )
    assert found == {"writer_id": KEY}


def test_a_new_field_of_a_record_is_loaded_by_its_key(tmp_path: Path) -> None:
    found = upcast(
        source("x: string!", "self.id, self.x"),
        source(
            "x: string!", "self.id, self.x, self.slug, self.size", "slug: string!\n  size: int!"
        ),
        {"id": KEY, "x": "a"},
        tmp_path,
        {f"Post {KEY}": {"slug": "s", "size": 3}},
    )
    assert found == {"id": KEY, "x": "a", "slug": "s", "size": 3}


def test_a_snapshot_takes_a_new_column_from_its_row(tmp_path: Path) -> None:
    found = upcast(
        source("x: string!", "self"),
        source('y: string! @was("x")', "self", "slug: string!\n  note: string?"),
        {"post": {"id": KEY, "x": "a"}},
        tmp_path,
        {f"Post {KEY}": {"slug": "s"}},
    )
    assert found == {"post": {"id": KEY, "y": "a", "slug": "s", "note": None}}


def test_snapshots_in_an_array_are_loaded_one_by_one(tmp_path: Path) -> None:
    old = """
resource Post {
  id: uuid! @primary
  x: string!

  @after update {
    let all = Post.all
    @async(name: "send") { Email.send(all) }
  }
}
"""
    new = old.replace("x: string!", "x: string!\n  slug: string!")
    other = KEY.replace("0f", "1f")
    found = upcast(
        old,
        new,
        {"all": [{"id": KEY, "x": "a"}, {"id": other, "x": "b"}]},
        tmp_path,
        {f"Post {KEY}": {"slug": "s"}, f"Post {other}": {"slug": "t"}},
    )
    assert found == {
        "all": [{"id": KEY, "x": "a", "slug": "s"}, {"id": other, "x": "b", "slug": "t"}]
    }


def test_after_a_deletion_no_row_is_loaded(tmp_path: Path) -> None:
    old = source("x: string!", "self.id").replace("@after update", "@after delete")
    new = old.replace("self.id", "self.id, self.x")
    output = compiled(new, compiled(old).lock)
    assert "@upcast" not in output.files["post.py"]
    assert "class Send_" in output.files["post.py"]


def test_an_unknown_value_of_an_old_enum_passes_as_its_text(tmp_path: Path) -> None:
    old, new = source('x: enum ["a"]!'), source('x: enum ["a", "b"]!', "self.x, self.n", "n: int?")
    assert upcast(old, new, {"x": "z"}, tmp_path) == {"x": "z", "n": None}


def test_a_sensitive_value_stays_masked(tmp_path: Path) -> None:
    config = Config(sensitive=("Post.key",))
    before = compiled(source("x: string!"))
    output = compiled(source('key: string! @was("x")', "self.key"), before.lock, config)
    text = output.files["post.py"]
    assert "    x: Sensitive[str]\n" in text
    assert "return Send(key=old.x)" in text


@pytest.mark.slow
def test_each_of_ten_older_shapes_has_its_upcaster(tmp_path: Path) -> None:
    lock = None
    for number in range(11):
        names = [f"f{each}" for each in range(number + 1)]
        fields = "\n  ".join(f"{name}: int?" for name in names)
        output = compiled(source(fields, ", ".join(f"self.{name}" for name in names)), lock)
        lock = output.lock
    with imported(output.modules, tmp_path) as package:
        (job_type,) = package.JOBS
        assert len(job_type.upcasts) == 10
        for found in job_type.upcasts.values():
            given = dict.fromkeys(found.old.__dataclass_fields__, 1)
            made = found.function(found.decode(json.dumps(given)))
            expected = {f"f{n}": 1 if f"f{n}" in given else None for n in range(11)}
            assert job_type.job(made).payload == expected


def test_without_older_shapes_nothing_changes() -> None:
    text = source("x: string!")
    first = compiled(text)
    assert compiled(text, first.lock).files == first.files
    assert "upcast" not in first.files["post.py"]


def test_jobs_of_an_earlier_type_are_read(tmp_path: Path) -> None:
    before = compiled(source("x: int!"))
    named = source("x: float!").replace('name: "send"', 'name: "post", was: ["send", "a.b"]')
    output = compiled(named, before.lock)
    with imported(output.modules, tmp_path) as package:
        (job_type,) = package.JOBS
        assert job_type.was == ("post.after_update.send", "a.b")
        assert len(job_type.upcasts) == 1


class Email:
    """A service that records its calls."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []

    def send(self, *values: object) -> None:
        self.calls.append(values)


def test_a_worker_of_new_code_runs_the_jobs_of_old_code(tmp_path: Path, dsn: str) -> None:
    old = source("title: string!", "self.id, self.title")
    new = source(
        'headline: string! @was("title")', "self.headline, self.size, self.id", "size: int!"
    ).replace('name: "send"', 'name: "mail", was: "send"')
    before = compiled(old)
    after = compiled(new, before.lock)
    email = Email()
    with psycopg.connect(dsn) as conn:
        conn.execute("CREATE TABLE posts (id uuid PRIMARY KEY, title text NOT NULL)")
        row = {"id": UUID(KEY), "title": "A"}
        conn.execute("INSERT INTO posts VALUES (%(id)s, %(title)s)", row)
        with imported(before.modules, tmp_path / "old") as package:
            package.post.after_update(conn, row, dict(row))
        conn.execute("ALTER TABLE posts RENAME title TO headline")
        conn.execute("ALTER TABLE posts ADD size int NOT NULL DEFAULT 7")
    with imported(after.modules, tmp_path / "new") as package, Queue(dsn) as queue:
        services = SimpleNamespace(email=email)
        WorkerPool(queue, jobs=package.JOBS, services=services).run(drain=True)
        (job,) = queue.list()
    assert (job.type, job.status, job.error) == ("post.after_update.send", "completed", None)
    assert email.calls == [("A", 7, UUID(KEY))]


def test_a_variable_called_as_the_key_is_not_the_key() -> None:
    text = """
resource Post {
  id: uuid! @primary
  author_id: uuid!
  title: string!
  @after update {
    let id = self.author_id
    @async(name: "send") { Email.send(id%s) }
  }
}
"""
    after = compiled(text % ", self.title", compiled(text % "").lock)
    assert "@upcast" not in after.modules["post.py"]
