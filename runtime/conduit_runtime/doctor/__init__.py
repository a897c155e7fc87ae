"""`conduit-jobs doctor`: small checks of a database, one check per file."""
