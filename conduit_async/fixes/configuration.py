"""The fixes of a configuration: keys that were misspelt. No source is compiled before."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ..diagnostics import Diagnostic, Fix, Problems
from ..settings import read_settings
from ..source import Source
from .candidates import hinted
from .verify import applied

_UNKNOWN_KEY = "VAL511"


def with_fixes(found: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """The diagnostics with their fixes; one is safe if errors go and none comes."""
    return tuple(replace(each, fixes=tuple(_fixes(each))) for each in found)


def _fixes(diagnostic: Diagnostic) -> Iterator[Fix]:
    if diagnostic.code == _UNKNOWN_KEY:
        source = diagnostic.span.source
        for fix in hinted(diagnostic):
            text = applied(source.text, fix.edits)
            yield replace(fix, safe=_errors(Source(source.path, text)) < _errors(source))


def _errors(source: Source) -> set[str]:
    problems = Problems()
    read_settings(source, problems)
    return {each.message for each in problems.sorted()}
