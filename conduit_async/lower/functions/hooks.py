"""The functions that an application calls: one an event, which runs all its hooks."""

from collections.abc import Sequence

from ...package import Function
from ...program import HookInfo
from ...python.code import Line, indented
from ..package.module import Module
from .blocks import block
from .function import survey_locals, uses, without_final_return
from .function_builder import FunctionBuilder

EVENTS = ("create", "update", "delete")
_PAST = {"create": "a created", "update": "an updated", "delete": "a deleted"}


def hook_functions(module: Module) -> list[Function]:
    """`after_create`, `after_update`, `after_delete`, `after_save`, and one a hook where needed."""
    writer = _Writer(module)
    public = [writer.event(event) for event in EVENTS if writer.hooks_of(event)]
    if any(hook.node.event == "save" for hook in module.resource.hooks):
        public.append(writer.save())
    return [*public, *writer.private.values()]


class _Writer:
    def __init__(self, module: Module) -> None:
        self.module = module
        self.private: dict[HookInfo, Function] = {}
        self.needs: dict[str, tuple[str, ...]] = {}

    def hooks_of(self, event: str) -> list[HookInfo]:
        """The hooks of an event, in the order of the source."""
        events = (event,) if event == "delete" else (event, "save")
        return [hook for hook in self.module.resource.hooks if hook.node.event in events]

    def event(self, event: str) -> Function:
        """The public function of an event."""
        hooks = self.hooks_of(event)
        record = self.module.record_variable
        doc = f"Run the hooks of {_PAST[event]} {record.replace('_', ' ')}."
        if len(hooks) == 1 and hooks[0].node.event != "save":
            body, result = self._inline(hooks[0], event)
            doc = hooks[0].node.doc or doc
        else:
            body = [Line(self._call(hook, event)) for hook in hooks]
            result = "hook.record"
        needs = tuple(name for name in ("services", "context") if self._needs(hooks, name, body))
        self.needs[event] = needs
        lines = [self._with(event, needs), *indented(body)]
        lines.append(Line(f"return {result}"))
        return Function(
            f"after_{event}",
            (*self._parameters(event), *self._keywords(needs)),
            self.module.record,
            tuple(lines),
            doc,
            is_async=self.module.awaits,
        )

    def save(self) -> Function:
        """`after_save`, which is one of the other two."""
        needs = tuple(dict.fromkeys((*self.needs["create"], *self.needs["update"])))
        head = "return await" if self.module.awaits else "return"

        def call(event: str, *arguments: str) -> str:
            named = [f"{name}={name}" for name in self.needs[event]]
            return f"{head} after_{event}({', '.join([*arguments, *named])})"

        return Function(
            "after_save",
            (*self._parameters("create"), "previous: object = None", *self._keywords(needs)),
            self.module.record,
            (
                Line("if previous is None:"),
                Line(call("create", "conn", "record"), 1),
                Line(call("update", "conn", "record", "previous")),
            ),
            "Run `after_create`, or with a previous row `after_update`.",
            is_async=self.module.awaits,
        )

    def _inline(self, hook: HookInfo, event: str) -> tuple[list[Line], str]:
        fn = self._frame(hook, (event,))
        fn.returns = f"return {fn.record}"
        body = block(fn, hook.node.body)
        return self._with_record(fn, body)

    def _with_record(self, fn: FunctionBuilder, body: list[Line]) -> tuple[list[Line], str]:
        name = fn.record or ""
        if not uses(body, name):
            return body or [Line("pass")], "hook.record"
        return [Line(f"{name} = hook.record"), *body], name

    def _call(self, hook: HookInfo, event: str) -> str:
        if hook not in self.private:
            self.private[hook] = self._private(hook)
        function = self.private[hook]
        arguments = ["hook"]
        for parameter in function.parameters[1:]:
            name = parameter.partition(":")[0]
            on_create = name == "previous" and event == "create"
            arguments.append(
                "None" if on_create else "hook.previous" if name == "previous" else name
            )
        head = "await " if self.module.awaits else ""
        return f"{head}{function.name}({', '.join(arguments)})"

    def _private(self, hook: HookInfo) -> Function:
        event = hook.node.event
        fn = self._frame(hook, ("create", "update") if event == "save" else (event,))
        body = without_final_return(block(fn, hook.node.body))
        body, _ = self._with_record(fn, body)
        parameters = [f"hook: {self._hook_type(uses_services(hook, body))}"]
        if uses(body, "previous"):
            parameters.append(f"previous: {self.module.record} | None")
        if uses(body, "context"):
            parameters.append(f"context: {self.module.imports.runtime('RequestContext')}")
        taken = {function.name for function in self.private.values()}
        name, number = f"_after_{event}", 2
        while name in taken:
            name, number = f"_after_{event}_{number}", number + 1
        return Function(
            name,
            tuple(parameters),
            "None",
            tuple(body),
            hook.node.doc,
            is_async=self.module.awaits,
        )

    def _frame(self, hook: HookInfo, events: Sequence[str]) -> FunctionBuilder:
        locals_ = survey_locals(self.module.facts, hook.node)
        fn = FunctionBuilder(
            self.module,
            self.module.resource,
            "hook",
            awaits=self.module.awaits,
            on_create="create" in events,
            on_update="update" in events,
            locals=locals_,
            used={"hook", "conn", "record", "previous", "services", "context"},
        )
        fn.record = fn.fresh(self.module.record_variable)
        return fn

    def _needs(self, hooks: list[HookInfo], name: str, body: list[Line]) -> bool:
        if name == "services":
            return any(self._uses_services(hook) for hook in hooks) or uses_services(None, body)
        own = any(uses(self.private[hook].body, name) for hook in hooks if hook in self.private)
        return own or uses(body, name)

    def _uses_services(self, hook: HookInfo) -> bool:
        body = self.private[hook].body if hook in self.private else ()
        return uses_services(hook, body)

    def _hook_type(self, services: bool) -> str:
        kind = self.module.imports.runtime("AsyncHook" if self.module.awaits else "Hook")
        if services:
            return (
                f"{kind}[{self.module.record}, {self.module.imports.use('.services', 'Services')}]"
            )
        return f"{kind}[{self.module.record}]"

    def _parameters(self, event: str) -> tuple[str, ...]:
        name = "AsyncConnection" if self.module.awaits else "Connection"
        parameters = (f"conn: {self.module.imports.runtime(name)}", "record: object")
        return (*parameters, "previous: object") if event == "update" else parameters

    def _keywords(self, needs: tuple[str, ...]) -> tuple[str, ...]:
        if not needs:
            return ()
        imports = self.module.imports
        kinds = {
            "services": lambda: imports.use(".services", "Services"),
            "context": lambda: imports.runtime("RequestContext"),
        }
        return ("*", *(f"{name}: {kinds[name]()}" for name in needs))

    def _with(self, event: str, needs: tuple[str, ...]) -> Line:
        kind = self.module.imports.runtime("AsyncHook" if self.module.awaits else "Hook")
        arguments = ["conn", self.module.record, "record"]
        arguments += ["previous"] if event == "update" else []
        arguments += ["services=services"] if "services" in needs else []
        head = "async with" if self.module.awaits else "with"
        return Line(f"{head} {kind}({', '.join(arguments)}) as hook:")


def uses_services(hook: HookInfo | None, body: Sequence[Line]) -> bool:
    """Whether a hook calls a service while it runs."""
    return (hook is not None and hook.uses_services) or any(
        "hook.services" in line.text for line in body
    )
