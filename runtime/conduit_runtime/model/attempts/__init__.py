"""Attempts of jobs: how they end, and whether another one is made."""
