"""Finds the upcasters that an application wrote by hand, in the text of its module."""

import ast
from collections.abc import Iterator

from .config import Config
from .diagnostics import Problems
from .program import Upcasters
from .settings import setting_span
from .source import Source, Span

_Names = dict[str, tuple[str, str]]
"""Imported names: the last part of the module they come from and their name there."""


def read_upcasters(source: Source | None, config: Config, problems: Problems) -> Upcasters:
    """The upcasters in the module that the configuration names.

    It reports a module that has no file or is not Python (VAL514).
    """
    if config.upcasters is None:
        return frozenset()
    if source is None:
        path = f"{config.upcasters.replace('.', '/')}.py"
        message = f"`upcasters` names the module {config.upcasters}, which has no file"
        span = setting_span(config, "upcasters")
        hint = f"create {path}, beside the configuration or in its folder src"
        problems.error("VAL514", span, message, hint)
        return frozenset()
    try:
        tree = ast.parse(source.text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        _report(error, source, problems)
        return frozenset()
    names = _imported(tree)
    return frozenset(found for node in ast.walk(tree) for found in _upcasters(node, names))


def _report(error: Exception, source: Source, problems: Problems) -> None:
    line, column, message = 1, 1, str(error) or "it nests too deep"
    if isinstance(error, SyntaxError):
        line, column, message = error.lineno or 1, error.offset or 1, error.msg
    start = source.offset(line, column)
    problems.error("VAL514", Span(source, start, start), f"this is not valid Python: {message}")


def _imported(tree: ast.Module) -> _Names:
    names: _Names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            module = (node.module or "").rpartition(".")[2]
            names |= {each.asname or each.name: (module, each.name) for each in node.names}
        elif isinstance(node, ast.Import):
            for each in node.names:
                if each.asname is not None:
                    names[each.asname] = ("", each.name.rpartition(".")[2])
    return names


def _upcasters(node: ast.AST, names: _Names) -> Iterator[tuple[str, str, str]]:
    """Find the upcasters among a function's decorators: `@upcast(email_send, "e6aa5956")`."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return
    for call in node.decorator_list:
        match call:
            case ast.Call(func=function, args=[handler, *further], keywords=keywords):
                if _called(function, names)[1] != "upcast":
                    continue
                values = [*further, *(each.value for each in keywords if each.arg == "fingerprint")]
                match values[:1]:
                    case [ast.Constant(value=str() as fingerprint)]:
                        yield (*_called(handler, names), fingerprint)


def _called(node: ast.expr, names: _Names) -> tuple[str, str]:
    """Return the module of a name, "" if it is unknown, and its name in that module."""
    match node:
        case ast.Name(id=name):
            return names.get(name, ("", name))
        case ast.Attribute(value=ast.Name(id=module), attr=name):
            return names.get(module, ("", module))[1], name
        case ast.Attribute(value=ast.Attribute(attr=module), attr=name):
            return module, name
    return "", ""
