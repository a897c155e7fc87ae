-- The bell is free when its shared lock is got; the commit, which follows at once, lets go of it.
-- Nobody is to be woken for what is due in more than two seconds.
  {run_at} NOTNULL OR {delay} < 0::float8 OR {delay} <= 2::float8 AND NOT pg_catalog.pg_try_advisory_xact_lock_shared(
    ('{jobs}'::regclass::oid::bigint - 2147483648)::integer, pg_catalog.hashtext({queue}))
