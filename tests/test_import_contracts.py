"""Import contracts that import-linter cannot see; pyproject.toml has the others, with reasons."""

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = (
    ROOT / "conduit_async",
    ROOT / "runtime" / "conduit_runtime",
    ROOT / "runtime" / "conduit_dashboard",
)


def modules(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


def test_every_folder_with_modules_is_a_package() -> None:
    # import-linter looks into packages only: it would not see the imports of a plain folder.
    folders = {path.parent for package in PACKAGES for path in modules(package)}
    missing = [
        str(each.relative_to(ROOT)) for each in folders if not (each / "__init__.py").exists()
    ]
    assert not missing


def test_applications_may_declare_pools_where_only_workers_cannot_run() -> None:
    """As on Windows, whose Python lacks some modules."""
    lacks = "import sys; sys.modules |= dict.fromkeys(['fcntl', 'grp', 'pwd', 'resource'])"
    program = f"{lacks}; from conduit_runtime import AsyncQueue, Queue, WorkerPool, job_type"
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.slow
def test_the_compiler_opens_no_files_outside_its_cli_and_assets() -> None:
    compiler = PACKAGES[0]
    pure = [
        path
        for path in modules(compiler)
        if path.name != "assets.py" and "cli" not in path.relative_to(compiler).parts
    ]
    assert pure
    for path in pure:
        calls = [
            node for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.Call)
        ]
        names = [node.func.id for node in calls if isinstance(node.func, ast.Name)]
        assert not {"open", "print", "input"} & set(names), path


def test_generated_code_imports_public_names_of_the_runtime_and_the_standard_library() -> None:
    # This keeps a generated package working with a new version of the compiler or its dependencies.
    generated = [path for jobs in ROOT.glob("examples/*/jobs") for path in modules(jobs)]
    for path in generated:
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Import):
                assert {alias.name.split(".")[0] for alias in node.names} <= sys.stdlib_module_names
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                check_import(path, node.module or "", {alias.name for alias in node.names})


def public_names(module: str) -> set[str]:
    """The exported names of a package: its `__all__`, or the functions of its own modules."""
    package = importlib.import_module(module)
    own = {
        name
        for name, value in vars(package).items()
        if not name.startswith("_") and getattr(value, "__module__", "").startswith(module)
    }
    return set(getattr(package, "__all__", own))


def check_import(path: Path, module: str, names: set[str]) -> None:
    if module in ("conduit_runtime", "conduit_runtime.operators", "conduit_runtime.stdlib"):
        assert names <= public_names(module), path
    else:
        assert module.split(".")[0] in sys.stdlib_module_names, path


def test_no_file_has_grown_past_500_lines() -> None:
    # A file is one idea. Split it by what it knows, not by length alone.
    files = [path for package in PACKAGES for path in modules(package)]
    long = {str(path): n for path in files if (n := len(path.read_text().splitlines())) > 500}
    assert not long


def test_no_modules_import_each_other_in_a_circle() -> None:
    # Imports for type checkers and within functions count too: a circle can only be read as a
    # whole.
    graph = grimp.build_graph(
        *(package.name for package in PACKAGES),
        exclude_type_checking_imports=False,
        cache_dir=None,
    )
    imports = {each: graph.find_modules_directly_imported_by(each) for each in graph.modules}
    TopologicalSorter(imports).prepare()  # raises CycleError, which names the circle
