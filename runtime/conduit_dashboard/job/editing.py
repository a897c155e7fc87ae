"""A payload as a form, and the payload of a sent form.

A field that comes back as the form showed it keeps its stored value. So a hidden value stays
unless the visitor types another one, and texts keep the line ends that browsers change.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from conduit_runtime.model.kinds import KINDS
from conduit_runtime.model.text.masking import MASK
from conduit_runtime.model.type_description import FieldShape

from .checking import problems
from .payload_table import Fields, in_text, kind_in_words

Form = Mapping[str, Any]

_ANY = FieldShape("any")
_TEXTS = {"string", *(kind.name for kind in KINDS.values() if kind.is_text)}
_LINE = 100
"""The most characters of a text in a field of one line."""
_ABSENT: Any = object()


@dataclass(frozen=True, slots=True)
class Control:
    """A field of the form.

    `kind` is `line`, `lines`, `choice` or `json`. A nullable field of text has a check box named
    `nil_name`, which is checked if `is_nil`. Any other nullable field is nil if it is empty.
    """

    name: str
    label: str
    words: str
    kind: str
    value: str
    choices: Sequence[str] = ()
    nil_name: str = ""
    is_nil: bool = False
    is_nullable: bool = False


@dataclass(frozen=True, slots=True)
class Edited:
    """The payload of a form, and its problems in words."""

    payload: Any
    problems: Sequence[str]


def controls_of(masked: Any, fields: Fields | None) -> Sequence[Control]:
    """The controls for a masked payload. A payload of any shape has one control, with JSON."""
    if fields is None:
        return [_control("payload", _ANY, masked)]
    values = masked if isinstance(masked, Mapping) else {}
    return [
        _control(f"field.{name}", shape, values.get(name, _ABSENT))
        for name, shape in fields.items()
    ]


def as_sent(controls: Sequence[Control], form: Form) -> Sequence[Control]:
    """The controls with the values that were typed, to show them again with their problems."""
    return [
        dataclasses.replace(each, value=_sent(each, form), is_nil=each.nil_name in form)
        for each in controls
    ]


def read_payload(form: Form, stored: Any, masked: Any, fields: Fields | None) -> Edited:
    """Read the payload of a form that showed `masked`, which is `stored` with masked values.

    Fields that the shape does not have are left out.
    """
    found: list[str] = []
    controls = controls_of(masked, fields)
    if fields is None:
        return Edited(_read(controls[0], _ANY, form, stored, masked, found), found)
    before = stored if isinstance(stored, Mapping) else {}
    shown = masked if isinstance(masked, Mapping) else {}
    payload = {}
    for control, (name, shape) in zip(controls, fields.items(), strict=True):
        was = before.get(name, _ABSENT)
        value = _read(control, shape, form, was, shown.get(name), found)
        if value is not _ABSENT:
            payload[name] = value
    return Edited(payload, found or [*problems(payload, fields)])


def _control(name: str, shape: FieldShape, value: Any) -> Control:
    kind, choices, nil_name = "json", tuple(shape.values), ""
    is_nil = shape.nullable and (value is None or value is _ABSENT)
    if shape.kind == "bool":
        choices = ("true", "false")
    if value is _ABSENT or is_nil:
        text = ""
    elif _is_text(shape) or value == MASK:
        text = in_text(value)
    else:
        text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    if choices:
        kind = "choice"
        choices += (text,) if text and text not in choices else ()
    elif _is_text(shape) or value == MASK:
        kind = "line" if len(text) <= _LINE and text.isprintable() else "lines"
        nil_name = f"nil.{name}" if shape.nullable else ""
    elif shape.kind in ("int", "float"):
        kind = "line"
    label = name.partition(".")[2] or "payload"
    words = kind_in_words(shape)
    return Control(name, label, words, kind, text, choices, nil_name, is_nil, shape.nullable)


def _read(
    control: Control, shape: FieldShape, form: Form, was: Any, masked: Any, problems: list[str]
) -> Any:
    sent, is_nil = _sent(control, form), control.nil_name in form
    if sent == _plain(control.value) and is_nil == (control.is_nil and bool(control.nil_name)):
        return was
    if is_nil and sent not in ("", _plain(control.value)):
        problems.append(f"{control.label}: a value is typed, and nil is checked: choose one")
        return _ABSENT
    if is_nil or (shape.nullable and not control.nil_name and not sent.strip()):
        return None
    if _is_text(shape) or shape.kind == "enum":
        return sent
    try:
        value = msgspec.json.decode(sent)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        expected = f"of type {control.words}" if control.kind != "json" else "JSON"
        problems.append(f"{control.label}: is not {expected}")
        return _ABSENT
    return _restored(value, masked, was, control.label, problems)


def _is_text(shape: FieldShape) -> bool:
    return shape.kind in _TEXTS


def _sent(control: Control, form: Form) -> str:
    return _plain(form.get(control.name, ""))


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n")


def _restored(typed: Any, masked: Any, was: Any, path: str, problems: list[str]) -> Any:
    """The typed value, with the stored values in place of unchanged hidden ones."""
    if typed == MASK and masked == MASK:
        return was
    if isinstance(typed, dict) and isinstance(masked, Mapping):
        return {
            key: _restored(each, masked.get(key), was.get(key), f"{path}.{key}", problems)
            for key, each in typed.items()
        }
    if isinstance(typed, list) and isinstance(masked, list):
        if len(typed) != len(masked) and _is_hiding(masked) and _is_hiding(typed):
            problems.append(
                f"{path}: has hidden values, so keep its number of items or type each value anew"
            )
            return _ABSENT
        pairs = [*zip(masked, was, strict=True)] + [(None, None)] * len(typed)
        return [
            _restored(each, *pair, f"{path}[{at}]", problems)
            for at, (each, pair) in enumerate(zip(typed, pairs, strict=False))
        ]
    return typed


def _is_hiding(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_is_hiding, value.values()))
    return any(map(_is_hiding, value)) if isinstance(value, list) else value == MASK
