"""The tables, and the hooks that run when a session flushes their rows."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID, uuid4

from conduit_runtime.contrib.sqlalchemy import register
from sqlalchemy import DateTime, ForeignKey, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from jobs import reply, ticket


class Base(DeclarativeBase):
    type_annotation_map: ClassVar = {datetime: DateTime(timezone=True)}


class Ticket(Base):
    __tablename__ = "tickets"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    email: Mapped[str]
    subject: Mapped[str]
    body: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="open")
    language: Mapped[str | None]
    acknowledged_at: Mapped[datetime | None]
    solved_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    replies: Mapped[list["Reply"]] = relationship(cascade="all, delete-orphan")


class Reply(Base):
    __tablename__ = "replies"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    author: Mapped[str]
    body: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"))


register(Ticket, ticket)
register(Reply, reply)
