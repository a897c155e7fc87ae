"""Which functions need services or the database, themselves or through those that they call."""

from ...analyses.walk import walk
from ...program import (
    ComputedUse,
    Extern,
    FunctionCall,
    FunctionInfo,
    Program,
    RecordCall,
    RelationUse,
    ServiceCall,
)


def propagate_function_uses(program: Program) -> None:
    """Mark such functions, which exist once for hooks and once for jobs."""
    functions = [
        function
        for resource in program.resources.values()
        for function in resource.functions.values()
        if function.reached
    ]
    called = {id(function): _inspect(program, function) for function in functions}
    pending = True
    while pending:
        pending = False
        for function in functions:
            before = function.uses_services, function.uses_database
            others = called[id(function)]
            function.uses_services |= any(other.uses_services for other in others)
            function.uses_database |= any(other.uses_database for other in others)
            pending |= before != (function.uses_services, function.uses_database)


def _inspect(program: Program, function: FunctionInfo) -> list[FunctionInfo]:
    """Note what a function does itself; give back the functions that it calls."""
    called: list[FunctionInfo] = []
    defaults = [each.default for each in function.parameters if each.default is not None]
    for root in (*defaults, function.body):
        for node in walk(root):
            match program.facts.resolutions.get(node):
                case ServiceCall() | Extern():
                    function.uses_services = True
                case RecordCall() | RelationUse():
                    function.uses_database = True
                case FunctionCall(function=other) | ComputedUse(function=other):
                    called.append(other)
    return called
