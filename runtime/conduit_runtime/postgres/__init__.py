"""How statements reach Postgres: connections, cursors, transactions, migrations."""
