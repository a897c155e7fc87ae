  SELECT job.*, blocked.waits_for
  FROM {conduit_blocked_jobs} AS blocked
  CROSS JOIN LATERAL pg_catalog.jsonb_populate_record(
    NULL::{jobs}, pg_catalog.to_jsonb(blocked)
      OPERATOR(pg_catalog.||) pg_catalog.jsonb_build_object('status', CASE
        WHEN blocked.error IS NULL THEN 'pending' ELSE 'failed' END, 'attempts', 0)
  ) AS job
  WHERE blocked.id OPERATOR(pg_catalog.=) ANY (%(ids)s::pg_catalog.uuid[])
