-- Not expired, and not among the jobs that this claim leaves out. Its transaction may have begun long before.
(pending.expires IS NULL OR pending.run_at
  > pg_catalog.statement_timestamp() - pg_catalog.make_interval(secs => pending.expires)) {skipping}
