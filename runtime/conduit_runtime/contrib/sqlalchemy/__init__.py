"""`register`: a flush calls the hooks of classes of SQLAlchemy or SQLModel."""

from .register import register

__all__ = ["register"]
