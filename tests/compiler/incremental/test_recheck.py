"""After any edit, compiling in part gives the same bytes as compiling everything."""

from random import Random

import pytest
from edited_projects import CONFIG, before_last_brace, edited, project
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import json

from benchmarks.projects import resource_name, source
from conduit_async import front_end
from conduit_async.compiler import Output, compile
from conduit_async.config import Config
from conduit_async.incremental import recheck
from conduit_async.render import as_text


def stored(output: Output) -> Output:
    """A compilation as the cache returns it: stored and read again."""
    return json.decode(json.encode(output), type=Output)


def seen(output: Output) -> tuple[object, ...]:
    diagnostics = as_text(output.diagnostics, color=False)
    return [*output.files.items()], diagnostics, output.summaries, output.emitted


def again(sources: dict[str, str], before: Output, config: Config | None = None) -> Output:
    """Compile with the stored results and the lock of the compilation before."""
    return compile(sources, config, previous=stored(before), lock=before.lock)


@pytest.mark.slow
@given(st.randoms(use_true_random=False))
@settings(max_examples=8, deadline=None)
def test_an_edit_gives_what_a_whole_compilation_gives(random: Random) -> None:
    sources = project()
    before = compile(sources, CONFIG)
    assert before.files, as_text(before.diagnostics, color=False)
    for _ in range(3):
        changed = edited(random, sources)
        whole = compile(changed, CONFIG, lock=before.lock)
        assert seen(again(changed, before, CONFIG)) == seen(whole)
        if whole.files:
            sources, before = changed, whole


def extended(text: str, field: str = "extra: int?") -> str:
    """A resource with one more field."""
    return text.replace("\n  id:", f"\n  {field}\n  id:", 1)


def resource(number: int) -> str:
    """The path of the n-th source."""
    return f"{resource_name(number).lower()}.conduit"


