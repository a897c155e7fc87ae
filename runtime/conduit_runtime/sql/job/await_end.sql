WITH free AS MATERIALIZED (
  SELECT id FROM {jobs}
  WHERE id = %(id)s AND status IN ('pending', 'running')
  FOR NO KEY UPDATE SKIP LOCKED
), free_blocked AS MATERIALIZED (
  SELECT id FROM {conduit_blocked_jobs}
  WHERE id = %(id)s AND error IS NULL
  FOR NO KEY UPDATE SKIP LOCKED
), marked AS (
  UPDATE {jobs} AS job SET awaited = true
  WHERE id = (SELECT id FROM free)
  RETURNING job.queue, job.status = 'pending' AND job.run_at <= pg_catalog.now() AND {wakes} AS is_due
), blocked AS (
  UPDATE {conduit_blocked_jobs} SET awaited = true
  WHERE id = (SELECT id FROM free_blocked)
  RETURNING id
)
SELECT (SELECT pg_catalog.count(*) FROM marked) + (SELECT pg_catalog.count(*) FROM blocked),
       (SELECT pg_catalog.count(
          CASE WHEN is_due AND NOT pg_catalog.pg_try_advisory_xact_lock_shared({idle_key})
            THEN pg_catalog.pg_notify({queue_channel}, '') END) FROM marked),
       pg_catalog.set_config('synchronous_commit', 'off', true)
