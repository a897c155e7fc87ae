reclaimed AS MATERIALIZED (
  SELECT * FROM {conduit_reclaim}(ARRAY(SELECT id FROM running), NULL::text, {alone})
), notices AS (
  INSERT INTO {conduit_failure_notices} (job, queue)
  SELECT id, queue FROM reclaimed WHERE status = 'failed'
  ON CONFLICT (job) DO UPDATE SET queue = excluded.queue, since = excluded.since, reporter = NULL
)
SELECT id, queue, type, status,
       CASE WHEN flow IS NOT NULL AND status = 'failed'
         THEN {conduit_advance}(ARRAY[id], '{}'::uuid[], 2000, true) END,
       CASE WHEN status = 'pending'
           AND {wakes}
         THEN pg_catalog.pg_notify(
           {queue_channel}, 'late') END
FROM reclaimed
