-- The queues with ended jobs that nothing deletes, from a sample of the table's pages: how many bytes
-- they take, about, and the table in all.
WITH size AS MATERIALIZED (
  SELECT pg_catalog.pg_total_relation_size(pg_catalog.to_regclass('{jobs}')::oid::regclass)::float8 AS bytes
), sample AS MATERIALIZED (
  SELECT job.queue, job.status,
         200 + pg_catalog.pg_column_size(job.payload) + coalesce(pg_catalog.pg_column_size(job.errors), 0)
           AS bytes
  FROM {jobs} AS job TABLESAMPLE SYSTEM ((
    SELECT least(
      100::float8,
      100::float8 * %(pages)s::float8 * pg_catalog.current_setting('block_size')::float8
      / greatest(1::bigint, pg_catalog.pg_relation_size(pg_catalog.to_regclass('{jobs}')::oid::regclass))::float8
    )::real
  )) REPEATABLE (1)
), kept AS (
  SELECT sample.queue, pg_catalog.sum(sample.bytes)::float8 AS bytes
  FROM sample
  LEFT JOIN {conduit_queues} AS control ON control.name = sample.queue
  WHERE sample.status IN ('completed', 'cancelled', 'failed')
    AND CASE WHEN sample.status = 'failed' THEN control.keep_failed ELSE control.keep_completed END IS NULL
    AND NOT EXISTS (
      SELECT FROM {conduit_workers} AS worker
      WHERE sample.queue = ANY (worker.queues)
        AND CASE WHEN sample.status = 'failed' THEN worker.keep_failed ELSE worker.keep_completed END
          IS NOT NULL
    )
  GROUP BY sample.queue
)
SELECT kept.queue, size.bytes * kept.bytes / (SELECT pg_catalog.sum(sample.bytes) FROM sample)::float8,
       size.bytes
FROM kept CROSS JOIN size
ORDER BY 2 DESC
LIMIT 20
