"""Rewrites the blocks of jobs, so that each effect is a statement that a step can end with."""
