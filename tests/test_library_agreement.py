"""The compiler's table of the standard library and the runtime agree, name by name."""

import inspect
import re
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from conduit_runtime import stdlib
from conduit_runtime.model.text.names import source_name
from conduit_runtime.stdlib._namespace import ArgumentError, accepted_types

from conduit_async.library import LIBRARY, REQUIRED, Parameter, Signature, methods
from conduit_async.library.signature import NUMBER
from conduit_async.types import (  # fmt: skip
    ANY,
    BOOL,
    DATE,
    DECIMAL,
    DURATION,
    FLOAT,
    INT,
    JSON,
    NIL,
    REGEX,
    STRING,
    TIME,
    TIMESTAMP,
    Array,
    Enum,
    FunctionType,
    Hash,
    Optional,
    Type,
    TypeVariable,
    Union,
    is_nullable,
)
from conduit_async.types import UUID as UUID_TYPE

PAGE = {
    "String": "slugify capitalize upcase downcase trim(text,chars) truncate(text,length)"
    " split(text,delimiter) join(parts,delimiter) replace(text,pattern,replacement) starts_with?"
    " ends_with? includes? contains length",
    "Text": "calculate_reading_time(content,words_per_minute) word_count character_count"
    " excerpt(content,length)",
    "Number": "format(num,decimals) round(num,precision) abs ceil floor min max",
    "Array": "first last length empty? includes? contains unique sort reverse push concat map"
    " filter",
    "Hash": "keys values merge has_key? has_key get(hash,key,default)",
    "Time": "now today parse(str,format) format(time,format) add subtract diff add_days year month"
    " day hour minute second",
    "UUID": "generate validate parse",
    "Random": "int(min,max) float(min,max) uuid hex(length) alphanumeric(length)",
    "Crypto": "hash(data,algorithm) compare(hash,data) encrypt(data,key) decrypt(data,key)",
    "HTML": "strip_tags escape unescape",
    "JSON": "parse stringify(data,pretty) validate",
    "Regex": "match(text,pattern) replace(text,pattern,replacement) test(text,pattern)"
    " split(text,pattern)",
    "Logger": "debug(message,error,context) info(message,error,context) warn(message,error,context)"
    " error(message,error,context)",
    "Cache": "get set(key,value,ttl) invalidate clear",
    "Context": "current_user current_user! authenticated? current_request",
    "Env": "get(key,default) set has?",
}
"""The namespaces that the description of the language lists."""

CLASSES: dict[Type, Any] = {
    STRING: str, INT: int, FLOAT: float, BOOL: bool, DECIMAL: Decimal, TIMESTAMP: datetime,
    DATE: date, TIME: time, UUID_TYPE: UUID, DURATION: timedelta, REGEX: re.Pattern,
}  # fmt: skip

SIGNATURES = [signature for functions in LIBRARY.values() for signature in functions.values()]
each_signature = pytest.mark.parametrize(
    "signature", SIGNATURES, ids=[signature.call for signature in SIGNATURES]
)


def implementation(signature: Signature) -> Any:
    return getattr(getattr(stdlib, signature.namespace), signature.python)


def classes(type: Type) -> set[Any]:
    """The classes of the values that a parameter of a type accepts."""
    match type:
        case Optional(item):
            return classes(item) | {types.NoneType}
        case Union(options):
            return {cls for option in options for cls in classes(option)}
        case TypeVariable("K"):
            return {object}
        case TypeVariable(_, bound):
            return classes(ANY if bound is None else bound)
        case Array():
            return {Sequence}
        case Hash():
            return {Mapping}
        case FunctionType():
            return {Callable}
        case Enum():
            return {str}
        case _:
            return {object, types.NoneType} if type in (ANY, JSON) else {CLASSES[type]}


def test_the_namespaces_are_those_of_the_page() -> None:
    assert set(PAGE) == set(LIBRARY) == set(stdlib.__all__)
    assert list(LIBRARY) == list(PAGE)


@pytest.mark.parametrize("namespace", PAGE)
def test_the_functions_are_those_of_the_page(namespace: str) -> None:
    listed = dict(re.findall(r"(\w+[?!]?)(?:\(([^)]*)\))?", PAGE[namespace]))
    assert list(LIBRARY[namespace]) == list(listed)
    for name, parameters in listed.items():
        if parameters:
            names = [parameter.name for parameter in LIBRARY[namespace][name].parameters]
            assert names == parameters.split(",")


@pytest.mark.parametrize("namespace", PAGE)
def test_the_runtime_has_these_functions_and_no_other(namespace: str) -> None:
    members = vars(getattr(stdlib, namespace)).items()
    implemented = {name for name, member in members if isinstance(member, staticmethod)}
    assert implemented == {signature.python for signature in LIBRARY[namespace].values()}


@each_signature
def test_names(signature: Signature) -> None:
    function = implementation(signature)
    # `has_key` and `has_key?` are one function
    assert source_name(function).rstrip("?!") == signature.name.rstrip("?!")
    assert (inspect.getdoc(function) or "").partition("\n")[0] == signature.doc
    assert LIBRARY[signature.namespace][signature.name] is signature
    stem = signature.name.rstrip("?!")
    assert signature.python in (stem, f"is_{stem}", f"require_{stem}")


