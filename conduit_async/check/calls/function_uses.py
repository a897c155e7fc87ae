"""Which functions need services or the database, themselves or through those that they call."""

from ...analyses.reached import function_roots, reached_from
from ...program import Extern, Program, RecordCall, RelationUse, ServiceCall


def mark_function_uses(program: Program) -> None:
    """Mark such functions, which exist once for hooks and once for jobs."""
    for resource in program.resources.values():
        for function in resource.functions.values():
            if function.reached:
                code = reached_from(program, function_roots(function))
                uses = {type(program.facts.resolutions.get(node)) for node in code.nodes()}
                function.uses_services = not uses.isdisjoint({ServiceCall, Extern})
                function.uses_database = not uses.isdisjoint({RecordCall, RelationUse})
