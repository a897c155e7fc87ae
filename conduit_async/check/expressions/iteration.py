"""What a `for` gives its variable."""

from ... import ast
from ...types import INT, Array, Hash, NilType, Query, Range, Record, Type, is_nullable, required
from ..body import Body
from ..lattice import is_unknown
from ..require import report_maybe_nil
from ..wording import describe


def iterated_type(body: Body, node: ast.Expr, kind: Type) -> Type:
    """The type of an item of what a `for` goes through, by the type of that."""
    if is_unknown(kind):
        return kind
    if is_nullable(kind) and not isinstance(kind, NilType):
        report_maybe_nil(body, node, "`for`")
    match required(kind):
        case Array(item=item) | Hash(key=item):
            return item
        case Range(item=item) if item == INT or is_unknown(item):
            return item
        case Query(resource=resource):
            return Record(resource)
    message = f"`for` needs an array, a range of ints, a hash or a query, this is {describe(kind)}"
    return body.error("TYP102", node, message)
