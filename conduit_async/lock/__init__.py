"""`jobs.lock`: every job type that a package has had, with the shapes of its payloads."""
