"""Makes the parts of random programs, each of the type that is asked for."""
