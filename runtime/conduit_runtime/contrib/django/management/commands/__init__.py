"""`conduit_worker`, and `conduit` for every command of `conduit-jobs`."""
