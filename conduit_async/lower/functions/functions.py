"""`@function` and `@computed` as functions of a module."""

from collections.abc import Iterator
from dataclasses import replace

from ...analyses.walk import walk
from ...names import unclashed
from ...package import Function
from ...program import FunctionInfo, Local, ParameterInfo
from ...python.annotations import stored
from ...python.code import Line, body_of
from ...types import NIL
from ..expressions.dispatch import lower
from ..expressions.function_calls import defaults, is_evaluated_inside, takes_nil
from ..package.module import Module, Variant
from .blocks import block
from .destination import NOWHERE, Destination
from .function import return_directly, survey_locals, without_final_return
from .function_builder import FunctionBuilder


def function(module: Module, variant: Variant) -> Function:
    """A function that takes what it reads of `self`, then its own parameters."""
    info = variant.function
    own = {parameter.python for parameter in info.parameters}
    reads = tuple(replace(c, python=unclashed(c.python, own)) for c in info.reads)
    locals_ = survey_locals(module.facts, info.body)
    fn = FunctionBuilder(
        module,
        variant.resource,
        variant.place,
        awaits=variant.place == "job" or (variant.place == "hook" and module.awaits),
        captures=reads,
        expected=info.result if info.result != NIL else None,
        locals=locals_,
        used={"job", "hook", *own, *(c.python for c in reads)},
    )
    for local in {*locals_.read, *locals_.assigned, *_in_defaults(module, info)}:
        if local.kind == "parameter":
            fn.name_local(local, local.python)
    parameters = [f"{c.python}: {stored(c.type, module.imports)}" for c in reads]
    given = defaults(info)
    parameters += [_parameter(fn, each, each in given) for each in info.parameters]
    dest = Destination("return", expected=info.result) if fn.expected is not None else NOWHERE
    inside = [each for each in info.parameters if is_evaluated_inside(each)]
    first = [line for each in inside for line in _default(fn, each)]
    body = [*first, *return_directly(without_final_return(block(fn, info.body, dest)))]
    return Function(
        module.variants[variant],
        (*_handle(module, variant), *parameters),
        module.annotation(info.result),
        tuple(body),
        info.doc,
        is_async=fn.awaits,
    )


def _handle(module: Module, variant: Variant) -> tuple[str, ...]:
    services = module.imports.use(".services", "Services") if variant.place != "function" else ""
    match variant.place:
        case "job":
            return (f"job: {module.imports.runtime('JobContext')}[{services}]",)
        case "hook":
            kind = module.imports.runtime("AsyncHook" if module.awaits else "Hook")
            any_ = module.imports.use("typing", "Any")
            services = services if variant.function.uses_services else any_
            return (f"hook: {kind}[{any_}, {services}]",)
    return ()


def _default(fn: FunctionBuilder, parameter: ParameterInfo) -> list[Line]:
    """A default that is evaluated where an argument is left out."""
    assert parameter.default is not None
    with fn.branch():
        code = lower(fn, parameter.default, expected=parameter.type)
    body = [*code.before, Line(f"{parameter.python} = {code.text}")]
    if not takes_nil(parameter):
        return [Line(f"if {parameter.python} is None:"), *body_of(body)]
    is_left_out = fn.module.imports.use("builtins", "isinstance")
    kind = fn.module.imports.use("types", "EllipsisType")
    return [Line(f"if {is_left_out}({parameter.python}, {kind}):"), *body_of(body)]


def _in_defaults(module: Module, info: FunctionInfo) -> Iterator[Local]:
    for parameter in info.parameters:
        for node in walk(parameter.default) if parameter.default is not None else ():
            if isinstance(local := module.facts.resolutions.get(node), Local):
                yield local


def _parameter(fn: FunctionBuilder, parameter: ParameterInfo, has_default: bool) -> str:
    text = f"{parameter.python}: {fn.module.annotation(parameter.type)}"
    if is_evaluated_inside(parameter) and takes_nil(parameter):
        ellipsis = fn.module.imports.use("types", "EllipsisType")
        return f"{text.removesuffix(' | None')} | {ellipsis} | None{' = ...' * has_default}"
    if is_evaluated_inside(parameter):
        return f"{text} | None{' = None' * has_default}"
    if has_default and parameter.default is not None:
        return f"{text} = {lower(fn, parameter.default, expected=parameter.type).text}"
    return text
