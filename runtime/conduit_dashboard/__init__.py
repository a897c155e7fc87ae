"""The dashboard: pages that show the jobs of a database and change them, as an ASGI application."""

try:
    from .access.access import ACTIONS, Access
    from .application import Dashboard
except ModuleNotFoundError as error:
    error.add_note("pip install 'conduit-async[dashboard]' installs what the dashboard needs")
    raise

__all__ = ["ACTIONS", "Access", "Dashboard"]
