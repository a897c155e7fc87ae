"""Sends statements to Postgres: connections, cursors, transactions, migrations."""
