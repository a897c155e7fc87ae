"""Decides what visitors may see and do, and which requests are refused."""
