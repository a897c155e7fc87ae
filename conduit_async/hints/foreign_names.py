"""Hints for names of other languages."""

from ..library import methods
from ..program import ResourceInfo
from .queue_words import JOB, queue_hint

_NO_BREAK = "put the loop into a `@function`, and leave it with `return`"
_NO_CONTINUE = "put what follows into an `if`, or pick the items before: `items.filter(|x| { … })`"
_LOG = 'write `Logger.info("…")`'
_TEXT = 'write it into a string: `"#{…}"`'
_LOOP = "write `for x in {} { … }`"
_IS_NIL = "write `{} == nil`"
_SUM = "add up in a loop: `for x in {} { total = total + x }`"
_UNITS = "the units of durations are second, minute, hour, day and week"

WORDS = {
    **dict.fromkeys(("None", "Nil", "NULL", "Null", "undefined"), "write `nil`"),
    **dict.fromkeys(("True", "TRUE"), "write `true`"),
    **dict.fromkeys(("False", "FALSE"), "write `false`"),
    **dict.fromkeys(("this", "Self"), "write `self`"),
    **dict.fromkeys(("continue", "next"), _NO_CONTINUE),
    "break": _NO_BREAK,
    "pass": "remove it: a block may be empty",
    "default": "the last arm is `_ => …` or `else { … }`",
}
"""Hints for words that are keywords elsewhere."""

NAMES = {
    **dict.fromkeys(("console", "logger", "log"), _LOG),
    **dict.fromkeys(("record", "instance"), "write `self`"),
    **dict.fromkeys(("old", "previous", "before"), "write `self.previous_value(:field)`"),
    **dict.fromkeys(("context", "ctx"), "write `Context`"),
    "current_user": "write `Context.current_user`",
    "env": 'write `Env.get("…")`',
    "job": JOB,
}
"""Hints for names that mean something elsewhere."""

CALLS = {
    **dict.fromkeys(("print", "println", "puts", "echo", "log", "printf"), _LOG),
    **dict.fromkeys(("len", "size", "length"), "write `x.length()`"),
    **dict.fromkeys(("str", "string", "to_string", "repr"), _TEXT),
    **dict.fromkeys(
        ("throw", "raise", "fail", "panic", "Error", "Exception"), 'write `error("…")`'
    ),
    **dict.fromkeys(("int", "parseInt"), "write `Number.floor(x)`"),
    **dict.fromkeys(
        ("days", "hours", "minutes", "seconds", "weeks", "day", "hour", "minute"),
        "a duration is a number with its unit: `7.days`",
    ),
    "range": "a range is written `1..10`, or `0...10` without its end",
    "Date": "write `Time.now()`",
    "uuid": "write `UUID.generate()`",
    "getenv": 'write `Env.get("…")`',
    "await": "remove it: a call is awaited where it has to be",
    "previous_value": "write `self.previous_value(:field)`",
    "super": "there is no inheritance: remove it",
}
"""Hints for calls of a bare name."""

_FUNCTIONS = {
    **dict.fromkeys(("Time.current", "Time.utc", "Time.utcnow", "Context.now"), "Time.now()"),
    "Time.tomorrow": "Time.today() + 1.day",
    "Time.yesterday": "Time.today() - 1.day",
    "Env.fetch": 'Env.get("…")',
    **dict.fromkeys(("Context.user", "Context.actor"), "Context.current_user"),
    "Context.request": "Context.current_request",
}
"""Hints for functions that a namespace does not have."""

VARIABLE_DURATION = (
    "the number of a duration is a literal, as in `7.days`; "
    "`Time.add_days(time, n)` adds any number of days"
)

