WITH retried AS (
  UPDATE {jobs}
  SET status = 'pending', attempts = 0, run_at = now(), completed_at = NULL, token = NULL,
      locked_by = NULL, locked_at = NULL, leased_until = NULL
  WHERE id = %(id)s
  RETURNING tableoid, queue
)
SELECT CASE WHEN current_setting('conduit.wake', true) IS DISTINCT FROM 'off'
  THEN pg_notify(concat('conduit_', tableoid, '_', hashtext(queue)), '') END
FROM retried
