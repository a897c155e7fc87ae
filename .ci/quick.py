"""Run lint, types, and the tests nearest to a change, in about a minute.

    .venv/bin/python .ci/quick.py

A change is what differs from where this branch left `main`, committed or not. The changed tests run
first, then those beside a changed module, those that import it, and a fast file of every folder. No
test starts after `SECONDS`: the others are skipped, and `make test` runs them.
"""

import ast
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 45
PACKAGES = {
    "conduit_async": "tests/compiler",
    "runtime/conduit_runtime": "tests/runtime",
    "runtime/conduit_dashboard": "tests/dashboard",
}
"""The folders of modules, each with the folder of its tests."""
SLOW = re.compile(r"dsn|subprocess|mark\.slow|@given")
"""Signs of a test file that waits for a server or a process, or tries many cases."""


def main() -> int:
    end = time.time() + SECONDS
    make = ["make", "--no-print-directory"]
    mypy = [sys.executable, "-m", "mypy", "--no-error-summary", *PACKAGES]
    beside = [subprocess.Popen(each, cwd=ROOT) for each in ([*make, "lint"], mypy)]
    tests = list(dict.fromkeys(chosen(changed())))
    pytest = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadgroup"]
    options = ["--no-loadscope-reorder", "-r", "fE", "-m", "not slow", "-p", "no:randomly"]
    environment = os.environ | {"CONDUIT_TESTS_END": str(end)}
    done = subprocess.run([*pytest, *options, *tests], cwd=ROOT, env=environment, check=False)
    return max(done.returncode, *(each.wait() for each in beside))


def changed() -> list[str]:
    """Paths of existing files that are new or differ from the branch point."""
    base = git("merge-base", "HEAD", "main") or ["HEAD"]
    paths = git("diff", "--name-only", base[0]) + git("ls-files", "--others", "--exclude-standard")
    return [path for path in paths if (ROOT / path).exists()]


def git(*arguments: str) -> list[str]:
    done = subprocess.run(
        [shutil.which("git") or "git", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.splitlines()


def chosen(paths: list[str]) -> Iterator[str]:
    """Test files, those nearest to the change first."""
    tests = sorted(
        path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("test_*.py")
    )
    yield from (path for path in paths if path in tests)
    modules = dict(filter(None, map(module_of, paths)))
    for folder in modules.values():
        yield from (test for test in tests if Path(test).parent.as_posix() == folder)
    imported = {test: imports(ROOT / test) for test in tests}
    yield from (test for test, names in imported.items() if names & modules.keys())
    yield from fast(tests)


def fast(tests: list[str]) -> Iterator[str]:
    """The shortest file of each folder, among those that wait for nothing."""
    sizes = {
        test: len(text) for test in tests if not SLOW.search(text := (ROOT / test).read_text())
    }
    shortest: dict[Path, str] = {}
    for test in sorted(sizes, key=sizes.__getitem__):
        shortest.setdefault(Path(test).parent, test)
    yield from shortest.values()


def module_of(path: str) -> tuple[str, str] | None:
    """The dotted name of a module, and the folder of its tests."""
    for package, tests in PACKAGES.items():
        if path.startswith(f"{package}/") and path.endswith(".py"):
            inner = Path(path).relative_to(package)
            name = Path(Path(package).name, inner).with_suffix("").as_posix().replace("/", ".")
            return name.removesuffix(".__init__"), (Path(tests) / inner.parent).as_posix()
    return None


def imports(path: Path) -> set[str]:
    """The modules that a file imports, by their dotted names."""
    names = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


if __name__ == "__main__":
    sys.exit(main())
