"""The reference is complete. What is made from the code at build time needs no test here."""

import importlib
import inspect
import re
from collections.abc import Iterator

import pytest
from conduit_runtime.telemetry import prometheus
from page import ROOT

from conduit_async.cli.explain import pages

REFERENCE = ROOT / "docs" / "reference"
RUNTIME = ROOT / "runtime" / "conduit_runtime"


def documented() -> set[str]:
    """The full names on the pages of the Python API."""
    names, module = set(), ""
    for page in (REFERENCE / "api").glob("*.md"):
        for directive, name in re.findall(r"^\.\. (\w+):: ([\w.]+)", page.read_text("utf-8"), re.M):
            if directive == "currentmodule":
                module = name
            elif directive.startswith("auto"):
                names.add(name if name.startswith("conduit_") else f"{module}.{name}")
    return names


def modules() -> Iterator[str]:
    """The modules that applications import."""
    yield from ("conduit_runtime", "conduit_dashboard")
    for path in [*RUNTIME.glob("*.py"), *(RUNTIME / "contrib").iterdir(), RUNTIME / "testing"]:
        if not path.name.startswith("__"):
            yield ".".join(path.relative_to(RUNTIME.parent).with_suffix("").parts)


@pytest.mark.parametrize("name", list(modules()))
def test_every_public_name_is_on_a_page_of_the_python_api(name: str) -> None:
    known = documented()
    wanted = {f"{name}.{each}" for each in importlib.import_module(name).__all__}
    assert name in known or not wanted - known


def test_every_metric_is_in_the_table() -> None:
    names = set(re.findall(r'"(conduit_\w+)"', inspect.getsource(prometheus)))
    shown = re.findall(
        r"^\| `(conduit_\w+?)(?:_total)?` \|", (REFERENCE / "metrics.md").read_text(), re.M
    )
    assert sorted(shown) == sorted(names)


def test_every_diagnostic_is_of_a_family_with_a_page() -> None:
    text = "\n".join(page.read_text("utf-8") for page in (REFERENCE / "diagnostics").glob("*.md"))
    families = re.findall(r"^```\{generated\} diagnostics (\w+)$", text, re.MULTILINE)
    assert sorted(families) == sorted({code.rstrip("0123456789") for code in pages()})
