"""Runs today's code of a job against what its steps have stored, and makes no effect."""
