"""`conduit-jobs doctor`: small checks of a database, one idea a file."""
