"""Computes what the page of a flow shows, without IO."""
