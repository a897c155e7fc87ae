"""Follows the code of a block past the finished steps of a job, without running any of it.

It reads the source of the generated function. A condition is known if it compares constants, the
payload and what steps have kept; of any other, both blocks are followed. A loop under way has the
items that it had, since the steps in the turns of another list have other names.
"""

import ast
import inspect
import operator
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import is_dataclass
from typing import Any

from ..job_types.kept import ended_with, is_loop, read_kept, read_turns
from ..job_types.options import KeptClasses
from ..model.payload import decode

GOES_ON = ""
_MOST = 1_000
"""The most pieces of code that are followed."""
_CALLS = {"begins", "reached", "turns", "sleeps", "waits_for", "passed_all_steps"}
_KEPT = "kept()"
_UNKNOWN = object()
_COMPARED: dict[type[ast.cmpop], Any] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}

_Known = Mapping[str, object]
"""The values of variables; that of _KEPT is what the step has kept that was passed last."""


class Paths:
    """What becomes of a job with records that fit the steps of a function.

    Each of the `outcomes` is GOES_ON, or why the job waits. There are several if that depends on
    what is not known, such as the payload if it is None.
    """

    def __init__(
        self, function: Any, records: Mapping[str, str], steps: KeptClasses, payload: object
    ) -> None:
        self._records, self._steps, self._followed = records, steps, 0
        self.outcomes: set[str] = set()
        try:
            code: Any = ast.parse(inspect.getsource(function)).body[0]
        except (OSError, TypeError, SyntaxError):
            self.outcomes = {GOES_ON, "its code cannot be read"}
        else:
            self._follow(code.body, frozenset(), {code.args.args[1].arg: payload})

    def _follow(self, code: Sequence[ast.stmt], passed: frozenset[str], known: _Known) -> None:
        """Follow code until all records are passed, or it comes to a step that has none."""
        self._followed += 1
        if self._followed > _MOST:
            self.outcomes |= {GOES_ON, "its branches are too many to follow"}
            return
        for number, node in enumerate(code):
            rest = code[number + 1 :]
            if isinstance(node, ast.Return) or self._records.keys() <= passed:
                break
            if isinstance(node, ast.Raise | ast.Break):
                self.outcomes.add(GOES_ON)
                return
            if (simpler := _simpler(node)) is not None:
                self._follow([simpler, *rest], passed, known)
                return
            first: Any = getattr(node, "test", getattr(node, "iter", node))
            value = self._value(first, known)
            for call, step, until in _calls(first):
                if call in ("reached", "turns"):
                    value = step in self._records
                elif step in self._records or step in ended_with(self._records.get(until, "")):
                    value = False
                else:
                    self._end(passed, step)
                    return
                passed, known = passed | {step}, {**known, _KEPT: self._kept(step)}
            ends = [each for each in ast.walk(node) if isinstance(each, ast.Return | ast.Raise)]
            if isinstance(node, ast.If) and (ends or any(_calls(node))):
                for holds, block in ((True, node.body), (False, node.orelse)):
                    if value is _UNKNOWN or bool(value) == holds:
                        self._follow([*block, *rest], passed, known)
                return
            known = self._assigned(node, known)
            if isinstance(node, ast.AsyncFor):
                if not self._passes_turns(node, passed, known):
                    return
            else:
                for each in ends:
                    self._follow([each], passed, known)
        self._end(passed)

    def _passes_turns(self, loop: ast.AsyncFor, passed: frozenset[str], known: _Known) -> bool:
        """Follow a turn of a loop; returns whether the code behind the loop may be next."""
        call: Any = loop.iter
        name, items = (self._value(each, known) for each in call.args)
        left = self._records.keys() - passed
        if any(each.startswith(f"{name}/") for each in left):
            if all(each.startswith(f"{name}/") for each in left):
                # At its end, the record of the turn replaces those that are left.
                self._follow([*loop.body, ast.Break()], passed, known)
            else:
                self._end(passed)
            return False
        if name in self._records or items == []:
            return True
        self._end(passed)
        return not isinstance(items, list)

    def _end(self, passed: frozenset[str], step: str = "") -> None:
        """Add the outcome of a job that comes to its end, or to a step without a record."""
        missed = f"but not {step!r} before it" if step else "which this code does not come to"
        left = (each for each in self._records if each not in passed)
        said = (f"an earlier attempt has finished the step {each!r}, {missed}" for each in left)
        self.outcomes.add(next(said, GOES_ON))

    def _kept(self, step: str) -> object:
        text, kind = self._records.get(step), self._steps.get(step)
        if text is None or kind is None:
            return _UNKNOWN
        return read_kept(bytes(read_turns(text).kept).decode() if is_loop(step) else text, kind)

    def _assigned(self, node: ast.stmt, known: _Known) -> _Known:
        """The known values behind a statement."""
        stored = (e for e in ast.walk(node) if isinstance(e, ast.Name))
        now = {**known, **{e.id: _UNKNOWN for e in stored if isinstance(e.ctx, ast.Store)}}
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=ast.expr() as value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ):
                found = self._value(value, known)
                now[name] = _UNKNOWN if isinstance(found, list) else found
        return now

    def _value(self, node: ast.AST, known: _Known) -> object:
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return known.get(name, _UNKNOWN)
            case ast.List(elts=elements):
                return [self._value(each, known) for each in elements]
            case ast.Attribute(value=of, attr=name):
                found: Any = self._value(of, known)
                is_field = is_dataclass(found) and name in found.__dataclass_fields__
                return getattr(found, name) if is_field else _UNKNOWN
            case ast.Call(func=ast.Attribute(value=ast.Name(id="job"), attr="kept")):
                return known.get(_KEPT, _UNKNOWN)
            case ast.Await(value=ast.Call() as call):
                waits = [step for name, step, _ in _calls(call) if name == "waits_for"]
                if waits and waits[0] in self._records:
                    return decode(self._records[waits[0]])
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARED:
                one, other = self._value(left, known), self._value(right, known)
                if one is not _UNKNOWN and other is not _UNKNOWN:
                    with suppress(TypeError):
                        return _COMPARED[type(op)](one, other)
        return _UNKNOWN


