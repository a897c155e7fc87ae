"""A compilation as plain data: JSON stores it, and nothing executes it.

The texts of modules are left out, since they stand in the package.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from msgspec import convert, to_builtins

from ..diagnostics import Diagnostic
from ..package import EmittedSource
from .output import Output
from .summary import SourceSummary


def as_json(output: Output) -> dict[str, Any]:
    """What is known of each source."""
    emitted = _with_texts(output.emitted, lambda module: "")
    return {
        "summaries": to_builtins(output.summaries, str_keys=True),
        "emitted": to_builtins(emitted, str_keys=True),
    }


def from_json(
    data: Mapping[str, Any], files: Mapping[str, str], diagnostics: tuple[Diagnostic, ...]
) -> Output:
    """The compilation that gave these files; raises `KeyError` or `msgspec.ValidationError`."""
    summaries = convert(data["summaries"], dict[str, SourceSummary], str_keys=True)
    emitted = convert(data["emitted"], dict[str, EmittedSource], str_keys=True)
    emitted = _with_texts(emitted, lambda module: files[f"{module}.py"])
    return Output(files, diagnostics, summaries, emitted)


def _with_texts(
    emitted: Mapping[str, EmittedSource], text_of: Callable[[str], str]
) -> dict[str, EmittedSource]:
    return {
        path: replace(each, modules=tuple(replace(m, text=text_of(m.name)) for m in each.modules))
        for path, each in emitted.items()
    }
