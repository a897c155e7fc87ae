"""Which due jobs a worker takes, and when it looks for more."""
