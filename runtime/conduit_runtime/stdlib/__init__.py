"""The standard library of the language: one class of static methods a namespace."""

from typing import Any

from .array import Array
from .cache import Cache
from .context import Context
from .crypto import Crypto
from .env import Env
from .hash import Hash
from .html import HTML
from .job import Job
from .json import JSON
from .logger import Logger
from .number import Number
from .random import Random
from .regex import Regex
from .string import String
from .text import Text
from .time import Time
from .uuid import UUID

NAMESPACES: tuple[type[Any], ...] = (
    String, Text, Number, Array, Hash, Time, UUID, Random, Crypto, HTML, JSON, Regex, Logger, Cache,
    Context, Env, Job,
)  # fmt: skip
"""The namespaces, in the order of the language's page."""

__all__ = [
    "HTML",
    "JSON",
    "UUID",
    "Array",
    "Cache",
    "Context",
    "Crypto",
    "Env",
    "Hash",
    "Job",
    "Logger",
    "Number",
    "Random",
    "Regex",
    "String",
    "Text",
    "Time",
]
