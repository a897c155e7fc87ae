"""What the page of a flow shows, worked out without IO."""
