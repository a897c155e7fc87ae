"""SQLAlchemy classes for the tables of `example_app`."""

import enum
from datetime import datetime
from typing import Any

import sqlalchemy
from sqlalchemy import ForeignKey, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID
from sqlalchemy.orm import DeclarativeBase, Mapped, deferred, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Sender(enum.Enum):
    tagged = "another text"
    me = "a value that the database never sees"


class Note(Base):
    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)
    sender: Mapped[str] = mapped_column("from")
    kinds: Mapped[Any] = deferred(mapped_column("class", JSONB, server_default=text("'{}'")))
    tags: Mapped[Any] = mapped_column(ARRAY(sqlalchemy.Text), server_default=text("'{}'"))
    anything: Mapped[Any] = mapped_column(JSONB(none_as_null=True))
    updated_at: Mapped[datetime | None]


class Other(DeclarativeBase):
    pass


class TypedNote(Other):
    """Has its own column types, and leaves one column unmapped."""

    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)
    sender: Mapped[Sender] = mapped_column("from", sqlalchemy.Enum(Sender, native_enum=False))
    tags: Mapped[Any] = mapped_column(ARRAY(sqlalchemy.Text), server_default=text("'{}'"))


class User(Base):
    __tablename__ = "users"
    id: Mapped[Any] = mapped_column(
        UUID, primary_key=True, server_default=text("gen_random_uuid()")
    )
    name: Mapped[str]
    email: Mapped[str]
    orders: Mapped[list["Order"]] = relationship(cascade="all, delete-orphan")


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[Any] = mapped_column(
        UUID, primary_key=True, server_default=text("gen_random_uuid()")
    )
    number: Mapped[str]
    total: Mapped[Any] = mapped_column(sqlalchemy.Numeric(10, 2), server_default="0")
    state: Mapped[str] = mapped_column(server_default="open")
    note: Mapped[str | None]
    address: Mapped[Any] = mapped_column(JSONB, server_default='{"street": "s", "country": "DE"}')
    shipped_at: Mapped[Any] = mapped_column(sqlalchemy.DateTime(timezone=True))
    notified_at: Mapped[Any] = mapped_column(sqlalchemy.DateTime(timezone=True))
    customer_id: Mapped[Any] = mapped_column(ForeignKey("users.id"))
