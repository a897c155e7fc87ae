"""The standard library as the compiler knows it: what sources may rely on, and how it is called."""

import importlib
import re
import types
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from conduit_runtime import stdlib
from conduit_runtime.model.text.names import source_name
from conduit_runtime.stdlib._namespace import ArgumentError

from conduit_async.library import LIBRARY, REQUIRED, Parameter, Signature, methods
from conduit_async.library.signature import NUMBER
from conduit_async.types import (  # fmt: skip
    ANY,
    BOOL,
    JSON,
    REGEX,
    STRING,
    Array,
    Enum,
    FunctionType,
    Hash,
    Optional,
    Scalar,
    Type,
    TypeVariable,
    Union,
    is_nullable,
)

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
    "Job": "sleep(duration) wait(name,timeout)",
}
"""The functions that the description of the language lists, by their namespaces."""

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
            return {object, types.NoneType} if type in (ANY, JSON) else {class_of(type)}


def class_of(type: Type) -> Any:
    assert isinstance(type, Scalar)
    module, name = type.python
    return re.Pattern if type == REGEX else getattr(importlib.import_module(module), name)


def test_the_functions_of_the_page_are_there() -> None:
    assert list(LIBRARY) == list(PAGE)
    for namespace, functions in PAGE.items():
        for name, parameters in re.findall(r"(\w+[?!]?)(?:\(([^)]*)\))?", functions):
            names = [parameter.name for parameter in LIBRARY[namespace][name].parameters]
            assert not parameters or names == parameters.split(",")


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
    no_value = ("UUID", "Random", "Logger", "Cache", "Env", "Job")
    assert {call for call in plain if not call.startswith(no_value)} == {
        # several namespaces parse and validate strings; the methods of `String` take regexes
        "Time.parse", "JSON.parse", "JSON.validate", "Regex.replace", "Regex.split",
    }  # fmt: skip
