WITH dead AS (
  DELETE FROM {conduit_workers}
  WHERE name = %(name)s AND heartbeat = %(heartbeat)s
    AND (%(silent)s OR pg_catalog.pg_try_advisory_xact_lock_shared(lock_key))
  RETURNING name
), running AS (
  SELECT job.id FROM {jobs} AS job JOIN dead ON job.locked_by = dead.name
  WHERE job.status = 'running'
  FOR UPDATE OF job SKIP LOCKED  -- skipped jobs become orphans
), {reclaim}
