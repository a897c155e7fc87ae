"""Pages as HTML and as JSON."""