def _calls(node: ast.AST) -> Iterator[tuple[str, str, str]]:
    """The calls in code that come to a step: their names, the step, and its `until`."""
    for each in ast.walk(node):
        match each:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="job"), attr=name), args=args, keywords=named
            ) if name in _CALLS:
                given = [*args[:1], *(each.value for each in named)]
                texts = [str(each.value) for each in given if isinstance(each, ast.Constant)]
                step, until, *_ = *texts, "", ""
                yield name, step, until


def _simpler(node: ast.stmt) -> ast.stmt | None:
    """An `if` of one condition, for one of several or with `not`, or for a `match`."""
    match node:
        case ast.If(test=ast.UnaryOp(op=ast.Not(), operand=test), body=body, orelse=orelse):
            return ast.If(test, orelse, body)
        case ast.If(test=ast.BoolOp(op=op, values=[first, *others]), body=body, orelse=orelse):
            inner: list[ast.stmt] = [
                ast.If(ast.BoolOp(op, others) if others[1:] else others[0], body, orelse)
            ]
            is_and = isinstance(op, ast.And)
            return ast.If(first, inner if is_and else body, orelse if is_and else inner)
        case ast.Match(subject=subject, cases=[case, *others]):
            fits = ast.Name("") if case.guard else _fits(subject, case.pattern)
            return ast.If(fits, case.body, [ast.Match(subject, others)] if others else [])
    return None


def _fits(subject: ast.expr, pattern: ast.pattern) -> ast.expr:
    """Whether a value fits a pattern of a `match`, as far as a condition can say that."""
    match pattern:
        case ast.MatchValue(value=value):
            return ast.Compare(subject, [ast.Eq()], [value])
        case ast.MatchSingleton(value=value):
            return ast.Compare(subject, [ast.Is()], [ast.Constant(value)])
        case ast.MatchOr(patterns=patterns):
            return ast.BoolOp(ast.Or(), [_fits(subject, each) for each in patterns])
        case ast.MatchAs(pattern=None, name=None):
            return ast.Constant(True)
    return ast.Name("")
