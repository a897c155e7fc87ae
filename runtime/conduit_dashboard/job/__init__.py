"""What the page of a job shows, worked out without IO."""
