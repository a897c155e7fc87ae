"""`@function` and `@computed` as functions of a module."""

from dataclasses import replace

from ..names import unclashed
from ..program import ParameterInfo
from ..types import NIL
from .annotations import stored
from .calls import is_constant
from .drive import lower
from .frame import Frame
from .function import Function, direct, survey, trimmed
from .into import NOWHERE, Into
from .module import Module, Variant
from .statements import block


def function(module: Module, variant: Variant) -> Function:
    """A function that takes what it reads of `self`, then its own parameters."""
    info = variant.function
    own = {parameter.python for parameter in info.parameters}
    reads = tuple(replace(c, python=unclashed(c.python, own)) for c in info.reads)
    locals_ = survey(module.facts, info.body)
    frame = Frame(
        module,
        variant.resource,
        variant.place,
        awaits=variant.place == "job" or (variant.place == "hook" and module.awaits),
        captures=reads,
        expected=info.result if info.result != NIL else None,
        locals=locals_,
        used={"job", "hook", *own, *(c.python for c in reads)},
    )
    for local in {*locals_.read, *locals_.assigned}:
        if local.kind == "parameter":
            frame.name_local(local, local.python)
    parameters = [f"{c.python}: {stored(c.type, module.imports)}" for c in reads]
    parameters += [_parameter(frame, parameter) for parameter in info.parameters]
    into = Into("return", expected=info.result) if frame.expected is not None else NOWHERE
    body = direct(trimmed(block(frame, info.body, into)))
    return Function(
        module.variants[variant],
        (*_handle(module, variant), *parameters),
        module.annotation(info.result),
        tuple(body),
        info.doc,
        is_async=frame.awaits,
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


def _parameter(frame: Frame, parameter: ParameterInfo) -> str:
    text = f"{parameter.python}: {frame.module.annotation(parameter.type)}"
    if parameter.default is not None and is_constant(parameter.default):
        return f"{text} = {lower(frame, parameter.default, expected=parameter.type).text}"
    return text
