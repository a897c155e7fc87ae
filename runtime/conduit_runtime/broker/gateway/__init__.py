"""A gateway: claims jobs, publishes them, and writes the outcomes that come back."""
