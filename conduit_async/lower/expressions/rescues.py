"""`rescue` as a statement: `try … except …`."""

from dataclasses import replace

from ... import ast
from ...analyses.looping import waits
from ...analyses.walk import walk
from ...program import LibraryCall, RecordCall, RelationUse, ServiceCall
from ...python.code import Code, Effect, Line, Precedence, compound
from ...types import ANY
from ..functions.blocks import block, rule, value
from ..functions.destination import Destination
from ..functions.function_builder import FunctionBuilder
from .choices import of_arms
from .lambdas import nested_function


@rule(ast.Rescue)
def rescue(fn: FunctionBuilder, node: ast.Rescue, dest: Destination) -> list[Line]:
    """`e rescue |err| { … }`."""
    plain = of_arms(fn, node, dest)
    with fn.branch():
        tried = value(fn, node.operand, plain)
    outside = ServiceCall | RecordCall | RelationUse
    touched = any(isinstance(fn.resolved(each), outside) for each in walk(node.operand))
    if fn.place == "hook" and touched:  # a database error would end the transaction
        head = "async with" if fn.awaits else "with"
        tried = [compound(f"{head} {fn.handle}.savepoint():", tried)]
    outer, (head, first) = fn.caught, _error(fn, node)
    is_value = plain.kind == "name" or plain.unread
    fallback = _in_branches(node.body) if is_value else node.body
    if is_value and _early(fallback):
        body = _by_function(fn, node.body, plain)
    else:
        with fn.branch(), fn.overriding(return_dest=plain if is_value else fn.return_dest):
            body = block(fn, fallback, plain)
    body = [*first, *body]
    fn.caught = outer
    if not body and not dest.annotation:
        suppress = fn.use("contextlib", "suppress")
        return [compound(f"with {suppress}({fn.builtin('Exception')}):", tried)]
    none = Effect.NONE
    return [*dest.declared, compound("try:", tried, none), compound(head, body, none)]


def _by_function(fn: FunctionBuilder, body: ast.Block, dest: Destination) -> list[Line]:
    """Lower a block that may return its value early to a function."""
    inner = replace(dest, kind="return")
    function = nested_function(fn, body, body, inner, dest.expected or ANY)
    head = "await " if fn.awaits and waits(fn.module.facts, body) else ""
    value = Code(f"{head}{function.text}()", Precedence.AWAIT, effect=Effect.ACTS)
    return [*function.before, *dest.put(value)]


def _in_branches(block: ast.Block) -> ast.Block:
    """Move the statements after an `if` that always leaves into its `else`."""
    for index, each in enumerate(block.statements[:-1]):
        if (
            isinstance(each, ast.If)
            and each.otherwise is None
            and all(
                branch.body.statements
                and isinstance(branch.body.statements[-1], ast.Return | ast.Raise)
                for branch in each.branches
            )
        ):
            rest = ast.Block(block.span, block.statements[index + 1 :])
            whole = ast.If(each.span, each.branches, _in_branches(rest), each.negated)
            return ast.Block(block.span, (*block.statements[:index], whole))
    return block


def _early(block: ast.Block) -> bool:
    """Whether a block may return its value early."""
    statements = block.statements
    return any(_returns_early(each, each is statements[-1]) for each in statements)


def _returns_early(statement: ast.Statement, is_last: bool) -> bool:
    if isinstance(statement, ast.Return):
        return False
    if is_last and isinstance(statement, ast.If):
        bodies = [branch.body for branch in statement.branches]
        otherwise = [statement.otherwise] if statement.otherwise is not None else []
        return any(_early(each) for each in (*bodies, *otherwise))
    return any(isinstance(node, ast.Return) for node in walk(statement, ast.Async | ast.Lambda))


def _error(fn: FunctionBuilder, node: ast.Rescue) -> tuple[str, list[Line]]:
    """Return the `except` line, and the lines that convert the error if it is used as a value."""
    local = fn.module.facts.declared.get(node)
    uses = {each for each in walk(node.body) if local and fn.resolved(each) is local}
    raises = any(isinstance(each, ast.Raise) for each in walk(node.body, ast.Async))
    exception = fn.builtin("Exception")
    if local is None or not uses:
        fn.caught = fn.names.fresh("error") if raises else None
        return f"except {exception}{f' as {fn.caught}' if raises else ''}:", []
    name = fn.caught = fn.names.local(local)
    if uses <= _logged(fn, node.body):
        return f"except {exception} as {name}:", []
    caught = fn.caught = fn.names.fresh("error" if name != "error" else "caught")
    error_value = fn.module.imports.runtime("ErrorValue")
    return f"except {exception} as {caught}:", [Line(f"{name} = {error_value}.of({caught})")]


def _logged(fn: FunctionBuilder, body: ast.Block) -> set[ast.Node | None]:
    """Return the values that are passed to the logger, which accepts an exception as it is."""
    found: set[ast.Node | None] = set()
    for node in walk(body, ast.Async):
        call = fn.resolved(node)
        if isinstance(call, LibraryCall) and call.signature.namespace == "Logger":
            found.update(call.arguments[1:])
            found.update(argument.value for argument in call.extra)
    return found
