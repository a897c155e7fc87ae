"""An upcaster of a job type."""

import functools
import inspect
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from ..model.errors import PayloadMismatch
from ..payloads.decode import decoder
from .context import JobContext

S = TypeVar("S")
P = TypeVar("P")


@dataclass(frozen=True)
class Upcast(Generic[S, P]):
    """An upcaster from `old`, the class of older payloads, to `payload`, that of present ones.

    `takes_job` is whether the function has a second parameter, for the JobContext. `lossy` are the
    fields that do not get the captured value, each with the field of `old` that may have it.
    `refuses` is why no code may read the payloads, which look like present ones; "" if it may.
    """

    function: Callable[..., P | Awaitable[P]]
    old: type[Any]
    payload: type[P]
    takes_job: bool
    lossy: Mapping[str, str] = field(default_factory=dict)
    refuses: str = ""

    @functools.cached_property
    def decode(self) -> Callable[[bytes | str], Any]:
        """Decodes an older payload from JSON to `old`; raises PayloadMismatch."""
        return self._refuse if self.refuses else decoder(self.old)

    def _refuse(self, text: bytes | str) -> Any:
        raise PayloadMismatch(f"payload.{self.refuses}")

    async def run(
        self,
        handler: Callable[[JobContext[S], P], Coroutine[Any, Any, object]],
        job: JobContext[S],
        old: Any,
    ) -> object:
        """Upcast a payload and run the handler; TypeError if the upcaster returns no payload."""
        return await handler(job, await self.payload_of(job, old))

    async def payload_of(self, job: JobContext[S], old: Any) -> P:
        """Return the present payload of a job; TypeError if the upcaster returns something else."""
        result = self.function(old, job) if self.takes_job else self.function(old)
        payload: object = await result if inspect.isawaitable(result) else result
        if not isinstance(payload, self.payload):
            raise TypeError(
                f"the upcaster of {self.old.__name__} returned {type(payload).__name__}: "
                f"return {self.payload.__name__}"
            )
        return payload
