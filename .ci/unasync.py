"""Write the synchronous modules of the runtime: each `x.py` from the `async_x.py` beside it.

With `--check` it writes nothing, and exits with 1 if a module differs from what it would write. The
rules apply to code, strings and comments alike. What users do not import has its docstrings in the
asynchronous module alone. Give an awaited value a name before you use a part of it: the parentheses
of `(await value).part` would stay.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Collection, Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUNTIME = ROOT / "runtime" / "conduit_runtime"
MARK = "# Generated from {} by .ci/unasync.py; do not edit.\n"
DOCUMENTED = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
EXPORTED = re.compile(r"import \w+ as (\w+)")
PRIVATE = re.compile("_(?!_)")
RULES = [
    (r"\b(async (?=def|for|with)|await )", ""),
    (r"\b([Aa])n (?=`?Async[A-Z]|asynchronous)", r"\1 "),
    (r"\basynchronous", "synchronous"),
    (r"Async(?=[A-Z])", ""),
    (r"\basync_(?=\w)|_async\b", ""),
    (r"\b__a(enter|exit|iter|next)__", r"__\1__"),
    (r"\basynccontextmanager\b", "contextmanager"),
    (r"  # noqa: ASYNC\d+", ""),
]
# Replaced names sort in another order, and shorter lines wrap elsewhere.
LAYOUT = (["check", "--fix-only", "--select=I,RUF022,SIM117"], ["format"])
WRAPPING = [
    "--config=format.skip-magic-trailing-comma=true",
    "--config=lint.isort.split-on-trailing-comma=false",
]


def main() -> None:
    wanted = {path.with_name(path.name[6:]): path for path in RUNTIME.rglob("async_*.py")}
    made = {path for path in RUNTIME.rglob("*.py") if is_generated(path)}
    stale: dict[Path, str | None] = dict.fromkeys(made - wanted.keys())
    shown = shown_names(wanted.values())
    for path, source in wanted.items():
        text = synchronous(source, path, shown)
        if not path.exists() or path.read_text() != text:
            stale[path] = text
    if "--check" in sys.argv[1:]:
        if stale:
            names = "\n  ".join(sorted(str(path.relative_to(ROOT)) for path in stale))
            sys.exit(f"Run `make unasync`, these modules are out of date:\n  {names}")
        return
    for path, text in stale.items():
        if text is None:
            path.unlink()
        else:
            path.write_text(text)


def is_generated(path: Path) -> bool:
    """Whether this script has written a module."""
    start, end = MARK.split("{}")
    with path.open() as file:
        first = file.readline()
    return first.startswith(start) and first.endswith(end)


def shown_names(sources: Iterable[Path]) -> set[str]:
    """The names that users import, and the bases of such classes: help() shows their docstrings."""
    packages = (RUNTIME / "__init__.py", RUNTIME / "testing" / "__init__.py")
    exported = {name for each in packages for name in EXPORTED.findall(each.read_text())}
    trees = [ast.parse(source.read_text()) for source in sources]
    classes = [each for tree in trees for each in tree.body if isinstance(each, ast.ClassDef)]
    return exported.union(
        ast.unparse(base) for each in classes if each.name in exported for base in each.bases
    )


def without_hidden(text: str, shown: Collection[str]) -> str:
    """The text of a module without the docstrings of other names."""
    lines = text.splitlines(keepends=True)
    for top in ast.parse(text).body:
        for node in ast.walk(top):
            if not isinstance(node, DOCUMENTED) or ast.get_docstring(node) is None:
                continue
            is_shown = getattr(top, "name", "") in shown and not PRIVATE.match(node.name)
            if not is_shown and len(node.body) > 1:
                start, end = node.body[0].lineno - 1, node.body[0].end_lineno
                end += lines[end].isspace()
                lines[start:end] = [""] * (end - start)
    return "".join(lines)


def synchronous(source: Path, target: Path, shown: Collection[str]) -> str:
    """The text of a synchronous module."""
    text = without_hidden(source.read_text(), shown)
    for pattern, replacement in RULES:
        text = re.sub(pattern, replacement, text)
    text = MARK.format(source.name) + text
    for step in LAYOUT:
        ruff = [sys.executable, "-m", "ruff", *step, *WRAPPING, "--quiet"]
        command = [*ruff, "--stdin-filename", str(target), "-"]
        text = subprocess.run(
            command, cwd=ROOT, input=text, text=True, stdout=subprocess.PIPE, check=True
        ).stdout
    return text


if __name__ == "__main__":
    main()
