-- The bell is free when its shared lock is got; the commit, which follows at once, lets go of it.
  {run_at} NOTNULL OR {delay} < 0 OR NOT pg_try_advisory_xact_lock_shared(
    ('{jobs}'::regclass::oid::bigint - 2147483648)::integer, hashtext({queue}))
