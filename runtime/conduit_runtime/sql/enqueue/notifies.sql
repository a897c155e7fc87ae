-- The idle lock is free when its shared lock is got; the commit, which follows at once, releases it.
-- No worker is woken for what is due in more than two seconds.
  {run_at} NOTNULL OR {delay} OPERATOR(pg_catalog.<) 0::double precision
  OR {delay} OPERATOR(pg_catalog.<=) 2::double precision
  AND NOT pg_catalog.pg_try_advisory_xact_lock_shared({idle_key})
