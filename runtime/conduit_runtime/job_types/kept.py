"""What the steps of generated blocks keep, and whether code can go on behind finished ones."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from ..model.errors import PayloadError, PayloadMismatch, StepNotStored, StepsMismatch
from ..model.payload import decode
from ..model.text.names import fields_of
from ..payloads.annotated import annotated_shape
from ..payloads.codec import codec_of
from ..statements.results import MAX_RESULT
from .options import KeptClasses

RESCUED = "rescue"
"""What a step keeps the error as that a `rescue` behind it handles; no variable has this name."""

_ENDED = "ended with it"
"""What a step keeps the names of steps as that have no record; no variable has this name."""


class Reached(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far a loop is: the number of turns that are finished, and what they keep, as JSON."""

    turns: int = 0
    kept: msgspec.Raw = msgspec.Raw(b"null")


def with_ended(kept: str, steps: Sequence[str]) -> str:
    """What a step keeps, as JSON, with the steps without records that have ended with it."""
    part = f'"{_ENDED}":{msgspec.json.encode(steps).decode()}'
    return f"{{{part}}}" if kept == "null" else f"{{{part},{kept[1:]}"


def ended_with(kept: str) -> Sequence[str]:
    """The steps without records that have ended with the one that has kept this."""
    if f'"{_ENDED}"' not in kept:
        return ()
    found = decode(kept)
    return found.get(_ENDED, ()) if isinstance(found, dict) else ()


class Nothing:
    """In place of what a step has kept: each value, which no code reads any more, is None."""

    def __getattr__(self, name: str) -> None:
        return None


def check_resumable(records: Mapping[str, str], known: KeptClasses) -> None:
    """Raise StepsMismatch unless these steps are `known`, and have kept what their classes hold."""
    for name, text in records.items():
        if name not in known:
            raise StepsMismatch(
                f"an earlier attempt has finished the step {name!r}, which this code does not "
                "have; if it has another name now, say so with `steps_were` in its `@async`"
            )
        kind = known[name]
        kept = bytes(read_turns(text).kept).decode() if is_loop(name) else text
        if is_rescued(kept) and (kind is None or RESCUED not in _names(kind)):
            raise StepsMismatch(
                f"the step {name!r} has failed in an earlier attempt, and this code does not come "
                "to the code that handles the error"
            )
        if kind is not None:
            try:
                read_kept(kept, kind)
            except StepsMismatch as mismatch:
                raise StepsMismatch(f"the step {name!r}: {mismatch}") from None


def is_rescued(kept: str) -> bool:
    """Whether what a step has kept says that its call failed, and that later code handles this."""
    if f'"{RESCUED}"' not in kept:
        return False
    found = decode(kept)
    return isinstance(found, dict) and found.get(RESCUED) is not None


def is_loop(step: str) -> bool:
    """Whether a step of a generated block is a loop, by its name."""
    return step.rpartition("/")[2].startswith("for ")


def read_turns(text: str) -> Reached:
    """How far a loop is, by its record; raises StepsMismatch."""
    try:
        return msgspec.json.decode(text, type=Reached)
    except msgspec.ValidationError as error:
        raise StepsMismatch(f"it was not a loop in an earlier attempt: {error}") from None


def described(steps: KeptClasses) -> str:
    """The names and the order of steps, and what each keeps, as a text."""
    lines = []
    for name, kind in steps.items():
        kept = [] if kind is None else [*_names(kind), annotated_shape(kind)]
        lines.append(" ".join([name, *kept]))
    return "\n".join(lines)


def _names(kind: Any) -> list[str]:
    """The names of the fields of a class in JSON."""
    return [name for _, name, _ in fields_of(kind)]


def written(kept: object, step: str) -> str:
    """The JSON of what a step of a generated block keeps; raises StepNotStored."""
    try:
        text, _ = codec_of(type(kept)).write(kept, f"the step {step}")
        if (size := len(text.encode())) > MAX_RESULT:
            raise PayloadError(f"payload is {size:,} bytes of JSON, more than {MAX_RESULT:,}")
    except PayloadError as error:
        reason = str(error).replace("payload", f"what the step {step!r} keeps", 1)
        raise StepNotStored(reason) from None
    return text


def read_kept(text: str, kind: Any) -> Any:
    """What a step of a generated block has kept; raises StepsMismatch.

    Unlike a payload, it has every field: one that is nil may have had a value that was not kept.
    """
    try:
        found = decode(text)
        for name in _names(kind):
            if not isinstance(found, dict) or name not in found:
                raise StepsMismatch(f"a finished step has not kept {name}")
        return codec_of(kind).decode(text)
    except PayloadMismatch as mismatch:
        reason = str(mismatch).replace("payload", "what a finished step has kept", 1)
        raise StepsMismatch(reason) from None
