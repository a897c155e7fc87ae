"""`conduit-jobs replay`."""
