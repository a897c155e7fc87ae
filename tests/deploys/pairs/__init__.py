"""Pairs of sources, an old and a new one, with the order in which the change can be deployed.

`either`: workers or web processes first. `workers-first`, `web-first`: only that order leaves no
job unread. `drain-first`: neither order works unless the old jobs end first. `never`: no order
works, and only an upcaster helps.
"""

from .fields import FIELDS
from .jobs import JOBS
from .objects import OBJECTS
from .pair import DRAIN, EITHER, LOADED, NEVER, WEB, WORKERS, Pair
from .services import SERVICES
from .types import TYPES
from .upcast import UPCAST

__all__ = [
    "DRAIN",
    "EITHER",
    "FIELDS",
    "JOBS",
    "LOADED",
    "NEVER",
    "OBJECTS",
    "PAIRS",
    "TYPES",
    "WEB",
    "WORKERS",
    "Pair",
]

PAIRS = [*FIELDS, *TYPES, *OBJECTS, *JOBS, *SERVICES, *UPCAST]
