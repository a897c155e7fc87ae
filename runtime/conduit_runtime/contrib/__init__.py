"""Integrations of frameworks: each module or folder imports its framework."""
