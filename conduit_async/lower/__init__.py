"""Lowers a checked program to Python."""
