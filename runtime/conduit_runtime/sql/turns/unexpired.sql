(pending.expires IS NULL OR pending.run_at > pg_catalog.now() - pg_catalog.make_interval(secs => pending.expires)) {skipping}
