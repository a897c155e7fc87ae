SELECT {columns}, 0, (
  SELECT value::text FROM {conduit_results}
  WHERE job = jobs.id AND jobs.status = 'completed' AND expires_at > now()
)
FROM {jobs} AS jobs
WHERE id = %(id)s
UNION ALL
SELECT {columns}, waits_for, NULL
FROM (
  SELECT job.*, waiting.waits_for
  FROM {conduit_waiting} AS waiting
  CROSS JOIN LATERAL jsonb_populate_record(
    NULL::{jobs}, to_jsonb(waiting) || '{"status": "pending", "attempts": 0}'
  ) AS job
  WHERE waiting.id = %(id)s
) AS waiting
