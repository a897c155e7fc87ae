"""Which due jobs a worker claims, and when."""
