"""String, Text, Number, Array, Hash and Time: functions of values, all of them methods too."""

from functools import partial

from ..types import (
    ANY,
    BOOL,
    DATE,
    DURATION,
    INT,
    STRING,
    TIME,
    TIMESTAMP,
    Array,
    Function,
    Hash,
    Union,
    optional,
)
from .notation import ITEM, KEY, MOMENT, NUMBER, OTHER, PATTERN, VALUE, function, parameter
from .signature import Parameter, Signature

_method = partial(function, method=True)
_text = parameter("text", STRING)
_content = parameter("content", STRING)
_length = parameter("length", INT)
_part = parameter("part", STRING)
_items = parameter("items", Array(ITEM))
_item = parameter("item", ITEM)
_any_item = parameter("item", ANY)
_hash = parameter("hash", Hash(KEY, VALUE))
_key = parameter("key", KEY)
_num = parameter("num", NUMBER)
_numbers = (_num, Parameter("others", NUMBER, rest=True))
_time = parameter("time", MOMENT)
_duration = parameter("duration", DURATION)
_dated = (_time,)
_timed = (parameter("time", Union((TIMESTAMP, TIME))),)

STRING_FUNCTIONS: tuple[Signature, ...] = (
    _method("slugify", (_text,), STRING, "The text as a part of an address: `zoe-co`.", total=True),
    _method(
        "capitalize",
        (_text,),
        STRING,
        "First letter in upper case, the rest in lower case.",
        total=True,
    ),
    _method("upcase", (_text,), STRING, "The text in upper case.", total=True),
    _method("downcase", (_text,), STRING, "The text in lower case.", total=True),
    _method(
        "trim",
        (_text, parameter("chars", optional(STRING), None)),
        STRING,
        "The text without white space, or without any of `chars`, at both ends.",
        total=True,
    ),
    _method("truncate", (_text, _length), STRING, "The first `length` characters."),
    _method(
        "split",
        (_text, parameter("delimiter", PATTERN)),
        Array(STRING),
        "The parts between delimiters; an empty delimiter gives the characters.",
        total=True,
    ),
    _method(
        "join",
        (parameter("parts", Array(ANY)), parameter("delimiter", STRING)),
        STRING,
        "The parts as they read in a string, with the delimiter between them.",
    ),
    _method(
        "replace",
        (_text, parameter("pattern", PATTERN), parameter("replacement", STRING)),
        STRING,
        "The text with every occurrence of the pattern replaced.",
    ),
    _method(
        "starts_with?", (_text, _part), BOOL, "Whether the text starts with the part.", total=True
    ),
    _method("ends_with?", (_text, _part), BOOL, "Whether the text ends with the part.", total=True),
    _method("includes?", (_text, _part), BOOL, "Whether the part occurs in the text.", total=True),
    _method("contains", (_text, _part), BOOL, "Whether the part occurs in the text.", total=True),
    _method("length", (_text,), INT, "The number of characters.", total=True),
)

TEXT_FUNCTIONS: tuple[Signature, ...] = (
    _method(
        "calculate_reading_time",
        (_content, parameter("words_per_minute", INT, 200)),
        INT,
        "The whole minutes that it takes to read, at least 1.",
    ),
    _method("word_count", (_content,), INT, "The number of words.", total=True),
    _method("character_count", (_content,), INT, "The number of characters.", total=True),
    _method(
        "excerpt",
        (_content, _length),
        STRING,
        "At most `length` characters, cut after a word, with `...` when cut.",
    ),
)

NUMBER_FUNCTIONS: tuple[Signature, ...] = (
    _method(
        "format",
        (_num, parameter("decimals", INT, 2)),
        STRING,
        "The number with that many decimals, halves rounded away from zero.",
    ),
    _method(
        "round",
        (_num, parameter("precision", INT, 0)),
        NUMBER,
        "The number with that many decimals; an int when that is 0. Halves go away from zero.",
        whole_at_zero="precision",
    ),
    _method("abs", (_num,), NUMBER, "The number without its sign.", total=True),
    _method("ceil", (_num,), INT, "The least int that is not less."),
    _method("floor", (_num,), INT, "The greatest int that is not greater."),
    _method("min", _numbers, NUMBER, "The least of the numbers."),
    _method("max", _numbers, NUMBER, "The greatest of the numbers."),
)

