"""Proving that a worker lives, and rescuing the jobs of dead workers."""
