"""The functions that an application calls: one for each event, which runs all its hooks."""

from collections.abc import Sequence

from ...package import PythonFunction
from ...program import HookInfo
from ...python.code import NONE, Code, Line, assignment, compare, compound, if_
from ..python.names_used import mentioned
from .blocks import block, without_final_return
from .function_builder import FunctionBuilder
from .locals import survey_locals
from .module import Module
from .naming import Naming

_EVENTS = {"create": "a created", "update": "an updated", "delete": "a deleted"}


def hook_functions(module: Module) -> list[PythonFunction]:
    """Build `after_create`, `after_update`, `after_delete`, `after_save` and functions of hooks."""
    return _Writer(module).functions()


class _Writer:
    def __init__(self, module: Module) -> None:
        self.module = module
        self.private: dict[HookInfo, PythonFunction] = {}
        self.keywords = {
            "services": lambda: module.services,
            "context": lambda: module.imports.runtime("RequestContext"),
        }
        """The possible named parameters of a public function, with their types."""

    def functions(self) -> list[PythonFunction]:
        needs: dict[str, list[str]] = {}
        public = []
        for event in _EVENTS:
            events = (event,) if event == "delete" else (event, "save")
            hooks = [hook for hook in self.module.resource.hooks if hook.node.event in events]
            if hooks:
                public.append(self.event(event, hooks, needs.setdefault(event, [])))
        if any(hook.node.event == "save" for hook in self.module.resource.hooks):
            public.append(self.save(needs))
        return [*public, *self.private.values()]

    def event(self, event: str, hooks: Sequence[HookInfo], needs: list[str]) -> PythonFunction:
        """Build the public function of an event; add its named parameters to `needs`."""
        doc = f"Run the hooks of {_EVENTS[event]} {self.module.record_variable.replace('_', ' ')}."
        if len(hooks) == 1 and hooks[0].node.event != "save":
            fn = self._builder(hooks[0], (event,))
            fn.returns = f"return {fn.record}"
            body, record = self._with_record(fn, block(fn, hooks[0].node.body))
            doc = hooks[0].node.doc or doc
        else:
            body, record = [Line(self._call(hook, event)) for hook in hooks], "hook.record"
        names = mentioned(body).union(
            *(mentioned(self.private[hook].body) for hook in hooks if hook in self.private)
        )
        if "hook.services" in names:
            names.add("services")
        needs += [name for name in self.keywords if name in names]
        arguments = ["conn", self.module.record, "record"]
        arguments += ["previous"] if event == "update" else []
        arguments += ["services=services"] if "services" in needs else []
        head = "async with" if self.module.awaits else "with"
        return PythonFunction(
            f"after_{event}",
            self._parameters(event, needs),
            self.module.record,
            (
                compound(f"{head} {self.module.hook}({', '.join(arguments)}) as hook:", body),
                Line(f"return {record}"),
            ),
            doc,
            is_async=self.module.awaits,
        )

    def save(self, needs: dict[str, list[str]]) -> PythonFunction:
        """Build `after_save`, which calls `after_create` or `after_update`."""
        head = "return await" if self.module.awaits else "return"

        def call(event: str, *arguments: str) -> Line:
            named = [f"{name}={name}" for name in needs[event]]
            return Line(f"{head} after_{event}({', '.join([*arguments, *named])})")

        return PythonFunction(
            "after_save",
            self._parameters("save", list(dict.fromkeys((*needs["create"], *needs["update"])))),
            self.module.record,
            (
                if_(compare(Code("previous"), "is", NONE), [call("create", "conn", "record")]),
                call("update", "conn", "record", "previous"),
            ),
            "Run `after_create`, or with a previous row `after_update`.",
            is_async=self.module.awaits,
        )

    def _with_record(self, fn: FunctionBuilder, body: list[Line]) -> tuple[list[Line], str]:
        name = fn.record or ""
        if name not in mentioned(body):
            return body, "hook.record"
        return [assignment(name, "hook.record"), *body], name

    def _call(self, hook: HookInfo, event: str) -> str:
        if hook not in self.private:
            self.private[hook] = self._private(hook)
        function = self.private[hook]
        names = [parameter.partition(":")[0] for parameter in function.parameters]
        previous = "None" if event == "create" else "hook.previous"
        given = ", ".join(previous if name == "previous" else name for name in names)
        return f"{'await ' if self.module.awaits else ''}{function.name}({given})"

    def _private(self, hook: HookInfo) -> PythonFunction:
        event = hook.node.event
        fn = self._builder(hook, ("create", "update") if event == "save" else (event,))
        body, _ = self._with_record(fn, without_final_return(block(fn, hook.node.body)))
        names = mentioned(body)
        services = f", {self.module.services}" if "hook.services" in names else ""
        parameters = [f"hook: {self.module.hook}[{self.module.record}{services}]"]
        if "previous" in names:
            parameters.append(f"previous: {self.module.record} | None")
        if "context" in names:
            parameters.append(f"context: {self.keywords['context']()}")
        taken = {function.name for function in self.private.values()}
        name, number = f"_after_{event}", 2
        while name in taken:
            name, number = f"_after_{event}_{number}", number + 1
        return PythonFunction(
            name,
            tuple(parameters),
            "None",
            tuple(body),
            hook.node.doc,
            is_async=self.module.awaits,
        )

    def _builder(self, hook: HookInfo, events: Sequence[str]) -> FunctionBuilder:
        used = {"hook", "conn", "record", "previous", "services", "context"}
        fn = FunctionBuilder(
            Naming(self.module, used),
            self.module.resource,
            "hook",
            awaits=self.module.awaits,
            on_create="create" in events,
            on_update="update" in events,
            locals=survey_locals(self.module.facts, hook.node),
        )
        fn.record = fn.names.fresh(self.module.record_variable)
        return fn

    def _parameters(self, event: str, needs: Sequence[str]) -> tuple[str, ...]:
        kind = "AsyncConnection" if self.module.awaits else "Connection"
        parameters = [f"conn: {self.module.imports.runtime(kind)}", "record: object"]
        previous = {"update": ["previous: object"], "save": ["previous: object = None"]}
        named = [f"{name}: {self.keywords[name]()}" for name in needs]
        return (*parameters, *previous.get(event, ()), *(["*", *named] if named else ()))
