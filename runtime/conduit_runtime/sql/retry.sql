WITH retried AS (
  UPDATE {jobs}
  SET status = 'pending', attempts = 0, run_at = pg_catalog.now(), completed_at = NULL, token = NULL,
      locked_by = NULL, locked_at = NULL, leased_until = NULL
  WHERE id = %(id)s
  RETURNING tableoid, queue
)
SELECT CASE WHEN pg_catalog.current_setting('conduit.wake', true) IS DISTINCT FROM 'off'
  THEN pg_catalog.pg_notify(
    pg_catalog.concat('conduit_', tableoid, '_', pg_catalog.hashtext(queue)), '') END
FROM retried
