"""The application's connections that the operations of a queue take as `conn=`."""

from typing import Any

import psycopg

from ..postgres.other_drivers import AsyncpgLike

Given = psycopg.Connection[Any]
AsyncGiven = psycopg.AsyncConnection[Any] | AsyncpgLike
