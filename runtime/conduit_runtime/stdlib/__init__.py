"""The standard library of the language: one class of static methods a namespace."""

from .array import Array as Array
from .cache import Cache as Cache
from .context import Context as Context
from .crypto import Crypto as Crypto
from .env import Env as Env
from .hash import Hash as Hash
from .html import HTML as HTML
from .json import JSON as JSON
from .logger import Logger as Logger
from .number import Number as Number
from .random import Random as Random
from .regex import Regex as Regex
from .string import String as String
from .text import Text as Text
from .time import Time as Time
from .uuid import UUID as UUID
