"""The descriptions that workers have stored of a job's type, as far as they concern the job."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from conduit_runtime.model.job import Job
from conduit_runtime.model.text.masking import MASK
from conduit_runtime.model.type_description import (
    DescribedType,
    KnownShape,
    TypeSource,
    max_attempts_of,
)
from conduit_runtime.payloads.masking import PayloadMask

from .payload_table import Fields


@dataclass(frozen=True, slots=True)
class Known:
    """A job with the mask of its payload, its shape and its source.

    `fields` is None if the payload may have any shape, or if no worker has described its shape.
    `too_large` is the size in bytes of a payload that is too large to be read; otherwise 0.
    `max_attempts` is the job's own, or that of its handler.
    """

    job: Job
    mask: PayloadMask
    fields: Fields | None
    source: TypeSource | None
    too_large: int = 0
    max_attempts: int = 0

    @property
    def payload(self) -> Any:
        """The payload of the job, masked."""
        return self.mask.payload(self.job.payload)

    def text(self, text: str) -> str:
        """A text without the payload's hidden values; all of it is masked if they were not read."""
        if self.too_large and self.mask.hides_some:
            return MASK
        return self.mask.text(text, self.job.payload)

    def value(self, value: Any) -> Any:
        """A JSON value without the payload's hidden values, masked as in `text`."""
        if self.too_large and self.mask.hides_some:
            return MASK
        return self.mask.value(value, self.job.payload)

    def step(self, name: str, value: Any) -> Any:
        """What a step has stored, without hidden values, masked as in `text`."""
        if self.too_large and self.mask.hides_some:
            return MASK
        return self.mask.step(name, value, self.job.payload)


def known(job: Job, described: Sequence[DescribedType], too_large: int = 0) -> Known:
    """A job with what the descriptions of its type say.

    Without a fingerprint, the shape is the type's present one, if its code has only one.
    """
    shapes = [
        KnownShape(each.fingerprint, each.description.fields, each.description.steps)
        for each in described
    ]
    mask = PayloadMask(shapes, job.fingerprint or "")
    wanted = [each for each in described if each.fingerprint == (job.fingerprint or "")]
    present = [each for each in described if each.fingerprint and not each.description.is_older]
    if not job.fingerprint and not wanted and len(present) == 1:
        wanted = present
    fields = wanted[0].description.fields if wanted and wanted[0].fingerprint else None
    sources = [each.description.source for each in (*wanted, *present)]
    source = next((each for each in sources if each), None)
    return Known(job, mask, fields, source, too_large, max_attempts_of(job, described))
