  SELECT job.*, waiting.waits_for
  FROM {conduit_blocked_jobs} AS waiting
  CROSS JOIN LATERAL pg_catalog.jsonb_populate_record(
    NULL::{jobs}, pg_catalog.to_jsonb(waiting) || '{"status": "pending", "attempts": 0}'
  ) AS job
  WHERE waiting.id = ANY (%(ids)s::uuid[])
