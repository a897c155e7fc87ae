"""The connections of the application's that a queue's operations take as `conn=`."""

from typing import Any

import psycopg

from ..postgres.other_drivers import AsyncpgLike

Given = psycopg.Connection[Any]
AsyncGiven = psycopg.AsyncConnection[Any] | AsyncpgLike
