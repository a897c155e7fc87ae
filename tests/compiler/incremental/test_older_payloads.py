"""Compiling in part gives the same upcasters as compiling everything."""

from itertools import pairwise

from msgspec import json

from conduit_async.compiler import Output, compile
from conduit_async.config import Config
from conduit_async.lock.text import read
from conduit_async.render import as_text
from conduit_async.source import Source

CONFIG = Config(upcasters="app.upcasters")
POST = """resource Post {
  id: uuid! @primary
  title: string!
  place: { city: string! }!
  author: User!

  @after create @async(name: "send") { Email.send(self.id, self.title, self.place) }
  @after update @async(name: "whole") { Email.send(self, self.author) }
}
"""
USER = """resource User {
  id: uuid! @primary
  name: string!

  @after create @async(name: "greet") { Email.send(self.name) }
}
"""
OTHER = """resource Other {
  id: uuid! @primary

  @after create @async(name: "other") { Email.send(self.id) }
}
"""


def upcasters(*entries: tuple[str, str]) -> Source:
    lines = (f'@upcast({name}, "{shape}")\ndef _(old): ...\n' for name, shape in entries)
    return Source("app/upcasters.py", "\n".join(lines))


def seen(output: Output) -> tuple[object, ...]:
    diagnostics = as_text(output.diagnostics, color=False)
    return [*output.files.items()], diagnostics, output.summaries, output.emitted


def compiled_twice(
    sources: dict[str, str], before: Output, by_hand: Source | None = None
) -> Output:
    """Compile everything, then again with the former compilation known; the outcomes are equal."""
    config = CONFIG if by_hand is not None else Config()
    whole = compile(sources, config, lock=before.lock, upcasters=by_hand)
    stored = json.decode(json.encode(before), type=Output)
    again = compile(sources, config, previous=stored, lock=before.lock, upcasters=by_hand)
    assert seen(again) == seen(whole)
    return whole


def test_each_edit_gives_what_a_whole_compilation_gives() -> None:
    sources = {"post.conduit": POST, "user.conduit": USER, "other.conduit": OTHER}
    edits = [
        ("post.conduit", "title: string!", 'headline: string! @was("title")'),
        ("post.conduit", "self.title", "self.headline"),
        ("user.conduit", "name: string!", 'label: string! @was("name")\n  age: int!'),
        ("user.conduit", "self.name", "self.label, self.id"),
        ("post.conduit", "city: string!", 'town: string! @was("city") zip: string?'),
        ("post.conduit", 'name: "send"', 'name: "mail", was: "send"'),
        ("other.conduit", "id: uuid!", "id: string!"),
        ("user.conduit", "age: int!", "age: decimal!"),
    ]
    before = compile(sources)
    for number, (path, old, new) in enumerate(edits):
        sources = {**sources, path: sources[path].replace(old, new)}
        output = compiled_twice(sources, before)
        if output.files:
            before = output
        assert output.files or number in (0, 2)
    text = output.files["post.py"]
    assert text.count("@upcast(mail, ") == 2
    assert "was=(" in text


def test_an_earlier_name_in_one_source_meets_a_type_of_another() -> None:
    sources = {"post.conduit": POST, "user.conduit": USER, "other.conduit": OTHER}
    before = compile(sources)
    named = OTHER.replace('name: "other"', 'name: "other", was: "user.after_create.greet"')
    output = compiled_twice({**sources, "other.conduit": named}, before)
    assert [each.code for each in output.diagnostics] == ["VAL505"]
    moved = USER.replace('name: "greet"', 'name: "hello"')
    output = compiled_twice({**sources, "other.conduit": named, "user.conduit": moved}, before)
    assert output.files
    output = compiled_twice({**sources, "other.conduit": named}, output)
    assert [each.code for each in output.diagnostics] == ["VAL505"]


def test_upcasters_by_hand_are_a_part_of_what_is_compiled() -> None:
    sources = {"post.conduit": POST, "user.conduit": USER, "other.conduit": OTHER}
    before = compile(sources, CONFIG, upcasters=upcasters())
    assert before.lock is not None
    (shape,) = read(before.lock).jobs["user.after_create.greet"].shapes
    changed = {
        **sources,
        "user.conduit": USER.replace("name: string!", "full: string!").replace(
            "self.name", "self.full"
        ),
    }
    missing = compiled_twice(changed, before, upcasters())
    assert [each.code for each in missing.diagnostics] == ["ASY906"]
    first = compiled_twice(changed, before, upcasters(("greet", shape)))
    assert "require_upcasts({user.greet:" in first.files["__init__.py"]
    named = {
        **changed,
        "user.conduit": changed["user.conduit"].replace(
            "full: string!", 'full: string! @was("name")'
        ),
    }
    second = compiled_twice(named, first, upcasters(("greet", shape)))
    third = compiled_twice(named, second, upcasters())
    texts = ["@upcast" in each.files["user.py"] for each in (first, second, third)]
    assert texts == [False, False, True]
    for one, other in pairwise((first, second, third)):
        assert one.lock == other.lock
