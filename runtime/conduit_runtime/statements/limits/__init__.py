"""Pauses and limits of queues and job types."""
