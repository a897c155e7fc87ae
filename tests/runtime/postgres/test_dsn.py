"""Connection strings as URLs: libpq, SQLAlchemy and asyncpg read the same from them."""

import asyncio

import asyncpg
import pytest
from conduit_runtime.postgres.dsn import url_of
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import create_engine, make_url, text


@pytest.mark.parametrize(
    "dsn",
    [
        "",
        "dbname=shop",
        "host=db.example.org dbname=shop",
        "host=::1 port=5433 user=ada dbname=shop",
        r"host=/tmp/a\ b user='ad@a:/?#[]%' password='p@ss w/:%\'' dbname='sh/op?'",
        "host=a,b port=1,2 dbname=shop target_session_attrs=read-write",
        "user=ada password=x options='-c search_path=a,b' application_name='a & b'",
        "postgresql://ada:p%40ss@db:5433/shop?sslmode=require",
    ],
)
def test_a_url_says_the_same(dsn: str) -> None:
    assert url_of(dsn).startswith("postgresql://")
    assert conninfo_to_dict(url_of(dsn)) == conninfo_to_dict(dsn)


def test_others_connect_with_it(dsn: str) -> None:
    name, url = conninfo_to_dict(dsn)["dbname"], url_of(dsn)
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    with engine.connect() as connection:
        assert connection.execute(text("SELECT current_database()")).scalar() == name
    engine.dispose()

    async def connect() -> object:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval("SELECT current_database()")
        finally:
            await connection.close()

    assert asyncio.run(connect()) == name
