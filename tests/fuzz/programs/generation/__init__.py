"""Makes the parts of random programs, each of the requested type."""
