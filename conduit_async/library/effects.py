"""The namespaces of randomness, cryptography, texts of other languages, and the world outside."""

from functools import partial

from ..types import ANY, BOOL, DURATION, FLOAT, INT, JSON, NIL, STRING, Array, Enum, Union, optional
from ..types import UUID as UUID_TYPE
from .notation import PATTERN, function, parameter
from .signature import Signature

_method = partial(function, method=True)
_text = parameter("text", STRING)
_length = parameter("length", INT)
_data = parameter("data", STRING)
_key = parameter("key", STRING)
_pattern = parameter("pattern", PATTERN)
_algorithm = Enum("Algorithm", ("sha256", "sha512", "blake2b", "bcrypt", "argon2"))
_anything = parameter("value", ANY)

UUID_FUNCTIONS: tuple[Signature, ...] = (
    function("generate", (), UUID_TYPE, "A new random UUID.", total=True),
    function("validate", (_anything,), BOOL, "Whether this is a UUID.", never_raises=True),
    function("parse", (_text,), UUID_TYPE, "The UUID that a text gives."),
)

RANDOM_FUNCTIONS: tuple[Signature, ...] = (
    function(
        "int",
        (parameter("min", INT), parameter("max", INT)),
        INT,
        "An int from `min` to `max`, both included.",
    ),
    function(
        "float",
        (parameter("min", FLOAT), parameter("max", FLOAT)),
        FLOAT,
        "A float from `min` to `max`.",
    ),
    function("uuid", (), UUID_TYPE, "A new random UUID.", total=True),
    function("hex", (_length,), STRING, "That many hexadecimal digits."),
    function("alphanumeric", (_length,), STRING, "That many letters and digits of ASCII."),
)

CRYPTO_FUNCTIONS: tuple[Signature, ...] = (
    _method(
        "hash",
        (_data, parameter("algorithm", _algorithm, "sha256")),
        STRING,
        "A hash: hexadecimal for a digest, in its own notation for `bcrypt` and `argon2`.",
    ),
    _method(
        "compare",
        (parameter("hash", optional(STRING)), parameter("data", optional(STRING))),
        BOOL,
        "Whether the hash is one of the data, in constant time.",
        never_raises=True,
    ),
    _method("encrypt", (_data, _key), STRING, "The data encrypted, with proof of its origin."),
    _method("decrypt", (_data, _key), STRING, "The data that `encrypt` was given."),
)

HTML_FUNCTIONS: tuple[Signature, ...] = (
    _method(
        "strip_tags", (_text,), STRING, "The text without tags, comments and scripts.", total=True
    ),
    _method("escape", (_text,), STRING, "The text with `& < > \" '` as entities.", total=True),
    _method("unescape", (_text,), STRING, "The text with entities as characters.", total=True),
)

JSON_FUNCTIONS: tuple[Signature, ...] = (
    function("parse", (_text,), JSON, "The value that a JSON text gives."),
    _method(
        "stringify",
        (parameter("data", ANY), parameter("pretty", BOOL, False)),
        STRING,
        "The value as JSON, compact or indented by two spaces.",
    ),
    function("validate", (_anything,), BOOL, "Whether this is a JSON text.", never_raises=True),
)

REGEX_FUNCTIONS: tuple[Signature, ...] = (
    _method("match", (_text, _pattern), Array(STRING), "Every occurrence of the pattern."),
    function(
        "replace",
        (_text, _pattern, parameter("replacement", STRING)),
        STRING,
        "The text with every occurrence replaced; `\\1` is the first group.",
    ),
    _method(
        "test",
        (parameter("text", optional(STRING)), parameter("pattern", optional(PATTERN))),
        BOOL,
        "Whether the pattern occurs in the text.",
        never_raises=True,
    ),
    function("split", (_text, _pattern), Array(STRING), "The parts between occurrences."),
)

_message = (
    parameter("message", STRING),
    parameter("error", ANY, None),
    parameter("context", ANY, None),
)
_log = partial(function, named_values=True, effect=True)

LOGGER_FUNCTIONS: tuple[Signature, ...] = (
    _log("debug", _message, NIL, "Log what helps to find a fault."),
    _log("info", _message, NIL, "Log what happened."),
    _log("warn", _message, NIL, "Log what needs attention."),
    _log("error", _message, NIL, "Log what went wrong."),
)

CACHE_FUNCTIONS: tuple[Signature, ...] = (
    function("get", (_key,), ANY, "The value under the key, nil when there is none."),
    function(
        "set",
        (_key, _anything, parameter("ttl", optional(Union((DURATION, INT, FLOAT))), None)),
        NIL,
        "Keep a value under the key, for a duration or a number of seconds.",
        effect=True,
    ),
    function("invalidate", (_key,), NIL, "Forget the value under the key.", effect=True),
    function("clear", (), NIL, "Forget every value.", effect=True),
)

CONTEXT_FUNCTIONS: tuple[Signature, ...] = (
    function("current_user", (), ANY, "Who makes the request, nil when the user is unknown."),
    function(
        "current_user!",
        (),
        ANY,
        "Who makes the request; an error when the user is unknown.",
        python="require_current_user",
        effect=True,
    ),
    function(
        "authenticated?",
        (),
        BOOL,
        "Whether it is known who makes the request.",
        python="is_authenticated",
    ),
    function("current_request", (), ANY, "The request, nil outside of one."),
)

ENV_FUNCTIONS: tuple[Signature, ...] = (
    function(
        "get",
        (_key, parameter("default", optional(STRING), None)),
        optional(STRING),
        "The environment variable, or the default.",
        fallback="default",
    ),
    function(
        "set",
        (_key, parameter("value", STRING)),
        NIL,
        "Set the environment variable of this process.",
        effect=True,
    ),
    function("has?", (_key,), BOOL, "Whether there is such an environment variable."),
)