_METHODS = {
    **dict.fromkeys(("each", "forEach", "for_each", "each_with_index"), _LOOP),
    **dict.fromkeys(("size", "len", "count"), "length"),
    **dict.fromkeys(("toUpperCase", "upper", "uppercase", "to_upper"), "upcase"),
    **dict.fromkeys(("toLowerCase", "lower", "lowercase", "to_lower"), "downcase"),
    **dict.fromkeys(("strip", "trim_start", "chomp"), "trim"),
    **dict.fromkeys(("startswith", "startsWith", "start_with?"), "starts_with?"),
    **dict.fromkeys(("endswith", "endsWith", "end_with?"), "ends_with?"),
    **dict.fromkeys(("include?", "contains?", "has?"), "includes?"),
    **dict.fromkeys(("append", "add", "<<"), "push"),
    **dict.fromkeys(("select", "find_all"), "filter"),
    **dict.fromkeys(("collect", "flat_map"), "map"),
    **dict.fromkeys(("uniq", "distinct"), "unique"),
    **dict.fromkeys(("gsub", "sub", "replaceAll", "replace_all"), "replace"),
    **dict.fromkeys(("has_key?", "key?", "hasOwnProperty"), "has_key?"),
    "ago": "write `Time.now() - {}`",
    "from_now": "write `Time.now() + {}`",
    **dict.fromkeys(("reduce", "inject", "fold", "sum"), _SUM),
    **dict.fromkeys(("nil?", "is_nil", "is_nil?", "isNull", "blank?", "null?"), _IS_NIL),
    **dict.fromkeys(("present?", "some?", "exists?", "any?", "isPresent"), "write `{} != nil`"),
    **dict.fromkeys(("seconds", "minutes", "hours", "days", "week", "weeks"), VARIABLE_DURATION),
    **dict.fromkeys(("month", "months", "year", "years", "fortnight", "fortnights"), _UNITS),
    **dict.fromkeys(("to_s", "toString", "to_string", "str", "inspect"), 'write `"#{{}}"`'),
}
"""Our method for one of another language, or a hint, in which `{}` is the receiver."""


def function_hint(namespace: str, name: str) -> str | None:
    """Return the hint for a function that a namespace does not have."""
    meant = _FUNCTIONS.get(f"{namespace}.{name}")
    return f"write `{meant}`" if meant else queue_hint(name)


def self_hint(name: str, resource: ResourceInfo) -> str | None:
    """Return the hint for an unknown name on `self`: change tracking, `save`, …"""
    fields = {*resource.columns, *resource.relations}
    plain = name.rstrip("?!")
    for suffix, arguments in (("_changed", ""), ("_changed_to", "(…)"), ("_changed_from", "(…)")):
        if plain.removesuffix(suffix) in fields and plain.endswith(suffix):
            return f"write `self.{plain}?{arguments}`"
    for end in ("_was", "_before", "_old", "_previous", "_before_last_save"):
        if plain.endswith(end) and plain.removesuffix(end) in fields:
            return f"write `self.previous_value(:{plain.removesuffix(end)})`"
    for start in ("old_", "previous_", "prev_"):
        if plain.startswith(start) and plain.removeprefix(start) in fields:
            return f"write `self.previous_value(:{plain.removeprefix(start)})`"
    if plain in ("previous", "old", "before", "was", "previous_changes"):
        return "write `self.previous_value(:field)`"
    if plain in ("changed", "has_changed", "is_changed", "changes", "modified", "dirty"):
        return "write `self.field_changed?`"
    if plain in ("save", "update", "update_attributes", "reload", "persist"):
        return "assign the fields: `self.field = …` is written when the hook ends, in a job at once"
    if plain in ("destroy", "delete"):
        key = f"self.{resource.primary_key}" if resource.primary_key else "…"
        return f"write `{resource.name}.delete!({key})`"
    return None


def method_hint(shown: str, name: str) -> str | None:
    """Return the hint for a method of another language; `shown` is the text of its receiver."""
    meant = _METHODS.get(name)
    if meant is None:
        return None
    if " " in meant:
        return meant.replace("{}", shown)
    needs = any(p.required for found in methods(meant) for p in found.parameters[1:])
    return f"write `{shown}.{meant}({'…' if needs else ''})`"
