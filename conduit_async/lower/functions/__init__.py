"""Hooks, jobs and functions, and the statements in them."""
