"""The warnings about what jobs and hooks do never concern the code of examples."""

from pathlib import Path

import pytest

from benchmarks.projects import resource_name, source
from conduit_async.compiler import diagnose

ROOT = Path(__file__).parents[4]
EXAMPLES = sorted(path.parent for path in ROOT.glob("examples/*/conduit.toml"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example(example: Path) -> None:
    sources = {path.name: path.read_text("utf-8") for path in example.rglob("*.conduit")}
    assert sources
    assert diagnose(sources) == ()


@pytest.mark.slow
def test_the_projects_of_the_benchmarks() -> None:
    """With 100 warnings the compiler would no longer compile in part."""
    sources = {f"{resource_name(number)}.conduit": source(number, 30) for number in range(30)}
    assert diagnose(sources) == ()


def test_the_sources_in_the_readme() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    for number, block in enumerate(text.split("```conduit\n")[1:]):
        assert diagnose({f"{number}.conduit": block.partition("```")[0]}) == ()
