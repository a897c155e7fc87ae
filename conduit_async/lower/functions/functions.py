"""`@function` and `@computed` as functions of a module."""

from dataclasses import replace

from ...analyses.walk import walk
from ...names import unclashed
from ...package import PythonFunction
from ...program import Local, ParameterInfo
from ...python.annotations import stored
from ...python.code import NONE, Code, Line, assignment, compare, if_
from ...types import NIL, required
from ..expressions.dispatch import Operand, lower
from ..expressions.function_calls import defaults, is_evaluated_inside, takes_nil
from .blocks import block, return_directly, without_final_return
from .captured import Captured
from .destination import NOWHERE, Destination
from .function_builder import FunctionBuilder
from .locals import survey_locals
from .module import Module, Variant
from .naming import Naming


def function(module: Module, variant: Variant) -> PythonFunction:
    """Build a function whose parameters are what it reads of `self`, then its own."""
    info = variant.function
    own = {parameter.python for parameter in info.parameters}
    reads = tuple(replace(c, python=unclashed(c.python, own)) for c in info.reads)
    locals_ = survey_locals(module.facts, info.body)
    fn = FunctionBuilder(
        Naming(module, {"job", "hook", *own, *(c.python for c in reads)}),
        variant.resource,
        variant.place,
        awaits=variant.place == "job" or (variant.place == "hook" and module.awaits),
        captured=Captured(reads),
        return_dest=Destination("return", expected=info.result) if info.result != NIL else None,
        locals=locals_,
    )
    defaulted = (each.default for each in info.parameters if each.default is not None)
    in_defaults = {fn.resolved(node) for default in defaulted for node in walk(default)}
    for local in {*locals_.read, *locals_.assigned, *in_defaults}:
        if isinstance(local, Local) and local.kind == "parameter":
            fn.names.name_local(local, local.python)
    parameters = [f"{c.python}: {stored(c.type, module.imports)}" for c in reads]
    given = defaults(info)
    parameters += [_parameter(fn, each, each in given) for each in info.parameters]
    first = [_default(fn, each) for each in info.parameters if is_evaluated_inside(each)]
    body = [
        *first,
        *return_directly(without_final_return(block(fn, info.body, fn.return_dest or NOWHERE))),
    ]
    return PythonFunction(
        module.variants[variant],
        (*_handle(module, variant), *parameters),
        module.annotation(info.result),
        tuple(body),
        info.doc,
        is_async=fn.awaits,
    )


def _handle(module: Module, variant: Variant) -> tuple[str, ...]:
    match variant.place:
        case "job":
            return (f"job: {module.job_context}",)
        case "hook":
            any_ = module.imports.use("typing", "Any")
            services = module.services if variant.function.uses_services else any_
            return (f"hook: {module.hook}[{any_}, {services}]",)
    return ()


def _default(fn: FunctionBuilder, parameter: ParameterInfo) -> Line:
    """Build the line that evaluates the default of a missing argument."""
    assert parameter.default is not None
    with fn.branch():
        code = lower(fn, Operand(parameter.default, expected=parameter.type))
    test = compare(Code(parameter.python), "is", NONE)
    if takes_nil(parameter):
        kind = fn.use("types", "EllipsisType")
        test = Code(f"{fn.builtin('isinstance')}({parameter.python}, {kind})")
    return if_(test, [*code.before, assignment(parameter.python, code.text)])


def _parameter(fn: FunctionBuilder, parameter: ParameterInfo, has_default: bool) -> str:
    text = f"{parameter.python}: {fn.module.annotation(parameter.type)}"
    if is_evaluated_inside(parameter) and takes_nil(parameter):
        ellipsis = fn.use("types", "EllipsisType")
        kind = fn.module.annotation(required(parameter.type))
        return f"{parameter.python}: {kind} | {ellipsis} | None{' = ...' * has_default}"
    if is_evaluated_inside(parameter):
        return f"{text} | None{' = None' * has_default}"
    if has_default and parameter.default is not None:
        return f"{text} = {lower(fn, Operand(parameter.default, expected=parameter.type)).text}"
    return text