CHANGES = {
    "hook": (
        lambda each: before_last_brace(each, "@after delete @async { Audit.removed(self.id) }"),
        {3, 1, 0},
    ),
    "comment": (lambda each: f"// a comment\n\n{each}", {3, 1, 0}),
    "words": (lambda each: each.replace("Summary", "In short"), {3, 1, 0}),
    "operand": (lambda each: each.replace("self.quantity *", "2 *"), {3, 1, 0}),
    "name": (lambda each: each.replace('name: "finish"', 'name: "complete"'), {3, 1, 0}),
    "warning": (lambda each: each.replace(" @async", " self.id == nil\n @async", 1), {3, 1, 0}),
    "field": (extended, {3, 6, 7, 1, 0}),
    "enum": (lambda each: extended(each, 'kind: enum ["a", "b"]?'), {3, 6, 7, 1, 0}),
    "relation": (
        lambda each: extended(each, 'other: Order? { foreign_key: "other_id" }'),
        {3, 6, 7, 1, 0},
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", CHANGES)
def test_a_change_compiles_only_what_it_concerns(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit, concerned = CHANGES[kind]
    sources = {resource(number): source(number, 20) for number in range(20)}
    before = compile(sources)
    sources[resource(3)] = edit(sources[resource(3)])
    check_change(before, sources, monkeypatch, {resource(number) for number in concerned})


@pytest.mark.slow
def test_a_new_file_compiles_only_what_it_concerns(monkeypatch: pytest.MonkeyPatch) -> None:
    sources = {resource(number): source(number, 20) for number in range(20)}
    before = compile(sources)
    sources["new.conduit"] = "resource Newsletter { id: int! @after create @async { Audit.x() } }"
    check_change(before, sources, monkeypatch, {"new.conduit"})


@pytest.mark.slow
def test_a_removal_compiles_only_what_it_concerns(monkeypatch: pytest.MonkeyPatch) -> None:
    sources = {resource(number): source(number, 20) for number in range(20)}
    sources["new.conduit"] = "resource Newsletter { id: int! @after create @async { Audit.x() } }"
    before = compile(sources)
    del sources["new.conduit"]
    check_change(before, sources, monkeypatch, set())


def test_a_name_near_a_known_one_is_no_typo_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    sources = {
        "order.conduit": "resource Order { id: int! }",
        "use.conduit": "resource Use { id: int! @after create @async { Audit.x(Order.count()) } }",
        "warned.conduit": "resource Odd { id: int! @after create { self.id == nil "
        "@async { Audit.x() } } }",
    }
    before = compile(sources)
    assert {each.span.source.path for each in before.diagnostics} == {"warned.conduit"}
    sources["orders.conduit"] = "resource Orders { id: int! @after create @async { Audit.x() } }"
    check_change(before, sources, monkeypatch, {"orders.conduit", "warned.conduit"})


def check_change(
    before: Output, sources: dict[str, str], monkeypatch: pytest.MonkeyPatch, concerned: set[str]
) -> None:
    """Check that the outcome is that of a cold run, and that only these sources are read."""
    whole = compile(sources, lock=before.lock)
    assert whole.files, as_text(whole.diagnostics, color=False)
    read: set[str] = set()
    parse = recheck.parse
    monkeypatch.setattr(
        recheck, "parse", lambda each, found: (read.add(each.path), parse(each, found))[1]
    )
    monkeypatch.setattr(front_end, "check", None)
    assert seen(again(sources, before)) == seen(whole)
    assert read == concerned


@pytest.mark.slow
def test_a_service_that_may_be_a_typo_is_reported_as_by_a_whole_compilation() -> None:
    sources = project()
    before = compile(sources, CONFIG)
    path = f"{resource_name(3).lower()}.conduit"
    hook = "@after delete @async { Adit.removed(self.id) Audit.removed(self.id) }"
    sources[path] = before_last_brace(sources[path], hook)
    whole = compile(sources, CONFIG, lock=before.lock)
    assert "PAT406" in {found.code for found in whole.diagnostics}
    assert seen(again(sources, before, CONFIG)) == seen(whole)


def test_resources_whose_classes_meet_are_compiled_as_a_whole() -> None:
    sources = {
        "order.conduit": "resource Order { id: int! }",
        "snapshot.conduit": "resource OrderSnapshot { id: int! }",
        "user.conduit": "resource User { id: int! @after create @async { Mail.send(self) } }",
    }
    before = compile(sources)
    hook = "@after create @async { Mail.send(self) }"
    changed = sources | {"order.conduit": f"resource Order {{ id: int! {hook} }}"}
    for output in (compile(changed), again(changed, before)):
        assert [each.code for each in output.diagnostics] == ["GEN601"]


def test_a_function_that_moves_takes_the_lines_of_other_sources_along() -> None:
    place = """resource Place { id: uuid! @primary name: string!
      @function label() -> string { return Names.of(self.name, short: true) }
    }"""
    visit = """resource Visit { id: uuid! @primary
      place: Place! { foreign_key: "place_id" }
      @after create @async { Audit.seen(self.place.label()) }
    }"""
    sources = {"place.conduit": place, "visit.conduit": visit}
    before = compile(sources)
    sources["place.conduit"] = f"// why\n{place}"
    whole = compile(sources)
    assert '"names.of(_, short=)": "place.conduit:3"' in whole.files["_lines.py"]
    assert seen(compile(sources, previous=stored(before))) == seen(whole)


def test_a_cycle_of_jobs_over_sources_comes_and_goes() -> None:
    one = """resource One {{
  id: uuid! @primary
  name: string!
  @after update {{ @async(name: "one") {{ {statement} }} }}
}}
"""
    other = """resource Other {{
  id: uuid! @primary
  name: string!
  @after update {{ @async(name: "other") {{ {statement} }} }}
}}
"""
    last = {
        "one.conduit": one.format(statement='Other.update!(self.id, { name: "a" })'),
        "other.conduit": other.format(statement="Logger.info(self.name)"),
    }
    output = compile(last)
    for statement in ('One.update!(self.id, { name: "b" })', "Logger.info(self.name)"):
        last = {**last, "other.conduit": other.format(statement=statement)}
        output = compile(last, previous=output)
        assert as_text(output.diagnostics) == as_text(compile(last).diagnostics)
        assert any(d.code == "ASY910" for d in output.diagnostics) == ("One" in statement)


def test_a_misspelt_method_over_sources_comes_and_goes() -> None:
    post = """resource {name} {{
  id: uuid! @primary
  @after create @async {{ Search.{method}(self.id) }}
}}
"""
    last = {f"{name}.conduit": post.format(name=name, method="update") for name in ("A", "B", "C")}
    output = compile(last)
    for method in ("udpate", "update"):
        last = {**last, "C.conduit": post.format(name="C", method=method)}
        output = compile(last, previous=output)
        assert as_text(output.diagnostics) == as_text(compile(last).diagnostics)
        assert any(d.code == "PAT411" for d in output.diagnostics) == (method == "udpate")
