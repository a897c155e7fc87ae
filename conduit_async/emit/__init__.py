"""Writes a plan as files, by templates and in black's format."""
