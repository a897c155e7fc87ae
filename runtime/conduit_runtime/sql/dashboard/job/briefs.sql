-- The jobs of `listed`, from either table, as lines of a list; times are within Python's range.
SELECT listed.role, brief.* FROM listed CROSS JOIN LATERAL (
  SELECT id, queue, type, status, flow, parent,
         least(greatest(run_at, '0001-01-02 00:00Z'), '9999-12-30 00:00Z') AS run_at,
         CASE WHEN pg_catalog.isfinite(started_at) THEN started_at END AS started_at,
         CASE WHEN pg_catalog.isfinite(completed_at) THEN completed_at END AS completed_at{follows}
  FROM {jobs} WHERE id = listed.id
  UNION ALL
  SELECT id, queue, type, CASE WHEN error IS NULL THEN 'blocked' ELSE 'failed' END, flow, parent,
         NULL, NULL, NULL{follows}
  FROM {conduit_blocked_jobs} WHERE id = listed.id
  LIMIT 1
) AS brief
ORDER BY listed.role, listed.place, brief.id