@each_signature
def test_parameters(signature: Signature) -> None:
    parameters = list(inspect.signature(implementation(signature)).parameters.values())
    if signature.named_values:
        assert parameters.pop().kind is inspect.Parameter.VAR_KEYWORD
    assert len(parameters) == len(signature.parameters)
    for ours, theirs in zip(signature.parameters, parameters, strict=True):
        assert ours.name == theirs.name
        assert ours.rest == (theirs.kind is theirs.VAR_POSITIONAL)
        if ours.default is REQUIRED:
            assert theirs.default is theirs.empty
            assert theirs.kind is not theirs.KEYWORD_ONLY
        else:
            assert theirs.default == ours.default
            assert type(theirs.default) is type(ours.default)
            assert theirs.kind in (theirs.POSITIONAL_OR_KEYWORD, theirs.KEYWORD_ONLY)


@each_signature
def test_parameter_types(signature: Signature) -> None:
    hints = typing.get_type_hints(implementation(signature))
    for parameter in signature.parameters:
        accepted = set(accepted_types(hints[parameter.name]))
        wanted = classes(parameter.type)
        if float in accepted:
            wanted |= {int}
        if datetime in wanted and date in accepted:
            wanted -= {datetime}
            accepted -= {datetime}
        # a Python parameter may accept more; the type in the signature lists only what is useful
        assert wanted == accepted or object in accepted, parameter.name
        if types.NoneType in wanted:
            assert types.NoneType in accepted, parameter.name


@each_signature
def test_result_types(signature: Signature) -> None:
    hint = typing.get_type_hints(implementation(signature))["return"]
    result = set(accepted_types(hint)) if hint is not types.NoneType else {types.NoneType}
    match signature.result:
        case Array():
            wanted: set[Any] = {list}
        case Hash():
            wanted = {dict}
        case type if type == NIL:
            wanted = {types.NoneType}
        case type:
            wanted = classes(type)
    if wanted == {int, float, Decimal} or float in wanted:
        wanted |= {int}
    assert result == wanted


def required(signature: Signature) -> list[Parameter]:
    """The parameters that must not be nil."""
    return [
        parameter
        for parameter in signature.parameters
        if types.NoneType not in classes(parameter.type) and parameter.default is not None
    ]


SAMPLES: dict[Any, Any] = {
    str: "sha256", int: 1, float: 1.0, bool: True, Decimal: Decimal(1), timedelta: timedelta(1),
    datetime: datetime(2026, 1, 1), date: date(2026, 1, 1), time: time(1), Sequence: [],
    Mapping: {}, Callable: str, object: "x", re.Pattern: re.compile(""),
}  # fmt: skip


def sample(type: Type) -> Any:
    return next(value for cls, value in SAMPLES.items() if cls in classes(type))


@each_signature
def test_nil_names_the_call_and_the_parameter(signature: Signature) -> None:
    function = implementation(signature)
    call = re.escape(f"{signature.namespace}.{source_name(function)}")
    for wrong in required(signature):
        if wrong.rest:
            continue
        arguments = [
            None if each is wrong else sample(each.type)
            for each in signature.parameters
            if not each.rest and (each.default is REQUIRED or each is wrong)
        ]
        with pytest.raises(ArgumentError, match=rf"^{call}: `{wrong.name}` must be .+, not nil$"):
            function(*arguments)


@pytest.mark.parametrize("value", [None, 5, "x", "(", [], {}, float("nan"), b""], ids=repr)
def test_what_never_raises(value: object) -> None:
    for signature in SIGNATURES:
        if signature.never_raises:
            assert signature.result == BOOL
            assert all(is_nullable(p.type) or p.type == ANY for p in signature.parameters)
            result = implementation(signature)(*[value] * len(signature.parameters))
            assert type(result) is bool


@pytest.mark.parametrize(
    ("namespace", "name", "number", "parameter"),
    [
        ("String", "trim", 1, Parameter("chars", Optional(STRING), None)),
        (
            "Crypto",
            "hash",
            1,
            Parameter(
                "algorithm", Enum("", ("sha256", "sha512", "blake2b", "bcrypt", "argon2")), "sha256"
            ),
        ),
        ("JSON", "stringify", 1, Parameter("pretty", BOOL, False)),
        ("Number", "min", 1, Parameter("others", NUMBER, rest=True)),
    ],
)
def test_how_a_signature_is_read(
    namespace: str, name: str, number: int, parameter: Parameter
) -> None:
    signature = LIBRARY[namespace][name]
    assert signature.parameters[number] == parameter
    assert (signature.namespace, signature.name, signature.method) == (namespace, name, True)


def test_which_functions_never_raise() -> None:
    names = {signature.name for signature in SIGNATURES if signature.never_raises}
    assert names == {"validate", "test", "compare"}


def test_a_method_is_found_by_the_type_of_its_value() -> None:
    for signature in SIGNATURES:
        rivals = [each for each in methods(signature.name) if each.receiver]
        taken: list[Any] = []
        for rival in rivals:
            assert rival.receiver is not None
            receivers = classes(rival.receiver) - {types.NoneType}
            assert not receivers.intersection(taken), signature.name
            taken.extend(receivers)
        assert (signature in rivals) == signature.method


def test_functions_of_values_are_methods() -> None:
    plain = {s.call for s in SIGNATURES if s.parameters and not s.method}
    no_value = ("UUID", "Random", "Logger", "Cache", "Env")
    assert {call for call in plain if not call.startswith(no_value)} == {
        # several namespaces parse and validate strings; the methods of `String` take regexes
        "Time.parse", "JSON.parse", "JSON.validate", "Regex.replace", "Regex.split",
    }  # fmt: skip
