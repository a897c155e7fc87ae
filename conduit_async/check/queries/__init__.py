"""Queries and writes of records."""
