"""Queries and writes as SQL."""
