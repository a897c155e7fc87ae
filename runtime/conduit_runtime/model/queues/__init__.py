"""Queues: what is set for them, and what is counted."""
