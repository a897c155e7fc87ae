-- Not expired, and not among the jobs that this claim leaves out.
(pending.expires IS NULL OR pending.run_at > pg_catalog.now() - pg_catalog.make_interval(secs => pending.expires)) {skipping}
