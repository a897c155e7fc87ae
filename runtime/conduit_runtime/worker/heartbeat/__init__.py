"""Proving that a worker lives, and rescuing the jobs of one that does not."""
