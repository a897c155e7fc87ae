-- The blocked and the running jobs by lane: as preflight/pending.sql, but all are counted. Ids grow
-- with time. An array of all ids would not fit into memory.
SELECT queue, type, fingerprint, status, pg_catalog.count(*), false,
       extract(epoch FROM pg_catalog.now() - pg_catalog.min(created_at))::float8,
       ARRAY[pg_catalog.min(id::text COLLATE "C"), pg_catalog.max(id::text COLLATE "C")]::uuid[]
FROM (
  SELECT id, queue, type, fingerprint, 'blocked' AS status, created_at
  FROM {conduit_blocked_jobs} WHERE error IS NULL
  UNION ALL
  SELECT id, queue, type, fingerprint, status, created_at
  FROM {jobs} WHERE status = 'running'
) AS held
GROUP BY queue, type, fingerprint, status
