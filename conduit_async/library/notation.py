"""Shorthand in which the table of signatures is written."""

from ..names import python_name
from ..types import DATE, DECIMAL, FLOAT, INT, REGEX, STRING, TIMESTAMP, Type, Union, Variable
from .signature import REQUIRED, Constant, Parameter, Required, Signature

ITEM = Variable("T")
OTHER = Variable("U")
KEY = Variable("K")  # never nil
VALUE = Variable("V")
NUMBER = Variable("number", Union((INT, FLOAT, DECIMAL)))
MOMENT = Variable("moment", Union((TIMESTAMP, DATE)))
PATTERN = Union((STRING, REGEX))


def parameter(name: str, type: Type, default: Constant | Required = REQUIRED) -> Parameter:
    """A parameter; with a default it may be left out."""
    return Parameter(name, type, default)


def function(
    name: str,
    parameters: tuple[Parameter, ...],
    result: Type,
    doc: str,
    *,
    python: str | None = None,
    method: bool = False,
    fallback: str | None = None,
    whole_at_zero: str | None = None,
    named_values: bool = False,
    effect: bool = False,
    never_raises: bool = False,
    total: bool = False,
) -> Signature:
    """A signature that does not know its namespace yet; see `Signature` for what is what."""
    return Signature(
        "",
        name,
        parameters,
        result,
        doc,
        python or python_name(name),
        method,
        fallback,
        whole_at_zero,
        named_values,
        effect,
        never_raises,
        total,
    )
