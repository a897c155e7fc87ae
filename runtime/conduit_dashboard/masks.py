"""The masks of values of jobs that a page must not show."""

from collections.abc import Iterable, Mapping, Sequence

from conduit_runtime.model.type_description import KnownShape
from conduit_runtime.payloads.masking import PayloadMask
from conduit_runtime.statements.job_types import known_shapes

from .page import Visit

HIDDEN = "Hidden until a worker that knows this payload has run."
"""The text beside a payload whose mask is not `is_known`."""


class Masks:
    """The masks of job types, one for each type and fingerprint."""

    def __init__(self, shapes: Mapping[str, Sequence[KnownShape]]) -> None:
        self._shapes = shapes
        self._made: dict[tuple[str, str], PayloadMask] = {}

    def of(self, type: str, fingerprint: str) -> PayloadMask:
        """The mask of a job with this type and fingerprint; a schedule's fingerprint is empty."""
        key = type, fingerprint
        if key not in self._made:
            self._made[key] = PayloadMask(self._shapes.get(type, ()), fingerprint)
        return self._made[key]


async def masks_of(visit: Visit, types: Iterable[str]) -> Masks:
    """The masks of these types, as workers have described them."""
    return Masks(await visit.read(known_shapes(sorted({*types}))))
