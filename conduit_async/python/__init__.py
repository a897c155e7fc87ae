"""What Python is made of: what `lower` hands to `emit`."""
