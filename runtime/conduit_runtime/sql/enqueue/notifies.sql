-- The idle lock is free if its shared lock is granted; the commit that follows releases it. Jobs
-- that are due in more than two seconds wake no worker.
  {run_at} NOTNULL OR {delay} OPERATOR(pg_catalog.<) 0::double precision
  OR {delay} OPERATOR(pg_catalog.<=) 2::double precision
  AND NOT pg_catalog.pg_try_advisory_xact_lock_shared({idle_key})
