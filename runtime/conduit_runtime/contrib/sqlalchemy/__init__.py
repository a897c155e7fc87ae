"""Hooks of SQLAlchemy's and SQLModel's classes that call themselves on flush: `register`."""

from .register import register

__all__ = ["register"]
