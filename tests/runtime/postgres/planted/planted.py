"""Functions and operators that another role could plant in a schema on the search path.

Each takes exactly the types that a call could have, so Postgres would prefer it to its own
function that fits less well. Each raises an error when it is called.
"""

from collections.abc import Iterable, Iterator

from conduit_runtime.postgres.tables.grants import FUNCTIONS

TYPES = (
    *("text", "uuid", "int2", "int4", "int8", "float8", "numeric", "bool", "timestamptz"),
    *("interval", "jsonb", "oid", "regclass", "name", "tid"),
    *("text[]", "uuid[]", "int8[]", "float8[]", "timestamptz[]", "tid[]", "anyelement", "anyarray"),
)
OPERATORS = ("=", "<>", "<", ">", "<=", ">=", "+", "-", "*", "/", "||", "@>", "~")
_COMPARISONS = ("=", "<>", "<", ">", "<=", ">=", "@>", "~")
_FEW = ("text", "int4", "int8", "uuid", "timestamptz", "uuid[]", "anyelement")
_ARGUMENTS = (
    *("", "VARIADIC anyarray", "text, oid, text, int4"),
    *TYPES,
    *(f"{kind}, VARIADIC text[]" for kind in TYPES),
    *(f"{left}, {right}" for left in _FEW for right in _FEW),
)


def operators(schema: str) -> Iterator[str]:
    """Yield statements that plant operators in a schema, for all pairs of types."""
    yield "SET check_function_bodies = off"
    for left in TYPES:
        for right in TYPES:
            yield from _operators(schema, left, right)


def types(schema: str) -> Iterator[str]:
    """Yield statements that plant types in a schema under the names of Postgres's types."""
    for name in TYPES:
        if name.isidentifier() and not name.startswith("any"):
            yield f"CREATE DOMAIN {schema}.{name} AS pg_catalog.{name} CHECK (false)"


def overloads(schema: str, functions: Iterable[str]) -> Iterator[str]:
    """Yield statements that plant overloads of these functions in a schema."""
    ours = {each.replace("bigint", "int8") for each in FUNCTIONS}
    yield "SET check_function_bodies = off"
    for name in sorted(functions):
        for arguments in _ARGUMENTS:
            if f"{name}({arguments})" not in ours:
                named = name == "make_interval" and arguments in TYPES
                yield _function(schema, name, f"secs {arguments}" if named else arguments, "text")


def _operators(schema: str, left: str, right: str) -> Iterator[str]:
    yield _function(schema, "planted_compares", f"{left}, {right}", "bool")
    yield _function(schema, "planted_gives", f"{left}, {right}", left)
    for operator in OPERATORS:
        called = "compares" if operator in _COMPARISONS else "gives"
        yield (
            f"CREATE OPERATOR {schema}.{operator} "
            f"(FUNCTION = {schema}.planted_{called}, LEFTARG = {left}, RIGHTARG = {right})"
        )


def _function(schema: str, name: str, arguments: str, result: str) -> str:
    return (
        f"CREATE OR REPLACE FUNCTION {schema}.{name}({arguments}) RETURNS {result} "
        f"LANGUAGE plpgsql AS $$BEGIN RAISE 'planted: {name}({arguments})'; END$$"
    )
