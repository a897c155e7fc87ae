"""The results and effects of calls, by their tree."""

from typing import Any

from ..source.tree import Call, Function, Lambda
from .evaluate import ChainIsNil, Run, evaluate, is_method, target_of, value_of
from .execute import result_of
from .library import LIBRARY
from .meaning import Failure, Unclear, equal, reasonable


@value_of.register
def _(node: Call, run: Run) -> Any:
    arguments: list[Any] = []
    for number, argument in enumerate(node.arguments):
        if isinstance(argument, Lambda):
            arguments.append(_function_of(argument, run))
        elif number == 0 and is_method(node):
            arguments.append(target_of(argument, run))
            if node.form == "safe" and arguments[0] is None:
                raise ChainIsNil
        else:
            arguments.append(evaluate(argument, run))
    named = {name: evaluate(value, run) for name, value in node.named}
    match node.what:
        case "service":
            return _service(node.name, arguments, named, run)
        case "function" if node.name == "error":
            raise Failure(arguments[0])
        case "function":
            return _call(run.functions[node.name], arguments, named, run)
        case "change":
            return _change(node.name, arguments, run)
    return LIBRARY[f"{node.what}.{node.name}"](*arguments, **named)


def _function_of(node: Lambda, run: Run) -> Any:
    def call(value: Any) -> Any:
        run.scopes.append({node.name: value})
        try:
            return result_of(node.body, run)
        finally:
            run.scopes.pop()

    return call


def _service(name: str, arguments: list[Any], named: dict[str, Any], run: Run) -> Any:
    run.calls.append((name, named if name == "named" else arguments[0] if arguments else None))
    match name:
        case "fail":
            raise Failure(arguments[0])
        case "echo":
            return arguments[0]
        case "named":
            return dict(named)
    return None


def _call(function: Function, arguments: list[Any], named: dict[str, Any], run: Run) -> Any:
    given = {name: value for (name, *_), value in zip(function.parameters, arguments, strict=False)}
    return _call_function(function, given | named, run)


def _call_function(function: Function, given: dict[str, Any], run: Run) -> Any:
    """Call a `@function` with arguments by name, or a computed field without any."""
    scopes, run.scopes = run.scopes, [given]
    try:
        for name, _, default in function.parameters:
            if name not in given:
                assert default is not None
                given[name] = evaluate(default, run)
        return reasonable(result_of(function.body, run))
    finally:
        run.scopes = scopes


def _change(name: str, arguments: list[Any], run: Run) -> Any:
    now = run.record if run.tracked is None else run.tracked
    before = run.previous or {}
    if name == "previous_value":
        return before.get(arguments[0])
    column, _, form = name.rpartition("_changed")
    changed = not equal(now[column], before.get(column))
    match form:
        case "_to?" if not equal(now[column], run.record[column]):
            raise Unclear  # a job has assigned it: the page names the value at the enqueue and now
        case "_to?":
            return changed and equal(now[column], arguments[0])
        case "_from?":
            return changed and equal(before.get(column), arguments[0])
    return changed
