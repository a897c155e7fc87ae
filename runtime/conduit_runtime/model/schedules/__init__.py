"""Schedules, and when they tick."""
