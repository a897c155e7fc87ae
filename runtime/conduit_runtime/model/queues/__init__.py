"""Queues: their settings and their counts."""
