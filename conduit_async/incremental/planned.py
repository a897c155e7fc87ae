"""The sources to compile, checked and planned."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..diagnostics import Diagnostic, Problems
from ..front_end import Inputs, check_sources, quietly
from ..package import EmittedSource, Plan
from ..plan.plan import plan_package
from .output import SourceSummary
from .summarize import summaries_of

if TYPE_CHECKING:
    from ..emit.emit import Progress


@dataclass(frozen=True)
class Planned:
    """The plan of the sources to compile.

    The sources in `kept` were compiled before. `summaries` and `diagnostics` are those of all
    sources.
    """

    plan: Plan
    summaries: Mapping[str, SourceSummary]
    diagnostics: tuple[Diagnostic, ...]
    kept: Mapping[str, EmittedSource] = field(default_factory=dict)


def plan_all(
    sources: Mapping[str, str], inputs: Inputs, problems: Problems, progress: "Progress" = quietly
) -> Planned | None:
    """Parse, check and plan all sources, given as paths and texts; None after an error."""
    checked = check_sources(sources, inputs, problems, progress)
    if checked is None:
        return None
    program, files = checked
    summaries = summaries_of(program, files, program.resources.keys())
    plan = plan_package(program, inputs.config, frozenset(summaries), [])
    return Planned(plan, summaries, problems.sorted())
