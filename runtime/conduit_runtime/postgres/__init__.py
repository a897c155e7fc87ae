"""How statements reach Postgres: connections, statements, migrations."""
