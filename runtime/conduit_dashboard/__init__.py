"""The dashboard: pages that show the jobs of a database and change them, as an ASGI application."""

from .access.access import ACTIONS, Access
from .application import Dashboard

__all__ = ["ACTIONS", "Access", "Dashboard"]
