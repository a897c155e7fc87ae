"""Attempts of jobs: how they end, and whether the job gets another one."""
