"""Rewrites the blocks of jobs, so that each effect is a statement that a step can end with.

The code of functions takes the places of their calls.
"""
