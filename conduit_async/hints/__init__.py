"""Hints for foreign syntax (of other languages) and for typos."""
