"""Calls of functions, of the standard library and of services."""
