"""A check of one source finds in it what a check of all sources finds."""

from functools import cache
from random import Random

import pytest
from edited_projects import CONFIG, edited, project
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import SOURCE_FOLDERS, one_mistake

from conduit_async.compiler import compile, diagnose
from conduit_async.config import Config
from conduit_async.diagnostics import Diagnostic
from conduit_async.incremental import alone

BETWEEN_SOURCES = frozenset({"GEN603", "PAT406", "PAT411"})
"""Findings about names of services, which only a check of all sources compares."""


def ring(size: int) -> dict[str, str]:
    """Sources of which each names the next one and the one before, and writes both."""
    return {
        f"{n}.conduit": f"""resource Ring{n} {{
  id: uuid! @primary
  name: string!
  count: int! @default(0)
  next: Ring{(n + 1) % size}? {{ foreign_key: "next_id" }}
  @has_many Ring{(n - 1) % size} as "behind" {{ foreign_key: "next_id" order_by: {{ name: asc }} }}
  @scope named {{ where: {{ name: "x" }} }}
  @function label(prefix: string!) -> string! {{ return "#{{prefix}} #{{self.name}}" }}
  @function touch() {{ Ring{(n + 2) % size}.update!(self.id, {{ name: "t" }}) }}
  @function far() -> string? {{ return self.next?.next?.label("far") }}
  @after create @async {{
    Audit.seen(self.next?.next?.name, self.far(), Ring{(n + 2) % size}.named.count())
  }}
  @after update @async(name: "count") {{ Ring{(n + 1) % size}.increment!(self.id, :count) }}
}}
"""
        for n in range(size)
    }


@cache
def projects() -> list[tuple[dict[str, str], Config | None]]:
    folders = [(sources, None) for sources in SOURCE_FOLDERS if len(sources) > 1]
    right = [(sources, config) for sources, config in folders if not errors(diagnose(sources))]
    return [*right, (ring(3), None), (ring(5), None), (project(), CONFIG)]


def errors(found: tuple[Diagnostic, ...]) -> list[Diagnostic]:
    return [each for each in found if each.severity == "error"]


def seen(found: tuple[Diagnostic, ...], path: str) -> set[tuple[object, ...]]:
    """What is found in a source, without the places in others where the same is found.

    A mistake made in several sources is reported in the first.
    """
    own = [each for each in found if each.span.source.path == path]
    return {
        (
            each.severity, each.code, each.span.start, each.span.end, each.message, each.hint,
            *(
                (near.span.source.path, near.span.start, near.message)
                for near in each.related
                if not near.message.startswith("the same here")
            ),
        )
        for each in own
        if each.code not in BETWEEN_SOURCES
    }  # fmt: skip


def changed(random: Random) -> tuple[dict[str, str], str, Config | None, str | None]:
    """Sources, the path of one that may have a mistake, the configuration and perhaps a lock."""
    sources, config = random.choice(projects())
    lock = compile(sources, config).lock if random.randrange(3) == 0 else None
    if config is not None and random.randrange(2):
        after = edited(random, sources)
        paths = [path for path in sorted(after) if after[path] != sources.get(path)]
        if paths:
            return {**sources, paths[0]: after[paths[0]]}, paths[0], config, lock
    path = random.choice(sorted(sources))
    return {**sources, path: one_mistake(random, sources[path])}, path, config, lock


def check(random: Random) -> None:
    sources, path, config, lock = changed(random)
    whole = diagnose(sources, config, lock)
    found = alone.diagnose_alone(path, sources, config, lock)
    if all(each.span.source.path == path for each in errors(whole)):
        assert seen(found, path) == seen(whole, path)
    else:  # what the mistake breaks elsewhere hides warnings here
        told = seen(tuple(errors(whole)), path)
        assert told <= seen(tuple(errors(found)), path)


@given(st.randoms(use_true_random=False))
@settings(max_examples=15, deadline=None, derandomize=True)
def test_a_mistake_in_one_source(random: Random) -> None:
    check(random)


@pytest.mark.slow
@given(st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_any_mistake_in_one_source(random: Random) -> None:
    check(random)
