"""The reference leaves nothing out. What is made from the code at build time needs no test here."""

import inspect
import re

import conduit_runtime
from conduit_runtime.telemetry import prometheus
from page import ROOT

from conduit_async.cli.explain import pages

REFERENCE = ROOT / "docs" / "reference"
RUNTIME = ROOT / "runtime" / "conduit_runtime"


def api() -> str:
    return "\n".join(page.read_text("utf-8") for page in (REFERENCE / "api").glob("*.md"))


def test_every_public_name_is_on_a_page_of_the_python_api() -> None:
    shown = re.findall(r"^\.\. auto\w+:: (\w+)(?:\(\))?$", api(), re.MULTILINE)
    assert sorted(shown) == conduit_runtime.__all__


def test_every_module_that_applications_import_is_on_a_page_of_the_python_api() -> None:
    modules = [*RUNTIME.glob("*.py"), *(RUNTIME / "contrib").iterdir()]
    names = {path.relative_to(RUNTIME).with_suffix("").as_posix() for path in modules}
    names -= {"__init__", "contrib/__init__", "contrib/__pycache__"}
    shown = re.findall(r"^\.\. automodule:: conduit_runtime\.([\w.]+)$", api(), re.MULTILINE)
    assert not names - {each.replace(".", "/") for each in shown}


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
