"""A web process: `python producer.py PACKAGE DSN COUNT CHANGES` runs the hooks of COUNT rows."""

import dataclasses
import importlib
import json
import sys
from uuid import uuid4

import psycopg
from conduit_runtime import batch
from deployed_application import VALUES

PAGE = 200


def main(package: str, dsn: str, count: int, changes: str) -> None:
    module = importlib.import_module(f"{package}.ticket")
    names = [each.name for each in dataclasses.fields(module.Ticket)]
    values = {**VALUES, **json.loads(changes)}
    with psycopg.connect(dsn) as conn:
        for start in range(0, count, PAGE):
            with conn.transaction(), batch(conn):
                for _ in range(min(PAGE, count - start)):
                    row = {**{name: values[name] for name in names}, "id": uuid4()}
                    module.after_create(conn, row)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
