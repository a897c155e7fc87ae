"""Counts and durations of attempts."""
