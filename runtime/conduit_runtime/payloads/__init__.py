"""Converts a payload's JSON to the types of a job, and back without loss."""