ARRAY_FUNCTIONS: tuple[Signature, ...] = (
    _method(
        "first", (_items,), optional(ITEM), "The first item, nil when there is none.", total=True
    ),
    _method(
        "last", (_items,), optional(ITEM), "The last item, nil when there is none.", total=True
    ),
    _method("length", (_items,), INT, "The number of items.", total=True),
    _method(
        "empty?", (_items,), BOOL, "Whether there are no items.", python="is_empty", total=True
    ),
    _method(
        "includes?",
        (_items, _any_item),
        BOOL,
        "Whether one of the items equals `item`.",
        total=True,
    ),
    _method(
        "contains", (_items, _any_item), BOOL, "Whether one of the items equals `item`.", total=True
    ),
    _method(
        "unique",
        (_items,),
        Array(ITEM),
        "The items without repetitions, the first kept.",
        total=True,
    ),
    _method("sort", (_items,), Array(ITEM), "The items in ascending order."),
    _method("reverse", (_items,), Array(ITEM), "The items in the opposite order.", total=True),
    _method(
        "push", (_items, _item), Array(ITEM), "A new array with `item` at its end.", total=True
    ),
    _method(
        "concat",
        (_items, parameter("others", Array(ITEM))),
        Array(ITEM),
        "A new array with the items of both.",
        total=True,
    ),
    _method(
        "map",
        (_items, parameter("function", Function((ITEM,), OTHER))),
        Array(OTHER),
        "What the function gives for each item.",
        total=True,
    ),
    _method(
        "filter",
        (_items, parameter("function", Function((ITEM,), ANY))),
        Array(ITEM),
        "The items for which the function gives something truthy.",
        total=True,
    ),
)

HASH_FUNCTIONS: tuple[Signature, ...] = (
    _method("keys", (_hash,), Array(KEY), "The keys, in order of insertion.", total=True),
    _method("values", (_hash,), Array(VALUE), "The values, in order of insertion.", total=True),
    _method(
        "merge",
        (_hash, parameter("other", Hash(KEY, VALUE))),
        Hash(KEY, VALUE),
        "A new hash with the entries of both; of two with one key, the second wins.",
        total=True,
    ),
    _method("has_key?", (_hash, _key), BOOL, "Whether there is a value under the key.", total=True),
    _method("has_key", (_hash, _key), BOOL, "Whether there is a value under the key.", total=True),
    _method(
        "get",
        (_hash, _key, parameter("default", optional(VALUE), None)),
        optional(VALUE),
        "The value under the key, or the default.",
        fallback="default",
        total=True,
    ),
)

TIME_FUNCTIONS: tuple[Signature, ...] = (
    function("now", (), TIMESTAMP, "The current time, in UTC.", total=True),
    function("today", (), DATE, "The current date, in UTC.", total=True),
    function(
        "parse",
        (parameter("str", STRING), parameter("format", optional(STRING), None)),
        TIMESTAMP,
        "The timestamp in a text, by ISO 8601 or the format; in UTC unless it says otherwise.",
    ),
    _method(
        "format",
        (parameter("time", Union((TIMESTAMP, DATE, TIME))), parameter("format", STRING)),
        STRING,
        "The time by a strftime format or a Go reference layout.",
    ),
    _method("add", (_time, _duration), MOMENT, "The time a duration later."),
    _method("subtract", (_time, _duration), MOMENT, "The time a duration earlier."),
    _method("diff", (_time, parameter("other", MOMENT)), DURATION, "How much later than `other`."),
    _method("add_days", (_time, parameter("days", INT)), MOMENT, "The time that many days later."),
    _method("year", _dated, INT, "The year.", total=True),
    _method("month", _dated, INT, "The month, 1 to 12.", total=True),
    _method("day", _dated, INT, "The day of the month, 1 to 31.", total=True),
    _method("hour", _timed, INT, "The hour, 0 to 23.", total=True),
    _method("minute", _timed, INT, "The minute, 0 to 59.", total=True),
    _method("second", _timed, INT, "The second, 0 to 59.", total=True),
)
