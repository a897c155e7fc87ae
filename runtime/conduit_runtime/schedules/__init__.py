"""Enqueueing jobs by the clock: schedulers, and the ticker of a worker."""
