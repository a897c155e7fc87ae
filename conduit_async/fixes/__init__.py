"""Fixes of diagnostics: edits that follow from a hint, and a check of what they do."""
