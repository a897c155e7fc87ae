"""The operation of a Django migration that makes our tables."""

from typing import Any

from django.db.migrations.exceptions import IrreversibleError
from django.db.migrations.operations.base import Operation

from ...postgres.tables.migrations import script
from . import settings
from .jobs_database import create_tables, is_ours


class CreateTables(Operation):
    """Migrates our tables to this version of the package, as `conduit-jobs migrate` does.

    Does nothing in databases other than the jobs' database, or if the tables are there.
    """

    reduces_to_sql = True
    reversible = True  # so that Django calls it; our error says more than Django's

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Change no model."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        """Make the tables over a connection of our own; `sqlmigrate` gets the SQL instead."""
        if schema_editor.collect_sql:
            schema_editor.collected_sql.append(script(settings.schema()))
        elif is_ours(schema_editor.connection.alias):
            create_tables()

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        """Refuse to drop jobs; do nothing in databases without jobs."""
        if is_ours(schema_editor.connection.alias):
            raise IrreversibleError(
                "the tables of jobs stay, since waiting jobs would be lost: drop them by hand "
                "(they are `jobs` and those that begin with `conduit_`), then run "
                "`manage.py migrate conduit zero --fake`"
            )

    def describe(self) -> str:
        """The text that `migrate --plan` shows."""
        return "Create the tables of jobs"
