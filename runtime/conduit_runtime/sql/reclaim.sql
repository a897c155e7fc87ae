taken AS MATERIALIZED (
  SELECT *, '{jobs}'::regclass::oid AS table_id
  FROM {conduit_reclaim}(ARRAY(SELECT id FROM running), NULL::text)
), untold AS (
  INSERT INTO {conduit_failure_notices} (job, queue)
  SELECT id, queue FROM taken WHERE status = 'failed'
  ON CONFLICT (job) DO UPDATE SET queue = excluded.queue, since = excluded.since, reporter = NULL
)
SELECT id, queue, type, status, attempts, max_attempts, error,
       CASE WHEN flow IS NOT NULL AND status = 'failed'
         THEN {conduit_advance}(ARRAY[id], '{}'::uuid[], 2000, true) END,
       CASE WHEN status = 'pending'
           AND pg_catalog.current_setting('conduit.wake', true) IS DISTINCT FROM 'off'
         THEN pg_catalog.pg_notify(
           pg_catalog.concat('conduit_', table_id, '_', pg_catalog.hashtext(queue)), 'late') END
FROM taken
