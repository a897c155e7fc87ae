taken AS (
  UPDATE {jobs} AS job
  SET status = CASE WHEN start_written AND attempts >= max_attempts
        THEN 'failed' ELSE 'pending' END,
      completed_at = CASE WHEN start_written AND attempts >= max_attempts THEN pg_catalog.now() END,
      rescues = least(rescues, 2147483646) + 1,
      error = CASE WHEN start_written THEN 'the worker died' ELSE error END,
      errors = CASE WHEN start_written
        THEN CASE WHEN pg_catalog.jsonb_typeof(errors) IS DISTINCT FROM 'array' THEN '[]'
          WHEN pg_catalog.jsonb_array_length(errors) >= 25 THEN errors - 0 ELSE errors END
          || pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_object(
            'at', pg_catalog.now(), 'attempt', attempts,
            'error', pg_catalog.concat('the worker died: ', locked_by)))
        ELSE errors END,
      progress = NULL, token = NULL, locked_by = NULL, locked_at = NULL, leased_until = NULL
  WHERE id = ANY (ARRAY(SELECT id FROM running))
  RETURNING id, queue, type, status, attempts, max_attempts, error, flow, tableoid
), untold AS (
  INSERT INTO {conduit_failure_notices} (job, queue)
  SELECT id, queue FROM taken WHERE status = 'failed'
  ON CONFLICT (job) DO UPDATE SET queue = excluded.queue, since = excluded.since
)
SELECT id, queue, type, status, attempts, max_attempts, error,
       CASE WHEN flow IS NOT NULL AND status = 'failed' THEN {conduit_advance}(ARRAY[id], '{}'::uuid[]) END,
       CASE WHEN status = 'pending'
           AND pg_catalog.current_setting('conduit.wake', true) IS DISTINCT FROM 'off'
         THEN pg_catalog.pg_notify(
           pg_catalog.concat('conduit_', tableoid, '_', pg_catalog.hashtext(queue)), 'late') END
FROM taken
