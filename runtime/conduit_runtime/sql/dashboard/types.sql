-- The job types as workers have described them, and which of their shapes a live worker handles.
WITH live AS (
  SELECT DISTINCT handled.lane ->> 0 AS type, handled.lane ->> 1 AS fingerprint
  FROM (
    SELECT DISTINCT lanes FROM {conduit_workers}
    WHERE seen_at > pg_catalog.now() - pg_catalog.make_interval(secs => %(lease)s::float8)
  ) AS worker
  CROSS JOIN LATERAL pg_catalog.jsonb_array_elements(worker.lanes) AS handled (lane)
)
SELECT known.type, known.fingerprint, known.queue,
       CASE WHEN %(type)s::text IS NULL
         THEN known.description #- ARRAY['fields'] #- ARRAY['source', 'text']
         ELSE known.description END::text,
       known.described_at, live.type IS NOT NULL
FROM {conduit_job_types} AS known
LEFT JOIN live ON live.type = known.type AND live.fingerprint = known.fingerprint
WHERE %(type)s::text IS NULL OR known.type = %(type)s
ORDER BY known.type, known.fingerprint
