"""A help desk: FastAPI, SQLAlchemy on asyncpg, and jobs in the transactions of its requests.

    pip install 'conduit-async[embedded,asyncpg,test]' fastapi uvicorn httpx 'sqlalchemy[asyncio]'
    python app.py                                           # the application with a worker in it
    TICKETS_WORKER=apart python app.py                      # the application alone; and elsewhere
    conduit-jobs worker jobs --services services:services   # the worker
    pytest                                                  # its test

All use the database of DATABASE_URL, else an embedded one in `.conduit/`. `conduitc gen` compiles
`resources/` to the package `jobs/`.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

import uvicorn
from conduit_runtime import AsyncQueue, WorkerPool, embedded, migrate
from conduit_runtime.contrib.starlette import conduit_lifespan, get_queue, probes
from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from jobs import JOBS
from models import Base, Reply, Ticket
from services import services


class NewTicket(BaseModel):
    email: str
    subject: str
    body: str


class NewReply(BaseModel):
    author: str
    body: str


class Change(BaseModel):
    state: Literal["open", "answered", "solved"]


@asynccontextmanager
async def database(app: FastAPI) -> AsyncIterator[dict[str, object]]:
    """The application's own lifespan: the engine, and the sessions of requests."""
    url = make_url(os.environ["DATABASE_URL"]).set(drivername="postgresql+asyncpg")
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield {"sessions": async_sessionmaker(engine, expire_on_commit=False)}
    await engine.dispose()


def worker(queue: AsyncQueue) -> WorkerPool:
    """The worker in the application."""
    return WorkerPool(queue, jobs=JOBS, services=services)


async def session(request: Request) -> AsyncIterator[AsyncSession]:
    """A session of the request; leaving the block commits rows and jobs together."""
    async with request.state.sessions.begin() as opened:
        yield opened


# Closed before the response is sent, so that a client reads what it has written.
Session = Annotated[AsyncSession, Depends(session, scope="function")]
Queue = Annotated[AsyncQueue, Depends(get_queue)]


async def found(id: UUID, session: Session) -> Ticket:
    """The ticket of a path."""
    ticket = await session.get(Ticket, id)
    if ticket is None:
        raise HTTPException(404, "no such ticket")
    return ticket


Found = Annotated[Ticket, Depends(found)]


def shown(ticket: Ticket) -> dict[str, object]:
    """A ticket as JSON."""
    return {column.key: getattr(ticket, column.key) for column in Ticket.__table__.columns}


def create_app() -> FastAPI:
    """The application; `uvicorn app:create_app --factory` serves it as well."""
    in_app = os.environ.get("TICKETS_WORKER") != "apart"
    dsn = os.environ["DATABASE_URL"]
    lifespan = conduit_lifespan(dsn, pool=worker if in_app else None, lifespan=database)
    app = FastAPI(title="Tickets", lifespan=lifespan)
    if in_app:
        app.mount("/health", probes)

    @app.post("/tickets", status_code=201)
    async def create(new: NewTicket, session: Session) -> dict[str, object]:
        ticket = Ticket(**new.model_dump())
        session.add(ticket)
        await session.flush()
        return shown(ticket)

    @app.get("/tickets/{id}")
    async def show(ticket: Found) -> dict[str, object]:
        return shown(ticket)

    @app.patch("/tickets/{id}")
    async def change(ticket: Found, change: Change, session: Session) -> dict[str, object]:
        ticket.state = change.state
        await session.flush()
        return shown(ticket)

    @app.post("/tickets/{id}/replies", status_code=201)
    async def reply(ticket: Found, new: NewReply, session: Session) -> dict[str, object]:
        session.add(Reply(ticket_id=ticket.id, **new.model_dump()))
        ticket.state = "answered"
        await session.flush()
        return shown(ticket)

    @app.get("/jobs")
    async def jobs(queue: Queue) -> dict[str, int]:
        stats = await queue.stats()
        return {"pending": stats.pending, "completed": stats.completed, "failed": stats.failed}

    return app


def main() -> None:
    """Make the queue's tables and serve, on an embedded database if none is named."""
    port = int(os.environ.get("PORT", "8000"))
    if "DATABASE_URL" in os.environ:
        migrate(os.environ["DATABASE_URL"])
        uvicorn.run(create_app(), port=port)
        return
    with embedded.start(Path(".conduit/postgres")) as server:
        os.environ["DATABASE_URL"] = server.dsn
        migrate(server.dsn)
        uvicorn.run(create_app(), port=port)


if __name__ == "__main__":
    main()
