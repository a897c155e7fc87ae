"""The packages of all cases and examples pass the checks that users run."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from generated import write
from type_checks import mypy

from conduit_async.compiler import Output

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.xdist_group("generated")  # write the packages once
UNUSUAL = ("builtins_give_way", "classes_apart", "generated_names")
"""Cases whose sources use names that every naming rule would refuse."""


@pytest.fixture(scope="module")
def packages(
    tmp_path_factory: pytest.TempPathFactory, compiled_case: Callable[[Path], Output]
) -> Path:
    """A folder with every package."""
    folder = tmp_path_factory.mktemp("packages")
    sources = [*(ROOT / "tests/compiler/cases").iterdir(), *(ROOT / "examples").iterdir()]
    for source in sorted(sources):
        output = compiled_case(source)
        if output.files:
            write(output.modules, folder / f"{source.name.replace('-', '_')}_package")
    return folder


def run(*command: str, cwd: Path) -> None:
    """Run a checker, and fail with its output."""
    arguments = [sys.executable, "-m", *command]
    done = subprocess.run(arguments, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_mypy_is_content(packages: Path) -> None:
    names = [f"-p{path.name}" for path in packages.iterdir() if path.is_dir()]
    done = mypy(packages, *names)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_pyright_is_content(packages: Path) -> None:
    config = packages / "pyrightconfig.json"
    config.write_text(
        f'{{"include": ["*_package"], "extraPaths": ["{(ROOT / "runtime").as_posix()}"],'
        ' "typeCheckingMode": "strict", "reportUnnecessaryComparison": false}'
    )
    run("pyright", "--pythonpath", sys.executable, "-p", str(config), cwd=packages)


@pytest.mark.slow
def test_ruff_is_content(packages: Path) -> None:
    folders = [path.name for path in packages.iterdir() if path.is_dir()]
    usual = [name for name in sorted(folders) if name.removesuffix("_package") not in UNUSUAL]
    config = ROOT / "pyproject.toml"
    shapes = ["--ignore", "N801"]  # the class of an older payload is called `EmailSend_e6aa5956`
    run("ruff", "check", "--no-cache", "--config", str(config), *shapes, *usual, cwd=packages)


@pytest.mark.slow
def test_black_changes_nothing(packages: Path) -> None:
    """Only the examples: `test_cases.py` checks every case."""
    names = [path.parent.name.replace("-", "_") for path in ROOT.glob("examples/*/conduit.toml")]
    examples = [f"{name}_package" for name in names]
    run("black", "--check", "--quiet", "--target-version", "py311", *examples, cwd=packages)


def test_modules_import_the_runtime_and_the_standard_library_alone(packages: Path) -> None:
    allowed = {*sys.stdlib_module_names, "conduit_runtime"}
    for path in packages.glob("*_package/*.py"):
        for line in path.read_text("utf-8").splitlines():
            if line.startswith(("from ", "import ")):
                module = line.split()[1]
                assert module.startswith(".") or module.partition(".")[0] in allowed, path
