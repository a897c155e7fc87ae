"""Computes what the page of a job shows, without IO."""
