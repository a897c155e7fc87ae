"""`conduit-jobs worker`, its processes, its ports and its supervisor."""
