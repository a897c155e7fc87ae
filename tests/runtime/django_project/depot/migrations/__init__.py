"""Migrations of the depot."""
